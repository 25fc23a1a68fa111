"""The heads that a user names: which there are, on which layers they can stand, which of them a cache can train.

Heads come as arguments; nothing here imports them.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import did_you_mean

if TYPE_CHECKING:
    from headstart.cache.reader import Cache
    from headstart.cache.recipe import Recipe

AT, LAST, ALL = "@", "last", "all"
LAYERS = (LAST, ALL)


@runtime_checkable
class NamedHead(Protocol):
    """What is asked of a head, see `heads.spec.HeadSpec`."""

    @property
    def name(self) -> str:
        """As results call it."""

    @property
    def reads_tokens(self) -> bool:
        """It needs hidden states."""

    @property
    def reads_layers(self) -> bool:
        """It needs pooled vectors of layers."""

    @property
    def layers(self) -> tuple[int, ...]:
        """The encoder's states whose pooled vectors it reads."""


AnyHead = TypeVar("AnyHead", bound=NamedHead)


def choose_heads(text: str, groups: Mapping[str, Sequence[str]], pooling: Sequence[str]) -> list[str]:
    """Return the names of the heads to compare, each once, as they are written.

    Args:
        text: Names of heads or groups, separated by commas; behind a pooling head's perhaps `@` and a layer.
        groups: Names of all heads, by the word that means them together.
        pooling: The heads that can stand on any layer.

    Raises:
        UserError: a name means no head.
    """
    known = [name for group in groups.values() for name in group]
    names: list[str] = []
    for word in (word.strip() for word in text.split(",") if word.strip()):
        if word not in groups:
            _require_head(word, known, groups, pooling)
        names += groups.get(word, (word,))
    if not names:
        raise UserError(f"--heads names no head; {_choices(known, groups)}")
    return list(dict.fromkeys(names))


def _require_head(
    name: str, known: Sequence[str], groups: Mapping[str, object], pooling: Sequence[str]
) -> None:
    base, at, layer = name.partition(AT)
    if base not in known:
        meant = did_you_mean(base, [*known, *groups])
        if at and (near := did_you_mean(base, pooling)):
            meant = near.replace("'?", f"{at}{layer}'?")
        raise UserError(f"there is no head {name!r}; {meant}{_choices(known, groups)}")
    if not at:
        return
    if base not in pooling:
        raise UserError(_elsewhere(name, base, layer, pooling))
    if layer not in LAYERS and not (layer.isascii() and layer.isdigit() and layer == str(int(layer[:4]))):
        forms = ", ".join(f"{base}{AT}{form}" for form in ("0", "3", *LAYERS))
        plain = layer.strip() and (layer.strip().lstrip("0") or "0")
        near = f"did you mean '{base}{AT}{plain}'? " if plain.isdigit() else did_you_mean(layer, LAYERS)
        raise UserError(f"{name[:80]!r} names no layer; {near}layers are written like {forms}")


def _elsewhere(name: str, base: str, layer: str, pooling: Sequence[str]) -> str:
    """Why a head that pools nothing, or mixes all layers, stands on no other layer, and what does."""
    if base == "mix":
        return f"{name!r}: mix reads all layers; write plain mix, or for one layer maxavg{AT}{layer}"
    layers = f"the heads that stand on any layer of a cache: {', '.join(pooling)}"
    if layer == LAST:
        return f"{name!r}: {base} reads the last layer; write plain {base}"
    if not layer.isdigit():
        return f"{name!r}: {base} reads the tokens of one layer; {layers}"
    return (
        f"{name!r}: {base} reads tokens, and a cache holds those of one layer; run the same `python -m extract` "
        f"command with `--layer {layer}`, and plain {base} on the cache that it makes; {layers}"
    )


def _choices(known: Sequence[str], groups: Mapping[str, object]) -> str:
    return f"known heads: {', '.join(known)}; groups: {', '.join(groups)}"


def states_of(recipe: "Recipe") -> tuple[tuple[int, ...], int]:
    """The encoder's states whose pooled vectors a cache holds, and the number of its last layer.

    Raises:
        CacheError: the recipe does not say.
    """
    return recipe.layer_numbers, recipe.last_layer


def trainable(
    heads: Sequence[AnyHead], asked: str, cache: "Cache", pooling: Sequence[str]
) -> tuple[list[AnyHead], list[str]]:
    """Return the heads that a cache can train, and a line for each kind that it cannot.

    Args:
        heads: The heads to compare.
        asked: What the user wrote: only what a group's name stands for is left out.
        cache: An opened cache.
        pooling: All heads that read pooled vectors of the last layer only.

    Raises:
        UserError: the user named a head that the cache cannot train, or it can train none.
    """
    named = {word.strip() for word in asked.split(",")}
    without_tokens = [head for head in heads if head.reads_tokens and not cache.layout_has("hidden")]
    without_layers = [head for head in heads if head.reads_layers and _lacking(head, cache)]
    kept = [head for head in heads if head not in without_tokens + without_layers]
    lines = []
    if without_tokens:
        lines.append(
            f"{cache.name} holds pooled vectors only and cannot train {_names(without_tokens)}, which read tokens; "
            "for them, run the same `python -m extract` command with `--views all`"
        )
        if not kept or named & {head.name for head in without_tokens}:
            raise UserError(f"{lines[0]}; from this cache: `--heads {','.join(pooling)}`")
    if without_layers:
        lines.append(_layers_line(without_layers, cache))
        if not kept or named & {head.name for head in without_layers}:
            raise UserError(lines[-1])
    return kept, lines


def _lacking(head: NamedHead, cache: "Cache") -> set[int]:
    """Layers that a head reads and a cache does not hold; the last where it holds none at all."""
    states, last = states_of(cache.recipe)
    return set(head.layers or (last,)) - set(states)


def _layers_line(heads: Sequence[NamedHead], cache: "Cache") -> str:
    """Say which layers are missing, and how to have them."""
    states, last = states_of(cache.recipe)
    if beyond := [head for head in heads if any(layer > last for layer in head.layers)]:
        return f"{_names(beyond)}: the encoder of {cache.name} has {last} layers; they are 0 (the embeddings) to {last}"
    lacking = set().union(*(_lacking(head, cache) for head in heads))
    held = (
        f"the layers {', '.join(map(str, states))}"
        if states
        else "no layer but the last one's vectors as they are"
    )
    which = (
        "all" if any(not head.layers for head in heads) else ",".join(map(str, sorted(lacking | {*states})))
    )
    return (
        f"{cache.name} holds {held}, and cannot train {_names(heads)}; for them, run the same `python -m extract` "
        f"command with `--layers {which}`"
    )


def on_every_layer(names: Sequence[str], cache: "Cache") -> str:
    """Pooling heads on every layer of a cache, and on all layers together, as `--heads` takes them.

    Raises:
        UserError: the cache does not hold the last layer and another.
    """
    states, last = states_of(cache.recipe)
    if last not in states or len(states) < 2:
        held = f"layers {', '.join(map(str, states))}" if states else "the last layer only"
        command = cache.manifest.source.get("command", "python -m extract")
        raise UserError(
            f"{cache.name} holds {held}, and layers are compared with the last one, {last}; "
            f"first: {command} --layers all"
        )
    return ",".join(f"{name}{AT}{layer}" for name in names for layer in (*states, ALL))


def choose_pooling(text: str, groups: Mapping[str, Sequence[str]], pooling: Sequence[str]) -> list[str]:
    """Return the names of the heads to put on every layer; of a group, those that can stand there.

    Raises:
        UserError: a name means no head, or none that can.
    """
    words = [word.strip() for word in text.split(",")]
    names = choose_heads(text, groups, pooling)
    for name in set(names) & set(words):
        if name not in pooling:
            where = "names its layer already" if AT in name else "cannot stand on any layer"
            raise UserError(f"{name!r} {where}; every layer of the cache is tried with {', '.join(pooling)}")
    if not (chosen := [name for name in pooling if name in names]):
        raise UserError(f"--heads {text} names no head that can stand on any layer: {', '.join(pooling)}")
    return chosen


def _names(heads: Sequence[NamedHead]) -> str:
    return ", ".join(head.name for head in heads)
