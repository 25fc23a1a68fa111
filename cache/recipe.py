"""The recipe: every input that changes a cached value, and nothing else. Its hash is the cache's key."""

import dataclasses
import hashlib
import json
from typing import Any

from headstart.cache.runtime.errors import CacheError
from headstart.cache.runtime.text import brief
from headstart.cache.splits import MOST_VIEWS
from headstart.cache.task import Task

FORMAT = 3
LAYOUTS = {
    "ragged": ("hidden", "lengths", "labels", "rows", "pooled", "texts"),
    "padded": ("hidden", "lengths", "labels", "rows", "pooled", "texts"),  # hidden states at padding, too
    "pooled": ("lengths", "labels", "rows", "pooled", "texts"),  # for heads that read no tokens
}
"""Names of the arrays that every block holds in each layout."""
OPTIONAL = ("layers", "groups")
"""Names of the arrays that it holds besides, where the recipe says so."""
LEFT_OUT: dict[str, Any] = {"layers": "[]", "groups": False, "units": 0}
"""Fields that are written only with another value: recipes that were made before them keep their keys."""
MOST_LAYERS = 1000
"""Most layers of an encoder."""
WIDEST = 2**16
"""A hidden vector is no longer in any encoder."""
_ENCODER = {"n_layers": MOST_LAYERS, "dim": WIDEST}
"""What is asked of an encoder's configuration, and the most that it may say."""
_RANGES = {
    "units": (0, 10**6),
    "max_length": (1, 2**24),
    "row_count": (1, 2**40),
    "split_seed": (-(2**63), 2**63 - 1),
}
GROUPED = "scikit-learn GroupShuffleSplit"
"""The beginning of the split rule of a cache whose splits keep groups apart."""


def canonical_json(value: object) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Content, not places: no path, date, device count, batch size or block size is in here.

    Attributes:
        rows: SHA-256 of the used rows (position in the file, label, text) in file order.
        row_count: number of the used rows.
        task: canonical JSON of the kind of task and the names of its classes, see `cache.task`.
        cleaning: canonical JSON of clean-text's options.
        cleaning_versions: releases of the libraries that decide how a text comes out of cleaning.
        tokenizer: SHA-256 of the tokenizer's files.
        weights: SHA-256 of the backbone's weight files.
        architecture: canonical JSON of the backbone's configuration, as far as it changes values.
        max_length: tokens kept per row, special tokens included.
        compute_dtype: `float32`; `bfloat16`; `mixed`: bfloat16 operands, everything else float32.
        matmul_precision: JAX's matmul precision; a float32 product is TF32 on an H100 unless told otherwise.
        forward: `stock`, the model's own code; `packed`, several rows in a sequence and cheaper operations.
        storage_dtype: dtype of `hidden` and `pooled` on disk.
        layout: `ragged` stores real tokens only; `padded` `max_length` positions of each row; `pooled` no tokens,
            but three vectors of each row.
        split_rule: rule that splits the rows.
        split_seed: seed of that rule.
        dropout: canonical JSON of the number of views of the training split, the seed of their dropout and its
            rates; `{}` where there are none, see `cache.splits`.
        layers: canonical JSON of the encoder's states whose pooled vectors are stored, ascending: 0 for the embeddings,
            i for layer i; `[]` where there are none but the last layer's.
        groups: whether the group of each row is stored, as no group stands in two splits.
        units: parts of the data that workers read apart; 0 where one process reads all. With units, `rows` is the
            SHA-256 of their marks (see `cache.unit`) and `row_count` the most rows, or bytes, that they may hold.
        format: version of the cache's layout on disk.
    """

    rows: str
    row_count: int
    task: str
    cleaning: str
    cleaning_versions: str
    tokenizer: str
    weights: str
    architecture: str
    max_length: int
    compute_dtype: str
    matmul_precision: str
    forward: str
    storage_dtype: str
    layout: str
    split_rule: str
    split_seed: int
    dropout: str = "{}"
    layers: str = "[]"
    groups: bool = False
    units: int = 0
    format: int = FORMAT

    @property
    def key(self) -> str:
        """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
        return hashlib.sha256(canonical_json(self.to_json()).encode()).hexdigest()

    @property
    def parsed_task(self) -> Task:
        """The task.

        Raises:
            CacheError: the field describes none.
        """
        return Task.from_json(self._parsed("task"))

    @property
    def positions(self) -> int:
        """Hidden states that a padded cache stores of each row; else 0."""
        return self.max_length if self.layout == "padded" else 0

    @property
    def views(self) -> int:
        """Views of the training split.

        Raises:
            CacheError: the field describes none.
        """
        fields = self._parsed("dropout")
        views = fields.get("views", 0) if isinstance(fields, dict) else None
        if type(views) is not int or not 0 <= views <= MOST_VIEWS:
            raise CacheError(f"the recipe's dropout has not from 0 to {MOST_VIEWS} views")
        return views

    @property
    def layer_numbers(self) -> tuple[int, ...]:
        """The encoder's states whose pooled vectors are stored: 0 for the embeddings, i for layer i.

        Raises:
            CacheError: the field names none.
        """
        numbers = self._parsed("layers")
        if not isinstance(numbers, list) or not all(
            type(n) is int and 0 <= n <= MOST_LAYERS for n in numbers
        ):
            raise CacheError(f"the recipe's layers are no numbers from 0 to {MOST_LAYERS}")
        if canonical_json(sorted(set(numbers))) != self.layers:
            raise CacheError("the recipe's layers do not ascend, or not in canonical JSON")
        if numbers and numbers[-1] > (self.last_layer or MOST_LAYERS):
            raise CacheError(
                f"the recipe has a layer {numbers[-1]}, and its encoder ends at {self.last_layer}"
            )
        return tuple(numbers)

    @property
    def last_layer(self) -> int:
        """Number of the encoder's last layer; 0 where the architecture does not say.

        Raises:
            CacheError: the field describes no encoder.
        """
        return self._encoder.get("n_layers", 0)

    @property
    def width(self) -> int:
        """Length d of a hidden vector; 0 where the architecture does not say.

        Raises:
            CacheError: the field describes no encoder.
        """
        return self._encoder.get("dim", 0)

    @property
    def _encoder(self) -> dict[str, int]:
        """What the architecture says of `_ENCODER`'s fields; nothing where there is none."""
        fields = self._parsed("architecture") if self.architecture else {}
        if not isinstance(fields, dict):
            raise CacheError("the recipe's architecture is no JSON object")
        sizes = {name: fields[name] for name in _ENCODER if name in fields}
        for name, size in sizes.items():
            if type(size) is not int or not 1 <= size <= _ENCODER[name]:
                raise CacheError(f"the recipe's architecture has no {name} from 1 to {_ENCODER[name]:,}")
        return sizes

    @property
    def arrays(self) -> tuple[str, ...]:
        """Names of the arrays that every block holds. Whatever walks a block's arrays asks here, or its record."""
        present = {"layers": bool(self.layer_numbers), "groups": self.groups}
        return LAYOUTS[self.layout] + tuple(name for name in OPTIONAL if present[name])

    def _parsed(self, field: str) -> Any:
        try:
            return json.loads(getattr(self, field))
        except (ValueError, RecursionError) as error:
            raise CacheError(f"the recipe's {field} is no JSON: {error}") from None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        fields = dataclasses.asdict(self)
        return {name: value for name, value in fields.items() if LEFT_OUT.get(name) != value}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Recipe":
        """Rebuild a recipe from `to_json`.

        Raises:
            CacheError: the format is another one, or a field is missing, unknown or of another type.
        """
        check_format(fields)
        fields = LEFT_OUT | fields
        types = {field.name: field.type for field in dataclasses.fields(cls)}
        if set(fields) != set(types):
            odd = ", ".join(sorted(set(fields) ^ set(types)))[:200]
            raise CacheError(f"the recipe's fields are not those of format {FORMAT}: {odd}")
        wrong = [name for name, kind in types.items() if type(fields[name]) is not kind]
        if wrong:
            raise CacheError(f"the recipe's field {wrong[0]!r} has the wrong type")
        for name, (least, most) in _RANGES.items():
            if not least <= fields[name] <= most:
                raise CacheError(f"the recipe's {name} is not from {least} to {most}")
        if fields["layout"] not in LAYOUTS:
            raise CacheError(f"the recipe's layout {fields['layout'][:20]!r} is none of {', '.join(LAYOUTS)}")
        recipe = cls(**fields)
        _ = recipe.parsed_task, recipe.views, recipe.layer_numbers, recipe.width
        return recipe


def layout_of(arrays: set[str], padded: bool) -> str:
    """Name the layout that has exactly these arrays, and perhaps optional ones.

    Args:
        arrays: names of the arrays.
        padded: whether the hidden states are those of all positions.

    Raises:
        CacheError: none has.
    """
    for layout, names in LAYOUTS.items():
        if arrays - set(OPTIONAL) == set(names) and padded == (layout == "padded"):
            return layout
    raise CacheError(f"no layout has exactly the arrays {', '.join(sorted(arrays))[:100]!r}")


def check_format(fields: dict[str, Any]) -> None:
    """Raise `CacheError` unless a cache's JSON file says the format that this code reads."""
    if fields.get("format") != FORMAT:
        raise CacheError(
            f"the cache has format {brief(fields.get('format'))}, this version reads format {FORMAT}; "
            "make it again with `python -m extract`"
        )


def differing_fields(one: Recipe, other: Recipe) -> list[str]:
    """Names of the fields in which two recipes differ, in the order of the dataclass."""
    names = [field.name for field in dataclasses.fields(Recipe)]
    return [name for name in names if getattr(one, name) != getattr(other, name)]
