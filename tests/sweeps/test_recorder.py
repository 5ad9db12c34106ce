"""What the recorder adds to a run's own metrics: what it cost."""

from types import SimpleNamespace

import numpy as np
import pytest

from sweeps.job import EXPLORE
from sweeps.recorder import Recorder
from trainables import memory
from trainables.records import COST_MEMORY, COST_SECONDS


def test_lanes_share_the_cost_of_their_epoch() -> None:
    logged = {}

    class Tracker:
        def log_epoch(self, run_id: str, epoch: int, metrics: dict[str, float]) -> None:
            logged[run_id] = (epoch, metrics)

    recorder = Recorder(SimpleNamespace(), EXPLORE, Tracker())
    recorder.run_ids = {("t", "1", "-"): "first", ("t", "2", "-"): "second"}
    lanes = [{"seed": seed, "fold": "-", "metrics": {"val/accuracy": 0.8}} for seed in (1, 2)]
    result = {"lanes": lanes, "epoch": 3, "step_seconds": 5.0, "peak_memory_bytes": 2**30}
    recorder.on_trial_result(0, [], SimpleNamespace(trial_id="t"), result)
    assert logged == dict.fromkeys(
        ("first", "second"), (3, {"val/accuracy": 0.8, COST_SECONDS: 2.5, COST_MEMORY: 2**30})
    )


def test_memory_of_a_process_grows_with_what_it_holds() -> None:
    memory.start_counting("cpu")
    before = memory.peak_bytes("cpu")
    held = np.ones(2**24)  # 128 MiB, written to
    assert memory.peak_bytes("cpu") - before == pytest.approx(held.nbytes, rel=0.2)
