"""The same sweep in several ways: python -m benchmarks.sweep [WORKLOAD ...] [--quick] [--arms A,B] [--json FILE]

Ray Tune as its documentation shows it (`ray_documented`), the same function trainable with `reuse_actors`
(`ray_reused`), this project's warm workers (`warm`), those with everything cached that does not change (`cached`), with
up to 8 trials in a batch besides (`packed`), and twice as many processes as there are places (`two_processes`).
All arms train the same configurations for the same epochs, with the same data, seeds, precision, threads and number of
places, one arm after the other on the same machine; `--rounds N` runs all of them N times in turn and takes each arm's
median. Each says what its trials' last validation losses are, and those have to agree. Figures by processor time stand
beside those by the clock: other work on the machine changes them little. "Of peak" counts the operations of training
every configuration alone with nothing kept, whatever the arm spared itself, against the machine's matrix products.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.arms.arm import ARMS, FIRST
from benchmarks.arms.workloads import WORKLOADS, Workload, environment, random_checkpoint

TRAINS, COUNTS = "sweep_arms", "operations"  # modules that answer orders
GIB = 1 << 30
MINUTES = (1, 10, 100)
SMALL_LOSS = 0.01  # of smaller losses the rounding of scores in float32 is a part that grows without bound
MEDIANS = (
    "seconds",
    "epochs_per_second",
    "computed_seconds_per_epoch",
    "overhead_share",
    "overhead_seconds_per_trial",
    "cpu_seconds_per_epoch",
    "computed_cpu_seconds_per_epoch",
    "cpu_overhead_share",
    "before_first_step_seconds",
    "first_scores_seconds",
    "peak_bytes",
)
HEADINGS = (
    "arm",
    "epochs",
    "wall s",
    "s/epoch",
    "overhead",
    "speed",
    "all scored s",
    "before 1st step s",
    "CPU s/epoch",
    "training",
    "overhead",
    "speed",
    "GiB",
    "of peak",
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep", description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", default=["tiny_ast"], metavar="WORKLOAD", help=", ".join(WORKLOADS))
    parser.add_argument("--quick", action="store_true", help="fewer trials: minutes")
    parser.add_argument("--arms", default=",".join(ARMS), help="some of %(default)s")
    parser.add_argument("--rounds", type=int, default=1, help="how often all arms run, in turn")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    command = parser.parse_args(arguments)
    arms = command.arms.split(",")
    unknown = [f"workload {name}" for name in command.workloads if name not in WORKLOADS]
    unknown += [f"arm {name}" for name in arms if name not in ARMS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(WORKLOADS)}, and {', '.join(ARMS)}")
    found = {}
    for name in command.workloads:
        workload = WORKLOADS[name]
        found[name] = run(workload, arms, quick=command.quick, rounds=command.rounds)
        Console(width=160).print(table(workload, found[name]), longer_table(found[name]))
        if command.json:
            one = found[name] if len(command.workloads) == 1 else {"workloads": found}
            command.json.write_text(json.dumps(one, indent=2))
    return 0 if all(result["losses_agree"] for result in found.values()) else 1


def run(workload: Workload, arms: Sequence[str], *, quick: bool, rounds: int) -> dict[str, Any]:
    """Every arm's figures. A first search, not shown, decides what is trained and fills the machine's file caches."""
    with tempfile.TemporaryDirectory(prefix="sweep-benchmark-") as temporary:
        folder = Path(temporary)
        overrides = [*(workload.quick if quick else ()), "profile=cpu"]
        file = workload.file(folder)
        around = environment(folder)
        if workload.random_weights is not None:
            write_weights(workload, folder)
        first = _process(TRAINS, FIRST, file, overrides, folder / "first", around, None)
        decisions, said = first["decisions"], []
        work = _process(COUNTS, FIRST, file, overrides, folder / "operations", around, decisions)
        for turn in range(rounds):
            print(f"{workload.name}: round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
            orders = {arm: (arm, file, overrides, folder / f"{turn}-{arm}", around, decisions) for arm in arms}
            said.append({arm: _process(TRAINS, *order) for arm, order in orders.items()})
    together = {arm: median([turn[arm] for turn in said]) for arm in arms}
    for arm in together.values():
        arm["share_of_peak"] = work["operations"] / arm["seconds"] / work["peak_operations_per_second"]
    return {
        "workload": workload.name,
        "what": workload.what + (f", but {' and '.join(workload.quick)}" if quick else ""),
        "cores": os.cpu_count(),
        "rounds": rounds,
        **work,
        "arms": together,
        "longer_trials": longer(together),
        **agreement(together),
    }


def write_weights(workload: Workload, folder: Path) -> None:
    from trainables.tasks.classification import Classification

    assert workload.random_weights is not None
    task: Any = Classification(labels=("HISS", "HUM"))
    random_checkpoint(*workload.random_weights, task, folder / "hub")


def _process(
    module: str,
    arm: str,
    file: Path,
    overrides: Sequence[str],
    folder: Path,
    around: Mapping[str, str],
    decisions: Any,
) -> dict[str, Any]:
    """What a module of the benchmarks answers to its orders, in a fresh process."""
    folder.mkdir(parents=True)
    orders, answer = folder / "orders.json", folder / "answer.json"
    orders.write_text(
        json.dumps(
            {
                "arm": arm,
                "file": str(file),
                "overrides": list(overrides),
                "folder": str(folder / "results"),
                "decisions": decisions,
            }
        )
    )
    (folder / "results").mkdir()
    command = [sys.executable, "-m", f"benchmarks.{module}", str(orders), str(answer)]
    done = subprocess.run(command, env=dict(around), capture_output=True, text=True)
    if done.returncode or not answer.is_file():
        raise SystemExit(f"the arm {arm} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    found: dict[str, Any] = json.loads(answer.read_text())
    return found


def median(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One arm over all rounds."""
    found = dict(rounds[0])
    for name in MEDIANS:
        values = [each[name] for each in rounds if each[name] is not None]
        found[name] = statistics.median(values) if values else None
    found["seconds_of_rounds"] = [each["seconds"] for each in rounds]
    found.pop("decisions", None)
    return found


def agreement(arms: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """How far the arms' final losses and epochs are from the first arm's, relative to the loss or to SMALL_LOSS."""
    first, *others = arms.values()
    differences = [
        abs(own - its) / max(abs(its), SMALL_LOSS)
        for other in others
        for own, its in zip(other["final_losses"], first["final_losses"], strict=True)
    ]
    largest = max(differences, key=lambda value: math.inf if math.isnan(value) else value, default=0.0)
    same = all(other["epochs"] == first["epochs"] for other in others)
    return {
        "largest_loss_difference": largest,
        "losses_agree": bool(same and math.isfinite(largest) and largest < 1e-3),
    }


def longer(arms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Arm -> how many times as fast as the first it is where a trial trains as long as the keys say, in the first arm's
    minutes: what is spent beside training stays, what training takes grows as measured. An extrapolation."""
    first = next(iter(arms.values()))

    def place_seconds(arm: Mapping[str, Any], minutes: int) -> float:
        relative = arm["computed_seconds_per_epoch"] / first["computed_seconds_per_epoch"]
        return float(arm["overhead_seconds_per_trial"] + 60 * minutes * relative)

    return {
        name: {f"{minutes} min": place_seconds(first, minutes) / place_seconds(arm, minutes) for minutes in MINUTES}
        for name, arm in arms.items()
    }


def table(workload: Workload, found: Mapping[str, Any]) -> Table:
    """Arms by figure, speed relative to the first arm."""
    told = f"{found['what']}; final losses differ by at most {found['largest_loss_difference']:.1e} of the loss"
    shown = Table(title=f"{workload.name}: {told}", title_justify="left")
    for heading in HEADINGS:
        shown.add_column(heading, justify="left" if heading == "arm" else "right")
    first = next(iter(found["arms"].values()))
    for name, arm in found["arms"].items():
        before = arm["before_first_step_seconds"]
        shown.add_row(
            name,
            str(arm["epochs"]),
            f"{arm['seconds']:.1f}",
            f"{1 / arm['epochs_per_second']:.3f}",
            f"{arm['overhead_share']:.0%}",
            f"{arm['epochs_per_second'] / first['epochs_per_second']:.2f}x",
            f"{arm['first_scores_seconds']:.1f}",
            "-" if before is None else f"{before:.3f}",
            f"{arm['cpu_seconds_per_epoch']:.3f}",
            f"{arm['computed_cpu_seconds_per_epoch']:.3f}",
            f"{arm['cpu_overhead_share']:.0%}",
            f"{first['cpu_seconds_per_epoch'] / arm['cpu_seconds_per_epoch']:.2f}x",
            f"{arm['peak_bytes'] / GIB:.2f}",
            f"{arm['share_of_peak']:.1%}",
        )
    return shown


def longer_table(found: Mapping[str, Any]) -> Table:
    """The speeds of `longer`."""
    shown = Table(title="Speed where a trial trains longer (extrapolated)", title_justify="left")
    shown.add_column("arm")
    for minutes in MINUTES:
        shown.add_column(f"{minutes} min", justify="right")
    for name, speeds in found["longer_trials"].items():
        shown.add_row(name, *(f"{speed:.2f}x" for speed in speeds.values()))
    return shown


if __name__ == "__main__":
    raise SystemExit(main())
