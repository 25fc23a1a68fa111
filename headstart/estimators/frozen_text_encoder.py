"""`headstart.FrozenTextEncoder`: a frozen encoder as a step of scikit-learn's pipelines."""

import dataclasses
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32
from sklearn.base import BaseEstimator, TransformerMixin

from headstart.cache.block import POOLED
from headstart.cache.runtime.environment import prepare_library
from headstart.cache.runtime.errors import UserError
from headstart.model import as_texts

if TYPE_CHECKING:
    from headstart.estimators.vector_store import VectorStore
    from headstart.extract.predict.text_vectors import EncoderChoice, Reads


@dataclasses.dataclass(eq=False, repr=False)
class TextEncoding:
    """Parameters that estimators on texts share, see `FrozenTextEncoder`."""

    _: dataclasses.KW_ONLY
    backbone: str | None = None
    max_length: int = 150
    clean: str = "notebook"
    compute_dtype: str = "auto"
    cache_dir: str | os.PathLike[str] | None = None

    def _choice(self, reads: "Reads" = "pooled") -> "EncoderChoice":
        prepare_library()
        from headstart.extract.predict.text_vectors import EncoderChoice

        return EncoderChoice(str(self.backbone), self.max_length, self.clean, self.compute_dtype, reads)

    def _store(self, reads: "Reads" = "pooled") -> "VectorStore":
        """The vectors of texts that this process has.

        Raises:
            UserError: there is no such encoder, or no such cleaning.
        """
        choice = self._choice(reads)
        from headstart.estimators.vector_store import open_store

        return open_store(choice, None if self.cache_dir is None else os.fspath(self.cache_dir))


@dataclasses.dataclass(eq=False, repr=False)
class FrozenTextEncoder(TransformerMixin, TextEncoding, BaseEstimator):  # type: ignore[misc]
    """Texts in, pooled vectors out; there is nothing to fit.

    Every distinct text is encoded once in a process, and with `cache_dir` once on a machine: cross-validation, grid
    searches and clones find its vector.

    Args:
        backbone: `minilm`, a folder, or a model's name on the Hugging Face hub.
        pooling: `cls`, `max` or `mean`, or several of them, whose vectors stand one behind the other.
        max_length: Tokens kept of a text.
        clean: `notebook`, `none`, or the path of a TOML file with clean-text's options.
        compute_dtype: `auto`, `float32`, `mixed` or `bfloat16`, see `python -m extract --help`.
        cache_dir: Folder that keeps vectors for other processes.
    """

    backbone: str = dataclasses.field(default="minilm", kw_only=False)
    pooling: str | Sequence[str] = dataclasses.field(default="mean", kw_only=True)

    def fit(self, X: Any, y: Any = None) -> "FrozenTextEncoder":  # noqa: N803  (scikit-learn's name)
        """Check the texts and the parameters.

        Raises:
            ValueError: these are no texts, or a parameter is none that there is.
        """
        self._views()
        text_column(X)
        return self

    def transform(self, X: Any) -> Float32[np.ndarray, "b f"]:  # noqa: N803
        """The vectors of some texts.

        Raises:
            ValueError: these are no texts, or a parameter is none that there is.
        """
        views, texts = self._views(), text_column(X)
        try:
            vectors = self._store().vectors(texts)
        except UserError as error:
            raise ValueError(str(error)) from None
        return vectors[:, views].reshape(len(texts), -1).astype(np.float32)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns: `mean_0`, `mean_1`, ..."""
        views = [POOLED[view] for view in self._views()]
        width = self._store().width
        return np.array([f"{view}_{number}" for view in views for number in range(width)], dtype=object)

    def _views(self) -> list[int]:
        names = [self.pooling] if isinstance(self.pooling, str) else list(self.pooling)
        if not names or not set(names) <= set(POOLED):
            raise ValueError(f"pooling is {self.pooling!r}; one or several of {', '.join(POOLED)} are wanted")
        return [POOLED.index(name) for name in names]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        return tags


def text_column(data: Any) -> list[str]:
    """The texts of a list, an array, a column, or a table of one column.

    Raises:
        ValueError: there are several columns, or something else than strings.
    """
    shape: tuple[int, ...] = getattr(data, "shape", (0,))
    if len(shape) == 2 and shape[1] == 1:
        data = data.iloc[:, 0] if hasattr(data, "iloc") else np.asarray(data)[:, 0]
    elif len(shape) != 1:
        raise ValueError(f"texts have the shape {shape}; one column is wanted")
    if not isinstance(data, Iterable):
        raise ValueError(f"a {type(data).__name__} holds no texts")
    try:
        return as_texts(data)
    except UserError as error:
        raise ValueError(str(error)) from None
