"""A small sweep on the miniature that benchmarks interrupt: run, looked at from outside, held against another."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import soundfile

from sweeps.state.journal import read_journal
from trainables.records import TAG_CONFIG_ID, TAG_FOLD, TAG_ROLE, TAG_SEED, TAG_STAGE, TAG_STATUS

SESSION_SECONDS = 600.0
ROUNDING = 1e-3  # of a loss, after an epoch or nine of float32 in another order
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
seeds: {explore: [42], confirm: [1, 2, 3]}
finalists: 1
baseline: {rank: 4, learning_rate: 2.0e-3, lora_dropout: 0.1}
profile: cpu
"""


@dataclass(frozen=True)
class Differences:
    """Runs of a record against those of the sweep that was left in peace."""

    lost: int
    doubled: int
    differing: int  # in any metric of any epoch, any prediction, the status

    @property
    def none(self) -> bool:
        return not (self.lost or self.doubled or self.differing)


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
    *words: str,
    program: Sequence[str] = ("-m", "sweeps.run"),
    environment: Mapping[str, str] = MappingProxyType({}),
) -> subprocess.Popen[bytes]:
    given = {name: value for name, value in os.environ.items() if name not in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS")}
    environment = given | {"AUDIO_SWEEPS_MINIATURE": "test"} | dict(environment)
    command = [sys.executable, *program, str(folder / f"{kind}.yaml"), f"results={results}", *words]
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
    """Of stage 1, or of stage 2 at every look at the test data."""
    return [event for path in sorted(results.glob(f"*/{stage}*/journal.jsonl")) for event in read_journal(path)]


def differences(reference: Path, results: Path, uri: str | None = None, *, exact: bool = True) -> Differences:
    """Of the record of `results` (of the server at `uri`, if given) from that of `reference`. Not `exact`: predictions
    and scores are passed over, and losses may differ by rounding."""
    expected, found = recorded(reference), recorded(results, uri)
    keys = expected.keys() | found.keys()
    more = {key: len(found.get(key, [])) - len(expected.get(key, [])) for key in keys}
    return Differences(
        lost=sum(-count for count in more.values() if count < 0),
        doubled=sum(count for count in more.values() if count > 0),
        differing=sum(
            any(run not in expected[key] if exact else not _close(run, expected[key]) for run in found[key])
            for key in expected.keys() & found.keys()
        ),
    )


def _close(run: Any, others: Sequence[Any]) -> bool:
    """Whether one of the others has its status, the same metrics at the same epochs, and its losses up to rounding."""

    def losses(metrics: Mapping[str, Any]) -> list[float]:
        return [value for name in sorted(metrics) if name.endswith("/loss") for _, value in metrics[name]]

    def shape(metrics: Mapping[str, Any]) -> dict[str, list[int]]:
        return {name: [step for step, _ in values] for name, values in metrics.items()}

    return any(
        run[:2] == other[:2]
        and shape(run[2]) == shape(other[2])
        and np.allclose(losses(run[2]), losses(other[2]), rtol=ROUNDING)
        for other in others
    )


def recorded(results: Path, uri: str | None = None) -> dict[tuple[str, ...], list[Any]]:
    """Every run in MLflow by what was trained: its status, all its metrics at all steps, its predictions."""
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
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
