"""`headstart.load`: a trained head on its encoder, which labels new texts."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float32

from headstart.cache.runtime.environment import prepare_library
from headstart.cache.runtime.errors import UserError

if TYPE_CHECKING:
    from headstart.labelling import Loaded
    from headstart.train.predict.answers import Answer


class Model:
    """A trained head and its encoder.

    Args:
        loaded: Both.

    Attributes:
        head: Name of the head.
        seed: Seed of its training.
        classes_: Names of the classes, in the order of the probabilities' columns.
    """

    def __init__(self, loaded: "Loaded") -> None:
        self._loaded = loaded
        self.head, self.seed = loaded.head.name, loaded.head.seed
        self.classes_ = np.array(loaded.head.task.classes, dtype=object)

    def predict_proba(self, texts: Iterable[str]) -> Float32[np.ndarray, "b c"]:
        """Probability of each class for each text.

        Raises:
            UserError: these are no texts.
        """
        return np.asarray(self._answer(texts).probabilities)

    def predict(self, texts: Iterable[str]) -> np.ndarray:
        """Name of each text's class, `[b]`; where texts can have several, whether each class is one, `[b, c]`."""
        head = self._loaded.head
        picked = self._picked(self.predict_proba(texts))
        return picked if head.task.several else self.classes_[picked.argmax(axis=1)]

    def decision_function(self, texts: Iterable[str]) -> Float32[np.ndarray, "b k"]:
        """The head's logits."""
        return np.asarray(self._answer(texts).logits)

    def export(self, folder: str | os.PathLike[str], exact: bool = True) -> Path:
        """Write head and encoder to a folder that works without this project.

        Args:
            folder: Folder to make; must not exist.
            exact: Whether to multiply in float32; else as the features were computed.

        Raises:
            UserError: it exists, or cannot be made.
        """
        from headstart.predict import fill
        from headstart.train.export.contents import new_folder

        with new_folder(os.fspath(folder)) as unfinished:
            fill(unfinished, self._loaded, exact)
        return Path(folder)

    def __repr__(self) -> str:
        head = self._loaded.head
        return (
            f"<Model {self.head}, seed {self.seed}, backbone {head.backbone}: {', '.join(head.task.classes)}>"
        )

    def _picked(self, probabilities: Float32[np.ndarray, "b c"]) -> Bool[np.ndarray, "b c"]:
        from headstart.train.predict.answers import chosen

        head = self._loaded.head
        return chosen(head.task, probabilities, head.threshold(None))

    def _answer(self, texts: Iterable[str]) -> "Answer":
        return self._loaded.answer(self._loaded.encoder.tokenize(as_texts(texts)))


def as_texts(texts: Iterable[str]) -> list[str]:
    """Texts as a list.

    Raises:
        UserError: there are none, or one is no string.
    """
    if isinstance(texts, str | bytes):
        raise UserError(f"a single {type(texts).__name__} was given; give a list of texts: [text]")
    rows: list[Any] = list(texts)
    wrong = next((number for number, text in enumerate(rows) if not isinstance(text, str)), None)
    if wrong is not None:
        raise UserError(f"text {wrong} is a {type(rows[wrong]).__name__}, no string: {rows[wrong]!r:.40}")
    if not rows:
        raise UserError("no texts were given")
    return rows


def load(run: str | os.PathLike[str], head: str = "best", *, backbone: str | None = None) -> Model:
    """Load a head that was trained and compared, with its encoder.

    Args:
        run: Folder that `bench.py` or `headstart.compare` wrote.
        head: A head's name, or `best`.
        backbone: Folder or name of the backbone, where it is not where the run says.

    Raises:
        UserError: there is no such run or head, or the backbone is another one.
    """
    prepare_library()
    from headstart.predict import load as put_together
    from headstart.trained import open_head

    return Model(put_together(open_head(os.fspath(run), head), backbone))
