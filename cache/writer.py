"""Write a cache: the recipe first, then blocks, the manifest last."""

from cache.errors import CacheError
from cache.manifest import ARRAYS, Block, BlockRecord, Manifest
from cache.recipe import Recipe
from cache.store import Store


def cache_name(data: str, backbone: str, recipe: Recipe) -> str:
    """Name of a cache's folder: `<data>-<backbone>-<first 10 digits of the key>`."""
    return f"{data}-{backbone}-{recipe.key[:10]}"


class CacheWriter:
    """Writes one cache; until `finish` no reader takes the folder for a finished one."""

    def __init__(self, location: str, recipe: Recipe) -> None:
        self.store = Store(location)
        self.recipe = recipe
        self.store.write_json("recipe.json", recipe.to_json())

    def manifest(self) -> Manifest | None:
        """Return the manifest that an earlier run wrote, or None."""
        fields = self.store.read_json("manifest.json")
        return None if fields is None else Manifest.from_json(fields)

    def committed(self, split: str, number: int) -> BlockRecord | None:
        """Return the record of a block that an earlier run wrote whole, or None."""
        fields = self.store.read_json(f"{split}/{number:05d}/block.json")
        return None if fields is None else BlockRecord.from_json(fields)

    def write_block(self, split: str, number: int, start: int, block: Block) -> BlockRecord:
        """Write one block and, once its arrays are whole, the record that commits it.

        Raises:
            CacheError: the arrays do not fit each other.
        """
        check_block(block)
        name = f"{number:05d}"
        self.store.delete(f"{split}/{name}/")
        for field in ARRAYS:
            self.store.write_array(f"{split}/{name}/{field}", getattr(block, field))
        record = BlockRecord.of(name, start, block)
        self.store.write_json(f"{split}/{name}/block.json", vars(record))
        return record

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, with the splits of an earlier run: from now on the cache is finished."""
        earlier = self.manifest()
        whole = earlier.extended(manifest) if earlier else manifest
        self.store.write_json("manifest.json", whole.to_json())


def check_block(block: Block) -> None:
    """Raise `CacheError` unless lengths, rows and tokens of a block add up."""
    if len({len(block.lengths), len(block.labels), len(block.rows), len(block.pooled)}) != 1:
        raise CacheError("a block's arrays disagree about the number of rows")
    if int(block.lengths.min(initial=1)) < 1 or int(block.lengths.sum()) != len(block.hidden):
        raise CacheError("a block's lengths do not add up to its tokens")
