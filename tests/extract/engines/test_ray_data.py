"""Ray's own cluster on this machine, with two workers, one of which is killed: `tests/peers/engines.sh`."""

import os
import signal
import threading
import time
from typing import Any

import numpy as np
import psutil
import pytest

from headstart.cache.inspect.verify import verify
from headstart.cache.reader import open_cache
from headstart.extract.engines.batches import FeatureBatches, UnitBatches
from headstart.extract.engines.ray_data import fill_cache, map_rows
from headstart.extract.predict.text_vectors import EncoderChoice, open_encoder
from headstart.extract.settings import Settings

from ..units.test_work import fingerprint, run_workers

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def cluster() -> Any:
    import ray

    ray.init(num_cpus=2, include_dashboard=False, logging_level="error")
    yield ray
    ray.shutdown()


def test_rows_get_the_encoder_s_vectors(cluster: Any, encoder: EncoderChoice) -> None:
    texts = [f"you are {'very ' * (n % 7)}kind {n}" for n in range(50)]
    dataset = cluster.data.from_items([{"text": text, "n": n} for n, text in enumerate(texts)])
    rows = sorted(map_rows(dataset, FeatureBatches(encoder), 2, rows=10).take_all(), key=lambda row: row["n"])
    expected = [row[2] for row in open_encoder(encoder).vectors(texts)]
    np.testing.assert_allclose(np.stack([row["features"] for row in rows]), np.stack(expected), atol=2e-3)


def test_a_killed_worker_costs_nothing_but_its_block(
    cluster: Any, settings: Settings, job_fields: dict[str, Any], tmp_path: Any
) -> None:
    killed: list[int] = []

    def kill_one() -> None:
        while not killed:
            time.sleep(0.2)
            if list((tmp_path / "features").glob("*/units/*/lock.json")):
                workers = [
                    child for child in psutil.Process().children(recursive=True) if "ray::" in child.name()
                ]
                workers += [
                    p
                    for p in psutil.process_iter(["cmdline"])
                    if "MapBatches" in " ".join(p.info["cmdline"] or [])
                ]
                if workers:
                    os.kill(workers[-1].pid, signal.SIGKILL)
                    killed.append(workers[-1].pid)

    thread = threading.Thread(target=kill_one, daemon=True)
    thread.start()
    location = fill_cache(UnitBatches(settings), 2)
    thread.join(5)
    assert killed
    assert verify(open_cache(location)) == []
    alone = run_workers(Settings(**job_fields | {"cache_dir": str(tmp_path / "other")}), "0/1")
    assert fingerprint(location) == fingerprint(alone)
