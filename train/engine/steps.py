"""Steps of many heads and seeds at once, the optimizer's among them; nothing here waits for the device."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
import optax  # type: ignore[import-untyped]
from jax import Array, lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Bool, Float, Float32, Int, PyTree

from headstart.train.engine.adam import ADAM
from headstart.train.engine.sums import Sums, add, batch_sums, zero_sums
from headstart.train.feeds.table import Rows, Table, batch_of


class TrainState(NamedTuple):
    """What a training step changes.

    Attributes:
        params: the head's parameters.
        moments: Adam's.
    """

    params: PyTree
    moments: optax.OptState


States = dict[str, TrainState]
"""The state of every head by name; for several seeds each leaf has one more axis in front."""

Rates = Mapping[str, Float[Array | np.ndarray, "..."]]

Flags = Mapping[str, Bool[Array | np.ndarray, "..."]]

ClassWeights = Float32[np.ndarray, "..."] | None

ROWS = "rows"
"""Axis of devices that share the rows of a batch; steps run where it is bound, see `train.engine.passes`."""


@runtime_checkable
class Group(Protocol):
    """Heads that go through a batch together, such as `heads.fused.joint.Joint`."""

    @property
    def names(self) -> Sequence[str]:
        """Their names."""

    def logits(self, params: Mapping[str, PyTree], rows: Any) -> dict[str, Array]:
        """Logits `[b, k]` of each."""

    def gradient(
        self, params: Mapping[str, PyTree], rows: Any, loss: Callable[[dict[str, Array]], tuple[Array, Any]]
    ) -> tuple[Mapping[str, PyTree], Any]:
        """Gradient of a loss with respect to the parameters of each, and what the loss hands on."""


def total_loss(
    logits: Mapping[str, Array], rows: Rows, class_weights: ClassWeights
) -> tuple[Float[Array, ""], dict[str, Sums]]:
    """Sum of the heads' losses over all rows, which leaves each head's gradient its own; and their sums.

    Both are this device's share: added up over `ROWS` they are the whole batch's.
    """
    sums = {name: batch_sums(own, rows, class_weights) for name, own in logits.items()}
    return jnp.stack([own.loss for own in sums.values()]).sum(), sums


def over_devices(tree: PyTree) -> PyTree:
    """Sum of every leaf over `ROWS`, in one message: each is a meeting of all devices, however small.

    Eight leaves apart took as long as all else in a step of pooling heads on 2 cores.
    """
    message, unpacked = ravel_pytree(tree)
    return unpacked(lax.psum(message, ROWS))


def group_step(
    group: Group, states: States, rows: Rows, rates: Rates, active: Flags, class_weights: ClassWeights
) -> tuple[States, dict[str, Sums]]:
    """Take one Adam step with every active head of a group; skip the group if none is."""
    own = {name: states[name] for name in group.names}
    going = jnp.stack([active[name] for name in group.names])

    def go(own: States) -> tuple[States, dict[str, Sums]]:
        params = {name: state.params for name, state in own.items()}
        shares, sums = group.gradient(params, rows, lambda logits: total_loss(logits, rows, class_weights))
        totals, count = over_devices((shares, rows.weights.sum()))
        slopes = jax.tree.map(lambda total: total / count, totals)
        after = {name: adam_step(own[name], slopes[name], rates[name]) for name in own}
        if len(own) == 1:
            return after, sums
        kept = {
            n: jax.tree.map(lambda new, old, n=n: jnp.where(active[n], new, old), after[n], own[n])
            for n in own
        }
        return kept, sums

    def rest(own: States) -> tuple[States, dict[str, Sums]]:
        return own, {name: zero_sums() for name in own}

    return lax.cond(going.any(), go, rest, own)  # type: ignore[no-any-return]


def adam_step(state: TrainState, slope: PyTree, rate: Float[Array | np.ndarray, ""]) -> TrainState:
    """Move against the slope."""
    direction, moments = ADAM.update(slope, state.moments)
    params = jax.tree.map(lambda param, towards: param - rate * towards, state.params, direction)
    return TrainState(params, moments)


def train_steps(
    groups: Sequence[Group],
    class_weights: ClassWeights,
    table: Table,
    states: States,
    batches: Int[Array, "n b"],
    count: Int[Array, ""],
    rates: Rates,
    active: Flags,
) -> tuple[States, dict[str, Sums]]:
    """Take the first `count` steps with the heads of one seed.

    Args:
        groups: all heads.
        class_weights: of the loss, see `train.engine.loss.cross_entropy`.
        table: the rows.
        states: of every head.
        batches: places in the table.
        count: may be less than n.
        rates: learning rate of each head.
        active: heads that are still in training.

    Returns:
        The states, and for each head sums over all rows as the parameters of each step saw them.
    """

    def step(number: Array, carry: Any) -> Any:
        states, sums = carry
        rows = batch_of(table, batches[number])
        for group in groups:
            after, more = group_step(group, states, rows, rates, active, class_weights)
            states, sums = {**states, **after}, {**sums, **{n: add(sums[n], more[n]) for n in more}}
        return states, sums

    start = states, {name: zero_sums() for name in states}
    states, sums = lax.fori_loop(0, count, step, start)
    return states, lax.psum(sums, ROWS)


def eval_steps(
    groups: Sequence[Group],
    table: Table,
    params: Mapping[str, PyTree],
    batches: Int[Array, "n b"],
    count: Int[Array, ""],
    active: Flags,
) -> dict[str, Sums]:
    """Sums over the rows of the first `count` batches, for the active heads of one seed."""

    def step(number: Array, sums: dict[str, Sums]) -> dict[str, Sums]:
        rows = batch_of(table, batches[number])
        for group in groups:
            sums = {**sums, **group_sums(group, params, rows, active, sums)}
        return sums

    sums = lax.fori_loop(0, count, step, {name: zero_sums() for name in params})
    return lax.psum(sums, ROWS)  # type: ignore[no-any-return]


def group_sums(
    group: Group, params: Mapping[str, PyTree], rows: Rows, active: Flags, sums: dict[str, Sums]
) -> dict[str, Sums]:
    """The sums of a group's heads with a batch added; left as they are if none is active."""
    own = {name: sums[name] for name in group.names}

    def go(own: dict[str, Sums]) -> dict[str, Sums]:
        logits = group.logits({name: params[name] for name in own}, rows)
        return {name: add(own[name], batch_sums(logits[name], rows)) for name in own}

    going = jnp.stack([active[name] for name in group.names]).any()
    return lax.cond(going, go, lambda own: own, own)  # type: ignore[no-any-return]


def logit_steps(
    groups: Sequence[Group], table: Table, params: Mapping[str, PyTree], batches: Int[Array, "n b"]
) -> dict[str, Float[Array, "n b k"]]:
    """Logits of the rows of all batches, for every head of one seed; of those that fill up, too."""

    def step(_: None, places: Int[Array, " b"]) -> tuple[None, dict[str, Array]]:
        rows = batch_of(table, places)
        own = [group.logits({name: params[name] for name in group.names}, rows) for group in groups]
        return None, {name: logits for group in own for name, logits in group.items()}

    return lax.scan(step, None, batches)[1]


def init(params: PyTree) -> TrainState:
    """State before the first step."""
    return TrainState(params, ADAM.init(params))
