"""Steps of heads whose parameters lie side by side: they are packed before a loop over steps and unpacked behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, PyTree

from headstart.train.engine.adam import ADAM, Flags, Rates, States, TrainState, over_devices
from headstart.train.engine.loss import ClassWeights, Sums, add, batch_sums


@runtime_checkable
class WeighedRows(Protocol):
    """A batch of rows, see `train.feeds.table.RaggedBatch`; what else it holds is the group's."""

    @property
    def labels(self) -> Any:
        """See `train.engine.loss.Labels`."""

    @property
    def weights(self) -> Any:
        """1, or 0 for a row that only fills up the batch."""


@runtime_checkable
class LaneGroup(Protocol):
    """Heads that lie side by side, such as `heads.fused.layer_heads.LayerHeads`; a lane can be nobody's."""

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""

    @property
    def lane_names(self) -> tuple[str, ...]:
        """Whose each lane is; '' for nobody's."""

    def pack(self, trees: Mapping[str, PyTree]) -> PyTree:
        """Parameters of each head, or trees like them, as lanes."""

    def unpack(self, lanes: PyTree) -> dict[str, PyTree]:
        """The trees of each head."""

    def spread(self, values: Mapping[str, Any], lanes: PyTree) -> PyTree:
        """A number for each head, as lanes that multiply its parameters; 0 for what belongs to no head."""

    def decay(self, lanes: PyTree, rows: Any) -> PyTree:
        """What a prior adds to the slope of the mean loss over so many rows, per unit of each parameter."""

    def lane_logits(self, lanes: PyTree, rows: Any) -> Array:
        """Logits `[lanes, b, k]`."""

    def logits(self, params: Mapping[str, PyTree], rows: Any) -> dict[str, Array]:
        """Logits `[b, k]` of each head."""


class LaneLoop(NamedTuple):
    """What the loop over steps carries.

    Attributes:
        state: Parameters and moments as lanes.
        sums: Sums over the rows so far, `[lanes]` each.
    """

    state: TrainState
    sums: Sums


@dataclass(frozen=True, eq=False)
class LaneSteps:
    """Steps of the heads of a group; made anew wherever they are traced.

    Attributes:
        group: The heads.
        class_weights: Weights of the classes in the training loss.
        rates: Learning rates, as lanes.
        decay: See `LaneGroup.decay`.
    """

    group: LaneGroup
    class_weights: ClassWeights
    rates: PyTree
    decay: PyTree

    @classmethod
    def of(
        cls,
        group: LaneGroup,
        class_weights: ClassWeights,
        lanes: PyTree,
        rates: Rates,
        training_rows: Any,
    ) -> "LaneSteps":
        """Prepare what every step needs.

        Args:
            group: The heads.
            class_weights: Weights of the classes in the training loss.
            lanes: Their parameters.
            rates: Learning rate of each head.
            training_rows: Number of the training rows.
        """
        spread = group.spread({name: rates[name] for name in group.names}, lanes)
        return cls(group, class_weights, spread, group.decay(lanes, training_rows))

    def step(self, loop: LaneLoop, rows: WeighedRows) -> LaneLoop:
        """Take one Adam step with every lane; those of heads that have stopped are thrown away behind the loop.

        Nothing is skipped: under `vmap` a condition would compute both sides, and copy all parameters and moments.
        """

        def loss(lanes: PyTree) -> tuple[Array, Sums]:
            sums = lane_sums(self.group.lane_logits(lanes, rows), rows, self.class_weights)
            return sums.loss.sum(), sums

        params = loop.state.params
        shares, sums = jax.grad(loss, has_aux=True)(params)
        totals, count = over_devices((shares, rows.weights.sum()))
        slopes = jax.tree.map(
            lambda total, pull, param: total / count + pull * param, totals, self.decay, params
        )
        direction, moments = ADAM.update(slopes, loop.state.moments)
        after = jax.tree.map(
            lambda param, rate, towards: param - rate * towards, params, self.rates, direction
        )
        return LaneLoop(TrainState(after, moments), add(loop.sums, sums))


def pack_states(group: LaneGroup, states: States, active: Flags) -> TrainState:
    """The states of a group's heads as lanes; all heads that are active have taken as many steps."""
    of_group = {name: states[name] for name in group.names}
    moments = {name: state.moments for name, state in of_group.items()}
    counts = [jnp.where(active[name], moments[name].count, 0) for name in group.names]
    return TrainState(
        group.pack({name: state.params for name, state in of_group.items()}),
        next(iter(moments.values()))._replace(
            count=jnp.stack(counts).max(),
            mu=group.pack({name: of_head.mu for name, of_head in moments.items()}),
            nu=group.pack({name: of_head.nu for name, of_head in moments.items()}),
        ),
    )


def unpack_states(group: LaneGroup, state: TrainState, states: States, active: Flags) -> States:
    """The states of a group's heads; those that are not active stay as they were."""
    params, mu, nu = (group.unpack(part) for part in (state.params, state.moments.mu, state.moments.nu))

    def chosen(name: str) -> TrainState:
        after = TrainState(params[name], state.moments._replace(mu=mu[name], nu=nu[name]))
        kept: TrainState = jax.tree.map(
            lambda new, old: jnp.where(active[name], new, old), after, states[name]
        )
        return kept

    return {name: chosen(name) for name in group.names}


def lane_sums(
    logits: Float[Array, "lanes b k"], rows: WeighedRows, class_weights: ClassWeights = None
) -> Sums:
    """Sums over the rows of a batch, `[lanes]` each."""
    return jax.vmap(lambda lane: batch_sums(lane, rows.labels, rows.weights, class_weights))(logits)


def zero_lane_sums(group: LaneGroup) -> Sums:
    """Sums over no rows."""
    return Sums(*(jnp.zeros(len(group.lane_names)) for _ in Sums._fields))


def by_name(group: LaneGroup, values: PyTree) -> dict[str, PyTree]:
    """What each head has of arrays whose first axis is the lane."""
    at = {name: group.lane_names.index(name) for name in group.names}
    return {name: jax.tree.map(lambda leaf, lane=lane: leaf[lane], values) for name, lane in at.items()}
