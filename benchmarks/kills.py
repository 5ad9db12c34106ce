"""A fault campaign: python -m benchmarks.kills [--kills N] [--seed N] [--sweeps serial,parallel,extended]

Small sweeps on the miniature are run once without interruption and then again under kill -9 at random moments, after
the first trial has finished and in stage 2 too: of the driver, of its whole process group, of a worker; after some
kills a file is cut short, as a power failure would. The same command goes on every time. At the end every run in
MLflow is held against the uninterrupted sweep's: lost, doubled or differing runs (any metric of any epoch, any
prediction, the status) must be none, and no finished run may have been trained again.

`serial` trains one trial at a time and prunes: everything has to be equal, which trials were proposed and pruned
included. `parallel` trains two at a time and does not prune: which trial ends first is not ours to say, what each gives
is. `extended` is a serial sweep that has come to its verdict; what is killed is its extension. `packed` trains two
trials in one batch: who shares it after a kill is another, so that losses may differ by rounding.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from benchmarks.small_sweep import SWEEP, Differences, differences, events, finish, start, write_data

ONE_AT_A_TIME = "asha: {grace_epochs: 1, reduction_factor: 2}\nlimits: {memory_gb: 2.5}\n"
EXTENDED, PACKED = "extended", "packed"
KINDS = {
    "serial": ONE_AT_A_TIME,
    "parallel": "asha: {grace_epochs: 3, reduction_factor: 2}\n",
    EXTENDED: ONE_AT_A_TIME,
    PACKED: "asha: {grace_epochs: 3, reduction_factor: 2}\npacking: 2\n",
}
BEFORE_EXTENSION, AFTER_EXTENSION = 3, 5  # trials
TARGETS = ("driver", "group", "worker")
DAMAGED_SHARE = 0.3  # of the kills that end the driver
ORPHAN_SECONDS = 60.0  # Ray's agents look every few seconds whether their parent lives
LATEST_DELAY_SECONDS = 1.5  # after the drawn event, so that a kill falls inside an epoch or a write


@dataclass
class Outcome:
    kills: Counter[str] = field(default_factory=Counter)
    in_stage_two: int = 0
    cut_short: int = 0  # files
    record: Differences = field(default_factory=lambda: Differences(0, 0, 0))
    repeated: int = 0
    orphans: int = 0  # processes of a killed driver that outlived the sweep
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        return self.record.none and not (self.repeated or self.orphans)


def prepare(folder: Path, kind: str, results: Path) -> None:
    """What has to be there before the command whose interruptions are studied: the sweep that is to be extended."""
    if kind == EXTENDED:
        finish(start(folder, kind, results), results)


def go(folder: Path, kind: str, results: Path) -> subprocess.Popen[bytes]:
    """That command, for the first time or again."""
    return start(folder, kind, results, *(("--extend", f"trials={AFTER_EXTENSION}") if kind == EXTENDED else ()))


@dataclass(frozen=True)
class Kill:
    after_events: int  # in the journals of both stages
    delay_seconds: float
    target: str  # driver | group | worker


def drawn(reference: Path, count: int, rng: np.random.Generator, *, after: int = 0) -> list[Kill]:
    """Kills at random: from the first trial that finishes after so many events to the last event but one of the
    uninterrupted sweep."""
    explored = events(reference, "explore")
    first = next(index for index, event in enumerate(explored, start=1) if event.get("last"))
    there = np.arange(max(first, after + 1), _happened(reference))
    moments = sorted(map(int, rng.choice(there, size=min(count, len(there)), replace=False)))
    return [Kill(moment, float(rng.uniform(0, LATEST_DELAY_SECONDS)), str(rng.choice(TARGETS))) for moment in moments]


def kill(process: subprocess.Popen[bytes], target: str, rng: np.random.Generator) -> list[psutil.Process] | None:
    """Kills, and returns everything that the driver had started and that has to vanish with what was killed; None
    where there was nothing of this kind to kill."""
    started = psutil.Process(process.pid).children(recursive=True)
    if target == "worker":
        workers = [p for p in started if _is_worker(p)]
        if not workers:
            return None
        chosen = workers[int(rng.integers(len(workers)))]
        chosen.kill()
        return [chosen]
    if target == "driver":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return started


def _is_worker(process: psutil.Process) -> bool:
    try:
        title = " ".join(process.cmdline())
    except psutil.Error:
        return False
    # in a call Tune's own class is named, between two calls the trial's; packed trials train in a host
    return title.startswith("ray::") and any(name in title for name in ("Trainable", "SweepTrial", "PackHost"))


def _written(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def cut_something_short(results: Path, rng: np.random.Generator, *, journals: bool) -> str:
    """The end of a file of a resume point, or of a journal, is gone, as after a power failure."""
    files = [*results.glob("*/*/*/epoch-*/*"), *results.glob("*/*/*/epoch-*/*/*")]
    files += results.glob("*/*/journal.jsonl") if journals else []
    files = [path for path in sorted(files) if path.is_file() and path.stat().st_size]
    if not files:
        return ""
    path = files[int(rng.integers(len(files)))]
    size = path.stat().st_size
    # of a journal at most its last line: what was synced before cannot be lost by a power failure
    kept = size - int(rng.integers(1, 40)) if path.name == "journal.jsonl" else int(rng.integers(size))
    with path.open("rb+") as file:
        file.truncate(max(kept, 0))
    return path.name


def interrupted(folder: Path, kind: str, name: str, kills: Sequence[Kill], rng: np.random.Generator) -> Outcome:
    """Runs a sweep to its end under these kills; what it came to has not been compared yet."""
    results, outcome = folder / name, Outcome()
    prepare(folder, kind, results)
    confirmed = len(events(results, "confirm"))
    began = time.monotonic()
    finals: dict[Path, tuple[int, int]] = {}  # what finished runs left, as first seen
    orphans: list[psutil.Process] = []  # what killed drivers had started
    process = go(folder, kind, results)
    for planned in kills:
        while process.poll() is None and _happened(results) < planned.after_events:
            time.sleep(0.05)
        time.sleep(planned.delay_seconds)
        if process.poll() is not None:
            break
        gone = kill(process, planned.target, rng)
        if gone is None:
            continue
        orphans += gone
        outcome.kills[planned.target] += 1
        outcome.in_stage_two += len(events(results, "confirm")) > confirmed
        for path in results.glob("*/*/*/final/whole.json"):
            finals.setdefault(path, _written(path))
        if process.poll() is not None:
            # of two trials at once, what a lost line had proposed may be proposed in another order: not comparable
            if rng.random() < DAMAGED_SHARE and cut_something_short(results, rng, journals=kind == "serial"):
                outcome.cut_short += 1
            process = go(folder, kind, results)
    finish(process, results)
    outcome.repeated = sum(not path.exists() or _written(path) != when for path, when in finals.items())
    outcome.orphans = len(psutil.wait_procs(orphans, timeout=ORPHAN_SECONDS)[1])
    outcome.seconds = time.monotonic() - began
    return outcome


def _happened(results: Path) -> int:
    return len(events(results, "explore")) + len(events(results, "confirm"))


def table(rows: list[tuple[str, Outcome]]) -> str:
    lines = [
        "| sweep | kills (driver, group, worker) | cut short | in stage 2 | lost | doubled | differing | repeated "
        "| orphans | s |"
    ]
    lines.append("|---" * 10 + "|")
    for name, o in rows:
        kills = ", ".join(str(o.kills[target]) for target in TARGETS)
        record = f"{o.record.lost} | {o.record.doubled} | {o.record.differing}"
        lines.append(
            f"| {name} | {kills} | {o.cut_short} | {o.in_stage_two} | {record} | {o.repeated} | {o.orphans} "
            f"| {o.seconds:.0f} |"
        )
    total = sum(o.kills[target] for _, o in rows for target in TARGETS)
    return "\n".join([*lines, f"\n{total} kills, {sum(not o.clean for _, o in rows)} sweeps that differ"])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--kills", type=int, default=32, help="in all (default 32)")
    parser.add_argument("--per-sweep", type=int, default=8, help="kills of one sweep (default 8)")
    parser.add_argument("--trials", type=int, default=6, help="trials of a sweep (default 6)")
    parser.add_argument(
        "--sweeps", default="serial,parallel", help=f"kinds of sweep, of {', '.join(KINDS)} (default serial,parallel)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to work, kept (default: a temporary folder)")
    given = parser.parse_args(arguments)
    rng = np.random.default_rng(given.seed)
    folder = given.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.absolute()
    write_data(folder)
    kinds = given.sweeps.split(",")
    begins: dict[str, int] = {}  # events before the first that may be interrupted
    for kind in kinds:
        trials = BEFORE_EXTENSION if kind == EXTENDED else given.trials
        (folder / f"{kind}.yaml").write_text(SWEEP.replace("TRIALS", str(trials)) + KINDS[kind])
        reference = folder / f"reference-{kind}"
        prepare(folder, kind, reference)
        begins[kind] = _happened(reference)
        finish(go(folder, kind, reference), reference)
    rows: list[tuple[str, Outcome]] = []
    while (done := sum(o.kills[target] for _, o in rows for target in TARGETS)) < given.kills:
        kind = kinds[len(rows) % len(kinds)]
        name = f"{kind}-{len(rows)}"
        kills = min(given.per_sweep, given.kills - done)
        reference = folder / f"reference-{kind}"
        outcome = interrupted(folder, kind, name, drawn(reference, kills, rng, after=begins[kind]), rng)
        outcome.record = differences(reference, folder / name, exact=kind != PACKED)
        rows.append((name, outcome))
        print(table(rows), flush=True)
    if given.folder is None:
        shutil.rmtree(folder)
    return int(not all(outcome.clean for _, outcome in rows))


if __name__ == "__main__":
    sys.exit(main())
