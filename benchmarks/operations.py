"""How much arithmetic a sweep's trainings take when each is alone and nothing is kept, and what the machine can do."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from sweeps.machine.profile import Profile
from sweeps.plan.prepare import prepare
from sweeps.state.assignment import searching
from sweeps.worker.job import Job, Start
from trainables.training.engine import DTYPES

PRODUCT = 2048  # rows and columns
TRIES = 8


def peak_per_second(profile: Profile) -> float:
    """Operations a second of large matrix products in the profile's precision, with all threads that it uses; an
    addition and a multiplication are two."""
    torch.set_num_threads(profile.threads_per_worker * (1 if profile.device == "cuda" else profile.concurrency))
    left, right = (torch.ones(PRODUCT, PRODUCT, dtype=DTYPES[profile.precision], device=profile.device) for _ in "ab")

    def seconds() -> float:
        started = time.perf_counter()
        (left @ right)[0, 0].item()  # waits for it
        return time.perf_counter() - started

    seconds()
    return float(2 * PRODUCT**3 / min(seconds() for _ in range(TRIES)))


def of_trainings(job: Job, decisions: Sequence[Mapping[str, Any]], folder: Path) -> float:
    """Operations of all decided epochs, training and validation, counted in each configuration's first epoch. What
    bitsandbytes' own kernels compute is not seen."""
    from sweeps.worker.trial import Trial, Workplace

    total = 0
    for number, decision in enumerate(decisions):
        start = Start(folder / str(number), searching(job.spec, decision["given"]))
        trial = Trial(Workplace(job), start)
        with FlopCounterMode(display=False) as counter:
            trial.open()
            before = counter.get_total_flops()
            for lane in trial.lanes:
                lane.train_epoch()
        total += (counter.get_total_flops() - before) * decision["epochs"]
        trial.close()
    return float(total)


def main() -> None:
    """Reads orders as benchmarks.arms.one_arm does."""
    from sweeps.plan.parts import make_console
    from sweeps.stage.inputs import explore_job, make_stores
    from sweeps.state.workspace import new_workspace

    orders = json.loads(Path(sys.argv[1]).read_text())
    prepared = prepare(orders["file"], orders["overrides"], planning=False)
    workspace = new_workspace(Path(orders["folder"]), prepared.spec.name)
    job = explore_job(prepared, make_stores(prepared, workspace, ("train", "validation"), make_console()), "-", {})
    job = replace(job, engine_settings={**job.engine_settings, "activations": "off"})
    answer = {
        "operations": of_trainings(job, orders["decisions"], workspace.folder),
        "peak_operations_per_second": peak_per_second(prepared.profile),
    }
    Path(sys.argv[2]).write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
