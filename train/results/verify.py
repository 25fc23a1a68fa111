"""A run's folder still holds what the run has trained: each head as it is read, and all of it to be proved."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
from jaxtyping import PyTree

from headstart.cache.recipe import Recipe
from headstart.cache.runtime.errors import CacheError, UserError
from headstart.cache.runtime.files import read_text
from headstart.train.engine.checkpoints import digest_of, read_arrays, require_digest, restore
from headstart.train.results.folder import UNKNOWN, RunFolder, checkpoint_of
from headstart.train.results.result import Result, to_csv
from headstart.train.results.run_record import RunRecord

Template = Callable[[str, Recipe, int], PyTree]
"""Name of a head, recipe of its features, width of a token -> parameters of the right shapes."""


def recipe_of(path: str, run: RunRecord) -> Recipe:
    """Recipe of a run's features.

    Raises:
        UserError: it is none, or of another task than the run's.
    """
    recipe = Recipe.from_json(run.cache.recipe)
    if recipe.parsed_task != run.task:
        raise UserError(f"{path}: results.json and the recipe in it have other classes; run bench.py again")
    return recipe


def width_of(recipe: Recipe) -> int:
    """Length of a token's vector in features of this recipe.

    Raises:
        CacheError: the recipe does not say.
    """
    if not recipe.width:
        raise CacheError("the recipe's architecture has no dim")
    return recipe.width


def read_head(folder: RunFolder, run: RunRecord, row: Result, template: Template) -> PyTree:
    """Read a head's best parameters.

    Args:
        folder: Folder of the run.
        run: What its `record` returns.
        row: The head, by name, seed and fold.
        template: Gives the shapes of a head's parameters.

    Raises:
        UserError: they are not there, damaged, or not those that the run has trained.
    """
    place = checkpoint_of(row)
    digest = None if run.digests is None else run.digests.get(f"{place}/best", UNKNOWN)
    recipe = recipe_of(folder.path, run)
    width = width_of(recipe)
    try:
        shapes = jax.eval_shape(lambda: template(row.head, recipe, width))
        return restore(os.path.join(folder.path, place), "best", shapes, digest)
    except (OSError, ValueError, UserError) as error:
        raise UserError(
            f"the head {row.head} of {folder.path} cannot be read: {error}; run `python bench.py` again"
        ) from None


def prove(folder: RunFolder) -> str:
    """Read everything that `results.json` names, and compare it with its SHA-256 there.

    Returns:
        A line that says what was proved.

    Raises:
        UserError: there is no run, or something is wrong: a line for each head and file.
    """
    run = folder.record()
    if run.cache.recipe:
        recipe_of(folder.path, run)
    wrong = [*_wrong_heads(folder, run), *_wrong_files(folder, run)]
    if wrong:
        raise UserError(f"{folder.path} is damaged; run `python bench.py` again", *wrong)
    trained = sum(row.head not in run.baselines for row in run.results)
    what = f"{trained} trained heads, their predictions, results.csv"
    if run.digests is None:
        return f"{folder.path}: readable ({what}), but of an earlier version, without SHA-256 to prove it by"
    return f"{folder.path}: sound ({what})"


def _wrong_heads(folder: RunFolder, run: RunRecord) -> Iterator[str]:
    places = [checkpoint_of(row) for row in run.results if row.head not in run.baselines]
    for place in (f"{place}/{which}" for place in places for which in ("best", "last")):
        path = Path(folder.path, place).absolute()
        expected = None if run.digests is None else run.digests.get(place, UNKNOWN)
        try:
            require_digest("its parameters", digest_of(read_arrays(path)), expected)
        except (OSError, ValueError, UserError) as error:
            yield f"{path} cannot be read ({error})"


def _wrong_files(folder: RunFolder, run: RunRecord) -> Iterator[str]:
    for split in ("valid", "test"):
        try:
            folder.predictions(split, run)
        except UserError as error:
            yield str(error)
    path = os.path.join(folder.path, "results.csv")
    try:
        # results.json has null for NaN and for what is infinite
        same = read_text(path).replace("inf", "nan") == to_csv(run.results)
    except (OSError, ValueError, UserError) as error:
        yield f"{path} cannot be read ({error})"
    else:
        if not same:
            yield f"{path} is not the table of results.json"
