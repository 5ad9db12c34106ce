"""What goes wrong around a sweep: python -m benchmarks.faults [--cases record,disk,read-only,clock,node]

The same small sweep on the miniature, once left in peace and once under each of these, for real:

record     MLflow's server is away for a minute, in the search and again in the confirmation.
disk       the file system of the results is full to the last byte; room is made, and the same command goes on.
read-only  the file system of the results cannot be written: one error before anything starts.
clock      the wall clock jumps a day ahead and then two days back.
node       one of a cluster's two machines is lost while both of them train (two Ray nodes on this machine).

At the end the record is held against that of the sweep left in peace: lost, doubled, differing runs must be none.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.record_server import behind_a_door
from benchmarks.small_sweep import SWEEP, Differences, differences, events, finish, said, start, write_data

KIND = "faults"
UNPRUNED = "asha: {grace_epochs: 3}\n"  # what every trial gives does not depend on which one ends first
AWAY_SECONDS = 60.0
DISK = "64m"  # twice what a sweep wants to keep free
STOPPED_IN_GOOD_ORDER, REFUSED = 3, 2
# the program, with a wall clock that somebody sets: ahead after ten seconds, back after thirty
CLOCK = """
import runpy, sys, time
real, began = time.time, time.monotonic()
def jumping():
    passed = time.monotonic() - began
    return real() + (86400 if passed > 10 else 0) - (2 * 86400 if passed > 30 else 0)
time.time = jumping
sys.argv = ["sweeps.run", *sys.argv[1:]]
runpy.run_module("sweeps.run", run_name="__main__")
"""


def record(folder: Path, results: Path) -> Differences:
    results.mkdir()
    with behind_a_door(results) as door:
        sweep = start(folder, KIND, results, environment={"MLFLOW_TRACKING_URI": door.uri})
        for stage in ("explore", "confirm"):
            wait_for(sweep, results, stage, 3)
            door.shut()
            time.sleep(AWAY_SECONDS)
            door.open()
        finish(sweep, results)
        return differences(folder / "reference", results, door.uri)


def disk(folder: Path, results: Path) -> Differences:
    with small_disk(results):
        for stage in ("explore", "confirm"):
            sweep = start(folder, KIND, results)
            wait_for(sweep, results, stage, 3)
            fill(results / "somebody else's")
            finish(sweep, results, STOPPED_IN_GOOD_ORDER)
            (results / "somebody else's").unlink()
        finish(start(folder, KIND, results), results)
        return differences(folder / "reference", results)


def read_only(folder: Path, results: Path) -> Differences:
    with small_disk(results):
        subprocess.run(["mount", "-o", "remount,ro", str(results)], check=True)
        finish(start(folder, KIND, results), results, REFUSED)
    problems = said(results).strip().splitlines()
    if len(problems) != 1 or "cannot write to" not in problems[0]:
        raise RuntimeError(f"one error was expected:\n{said(results)}")
    return Differences(0, 0, 0)


def clock(folder: Path, results: Path) -> Differences:
    finish(start(folder, KIND, results, program=("-c", CLOCK)), results)
    return differences(folder / "reference", results)


def node(folder: Path, results: Path) -> Differences:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        other = cluster.add_node(num_cpus=1)
        sweep = start(folder, KIND, results, environment={"RAY_ADDRESS": cluster.address})
        wait_for(sweep, results, "explore", 4)
        cluster.remove_node(other, allow_graceful=False)
        finish(sweep, results)
    finally:
        cluster.shutdown()
    if not any(event.get("event") == "retried" for event in events(results, "explore")):
        raise RuntimeError("the lost node had no trial: nothing was shown")
    return differences(folder / "reference", results)


CASES: dict[str, Callable[[Path, Path], Differences]] = {
    "record": record,
    "disk": disk,
    "read-only": read_only,
    "clock": clock,
    "node": node,
}


def wait_for(sweep: subprocess.Popen[bytes], results: Path, stage: str, count: int) -> None:
    """Until this stage's journal has so many events."""
    while len(events(results, stage)) < count:
        if sweep.poll() is not None:
            raise RuntimeError(f"the sweep ended with {sweep.returncode} before that:\n{said(results)[-3000:]}")
        time.sleep(0.05)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of its own in memory."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # the record in it may still be open here


def fill(path: Path) -> None:
    try:
        with path.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
    except OSError:
        return


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--cases", default=",".join(CASES), help=f"of {', '.join(CASES)} (default: all)")
    parser.add_argument("--folder", type=Path, help="where to work, kept (default: a temporary folder)")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        write_data(folder)
        (folder / f"{KIND}.yaml").write_text(SWEEP.replace("TRIALS", "4") + UNPRUNED)
        if not (folder / "reference").is_dir():
            finish(start(folder, KIND, folder / "reference"), folder / "reference")
        clean = True
        print("| what goes wrong | lost | doubled | differing | s |\n|---|---|---|---|---|", flush=True)
        for name in given.cases.split(","):
            began = time.monotonic()
            found = CASES[name](folder, folder / name)
            clean &= found.none
            figures = (found.lost, found.doubled, found.differing, f"{time.monotonic() - began:.0f}")
            print("| " + " | ".join(map(str, (name, *figures))) + " |", flush=True)
    return int(not clean)


if __name__ == "__main__":
    sys.exit(main())
