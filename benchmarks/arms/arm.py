"""The arms of `benchmarks.sweep`: what they are called, how each runs a sweep, and its figures."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

import psutil

from sweeps.machine.profile import Profile
from sweeps.plan.prepare import Prepared

FIRST = "cached"  # the quickest searches, before anything is measured: what it decides, every arm trains
Decisions = Sequence[Mapping[str, Any]]  # {"given": values of the active axes, "epochs": how many were trained}


@dataclass(frozen=True)
class Arm:
    """A way to run stage 1: this project's, or a function trainable as Ray Tune's documentation has it."""

    name: str
    documented: bool = False
    reuse: bool = False  # of the function trainable's processes
    caches: bool = False
    packing: str = "off"
    processes: int = 1  # where the others have one: two share a core, or an accelerator

    def on(self, prepared: Prepared) -> Prepared:
        """The sweep as this arm runs it."""
        profile = prepared.profile
        shared = replace(
            profile,
            concurrency=profile.concurrency * self.processes,
            gpu_fraction=profile.gpu_fraction / self.processes,
        )
        return replace(prepared, profile=shared, spec=replace(prepared.spec, packing=self.packing))


ARMS = {
    arm.name: arm
    for arm in (
        Arm("ray_documented", documented=True),
        Arm("ray_reused", documented=True, reuse=True),
        Arm("warm"),
        Arm("cached", caches=True),
        Arm("packed", caches=True, packing="8"),
        Arm("two_processes", caches=True, processes=2),
    )
}


@dataclass
class Ran:
    """What an arm's trials reported, and what they took together."""

    trials: Sequence[Sequence[Mapping[str, Any]]]  # results in their order
    given: Sequence[Mapping[str, Any]]
    seconds: float
    cpu_seconds: float
    before_first_step: Sequence[float]
    first_scores_seconds: float  # from the start until every trial has its first
    peak_bytes: int


def cpu_now(results: Iterable[Mapping[str, Any]] = ()) -> float:
    """Processor seconds so far of this process, of Ray's that it started, and of every worker up to its last report."""
    workers: dict[int, float] = {}
    for result in results:
        pid = result["worker_pid"]
        workers[pid] = max(workers.get(pid, 0.0), result["process_cpu_seconds"])
    others = 0.0
    for process in psutil.Process().children(recursive=True):
        if process.pid not in workers:
            with suppress(psutil.Error):
                others += sum(process.cpu_times()[:2])
    return time.process_time() + others + sum(workers.values())


def summary(ran: Ran, profile: Profile) -> dict[str, Any]:
    """One arm in numbers; `profile` is the machine's, not the arm's. `overhead_share`: of the places' time, what was no
    training or validation; `cpu_`: the same by processor time, which other work on the machine hardly changes."""
    epochs, trials = sum(len(results) for results in ran.trials), len(ran.trials)
    computed, computed_cpu = (
        sum(result[name] for results in ran.trials for result in results)
        for name in ("computed_seconds", "computed_cpu_seconds")
    )
    places_seconds = ran.seconds * profile.concurrency
    return {
        "epochs": epochs,
        "trials": trials,
        "seconds": ran.seconds,
        "epochs_per_second": epochs / ran.seconds,
        "computed_seconds_per_epoch": computed / epochs,
        "overhead_share": 1.0 - computed / places_seconds,
        "overhead_seconds_per_trial": (places_seconds - computed) / trials,
        "cpu_seconds_per_epoch": ran.cpu_seconds / epochs,
        "computed_cpu_seconds_per_epoch": computed_cpu / epochs,
        "cpu_overhead_share": 1.0 - computed_cpu / ran.cpu_seconds,
        "before_first_step_seconds": statistics.median(ran.before_first_step) if ran.before_first_step else None,
        "first_scores_seconds": ran.first_scores_seconds,
        "peak_bytes": ran.peak_bytes,
        "final_losses": [results[-1]["val_loss"] for results in ran.trials],
        "decisions": [{"given": g, "epochs": len(r)} for g, r in zip(ran.given, ran.trials, strict=True)],
        "profile": {k: v for k, v in asdict(profile).items() if k in ("device", "precision", "concurrency")},
        "threads": profile.threads_per_worker,
    }
