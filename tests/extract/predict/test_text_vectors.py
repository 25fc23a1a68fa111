"""What an encoder's vectors depend on."""

from pathlib import Path

import pytest

from headstart.cache.runtime.errors import UserError
from headstart.extract.predict.text_vectors import EncoderChoice, open_encoder
from tests.extract.conftest import DISTILBERT, random_weights, save_backbone


def test_other_weights_lengths_cleaning_and_numbers_are_another_encoder(tmp_path: Path) -> None:
    one, other = (
        str(save_backbone(tmp_path / str(seed), DISTILBERT, random_weights(DISTILBERT, seed)))
        for seed in (0, 1)
    )
    base = EncoderChoice(one, 32, "notebook", "float32")
    others = [
        base._replace(backbone=other),
        base._replace(max_length=16),
        base._replace(clean="none"),
        base._replace(compute_dtype="bfloat16"),
    ]
    keys = [open_encoder(choice).recipe.key for choice in (base, *others)]
    assert len(set(keys)) == len(keys)
    assert open_encoder(base) is open_encoder(base._replace())


@pytest.mark.parametrize("length", [10**9, DISTILBERT["max_position_embeddings"] + 1, 2, -1])
def test_a_length_without_positions_is_refused(length: int, tmp_path: Path) -> None:
    backbone = save_backbone(tmp_path / "tiny", DISTILBERT, random_weights(DISTILBERT))
    with pytest.raises(UserError, match=f"--max-length {length} does not fit the backbone 'tiny'"):
        open_encoder(EncoderChoice(str(backbone), length, "none", "float32"))


def test_what_is_none_is_told() -> None:
    with pytest.raises(UserError, match="clean"):
        open_encoder(EncoderChoice("minilm", 32, "most", "float32"))
