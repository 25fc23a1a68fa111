"""A block: a fixed run of rows of one split, the unit that is computed, written, checked and resumed."""

import dataclasses
import hashlib
import re
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped, UInt8

from headstart.cache.recipe import LAYOUTS, MOST_LAYERS, OPTIONAL, Recipe, layout_of
from headstart.cache.runtime.errors import CacheError
from headstart.cache.runtime.text import brief
from headstart.cache.seal import check_types, seal, unseal

POOLED = ("cls", "max", "mean")
"""What axis 1 of `pooled` holds, and the last but one of `layers`: a row's first vector, maximum and mean."""
MAX_TOKENS = 2**31  # per block: a block is written from memory
MAX_TEXT_BYTES = 2**40
MAX_CLASSES = 2**20
MIN_PART_ROWS = (
    1024  # of a part, computed together where no block says how many: fewer are not worth a commit
)
MAX_PART_ROWS = 65_536  # more may not fit in memory
_NAME = re.compile(r"[0-9]{5,9}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Block(NamedTuple):
    """The features of a block.

    Attributes:
        hidden: last hidden states of the real tokens, row after row, `[n, d]`; or those of all positions of all
            rows, `[b, t, d]`; None where the layout has none.
        lengths: real tokens of each row, `[b]` int32; where `hidden` is `[n, d]`, row i owns the next `lengths[i]`.
        labels: class of each row, `[b]`, or 0 or 1 for each class, `[b, k]`, int32; see `cache.task`.
        rows: position of each row in the data file, counted from 0, `[b]` int64.
        pooled: first, maximum and mean vector of each row's real tokens, `[b, 3, d]`; of all positions where
            `hidden` has all.
        texts: the cleaned texts, see `cache.texts`.
        layers: the same three vectors of each of the encoder's m states that the recipe lists; None where it lists
            none.
        groups: number of each row's group, counted from 0 in the order in which the groups first appear in the data,
            `[b]` int64; None where there are no groups.
    """

    hidden: Float[np.ndarray, "n d"] | Float[np.ndarray, "b t d"] | None
    lengths: Int[np.ndarray, " b"]
    labels: Int[np.ndarray, " b"] | Int[np.ndarray, "b k"]
    rows: Int[np.ndarray, " b"]
    pooled: Float[np.ndarray, "b 3 d"]
    texts: UInt8[np.ndarray, " n"]
    layers: Float[np.ndarray, "b m 3 d"] | None = None
    groups: Int[np.ndarray, " b"] | None = None

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays that the block holds, by name."""
        return {field: values for field, values in self._asdict().items() if values is not None}

    @property
    def tokens(self) -> int:
        """Real tokens of all rows."""
        return int(self.lengths.sum())


class Sizes(NamedTuple):
    """What decides the shapes of a block's arrays, beside the width of a hidden vector.

    Attributes:
        rows: rows of the block.
        tokens: real tokens of all rows.
        text_bytes: bytes of the texts, their ends included.
        label_columns: classes that each row has a label for; 0 where the label is the number of its class.
        positions: hidden states of each row, padding included; 0 where only those of real tokens are stored.
        layers: the encoder's states whose pooled vectors are stored; 0 where there are none but the last layer's.
    """

    rows: int
    tokens: int
    text_bytes: int
    label_columns: int
    positions: int
    layers: int = 0

    @classmethod
    def of(cls, block: Block) -> "Sizes":
        """Measure a block."""
        columns = block.labels.shape[1] if block.labels.ndim == 2 else 0
        positions = block.hidden.shape[1] if block.hidden is not None and block.hidden.ndim == 3 else 0
        layers = 0 if block.layers is None else block.layers.shape[1]
        return cls(len(block.rows), block.tokens, len(block.texts), columns, positions, layers)


@dataclasses.dataclass(frozen=True)
class BlockRecord:
    """One block's place, size and the SHA-256 of each array's bytes (little-endian, C order).

    Attributes:
        name: name of the block's folder, below the split's folder.
        start: number of the split's rows before the block.
        rows, tokens, text_bytes, label_columns, positions, layers: see `Sizes`.
        sha256: 64 hexadecimal digits for each array of the block, and no other.
    """

    name: str
    start: int
    rows: int
    tokens: int
    text_bytes: int
    label_columns: int
    positions: int
    sha256: dict[str, str]
    layers: int = 0

    @classmethod
    def of(cls, name: str, start: int, block: Block) -> "BlockRecord":
        """Describe a block."""
        digests = {field: digest(values) for field, values in block.arrays.items()}
        return cls(name, start, sha256=digests, **Sizes.of(block)._asdict())

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object; `layers` only where there are some, as before they could be stored."""
        return {name: value for name, value in vars(self).items() if name != "layers" or value}

    @classmethod
    def from_json(cls, fields: Any) -> "BlockRecord":
        """Read an entry of the manifest; a name can never lead out of the cache's folder.

        Raises:
            CacheError: the entry is not what `BlockRecord` writes.
        """
        if not isinstance(fields, dict):
            raise CacheError("the manifest holds an entry that describes no block")
        fields = {"layers": 0, **fields}
        check_types(cls, fields, "the manifest's entry of a block")
        record = cls(**fields)
        if not (_NAME.fullmatch(record.name) and _sizes_fit(record) and _digests_fit(record)):
            raise CacheError(f"the manifest's entry of block {record.name[:20]!r} describes no block")
        return record

    def fits(self, recipe: Recipe) -> bool:
        """Whether the block has the arrays that a recipe names, in their shapes."""
        shapes = (recipe.layout, recipe.arrays, recipe.positions, len(recipe.layer_numbers))
        return (self.layout, self.arrays, self.positions, self.layers) == shapes

    @property
    def layout(self) -> str:
        """Name of the layout that has the block's arrays."""
        return layout_of(set(self.sha256), self.positions > 0)

    @property
    def arrays(self) -> tuple[str, ...]:
        """Names of the block's arrays."""
        return LAYOUTS[self.layout] + tuple(name for name in OPTIONAL if name in self.sha256)

    def shape(self, field: str, width: int) -> tuple[int, ...]:
        """Shape of one of the block's arrays, for hidden vectors of this width."""
        return array_shape(field, self.sizes, width)

    @property
    def sizes(self) -> Sizes:
        """What decides the shapes of the block's arrays."""
        return Sizes(self.rows, self.tokens, self.text_bytes, self.label_columns, self.positions, self.layers)


def write_record(record: BlockRecord, key: str, split: str) -> dict[str, Any]:
    """Return the content of a block's block.json, which names the recipe and the split that it belongs to."""
    return seal({**record.to_json(), "key": key, "split": split})


def read_record(fields: dict[str, Any], key: str, split: str, name: str) -> BlockRecord:
    """Read a block's block.json.

    Raises:
        CacheError: it was changed, or is another block's.
    """
    content = unseal(fields, "block.json")
    place = content.pop("key", None), content.pop("split", None), content.get("name")
    if place[0] != key:
        raise CacheError("block.json belongs to a cache of another recipe")
    if place[1:] != (split, name):
        parts = [part[:20] if isinstance(part, str) else brief(part) for part in place[1:]]
        raise CacheError(f"block.json is that of {'/'.join(parts)}")
    return BlockRecord.from_json(content)


def block_name(number: int) -> str:
    """Name of a block's folder."""
    return f"{number:05d}"


def array_shape(field: str, sizes: Sizes, width: int) -> tuple[int, ...]:
    """Shape of an array of a block of these sizes, for hidden vectors of this width."""
    rows, tokens, text_bytes, columns, positions, layers = sizes
    hidden = (rows, positions, width) if positions else (tokens, width)
    shapes: dict[str, tuple[int, ...]] = {
        "hidden": hidden,
        "pooled": (rows, 3, width),
        "layers": (rows, layers, 3, width),
        "texts": (text_bytes,),
    }
    if columns:
        shapes["labels"] = (rows, columns)
    return shapes.get(field, (rows,))


def array_dtype(field: str, storage_dtype: str) -> np.dtype:
    """Dtype in which an array is stored."""
    fixed = {"lengths": "int32", "labels": "int32", "rows": "int64", "groups": "int64", "texts": "uint8"}
    return np.dtype(fixed.get(field, storage_dtype))


def digest(values: Shaped[np.ndarray, "..."]) -> str:
    """SHA-256 of an array's little-endian bytes in C order."""
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return hashlib.sha256(np.ascontiguousarray(little).view(np.uint8).data).hexdigest()


def check_block(block: Block, recipe: Recipe) -> None:
    """Raise `CacheError` unless a block has the recipe's arrays, and its lengths, rows and tokens add up."""
    arrays, sizes = block.arrays, Sizes.of(block)
    if layout_of(set(arrays), sizes.positions > 0) != recipe.layout:
        raise CacheError(f"a block's arrays are not those of the layout {recipe.layout!r}")
    if set(arrays) != set(recipe.arrays) or sizes.layers != len(recipe.layer_numbers):
        raise CacheError("a block has not the layers and groups that the recipe names")
    if len({len(arrays[name]) for name in arrays if name not in ("hidden", "texts")}) != 1:
        raise CacheError("a block's arrays disagree about the number of rows")
    if int(block.lengths.min(initial=1)) < 1 or not _lengths_fit(block):
        raise CacheError("a block's lengths do not add up to its tokens")
    if np.count_nonzero(block.texts == 0) != len(block.rows):
        raise CacheError("a block has not one text for each row")


def _lengths_fit(block: Block) -> bool:
    if block.hidden is None or block.hidden.ndim == 2:
        return block.hidden is None or block.tokens == len(block.hidden)
    rows, positions, _ = block.hidden.shape
    return bool(rows == len(block.rows) and block.lengths.max(initial=1) <= positions)


def _sizes_fit(record: BlockRecord) -> bool:
    texts = record.rows <= record.text_bytes < MAX_TEXT_BYTES and 0 <= record.label_columns <= MAX_CLASSES
    padded = record.positions > 0 and "hidden" in record.sha256
    layers = 0 <= record.layers <= MOST_LAYERS + 1 and (record.layers > 0) == ("layers" in record.sha256)
    stored = max(record.tokens, record.rows * record.positions)
    tokens = 0 < record.rows <= record.tokens and stored < MAX_TOKENS
    return texts and tokens and layers and record.start >= 0 and (padded or record.positions == 0)


def _digests_fit(record: BlockRecord) -> bool:
    known = set(record.sha256) - set(OPTIONAL) in map(set, LAYOUTS.values())
    return known and all(map(_DIGEST.fullmatch, record.sha256.values()))
