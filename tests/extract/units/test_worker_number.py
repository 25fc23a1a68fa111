"""Which worker of how many: by hand, or as launchers say."""

import pytest

from headstart.cache.runtime.errors import UserError
from headstart.extract.units.worker_number import Worker, read_worker

LAUNCHED = [
    ({"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_MIN": "1"}, Worker(6, 8)),
    ({"SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "2"}, Worker(0, 2)),
    ({"SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "4"}, Worker(3, 4)),
    ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, Worker(1, 2)),
]


@pytest.mark.parametrize(("text", "worker"), [("0/1", Worker(0, 1)), ("3/16", Worker(3, 16))])
def test_by_hand(text: str, worker: Worker) -> None:
    assert read_worker(text, {}) == worker
    assert str(worker) == text


@pytest.mark.parametrize(("variables", "worker"), LAUNCHED)
def test_by_a_launcher(variables: dict[str, str], worker: Worker) -> None:
    assert read_worker("auto", variables) == worker
    assert read_worker(f"auto/{worker.workers}", variables) == worker


def test_a_slurm_array_of_tasks_that_are_started_again() -> None:
    array = {"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_ARRAY_TASK_MIN": "3"}
    assert read_worker("auto/8", array) == Worker(5, 8)


def test_kubernetes_tells_the_number_alone() -> None:
    assert read_worker("auto/5", {"JOB_COMPLETION_INDEX": "4"}) == Worker(4, 5)
    with pytest.raises(UserError, match="how many workers there are; give it: --worker auto/16"):
        read_worker("auto", {"JOB_COMPLETION_INDEX": "4"})


@pytest.mark.parametrize(
    "text", ["", "1", "a/2", "1/a", "-1/2", "1/-2", "1.0/2", "auto/x", "AUTO", "1/2/3", "٣/٤"]
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="is none of 3/16, auto/16 and auto"):
        read_worker(text, {})


@pytest.mark.parametrize("text", ["2/2", "16/16", "5/0", "999999999/1"])
def test_a_number_beyond_the_last_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="the first of"):
        read_worker(text, {})


def test_nothing_that_launches() -> None:
    with pytest.raises(UserError, match="none of the variables SLURM_ARRAY_TASK_ID"):
        read_worker("auto/4", {"PATH": "/bin"})


@pytest.mark.parametrize("value", ["", "x", "-1", "1e3"])
def test_a_variable_that_holds_no_number(value: str) -> None:
    with pytest.raises(UserError, match="SLURM_PROCID holds"):
        read_worker("auto/4", {"SLURM_PROCID": value})
