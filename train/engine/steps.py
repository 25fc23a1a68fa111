"""Steps of many heads and seeds at once, the optimizer's among them; nothing here waits for the device."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float, Int, PyTree

from headstart.train.engine.adam import ROWS, Flags, Rates, States, adam_step, over_devices
from headstart.train.engine.lane_steps import (
    LaneGroup,
    LaneLoop,
    LaneSteps,
    by_name,
    lane_sums,
    pack_states,
    unpack_states,
    zero_lane_sums,
)
from headstart.train.engine.loss import ClassWeights, Sums, add, batch_sums, zero_sums
from headstart.train.feeds.table import RaggedBatch, Table, batch_of


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

    groups: Sequence[Group | LaneGroup]
    class_weights: ClassWeights = None

    def train(
        self,
        table: Table,
        states: States,
        batches: Int[Array, "n h b"],
        count: Int[Array, ""],
        rates: Rates,
        active: Flags,
    ) -> tuple[States, dict[str, Sums]]:
        """Take the first `count` steps.

        Args:
            table: The rows.
            states: State of every head.
            batches: Places in the table; of several deals the last one is that of the heads that lie side by side.
            count: Steps to take, at most n.
            rates: Learning rate of each head.
            active: Heads that are still in training.

        Returns:
            The states, and for each head sums over all rows as the parameters of each step saw them.
        """
        lanes = [pack_states(group, states, active) for group in self._in_lanes]
        lane_steps = [
            LaneSteps.of(group, self.class_weights, lane.params, rates, table.standard.rows)
            for group, lane in zip(self._in_lanes, lanes, strict=True)
        ]

        def step(number: Array, carry: Any) -> Any:
            apart, sums, loops = carry
            rows, *others = [batch_of(table, places) for places in batches[number]]
            in_lanes = others[-1] if others else rows
            for group in self._apart:
                after, more = group_step(group, apart, rows, rates, active, self.class_weights)
                apart, sums = {**apart, **after}, {**sums, **{n: add(sums[n], more[n]) for n in more}}
            return (
                apart,
                sums,
                [steps.step(loop, in_lanes) for steps, loop in zip(lane_steps, loops, strict=True)],
            )

        apart = {name: states[name] for group in self._apart for name in group.names}
        loops = [LaneLoop(lane, zero_lane_sums(g)) for g, lane in zip(self._in_lanes, lanes, strict=True)]
        start = apart, {name: zero_sums() for name in apart}, loops
        apart, sums, loops = lax.fori_loop(0, count, step, start)
        for group, loop in zip(self._in_lanes, loops, strict=True):
            apart |= unpack_states(group, loop.state, states, active)
            sums |= by_name(group, loop.sums)
        return {name: apart[name] for name in states}, lax.psum({name: sums[name] for name in states}, ROWS)

    @property
    def _in_lanes(self) -> list[Any]:
        """Groups whose heads lie side by side."""
        return [group for group in self.groups if isinstance(group, LaneGroup)]

    @property
    def _apart(self) -> list[Group]:
        return [group for group in self.groups if not isinstance(group, LaneGroup)]

    def evaluate(
        self,
        table: Table,
        params: Mapping[str, PyTree],
        batches: Int[Array, "n b"],
        count: Int[Array, ""],
        active: Flags,
    ) -> dict[str, Sums]:
        """Sums over the rows of the first `count` batches, for the active heads."""
        lanes = [group.pack(params) for group in self._in_lanes]

        def step(number: Array, carry: Any) -> Any:
            sums, in_lanes = carry
            rows = batch_of(table, batches[number])
            for group in self._apart:
                sums = {**sums, **group_sums(group, params, rows, active, sums)}
            more = [
                lane_sums(g.lane_logits(lane, rows), rows)
                for g, lane in zip(self._in_lanes, lanes, strict=True)
            ]
            return sums, [add(*pair) for pair in zip(in_lanes, more, strict=True)]

        apart = {name: zero_sums() for group in self._apart for name in group.names}
        start = apart, [zero_lane_sums(group) for group in self._in_lanes]
        sums, in_lanes = lax.fori_loop(0, count, step, start)
        for group, of_lanes in zip(self._in_lanes, in_lanes, strict=True):
            sums |= by_name(group, of_lanes)
        return lax.psum({name: sums[name] for name in params}, ROWS)  # type: ignore[no-any-return]

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
