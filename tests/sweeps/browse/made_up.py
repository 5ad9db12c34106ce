"""A sweep that needs no Ray: the journal, the lock and the steering of a real one, with results that are made up."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
from rich.console import Console

from sweeps.config.load import load_sweep
from sweeps.control.steering import SearchSteering, StageSteering, Steering
from sweeps.stage.holds import Hold
from sweeps.state.assignment import confirming
from sweeps.state.manifest import Manifest, held, note
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import CONFIRM, EXPLORE, VERDICT, Workspace
from trainables.config import TrialConfig
from trainables.data.examples import AudioPiece, Example
from trainables.data.sound.store import write_store
from trainables.records import Predictions

TOKEN = "a-token-of-the-tests"
HOST = "127.0.0.1:5002"
EPOCHS = 10
SPEC = load_sweep("qwen_lora", ["trials=6", f"train.epochs={EPOCHS}"])
VERDICT_OF = {
    "sentence": "finalist 1 (rank 8) is better than the baseline on test accuracy: 0.900 against 0.800.",
    "metric": "test accuracy", "mode": "max", "best": "finalist 1", "winner": "finalist 1",
    "labels": {"finalist 1": "finalist 1 (rank 8)"}, "warnings": ["finalist 1 has few groups."],
    "constant": {"answer": "SPEECH", "value": 0.5},
    "rows": [
        {"name": "finalist 1", "role": "finalist", "mean": 0.9, "values": {"1": 0.9}, "interval": [0.85, 0.95]},
        {"name": "baseline", "role": "baseline", "mean": 0.8, "values": {"1": 0.8}, "interval": None},
    ],
}  # fmt: skip


def sample(number: int) -> dict[str, Any]:
    rank = (4, 8, 16, 32)[number % 4]
    found = {
        "model_size": ("3b", "7b")[number % 2], "quantization": "none", "rank": rank, "alpha_ratio": 2,
        "target_modules": ("attention", "attention+mlp", "all-linear")[number % 3],
        "learning_rate": 10.0 ** (-5 + 2 * ((number * 37) % 100) / 100),
    }  # fmt: skip
    return {**found, "lora_dropout": 0.01 * (number % 10)} if rank >= 16 else found


def result(number: int, epoch: int, *, test: bool = False) -> dict[str, Any]:
    value = 0.5 + 0.03 * epoch + 0.002 * ((number * 13) % 50)
    metrics = {"train/loss": 1.0 / epoch, "val/accuracy": value, **({"test/accuracy": 0.7777} if test else {})}
    return {
        "epoch": epoch, "planned_epochs": EPOCHS, "value": value, "value_se": None, "objective": value,
        "lanes": [{"seed": 42, "fold": "-", "metrics": metrics}], "counts": {"adapter_params": 1234},
        "step_seconds": 0.5,
    }  # fmt: skip


def begin(results: Path, sweep_id: str = "tones-20260101-120000-ab12") -> Workspace:
    workspace = Workspace(results, sweep_id)
    workspace.folder.mkdir(parents=True)
    Manifest("tones", SPEC.source_text, ".", "f" * 64, True, "cpu", "fp32", {}).write(workspace)
    return workspace


def searched(workspace: Workspace, trials: int) -> StageProgress:
    """A search of which every third trial was pruned and the last one runs."""
    progress = StageProgress(workspace.stage(EXPLORE), SPEC)
    progress.space([asdict(axis) for axis in SPEC.axes])
    for number in range(trials):
        name = f"trial_{number:05d}"
        progress.asked(name, sample(number))
        running = number == trials - 1
        last = 1 if number % 3 == 2 or running else EPOCHS
        for epoch in range(1, last + 1):
            progress.result(name, result(number, epoch), last=epoch == last and not running)
    progress.close()
    return progress


def concluded(workspace: Workspace) -> None:
    """Stage 2 with answers to four test clips, their sound, and the verdict."""
    progress = StageProgress(workspace.stage(CONFIRM), SPEC)
    said = {"finalist 1": ["SPEECH", "NONSPEECH", "SPEECH", "SPEECH"], "baseline": ["SPEECH"] * 4}
    targets = ["SPEECH", "NONSPEECH", "SPEECH", "NONSPEECH"]
    ids = [f"clip-{index}" for index in range(4)]
    for arm, answers in said.items():
        run = confirming(arm, arm.split()[0], TrialConfig("qwen2_audio", "7b", rank=8), 1)
        progress.asked(run.name, run.given)
        progress.result(run.name, result(3, EPOCHS, test=True), last=True)
        path = progress.trials[run.name].folder / "final" / "seed-1" / "predictions" / "test.parquet"
        Predictions(ids, ids, ["-"] * 4, targets, answers).write_parquet(path)
    progress.close()
    import soundfile

    rng = np.random.default_rng(0)
    sources = []
    for clip in ids:
        path = workspace.results / f"{clip}.wav"
        soundfile.write(path, 0.1 * rng.standard_normal(1600), 16_000)
        sources.append(Example(clip, (AudioPiece(str(path)),), clip, "SPEECH"))
    write_store(workspace.folder / "data" / "test", sources, sample_rate_hz=16_000, window_seconds=1.0)
    (workspace.folder / "report").mkdir()
    (workspace.folder / "report" / "report.html").write_text("<!DOCTYPE html><h1>Sweep</h1>")
    (workspace.folder / VERDICT).write_text(json.dumps(VERDICT_OF))
    note(workspace, event="look", seeds=[1])
    note(workspace, event="finished")


class Queue:
    def __init__(self) -> None:
        self.samples: list[Mapping[str, Any]] = []

    def enqueue(self, sample: Mapping[str, Any]) -> None:
        self.samples.append(sample)


class Notes:
    """In place of MLflow: what it was told."""

    def __init__(self) -> None:
        self.commands: list[str] = []

    def note_control(self, command: str, said: str, asked_seconds: float) -> None:
        self.commands.append(command)


class Pacer(Thread):
    """Runs a search, two trials at a time, and stage 2; it obeys what is asked as a sweep does."""

    def __init__(self, workspace: Workspace, epoch_seconds: float) -> None:
        super().__init__(daemon=True)
        self.workspace, self.epoch_seconds = workspace, epoch_seconds
        self.notes, self.enough, self.begun = Notes(), Event(), Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with held(self.workspace):
                self.search()
                if not self.enough.is_set():
                    concluded(self.workspace)
        except BaseException as error:
            self.error = error
            raise

    def search(self) -> None:
        progress = StageProgress(self.workspace.stage(EXPLORE), SPEC)
        progress.space([asdict(axis) for axis in SPEC.axes])
        queue, console = Queue(), Console(file=io.StringIO())
        steering = Steering(self.workspace, self.notes, console)  # type: ignore[arg-type]
        overseer: StageSteering = SearchSteering(steering, SPEC, progress, queue)  # type: ignore[arg-type]
        while not self.enough.is_set():
            hold = overseer.order().hold
            planned = SPEC.trials + progress.clones
            free = 2 - len(progress.unfinished)
            while free > 0 and hold is Hold.NONE and len(progress.trials) < planned:
                number = len(progress.trials)
                progress.asked(f"trial_{number:05d}", queue.samples.pop(0) if queue.samples else sample(number))
                free -= 1
            self.begun.set()
            time.sleep(self.epoch_seconds)
            if hold is Hold.PAUSE:
                continue
            if not progress.unfinished and (hold is Hold.FINISH or len(progress.trials) >= planned):
                break
            for trial in list(progress.unfinished):
                epoch = trial.last.get("epoch", 0) + 1
                progress.result(trial.name, result(int(trial.name[-5:]), epoch), last=epoch == EPOCHS)
                if trial.stopping and not trial.over:
                    progress.stopped(trial.name)
        progress.close()
