import numpy as np
import pytest

from headstart.heads.fused.lane_places import LanePlaces
from headstart.heads.spec import spec_of

LAYERS, VECTORS = (0, 2, 5), ("max", "mean")
NAMES = ("avg@all", "avg@2", "maxavg@2", "max@5", "mix", "maxavg@all")


def places_of(*names):
    return LanePlaces.of([spec_of(name, LAYERS, 5) for name in names], LAYERS)


def test_heads_on_one_layer_have_as_many_lanes_in_each():
    places = places_of(*NAMES)
    assert places.names == ("mix", "avg@all", "maxavg@all", "", "", "avg@2", "maxavg@2", "max@5", "")
    assert places.shape(3, 10) == (3, 4, 3, 10)


@pytest.mark.parametrize("names", [NAMES, ("max@0",), ("mix",), ("avg@all", "maxavg@all")])
def test_every_number_of_every_head_has_a_place_of_its_own(names):
    places = places_of(*names)
    kernels = {spec.name: places.of_kernel(spec, ("max", "mean"), 4, 3) for spec in sum(places.narrow, ())}
    kernels |= {s.name: places.of_kernel(s, VECTORS, 4, 3) for s in places.mixture + places.wide}
    assert set(kernels) == set(names)
    for name, kernel in kernels.items():
        assert kernel.shape == (4 * spec_of(name, LAYERS, 5).vectors_read, 3)
    every = np.concatenate([kernel.ravel() for kernel in kernels.values()])
    assert len(np.unique(every)) == len(every)


def test_the_only_layer_and_all_layers_can_be_the_same():
    """In a batch of one layer a head on that layer reads all that there is."""
    specs = [spec_of("avg@2"), spec_of("maxavg@2")]
    places = LanePlaces.of(specs, (2,))
    assert places.names == ("avg@2", "maxavg@2")
    assert places.most_narrow == 0


def test_a_layer_that_is_not_read_is_no_place():
    with pytest.raises(AssertionError):
        LanePlaces.of([spec_of("avg@1"), spec_of("avg@2")], (2,))
