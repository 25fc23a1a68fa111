import dataclasses

import pytest

from headstart.train.engine.settings import TrainingSettings
from headstart.train.plateau import ReduceLROnPlateau
from headstart.train.stopping import EarlyStopping


def test_defaults_are_the_notebooks():
    settings = TrainingSettings()
    assert (settings.epochs, settings.batch_size) == (50, 128)
    assert (settings.plateau, settings.stopping) == (ReduceLROnPlateau(), EarlyStopping())


def test_settings_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainingSettings().epochs = 3


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"batch_size": 0}, {"batch_size": -3}, {"seeds": 0}])
def test_nothing_to_do_is_refused(wrong):
    with pytest.raises(ValueError, match="at least 1"):
        TrainingSettings(**wrong)
