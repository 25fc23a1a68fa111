"""Steps of many heads and seeds at once, the optimizer's among them; nothing here waits for the device."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
import optax  # type: ignore[import-untyped]
from jax import Array, lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Bool, Float, Int, PyTree

from headstart.train.engine.loss import ClassWeights, Sums, add, batch_sums, zero_sums
from headstart.train.feeds.table import RaggedBatch, Table, batch_of


class TrainState(NamedTuple):
    """What a training step changes.

    Attributes:
        params: The head's parameters.
        moments: Adam's moments.
    """

    params: PyTree
    moments: optax.OptState


States = dict[str, TrainState]
"""The state of every head by name; for several seeds each leaf has one more axis in front."""

Rates = Mapping[str, Float[Array | np.ndarray, "..."]]

Flags = Mapping[str, Bool[Array | np.ndarray, "..."]]

ROWS = "rows"
"""Axis of devices that share the rows of a batch; steps run where it is bound, see `train.engine.compiled_epochs`."""


def scale_by_keras_adam(b1: float, b2: float, eps: float) -> optax.GradientTransformation:
    """Adam's direction, `m / (sqrt(v) + eps) * sqrt(1 - b2^t) / (1 - b1^t)`, to be multiplied by minus the rate.

    `optax.scale_by_adam` adds `eps` to the corrected `sqrt(v)` instead. In the first steps, when the correction is
    large, small gradients then move a weight further: losses of recurrent heads end 1e-4 apart after 50 steps.

    Reference:
        Kingma and Ba 2015, https://arxiv.org/abs/1412.6980, end of section 2; `keras.optimizers.Adam`.
    """
    optax_adam = optax.scale_by_adam(b1, b2, eps)

    def update(slope: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        _, state = optax_adam.update(slope, state)
        step = state.count.astype(jnp.float32)
        correction = jnp.sqrt(1 - b2**step) / (1 - b1**step)
        direction = jax.tree.map(lambda m, v: correction * m / (jnp.sqrt(v) + eps), state.mu, state.nu)
        return direction, state

    return optax.GradientTransformation(optax_adam.init, update)


ADAM = scale_by_keras_adam(b1=0.9, b2=0.999, eps=1e-7)
"""The notebook's Adam, without its learning rate."""


def init(params: PyTree) -> TrainState:
    """State before the first step."""
    return TrainState(params, ADAM.init(params))


def adam_step(state: TrainState, slope: PyTree, rate: Float[Array | np.ndarray, ""]) -> TrainState:
    """Move against the slope."""
    direction, moments = ADAM.update(slope, state.moments)
    params = jax.tree.map(lambda param, towards: param - rate * towards, state.params, direction)
    return TrainState(params, moments)


@runtime_checkable
class Group(Protocol):
    """Heads that go through a batch together, such as `heads.fused.fused_heads.FusedHeads`."""

    @property
    def names(self) -> Sequence[str]:
        """Their names."""

    def logits(self, params: Mapping[str, PyTree], rows: Any) -> dict[str, Array]:
        """Logits `[b, k]` of each."""

    def gradient(
        self, params: Mapping[str, PyTree], rows: Any, loss: Callable[[dict[str, Array]], tuple[Array, Any]]
    ) -> tuple[Mapping[str, PyTree], Any]:
        """Gradient of a loss with respect to the parameters of each, and what the loss hands on."""


@dataclass(frozen=True, eq=False)
class HeadSteps:
    """Steps of all heads, with one seed.

    Attributes:
        groups: All heads.
        class_weights: Weights of the classes in the training loss.
    """

    groups: Sequence[Group]
    class_weights: ClassWeights = None

    def train(
        self,
        table: Table,
        states: States,
        batches: Int[Array, "n b"],
        count: Int[Array, ""],
        rates: Rates,
        active: Flags,
    ) -> tuple[States, dict[str, Sums]]:
        """Take the first `count` steps.

        Args:
            table: The rows.
            states: State of every head.
            batches: Places in the table.
            count: Steps to take, at most n.
            rates: Learning rate of each head.
            active: Heads that are still in training.

        Returns:
            The states, and for each head sums over all rows as the parameters of each step saw them.
        """

        def step(number: Array, carry: Any) -> Any:
            states, sums = carry
            rows = batch_of(table, batches[number])
            for group in self.groups:
                after, more = group_step(group, states, rows, rates, active, self.class_weights)
                states, sums = {**states, **after}, {**sums, **{n: add(sums[n], more[n]) for n in more}}
            return states, sums

        start = states, {name: zero_sums() for name in states}
        states, sums = lax.fori_loop(0, count, step, start)
        return states, lax.psum(sums, ROWS)

    def evaluate(
        self,
        table: Table,
        params: Mapping[str, PyTree],
        batches: Int[Array, "n b"],
        count: Int[Array, ""],
        active: Flags,
    ) -> dict[str, Sums]:
        """Sums over the rows of the first `count` batches, for the active heads."""

        def step(number: Array, sums: dict[str, Sums]) -> dict[str, Sums]:
            rows = batch_of(table, batches[number])
            for group in self.groups:
                sums = {**sums, **group_sums(group, params, rows, active, sums)}
            return sums

        sums = lax.fori_loop(0, count, step, {name: zero_sums() for name in params})
        return lax.psum(sums, ROWS)  # type: ignore[no-any-return]

    def logits(
        self, table: Table, params: Mapping[str, PyTree], batches: Int[Array, "n b"]
    ) -> dict[str, Float[Array, "n b k"]]:
        """Logits of the rows of all batches, for every head; of rows that only fill up, too."""

        def step(_: None, places: Int[Array, " b"]) -> tuple[None, dict[str, Array]]:
            rows = batch_of(table, places)
            groups = [
                group.logits({name: params[name] for name in group.names}, rows) for group in self.groups
            ]
            return None, {name: logits for group in groups for name, logits in group.items()}

        return lax.scan(step, None, batches)[1]


def group_step(
    group: Group, states: States, rows: RaggedBatch, rates: Rates, active: Flags, class_weights: ClassWeights
) -> tuple[States, dict[str, Sums]]:
    """Take one Adam step with every active head of a group; skip the group if none is."""

    def go(states: States) -> tuple[States, dict[str, Sums]]:
        params = {name: state.params for name, state in states.items()}
        shares, sums = group.gradient(params, rows, lambda logits: total_loss(logits, rows, class_weights))
        totals, count = over_devices((shares, rows.weights.sum()))
        slopes = jax.tree.map(lambda total: total / count, totals)
        after = {name: adam_step(states[name], slopes[name], rates[name]) for name in states}
        if len(states) == 1:
            return after, sums
        kept = {
            n: jax.tree.map(lambda new, old, n=n: jnp.where(active[n], new, old), after[n], states[n])
            for n in states
        }
        return kept, sums

    def rest(states: States) -> tuple[States, dict[str, Sums]]:
        return states, {name: zero_sums() for name in states}

    going = jnp.stack([active[name] for name in group.names])
    return lax.cond(going.any(), go, rest, {name: states[name] for name in group.names})  # type: ignore[no-any-return]


def group_sums(
    group: Group, params: Mapping[str, PyTree], rows: RaggedBatch, active: Flags, sums: dict[str, Sums]
) -> dict[str, Sums]:
    """The sums of a group's heads with a batch added; left as they are if none is active."""

    def go(sums: dict[str, Sums]) -> dict[str, Sums]:
        logits = group.logits({name: params[name] for name in sums}, rows)
        return {name: add(sums[name], batch_sums(logits[name], rows.labels, rows.weights)) for name in sums}

    going = jnp.stack([active[name] for name in group.names]).any()
    return lax.cond(going, go, lambda sums: sums, {name: sums[name] for name in group.names})  # type: ignore[no-any-return]


def total_loss(
    logits: Mapping[str, Array], rows: RaggedBatch, class_weights: ClassWeights
) -> tuple[Float[Array, ""], dict[str, Sums]]:
    """Sum of the heads' losses over all rows, which leaves each head's gradient its own; and their sums.

    Both are this device's share: added up over `ROWS` they are the whole batch's.
    """
    sums = {name: batch_sums(head, rows.labels, rows.weights, class_weights) for name, head in logits.items()}
    return jnp.stack([head.loss for head in sums.values()]).sum(), sums


def over_devices(tree: PyTree) -> PyTree:
    """Sum of every leaf over `ROWS`, in one message: each is a meeting of all devices, however small.

    Eight leaves apart took as long as all else in a step of pooling heads on 2 cores.
    """
    message, unpacked = ravel_pytree(tree)
    return unpacked(lax.psum(message, ROWS))
