"""Write a cache: the recipe first, then blocks, the manifest last."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from headstart.cache import manifest
from headstart.cache.block import Block, BlockRecord, block_name, check_block, read_record, write_record
from headstart.cache.manifest import Manifest
from headstart.cache.names import is_ours
from headstart.cache.recipe import Recipe, differing_fields
from headstart.cache.runtime.errors import CacheError
from headstart.cache.storage import lock
from headstart.cache.storage.arrays import write_array
from headstart.cache.storage.groups import METADATA, write_group
from headstart.cache.storage.store import Store

RECIPE = "recipe.json"
LONGEST_PART = 90
"""Bytes of the data's and of the backbone's name: folders of results add some, and 255 is most systems' limit."""


def cache_name(data: str, backbone: str, recipe: Recipe) -> str:
    """Name of a cache's folder: `<data>-<backbone>-<first 10 digits of the key>`.

    It can be shown and typed: what is not printable becomes a hyphen, and long names are cut.
    """
    return f"{_fitting(data, LONGEST_PART)}-{_fitting(backbone, LONGEST_PART)}-{recipe.key[:10]}"


def _fitting(name: str, most: int) -> str:
    """The printable part of a name that takes so many bytes at most."""
    shown = "".join(c if c.isprintable() else "-" for c in name).encode()[:most].decode(errors="ignore")
    return shown if shown == name else shown.strip("-_. ") or "data"


class CacheWriter:
    """Writes one cache; until `finish` no reader takes the folder for a finished one.

    Raises:
        CacheError: TensorStore cannot write there, as the path is not UTF-8.
    """

    def __init__(self, location: str, recipe: Recipe) -> None:
        try:
            location.encode()
        except UnicodeEncodeError:
            raise CacheError(f"{location} is not UTF-8: choose another folder for the cache") from None
        self.store = Store(location)
        self.recipe = recipe

    def alone(self, on_wait: Callable[[str], None]) -> AbstractContextManager[lock.Lock]:
        """Hold the cache's lock inside a `with` block; `on_wait` gets a line that names whom we wait for."""
        return lock.held(self.store, on_wait)

    def begin(self) -> None:
        """Write the recipe, if an earlier run has not: from now on the folder is an unfinished cache.

        Raises:
            CacheError: the folder holds another recipe.
        """
        recipe = self.store.read_json(RECIPE)
        if recipe is None:
            self.store.write_json(RECIPE, self.recipe.to_json())
        elif recipe != self.recipe.to_json():
            odd = differing_fields(Recipe.from_json(recipe), self.recipe)
            raise CacheError(
                f"{self.store.location} holds a cache of another recipe (it differs in {', '.join(odd)}): "
                "rename or remove that folder"
            )

    def manifest(self) -> Manifest | None:
        """Return the manifest that an earlier run wrote for this recipe; None if there is none that is sound.

        A damaged manifest is built anew from the blocks, each of which has its own record.
        """
        if self.store.read_json(RECIPE) != self.recipe.to_json():
            return None
        try:
            earlier = Manifest.from_json(self.store.read_json(manifest.NAME) or {})
        except CacheError:
            return None
        return earlier if earlier.key == self.recipe.key else None

    def finished_splits(self) -> set[str]:
        """Names of the splits that the manifest promises, and whose blocks are all there."""
        if (earlier := self.manifest()) is None:
            return set()
        return set(earlier.splits) - {name.split("/")[0] for name in earlier.absent(self.store)}

    def committed(self, split: str, number: int) -> BlockRecord | None:
        """Return the record of a block that an earlier run wrote whole; None if there is none that is sound."""
        name = f"{split}/{block_name(number)}/block.json"
        try:
            fields = self.store.read_json(name)
            record = fields and read_record(fields, self.recipe.key, split, block_name(number))
            return record if record and record.fits(self.recipe) else None
        except CacheError:  # damaged, or brought from elsewhere: computed again
            return None

    def write_block(self, split: str, number: int, start: int, block: Block) -> BlockRecord:
        """Write one block and, once its arrays are whole, the record that commits it.

        Raises:
            CacheError: the arrays do not fit each other, or somebody else's file lies in the block's folder.
        """
        check_block(block, self.recipe)
        name = block_name(number)
        folder = f"{split}/{name}"
        self.store.delete_folder(folder, is_ours)
        for field, values in block.arrays.items():
            write_array(self.store, f"{folder}/{field}", values)
        write_group(self.store, folder)
        record = BlockRecord.of(name, start, block)
        self.store.write_json(f"{folder}/block.json", write_record(record, self.recipe.key, split))
        return record

    def finish(self, new: Manifest, is_whole: bool = False) -> None:
        """Write the manifest: from now on the cache is finished.

        Args:
            new: the manifest of this run, which splits and seconds of earlier ones are added to.
            is_whole: whether it has all of them.
        """
        earlier = None if is_whole else self.manifest()
        whole = earlier.extended(new) if earlier else new
        for folder in ("", *whole.splits, *self._early_blocks(whole)):
            write_group(self.store, folder)
        for name in (RECIPE, manifest.NAME):
            self.store.remove_partials(name)
        self.store.write_json(manifest.NAME, whole.to_json())

    def _early_blocks(self, whole: Manifest) -> list[str]:
        """Blocks that are there and no Zarr groups: those from before there were groups."""
        blocks = [f"{split}/{record.name}" for split, record in whole.blocks()]
        present = self.store.present(
            f"{block}/{name}" for block in blocks for name in (METADATA, "block.json")
        )
        early = (block for block in blocks if f"{block}/{METADATA}" not in present)
        return [block for block in early if f"{block}/block.json" in present]
