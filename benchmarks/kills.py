"""A fault campaign: python -m benchmarks.kills [--kills N] [--seed N] [--sweeps serial,parallel]

Small sweeps on the miniature are run once without interruption and then again under kill -9 at random moments, after
the first trial has finished and in stage 2 too: of the driver, of its whole process group, of a worker; after some
kills a file is cut short, as a power failure would. The same command goes on every time. At the end every run in
MLflow is held against the uninterrupted sweep's: lost, doubled or differing runs (any metric of any epoch, any
prediction, the status) must be none, and no finished run may have been trained again.

`serial` trains one trial at a time and prunes: everything has to be equal, which trials were proposed and pruned
included. `parallel` trains two at a time and does not prune: which trial ends first is not ours to say, what each gives
is.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import psutil
import soundfile

from sweeps.journal import read_journal
from trainables.records import TAG_CONFIG_ID, TAG_FOLD, TAG_ROLE, TAG_SEED, TAG_STAGE, TAG_STATUS

SWEEP = """\
name: kills
backbone: qwen2_audio
task: {kind: label_scoring, labels: [HUM, HISS], prompt: "Is this a hum or a hiss? Answer HUM or HISS."}
data: {source: clips.csv, splits: {validation: 0.25, test: 0.25}}
search:
  model_size: 7b
  rank: {choice: [4, 8]}
  learning_rate: {log_uniform: [1.0e-3, 1.0e-2]}
  lora_dropout: {uniform: [0.0, 0.2]}
train: {epochs: 3, batch_size: 4, warmup_ratio: 0.1}
objective: {metric: val/accuracy}
trials: TRIALS
seeds: {explore: [42], confirm: [1, 2]}
finalists: 1
baseline: {rank: 4, learning_rate: 2.0e-3, lora_dropout: 0.1}
profile: cpu
"""
KINDS = {
    "serial": "asha: {grace_epochs: 1, reduction_factor: 2}\nlimits: {memory_gb: 2.5}\n",
    "parallel": "asha: {grace_epochs: 3, reduction_factor: 2}\n",
}
TARGETS = ("driver", "group", "worker")
DAMAGED_SHARE = 0.3  # of the kills that end the driver
SESSION_SECONDS = 600.0
ORPHAN_SECONDS = 60.0  # Ray's agents look every few seconds whether their parent lives
LATEST_DELAY_SECONDS = 1.5  # after the drawn event, so that a kill falls inside an epoch or a write


@dataclass
class Outcome:
    kills: Counter[str] = field(default_factory=Counter)
    in_stage_two: int = 0
    cut_short: int = 0  # files
    lost: int = 0
    doubled: int = 0
    differing: int = 0
    repeated: int = 0
    orphans: int = 0  # processes of a killed driver that outlived the sweep
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.differing or self.repeated or self.orphans)


def write_data(folder: Path) -> None:
    """48 clips of 0.4 s, made from a fixed seed: hums and hisses."""
    rng = np.random.default_rng(0)
    seconds = np.arange(6400) / 16_000
    lines = ["audio,label,group"]
    for index in range(48):
        label = "HUM" if index % 2 else "HISS"
        hum = 0.05 * np.sin(2 * np.pi * (120 + 5 * index) * seconds) * (label == "HUM")
        soundfile.write(folder / f"{index}.wav", (hum + 0.06 * rng.standard_normal(len(seconds))), 16_000)
        lines.append(f"{index}.wav,{label},group-{index // 2}-{label}")
    (folder / "clips.csv").write_text("\n".join(lines))


def start(
    folder: Path,
    kind: str,
    results: Path,
    *,
    program: Sequence[str] = ("-m", "sweeps.run"),
    environment: Mapping[str, str] = MappingProxyType({}),
) -> subprocess.Popen[bytes]:
    given = {name: value for name, value in os.environ.items() if name not in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS")}
    environment = given | {"AUDIO_SWEEPS_MINIATURE": "test"} | dict(environment)
    command = [sys.executable, *program, str(folder / f"{kind}.yaml"), f"results={results}"]
    with (results.parent / f"{results.name}.log").open("ab") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)


def finish(process: subprocess.Popen[bytes], results: Path, status: int = 0) -> None:
    """Waits for it. Raises RuntimeError where it ends with another exit status."""
    if process.wait(SESSION_SECONDS) != status:
        raise RuntimeError(f"the sweep ended with {process.returncode}:\n{said(results)[-3000:]}")


def said(results: Path) -> str:
    """All that the commands of this sweep printed."""
    return (results.parent / f"{results.name}.log").read_text()


def events(results: Path, stage: str) -> list[Any]:
    return [event for path in results.glob(f"*/{stage}/journal.jsonl") for event in read_journal(path)]


@dataclass(frozen=True)
class Kill:
    after_events: int  # in the journals of both stages
    delay_seconds: float
    target: str  # driver | group | worker


def drawn(reference: Path, count: int, rng: np.random.Generator) -> list[Kill]:
    """Kills at random: from the first finished trial to the last event but one of the uninterrupted sweep."""
    explored, confirmed = events(reference, "explore"), events(reference, "confirm")
    first = next(index for index, event in enumerate(explored, start=1) if event.get("last"))
    there = np.arange(first, len(explored) + len(confirmed))
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
    return title.startswith("ray::") and "Trainable" in title  # Tune wraps a trial's class and names its own


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
    began = time.monotonic()
    finals: dict[Path, tuple[int, int]] = {}  # what finished runs left, as first seen
    orphans: list[psutil.Process] = []  # what killed drivers had started
    process = start(folder, kind, results)
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
        outcome.in_stage_two += bool(events(results, "confirm"))
        for path in results.glob("*/*/*/final/whole.json"):
            finals.setdefault(path, _written(path))
        if process.poll() is not None:
            # of two trials at once, what a lost line had proposed may be proposed in another order: not comparable
            if rng.random() < DAMAGED_SHARE and cut_something_short(results, rng, journals=kind == "serial"):
                outcome.cut_short += 1
            process = start(folder, kind, results)
    finish(process, results)
    outcome.repeated = sum(not path.exists() or _written(path) != when for path, when in finals.items())
    outcome.orphans = len(psutil.wait_procs(orphans, timeout=ORPHAN_SECONDS)[1])
    outcome.seconds = time.monotonic() - began
    return outcome


def _happened(results: Path) -> int:
    return len(events(results, "explore")) + len(events(results, "confirm"))


def compare(reference: Path, results: Path, outcome: Outcome, uri: str | None = None) -> None:
    """Fills in how the record of `results` (of the server at `uri`, if given) differs from that of `reference`."""
    expected, found = recorded(reference), recorded(results, uri)
    outcome.lost = len(expected.keys() - found.keys())
    outcome.doubled = sum(len(runs) - 1 for runs in found.values()) + len(found.keys() - expected.keys())
    outcome.differing = sum(found[key][0] != expected[key][0] for key in expected.keys() & found.keys())


def recorded(results: Path, uri: str | None = None) -> dict[tuple[str, ...], list[Any]]:
    """Every run in MLflow by what was trained: its status, all its metrics at all steps, its predictions."""
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=uri or f"sqlite:///{results / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("kills")
    found: dict[tuple[str, ...], list[Any]] = {}
    for run in client.search_runs([experiment.experiment_id], max_results=1000):
        tags = run.data.tags
        key = tuple(tags.get(tag, "") for tag in (TAG_ROLE, TAG_STAGE, TAG_CONFIG_ID, TAG_SEED, TAG_FOLD))
        names = sorted(name for name in run.data.metrics if not re.match("cost/|tracking/|sweep/", name))
        metrics = {
            name: sorted((m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)) for name in names
        }
        names = sorted(file.path for file in client.list_artifacts(run.info.run_id, "predictions"))
        with tempfile.TemporaryDirectory() as there:
            predictions = {
                name: Path(client.download_artifacts(run.info.run_id, name, there)).read_bytes() for name in names
            }
        found.setdefault(key, []).append((tags.get(TAG_STATUS), run.info.status, metrics, predictions))
    return found


def table(rows: list[tuple[str, Outcome]]) -> str:
    lines = [
        "| sweep | kills (driver, group, worker) | cut short | in stage 2 | lost | doubled | differing | repeated "
        "| orphans | s |"
    ]
    lines.append("|---" * 10 + "|")
    for name, o in rows:
        kills = ", ".join(str(o.kills[target]) for target in TARGETS)
        lines.append(
            f"| {name} | {kills} | {o.cut_short} | {o.in_stage_two} | {o.lost} | {o.doubled} | {o.differing} "
            f"| {o.repeated} | {o.orphans} | {o.seconds:.0f} |"
        )
    total = sum(o.kills[target] for _, o in rows for target in TARGETS)
    return "\n".join([*lines, f"\n{total} kills, {sum(not o.clean for _, o in rows)} sweeps that differ"])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--kills", type=int, default=32, help="in all (default 32)")
    parser.add_argument("--per-sweep", type=int, default=8, help="kills of one sweep (default 8)")
    parser.add_argument("--trials", type=int, default=6, help="trials of a sweep (default 6)")
    parser.add_argument("--sweeps", default="serial,parallel", help="kinds of sweep (default serial,parallel)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to work, kept (default: a temporary folder)")
    given = parser.parse_args(arguments)
    rng = np.random.default_rng(given.seed)
    folder = given.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.absolute()
    write_data(folder)
    kinds = given.sweeps.split(",")
    for kind in kinds:
        (folder / f"{kind}.yaml").write_text(SWEEP.replace("TRIALS", str(given.trials)) + KINDS[kind])
        if not (folder / f"reference-{kind}").is_dir():
            finish(start(folder, kind, folder / f"reference-{kind}"), folder / f"reference-{kind}")
    rows: list[tuple[str, Outcome]] = []
    while (done := sum(o.kills[target] for _, o in rows for target in TARGETS)) < given.kills:
        kind = kinds[len(rows) % len(kinds)]
        name = f"{kind}-{len(rows)}"
        kills = min(given.per_sweep, given.kills - done)
        reference = folder / f"reference-{kind}"
        outcome = interrupted(folder, kind, name, drawn(reference, kills, rng), rng)
        compare(reference, folder / name, outcome)
        rows.append((name, outcome))
        print(table(rows), flush=True)
    if given.folder is None:
        shutil.rmtree(folder)
    return int(not all(outcome.clean for _, outcome in rows))


if __name__ == "__main__":
    sys.exit(main())
