"""How long a command takes to begin: python -m benchmarks.start [--against FOLDER] [--repeat N] [--json FILE]

Two waits of a user, from Enter on, of this checkout and of another one (FOLDER, with its own .venv where it has one),
in turn on the same machine:

- plan: until `sweeps.run search_spaces/qwen_lora.yaml --plan` has printed its last line; `plan processor` is the
  processor time of that process, which other work on the machine changes little;
- first batch: until a worker of the sweep itself trains its first batch. Data and miniatures are there, the results
  folder is new. The sweep's journal says when the first epoch is over, and its result carries the seconds that the
  epoch's batches took (`computed_seconds`: training and validation, without loading the backbone); the difference is
  the moment. Both are formats that later versions keep, so that any two checkouts can be compared;
- first epoch: until that first result is in the journal.

The sweep is then interrupted as by Ctrl-C. A first round, not shown, makes what is made once and fills file caches.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from sweeps.state.journal import read_journal

HERE = Path(__file__).resolve().parent.parent
FILE = "search_spaces/qwen_lora.yaml"
NOT_INHERITED = ("MLFLOW_TRACKING_URI", "RAY_ADDRESS", "AUDIO_SWEEPS_MINIATURE", "PYTHONDONTWRITEBYTECODE")
FIGURES = {
    "plan_seconds": "plan, s",
    "plan_processor_seconds": "plan processor, s",
    "first_batch_seconds": "first batch, s",
    "first_epoch_seconds": "first epoch, s",
}
LOOK_SECONDS = 0.01
LIMIT_SECONDS = 900.0  # the first round may make miniatures
END_SECONDS = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another checkout, measured in turn with this")
    parser.add_argument("--repeat", type=int, default=3, help="rounds that count (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    command = parser.parse_args(arguments)
    checkouts = {"this": HERE} | ({"other": command.against.resolve()} if command.against else {})
    for checkout in checkouts.values():
        if not (checkout / "sweeps" / "run.py").is_file():
            parser.error(f"{checkout} is no checkout: it has no sweeps/run.py")
    if command.repeat < 1:
        parser.error("--repeat must be at least 1")
    found = compare(checkouts, command.repeat)
    Console(width=130).print(table(found))
    if command.json is not None:
        command.json.write_text(json.dumps(found, indent=1))
    return 0


def compare(checkouts: Mapping[str, Path], rounds: int) -> dict[str, Any]:
    """Of each checkout the median of all rounds and the rounds; the ratios of the other one's to this one's."""
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in checkouts}
    for turn in range(rounds + 1):
        print(f"round {turn} of {rounds}" if turn else "preparing", file=sys.stderr, flush=True)
        for name, checkout in checkouts.items():
            figures = planned(checkout) | begun(checkout)
            if turn:
                measured[name].append(figures)
    found: dict[str, Any] = {
        name: {figure: statistics.median(each[figure] for each in each_round) for figure in FIGURES}
        | {"folder": str(checkouts[name]), "rounds": each_round}
        for name, each_round in measured.items()
    }
    if "other" in found:
        found["ratio"] = {figure: found["other"][figure] / found["this"][figure] for figure in FIGURES}
    return found


def planned(checkout: Path) -> dict[str, float]:
    """Seconds until the plan stands on the screen, and the process's processor seconds."""
    before = _processor_seconds()
    with tempfile.TemporaryDirectory() as results:
        started = time.perf_counter()
        process = subprocess.Popen(
            [*_command(checkout, Path(results)), "--plan"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **_how(checkout),
        )
        assert process.stdout is not None
        ended = None
        for _ in process.stdout:
            ended = time.perf_counter()
        _, errors = process.communicate()
    if process.returncode or ended is None:
        raise SystemExit(f"{checkout}: the plan ended with {process.returncode}:\n{errors.decode()[-3000:]}")
    return {"plan_seconds": ended - started, "plan_processor_seconds": _processor_seconds() - before}


def begun(checkout: Path) -> dict[str, float]:
    """Seconds until a sweep in a new results folder trains its first batch, and until its first epoch is recorded."""
    folder = Path(tempfile.mkdtemp())
    results = folder / "results"
    with (folder / "said.log").open("wb") as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            _command(checkout, results), stdout=log, stderr=log, start_new_session=True, **_how(checkout)
        )
        try:
            result = _first_result(results, process, started + LIMIT_SECONDS)
            recorded = time.perf_counter() - started
        finally:
            _end(process)
    if result is None:
        raise SystemExit(f"{checkout}: the sweep trained nothing:\n{(folder / 'said.log').read_text()[-3000:]}")
    shutil.rmtree(folder)
    return {"first_batch_seconds": recorded - result["computed_seconds"], "first_epoch_seconds": recorded}


def _first_result(results: Path, process: subprocess.Popen[bytes], until: float) -> Mapping[str, Any] | None:
    while process.poll() is None and time.perf_counter() < until:
        for path in results.glob("*/explore*/journal.jsonl"):
            for event in read_journal(path):
                if event["event"] == "result":
                    found: Mapping[str, Any] = event["result"]
                    return found
        time.sleep(LOOK_SECONDS)
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """As Ctrl-C does; what has not ended by itself then is killed, with what it had started."""
    below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for left in psutil.wait_procs(below, timeout=END_SECONDS)[1]:
        left.kill()


def _command(checkout: Path, results: Path) -> list[str]:
    own = checkout / ".venv" / "bin" / "python"
    return [str(own) if own.is_file() else sys.executable, "-m", "sweeps.run", FILE, f"results={results}"]


def _how(checkout: Path) -> dict[str, Any]:
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    # each line as it is printed, not when the process ends
    return {"cwd": checkout, "env": inherited | {"PYTHONUNBUFFERED": "1"}}


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(found: Mapping[str, Any]) -> Table:
    shown = Table("checkout", *FIGURES.values(), title="from Enter on, median", title_justify="left")
    for name in ("this", "other"):
        if name in found:
            shown.add_row(name, *(f"{found[name][figure]:.2f}" for figure in FIGURES))
    if "ratio" in found:
        shown.add_row("other / this", *(f"{found['ratio'][figure]:.2f}x" for figure in FIGURES))
    return shown


if __name__ == "__main__":
    sys.exit(main())
