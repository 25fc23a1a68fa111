"""`headstart.encode`: run the frozen encoder once over texts, or find the features that an earlier run has left."""

import dataclasses
import difflib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from headstart.cache.block import POOLED
from headstart.cache.ragged import split_rows
from headstart.cache.reader import Cache, CacheSplit, open_cache
from headstart.cache.runtime.environment import prepare_library
from headstart.cache.runtime.progress import Reporter, TerminalReporter
from headstart.cache.task import Task
from headstart.rows import as_files

if TYPE_CHECKING:
    import pandas as pd


class LineRecorder(Reporter):
    """Keeps the lines that the command line would print.

    Attributes:
        lines: They.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, line: str) -> None:
        """Keep a line."""
        self.lines.append(line)


class FeatureSplit:
    """Features of `train`, `valid` or `test`, as NumPy arrays that are read when they are first asked for.

    Args:
        split: A split of a cache.
    """

    def __init__(self, split: CacheSplit) -> None:
        self._split = split

    def __len__(self) -> int:
        return len(self._split.lengths)

    @property
    def hidden(self) -> list[Float[np.ndarray, "t d"]]:
        """Hidden states of each row's real tokens; of all positions in a padded cache."""
        hidden = self._split.hidden
        return list(hidden) if hidden.ndim == 3 else split_rows(hidden, self.lengths)

    @property
    def lengths(self) -> Int[np.ndarray, " b"]:
        """Real tokens of each row, int32."""
        return self._split.lengths

    @property
    def labels(self) -> Int[np.ndarray, " b"] | Int[np.ndarray, "b k"]:
        """Class of each row, counted from 0; where rows can have several, 0 or 1 for each class; int32."""
        return self._split.labels

    @property
    def rows(self) -> Int[np.ndarray, " b"]:
        """Position of each row in the data, counted from 0, int64."""
        return self._split.rows

    @property
    def pooled(self) -> Float[np.ndarray, "b 3 d"]:
        """First, maximum and mean vector of each row."""
        return self._split.pooled

    @property
    def texts(self) -> list[str]:
        """The cleaned texts."""
        return self._split.texts

    def to_pandas(self, view: str = "mean") -> "pd.DataFrame":
        """A table with a line for each row: its position in the data (the index), text, label, tokens, one vector.

        Args:
            view: The vector: `cls`, `max` or `mean`; its numbers are the columns `mean_0`, `mean_1`, ...

        Raises:
            ValueError: there is no such view.
        """
        import pandas as pd

        if view not in POOLED:
            raise ValueError(f"there is no view {view!r}; views: {', '.join(POOLED)}")
        vectors = self.pooled[:, POOLED.index(view)].astype(np.float32)
        about = pd.DataFrame(
            {"text": self.texts, **self._label_columns(), "tokens": self.lengths},
            index=pd.Index(self.rows, name="row"),
        )
        names = [f"{view}_{number}" for number in range(vectors.shape[1])]
        return about.join(pd.DataFrame(vectors, index=about.index, columns=names))

    def to_torch(self) -> dict[str, Any]:
        """`hidden` (a list), `lengths`, `labels`, `rows` and `pooled` as PyTorch tensors, which must be installed."""
        import torch

        arrays = {name: getattr(self, name) for name in ("lengths", "labels", "rows", "pooled")}
        tensors: dict[str, Any] = {name: torch.from_numpy(array) for name, array in arrays.items()}
        if self._split.cache.layout_has("hidden"):
            tensors["hidden"] = [torch.from_numpy(row) for row in self.hidden]
        return tensors

    def _label_columns(self) -> dict[str, Any]:
        labels, task = self.labels, self._split.cache.task
        if task.several:
            return dict(zip(task.classes, labels.T, strict=True))
        return {"label": np.array(task.classes, dtype=object)[labels]}


class Features:
    """Frozen features of a labelled data set, on disk.

    Attributes:
        cache: The cache that holds them.
        remarks: What the command line would have said while it made them: rows left out, what columns were taken for.
    """

    def __init__(self, cache: Cache, remarks: Sequence[str] = ()) -> None:
        self.cache, self.remarks = cache, list(remarks)

    @property
    def path(self) -> str:
        """Folder or prefix of the cache."""
        return self.cache.store.location

    @property
    def task(self) -> Task:
        """What is told apart."""
        return self.cache.task

    @property
    def splits(self) -> list[str]:
        """Names of the splits."""
        return list(self.cache.manifest.splits)

    def split(self, name: str) -> FeatureSplit:
        """The features of one split.

        Raises:
            UserError: the cache does not hold it.
        """
        return FeatureSplit(self.cache.split(name))

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {len(self.split(name)):,}" for name in self.splits)
        return f"<Features {self.path}: {rows} rows, width {self.cache.manifest.width}>"


def encode(
    data: Any,
    labels: Any = None,
    *,
    backbone: str | None = None,
    name: str = "texts",
    progress: bool = False,
    **settings: Any,
) -> Features:
    """Encode labelled texts once; the same texts and settings are found again on disk.

    Args:
        data: Texts; or a table with texts and labels, of pandas, Arrow, polars or datasets, or a mapping of columns; or
            what `python -m extract --data` takes, a tuple for several.
        labels: Label of each text; None where `data` holds them.
        backbone: `minilm`, a folder, or a model's name on the Hugging Face hub.
        name: Begins the name of the cache's folder, where the data are no file.
        progress: Whether to print what the command line prints.
        settings: Fields of `headstart.extract.settings.Settings`; lists for `label_column` and `class_names`.

    Raises:
        UserError: data, backbone or settings are not what they have to be.
        TypeError: there is no such setting.
    """
    prepare_library()
    from headstart.extract.pipeline.run import extract
    from headstart.extract.settings import Settings

    known = [field.name for field in dataclasses.fields(Settings) if field.name not in ("data", "backbone")]
    require_known(settings, known, "encode")
    chosen = {key: _joined(value) for key, value in settings.items()}
    needed = [str(chosen[key]) for key in ("text_column", "label_column") if chosen.get(key)]
    reporter = TerminalReporter() if progress else LineRecorder()
    with as_files(data, labels, name, needed) as files:
        location = extract(Settings(data=files, backbone=backbone, **chosen), reporter)
    return Features(open_cache(location), reporter.lines if isinstance(reporter, LineRecorder) else ())


def require_known(settings: Iterable[str], known: Sequence[str], function: str) -> None:
    """Refuse settings that there are not.

    Raises:
        TypeError: there is one; it names the nearest that there is.
    """
    for name in settings:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; settings: {', '.join(known)}"
            raise TypeError(f"{function}() has no setting {name!r}{hint}")


def _joined(value: Any) -> Any:
    """A list of names as the command line writes it."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else value
