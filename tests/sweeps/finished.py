"""A finished sweep of each backbone without a training: random weights, drawn adapters, and what these answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import yaml

from sweeps.config.load import parse_sweep
from sweeps.state.assignment import confirming
from sweeps.state.manifest import Manifest, note
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import CONFIRM, Workspace, lane_folder
from trainables import miniature, registry
from trainables.config import TrialConfig
from trainables.data.examples import AudioPiece, Example
from trainables.data.sound.store import Hearing, SplitStore, write_store
from trainables.miniature import questions
from trainables.records import NO_FOLD, NO_SEED
from trainables.training.engine import Engine, EngineKey, EngineSettings

RESULT = {"epoch": 1, "planned_epochs": 1, "value": 0.5, "objective": 0.5}
LABELS = ["bell", "drum", "horn"]
TASKS: dict[str, dict[str, Any]] = {
    "classification": {"kind": "classification", "labels": LABELS},
    "label_scoring": {"kind": "label_scoring", "labels": LABELS[:2], "prompt": "Which one is it?"},
    "transcription": {"kind": "transcription", "language": "en", "vocabulary": list("etaoinshrdlu")},
    "answering": {"kind": "answering", "prompt": "Which one is it?"},
    "regression": {"kind": "regression", "names": ["high", "fast"], "centre": [3.0, 40.0], "spread": [1.0, 5.0]},
    "multilabel": {"kind": "multilabel", "labels": LABELS},
}
METRICS = {
    "transcription": "val/cer",
    "answering": "val/token_f1",
    "regression": "val/pearson",
    "multilabel": "val/map",
}
SEEDS = (11, 12)
MakeSweep = Callable[..., Workspace]
WEIGHTS: dict[tuple[str, str], Path] = {}  # of the backbones on which sweeps were made, by backbone and size


def checkpoint(name: str, task: Any, folder: Path) -> Path:
    """A miniature's shape with random weights, laid out as `load` reads it."""
    backbone: Any = registry.backbone(name)
    size = next(iter(backbone.MINIATURE_SIZES))
    words = [questions.tokenizer(backbone.MINIATURE_VOCABULARY)] if name == "qwen2_audio" else []
    backbone.write(backbone.build(size, task, seed=0), size, folder, *words)
    return folder


def write_clips(folder: Path, kind: str, hearing: Hearing) -> list[Example]:
    """Eight tones in noise of different lengths, two to a group."""
    rng = np.random.default_rng(7)
    examples = []
    for index in range(8):
        seconds = min(0.6 + 0.13 * index, 0.9 * hearing.window_seconds)
        time = np.arange(round(seconds * hearing.sample_rate_hz)) / hearing.sample_rate_hz
        tone = 0.3 * np.sin(2 * np.pi * (200 + 170 * index) * time) + 0.05 * rng.standard_normal(len(time))
        path = folder / f"secret-clip-{index}.wav"
        soundfile.write(path, tone.astype(np.float32), hearing.sample_rate_hz)
        targets: dict[str, Any] = {
            "transcription": "a few words",
            "answering": "a few words",
            "regression": [index / 2, None if index == 3 else 30.0 + index % 3],
            "multilabel": LABELS[: index % 3],
        }
        target = targets.get(kind, LABELS[index % 2])
        question = "Is it loud?" if kind == "answering" and index % 2 else None
        name, group = f"secret-clip-{index}", f"secret-group-{index // 2}"
        examples.append(Example(name, (AudioPiece(str(path)),), group, target, question=question))
    return examples


def make(
    folder: Path, name: str, kind: str, weights: Path, *, quantization: str = "none", replace_miniature: Any
) -> Workspace:
    backbone: Any = registry.backbone(name)
    size = next(iter(backbone.MINIATURE_SIZES))
    task = registry.task(kind, {key: value for key, value in TASKS[kind].items() if key != "kind"})
    replace_miniature[(name, size)] = weights
    hearing = Hearing.of(backbone, miniature=True)
    clips = folder / "secret-recordings"
    clips.mkdir(parents=True)
    examples = write_clips(clips, kind, hearing)
    rows = [{"audio": e.audio[0].path, backbone_column(kind): e.target, "group": e.group} for e in examples]
    (clips / "clips.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    preset = next(iter(backbone.PRESETS))
    metric = {"metric": METRICS.get(kind, "val/accuracy")}
    source = yaml.safe_dump(
        {
            "name": "tones",
            "backbone": name,
            "task": TASKS[kind],
            "data": {"source": str(clips / "clips.jsonl")},
            "search": {
                "model_size": next(iter(backbone.SIZES)),
                "rank": {"choice": [2, 4]},
                "target_modules": preset,
                "learning_rate": 1e-3,
            },
            "objective": metric,
            "trials": 2,
            "baseline": {"rank": 2, "target_modules": preset, "learning_rate": 1e-3},
        }
    )
    spec = parse_sweep(source, base_folder=str(clips), recorded=True)
    workspace = Workspace(folder / "results", "tones-1")
    workspace.folder.mkdir(parents=True)
    Manifest("tones", source, str(clips), "0" * 64, True, "cpu", "fp32", {}).write(workspace)
    note(workspace, event="finished")
    verdict = {"best": "finalist 1", "winner": None, "sentence": "No finalist can be shown to beat the baseline."}
    (workspace.folder / "verdict.json").write_text(json.dumps(verdict))
    write_store(
        workspace.store("test"), examples, sample_rate_hz=hearing.sample_rate_hz, window_seconds=hearing.window_seconds
    )
    config = TrialConfig(name, size, quantization, rank=2, alpha=4, target_modules=preset)
    key = EngineKey.of(config, "fp32")
    engine = Engine(key, str(weights), task, EngineSettings(kept_bytes_per_clip=0, activations="off"))
    progress = StageProgress(workspace.stage(CONFIRM), spec)
    store = SplitStore(workspace.store("test"))
    for arm, seed in (*(("finalist 1", seed) for seed in SEEDS), ("baseline", 11), ("untuned", None)):
        run = confirming(arm, arm.split()[0], config, seed)
        trial = progress.asked(run.name, run.given)
        progress.result(run.name, RESULT, last=True)
        left = trial.folder / "final" / lane_folder(NO_SEED if seed is None else seed, NO_FOLD)
        (left / "predictions").mkdir(parents=True)
        if seed is None:
            engine.predict_untuned(store).write_parquet(left / "predictions" / "test.parquet")
            continue
        lane, _ = engine.add_adapter(config, seed=seed, dropout_seed=0)
        draw(engine, lane, seed)
        engine.activate(lane)
        engine.bank.save(lane, left / "adapter")
        engine.predict(store).write_parquet(left / "predictions" / "test.parquet")
    progress.close()
    return workspace


def draw(engine: Engine, lane: str, seed: int) -> None:
    """B, which starts at zero, is drawn, so that the adapter changes the answers."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in engine.bank.lora_parts(lane).values():
            part.b.normal_(0.0, 0.1, generator=generator)


def backbone_column(kind: str) -> str:
    return registry.task_class(kind).column


@pytest.fixture(scope="session")
def make_sweep(tmp_path_factory: pytest.TempPathFactory) -> MakeSweep:
    """`make_sweep(backbone, quantization, kind)`, each made once; nobody may change what it gives. `kind` is of task;
    empty: the backbone's first."""

    @cache
    def made(name: str, quantization: str = "none", kind: str = "") -> Workspace:
        kind = kind or registry.backbone(name).TASKS[0]
        folder = tmp_path_factory.mktemp(f"{name}-{quantization}-{kind}")
        task = registry.task(kind, {key: value for key, value in TASKS[kind].items() if key != "kind"})
        weights = checkpoint(name, task, folder / "weights")
        return make(folder, name, kind, weights, quantization=quantization, replace_miniature=WEIGHTS)

    return made


@contextmanager
def made_miniatures() -> Iterator[None]:
    """What `make_sweep` made stands in for the miniatures of the machine, as long as this lasts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(miniature, "path", lambda name, size, *_, **__: WEIGHTS[(name, size)])
        yield
