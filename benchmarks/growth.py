"""How the driver's cost grows: python -m benchmarks.growth [--quick] [--json FILE] [--only trials,lanes,nodes,clips]

Searches with Optuna, ASHA, the journal and MLflow as they are, over trials that train nothing (`paced_trial`), so that
what is left is the driver: with more trials, more lanes of a trial, and more (simulated) nodes, of which each has two
places. And what more clips cost before a trial begins. The driver's share is its processor time, of all its threads, in
that of a trial that trains for a minute on one lane; Ray's own processes (GCS, raylet) stand beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile
import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.arms.workloads import WORKLOADS, environment

SIZES: dict[str, tuple[int, ...]] = {
    "trials": (10, 100, 500, 2000),
    "lanes": (1, 4, 16, 32),
    "nodes": (1, 2, 3, 4),
    "clips": (100, 1000, 10_000, 100_000),
}
QUICK = {"trials": (10, 50), "lanes": (1, 4), "nodes": (1, 2), "clips": (100, 1000)}
PLACES_PER_NODE = 2
TRIALS = {"lanes": 20, "nodes": 40}
NODE_EPOCH_SECONDS = 1.0
TRIAL_SECONDS = 60.0
HEARD_SECONDS = 0.02  # of a generated clip
RATE_HZ = 16_000


def drive(trials: int, lanes: int, nodes: int, epoch_seconds: float, folder: Path) -> dict[str, Any]:
    """Stage 1 of so many trials; in a process of its own."""
    seeds = ",".join(str(seed) for seed in range(100, 100 + lanes))
    file = WORKLOADS["tiny_ast"].file(folder)
    overrides = ["profile=cpu", f"trials={trials}", f"seeds.explore=[{seeds}]"]
    places = PLACES_PER_NODE * nodes
    os.environ["PACED_EPOCH_SECONDS"] = str(epoch_seconds)  # before Ray starts anything
    with ExitStack() as stack:
        if nodes > 1:
            stack.enter_context(simulated(nodes))
        from sweeps.plan.prepare import prepare
        from sweeps.stage.ray_session import ray_session

        prepared = prepare(file, overrides, planning=False)
        profile = replace(prepared.profile, concurrency=places)
        prepared = replace(prepared, profile=profile, spec=replace(prepared.spec, results=str(folder)))
        stack.enter_context(ray_session(profile))  # before anything else imports Ray, which reads its environment then
        from benchmarks.paced_trial import PacedTrial
        from sweeps.worker import tune_trial as trial

        trial.SweepTrial = PacedTrial  # type: ignore[misc, assignment]
        return driven(prepared, folder, places, epoch_seconds)


def driven(prepared: Any, folder: Path, places: int, epoch_seconds: float) -> dict[str, Any]:
    from benchmarks.arms.own_arm import caching, explored

    ends: list[float] = []

    class Clock:
        """The driver's processor time at each trial's end."""

        def ended(self, trial: Any) -> None:
            ends.append(time.process_time())

        def started(self, trial: Any) -> None: ...

        retried = reported = started

    cpu, rays = time.process_time(), own_processes()
    trials, seconds, _ = explored(prepared, None, folder, caching(False), [Clock()])
    cpu, rays = time.process_time() - cpu, own_processes() - rays
    epochs = sum(len(trial.results) for trial in trials)
    tenth = max(1, len(ends) // 10)
    last = (ends[-1] - ends[-1 - tenth]) / tenth
    return {
        "trials": len(trials),
        "epochs": epochs,
        "seconds": seconds,
        "driver_ms_per_trial": 1000 * cpu / len(trials),
        "driver_ms_per_trial_at_the_end": 1000 * last,
        "driver_ms_per_epoch": 1000 * cpu / epochs,
        "ray_ms_per_trial": 1000 * rays / len(trials),
        "driver_share": last / (last + TRIAL_SECONDS),
        "places_busy": epochs * epoch_seconds / (seconds * places),
    }


def simulated(nodes: int) -> Any:
    """A Ray cluster whose nodes are processes of this machine; RAY_ADDRESS names it."""
    from contextlib import contextmanager

    @contextmanager
    def running() -> Any:
        from ray.cluster_utils import Cluster

        cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": PLACES_PER_NODE, "include_dashboard": False}
        )
        try:
            for _ in range(nodes - 1):
                cluster.add_node(num_cpus=PLACES_PER_NODE)
            os.environ["RAY_ADDRESS"] = cluster.address
            yield
        finally:
            cluster.shutdown()

    return running()


def own_processes() -> float:
    """Processor seconds of Ray's own processes below this one: all but the workers and the dashboard."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            if process.name() in ("gcs_server", "raylet"):
                total += sum(process.cpu_times()[:2])
        except psutil.Error:
            continue
    return total


def take_in(clips: int, folder: Path) -> dict[str, Any]:
    """What comes before the first trial: reading and checking a manifest of so many clips, dividing them, decoding."""
    from sweeps.plan.parts import make_console
    from sweeps.plan.prepare import prepare
    from sweeps.stage.inputs import make_stores
    from sweeps.state.workspace import new_workspace

    rng = np.random.default_rng(0)
    lines = ["audio,label,group"]
    for index in range(clips):
        noise = 0.1 * rng.standard_normal(round(HEARD_SECONDS * RATE_HZ))
        soundfile.write(folder / f"{index}.wav", noise.astype(np.float32), RATE_HZ)
        lines.append(f"{index}.wav,{('HUM', 'HISS')[index % 2]},{index // 4}")
    file = WORKLOADS["tiny_ast"].file(folder)
    data = {"source": "clips.csv", "splits": {"validation": 0.2, "test": 0.2}}
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"data": data}, sort_keys=False))
    (folder / "clips.csv").write_text("\n".join(lines) + "\n")  # the workload wrote its own
    prepare(file, ["profile=cpu"], planning=False)  # imports

    started = time.perf_counter()
    prepared = prepare(file, ["profile=cpu"], planning=False)
    checked = time.perf_counter()
    workspace = new_workspace(folder / "results", prepared.spec.name)
    make_stores(prepared, workspace, ("train", "validation"), make_console())
    decoded = time.perf_counter()
    return {
        "clips": clips,
        "check_seconds": checked - started,
        "decode_seconds": decoded - checked,
        "ms_per_clip": 1000 * (decoded - started) / clips,
        "peak_mib": psutil.Process().memory_info().rss / (1 << 20),
    }


def measure(axis: str, size: int, folder: Path) -> dict[str, Any]:
    if axis == "clips":
        return take_in(size, folder)
    sizes = {"trials": TRIALS.get(axis, 0), "lanes": 1, "nodes": 1, axis: size}
    return drive(**sizes, epoch_seconds=NODE_EPOCH_SECONDS if axis == "nodes" else 0.0, folder=folder)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--quick", action="store_true", help="small sizes: minutes")
    parser.add_argument("--only", default=",".join(SIZES), help="some of %(default)s")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--cell", nargs=2, help=argparse.SUPPRESS)  # one figure, in a process of its own
    command = parser.parse_args(arguments)
    if command.cell:
        with tempfile.TemporaryDirectory(prefix="growth-") as folder:
            print(json.dumps(measure(command.cell[0], int(command.cell[1]), Path(folder))))
        return 0
    axes = command.only.split(",")
    if unknown := set(axes) - set(SIZES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(SIZES)}")
    found: dict[str, list[dict[str, Any]]] = {}
    for axis in axes:
        found[axis] = [cell(axis, size) for size in (QUICK if command.quick else SIZES)[axis]]
        show(axis, found[axis], Console(width=130))
    if command.json is not None:
        command.json.write_text(json.dumps(found, indent=1))
    return 0


def cell(axis: str, size: int) -> dict[str, Any]:
    print(f"{axis}: {size}", file=sys.stderr, flush=True)
    run = [sys.executable, "-m", "benchmarks.growth", "--cell", axis, str(size)]
    with tempfile.TemporaryDirectory() as hub:
        done = subprocess.run(run, env=environment(Path(hub)), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{axis} {size} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return {axis: size, **json.loads(done.stdout.splitlines()[-1])}


def show(axis: str, cells: Sequence[Mapping[str, Any]], console: Console) -> None:
    table = Table(title=f"by {axis}", title_justify="left")
    for name in cells[0]:
        table.add_column(name.replace("_", " "), justify="right")
    for each in cells:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else f"{value:.4g}" for value in each.values()))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
