"""Every registered backbone with its tasks, on miniatures with random weights, for the tests of its contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.trainables.backbones import random_checkpoints
from trainables import registry
from trainables.contract import mean_loss
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.targets import adapted_modules, head_modules

TASKS: dict[str, tuple[dict[str, Any], list[Any]]] = {  # kind -> its options, targets of three clips
    "classification": ({"labels": ("bell", "drum", "horn")}, ["horn", "bell", "drum"]),
    "label_scoring": ({"labels": ("SPEECH", "NOISE"), "prompt": "Which?"}, ["NOISE", "SPEECH", "SPEECH"]),
    "transcription": ({"vocabulary": tuple("ethorsanlgwfx")}, list(random_checkpoints.TEXTS[:3])),
    "answering": ({"prompt": "What is it?"}, ["a horn, far away", "no bell", "it is a drum"]),
}
WITH_SIZES = [name for name in registry.BACKBONES if registry.backbone(name).MINIATURE_SIZES]
NAMED = [  # no sizes: kinds of checkpoints, by name
    *(("hf_classifier", kind) for kind in random_checkpoints.OWN),
    *(("hf_ctc", kind) for kind in ("data2vec-audio", "wav2vec2-bert", *random_checkpoints.RECOGNISERS)),
    *((kind, kind) for kind in random_checkpoints.WRITERS),
]
ALL = [(name, size) for name in WITH_SIZES for size in registry.backbone(name).MINIATURE_SIZES] + NAMED
ANSWERING = [("qwen2_audio", "mini-600k", "answering")]  # asked otherwise than by their first task
SMALLEST = [(name, next(iter(registry.backbone(name).MINIATURE_SIZES))) for name in WITH_SIZES] + NAMED
CPU = torch.device("cpu")
MOST_FRAMES = 128  # at least as many as any clip has
ANSWER_TOKENS = 48  # at least as many as any target has


@dataclass
class Case:
    """One miniature with random weights, and engines on it."""

    name: str
    size: str
    checkpoint: Path
    kind: str = ""  # of task; else the backbone's first
    engines: dict[tuple[str, str, str, bool], Engine] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.backbone = registry.backbone(self.name)
        kind = self.kind or self.backbone.TASKS[0]
        options, self.targets = TASKS[kind]
        self.task = registry.task(kind, dict(options))
        has_sizes = bool(self.backbone.MINIATURE_SIZES)
        self.window = self.backbone.MINIATURE_WINDOW_SECONDS if has_sizes else random_checkpoints.WINDOW_SECONDS
        lengths = (self.window, 0.43 * self.window, 1.3 * self.window)
        self.clips = [self.clip(seconds, seed) for seed, seconds in enumerate(lengths)]

    def clip(self, seconds: float, seed: int) -> np.ndarray:
        """A tone in noise, a different one for every seed, of the seconds that a store would keep."""
        rate = self.backbone.SAMPLE_RATE_HZ
        rng = np.random.default_rng(seed)
        time = np.arange(round(min(seconds, self.window) * rate)) / rate
        tone = np.sin(2 * np.pi * rng.uniform(200, 2000) * time)
        return (0.2 * tone + 0.05 * rng.standard_normal(len(time))).astype(np.float32)

    def engine(
        self, head: str = "full", *, precision: str = "fp32", quantization: str = "none", checkpointing: bool = False
    ) -> Engine:
        key = (head, precision, quantization, checkpointing)
        if key not in self.engines:
            self.engines[key] = Engine(
                EngineKey(self.name, self.size, quantization, precision, head),
                str(self.checkpoint),
                self.task,
                EngineSettings(gradient_checkpointing=checkpointing),
            )
        return self.engines[key]

    def batch(self, engine: Engine, clips: list[int], *, with_targets: bool = False) -> dict[str, Tensor]:
        features = [self.backbone.features(engine.loaded, self.clips[index]) for index in clips]
        targets = [self.targets[index] for index in clips] if with_targets else None
        return self.backbone.collate(engine.loaded, features, self.task, targets)

    def passes(self, engine: Engine, clips: list[int]) -> list[list[int]]:
        """Positions in `clips` by forward pass, as the engine divides them."""
        if not engine.loaded.equal_shapes:
            return [list(range(len(clips)))]
        by_shape: dict[torch.Size, list[int]] = {}
        for position, index in enumerate(clips):
            shape = self.backbone.features(engine.loaded, self.clips[index]).shape
            by_shape.setdefault(shape, []).append(position)
        return list(by_shape.values())

    def scores(self, engine: Engine, clips: list[int], model: nn.Module | None = None) -> Tensor:
        """(B, C) answers of the engine's model, or of one like it."""
        rows: dict[int, Tensor] = {}
        for positions in self.passes(engine, clips):
            own = [clips[position] for position in positions]
            with torch.no_grad():
                answers = self.answers(engine, engine.model if model is None else model, own)
            rows |= dict(zip(positions, answers, strict=True))
        return torch.stack([rows[position] for position in range(len(clips))])

    def answers(self, engine: Engine, model: nn.Module, clips: list[int]) -> Tensor:
        """Class scores; of a recogniser the log-probabilities of what would be right to say, in ANSWER_TOKENS places.

        Which tokens win is no measure: random weights say nothing, and a small change need not change that.
        """
        if self.task.column == "text" and not hasattr(self.backbone, "logits"):  # log-probability of what is wanted
            wanted = self.batch(engine, clips, with_targets=True)
            return -self.backbone.clip_losses(model, wanted, label_smoothing=0.0)[:, None]
        if self.task.kind != "transcription":
            found = self.backbone.predict(model, self.batch(engine, clips))
            assert isinstance(found, Tensor)
            return found
        batch = self.batch(engine, clips, with_targets=True)
        said = batch["labels"]
        logits: Tensor = self.backbone.logits(model, batch)  # type: ignore[attr-defined]
        if "frames" in batch:  # of a recogniser by CTC every frame
            behind = torch.arange(logits.shape[1]) >= batch["frames"][:, None]
            of_frames = logits.log_softmax(-1).masked_fill(behind[..., None], 0.0)
            return nn.functional.pad(of_frames, (0, 0, 0, MOST_FRAMES - of_frames.shape[1])).flatten(1)
        of_said = logits.log_softmax(-1).gather(-1, said.clamp(min=0)[..., None])[..., 0].masked_fill(said < 0, 0.0)
        return nn.functional.pad(of_said, (0, ANSWER_TOKENS - of_said.shape[1]))

    def loss(self, engine: Engine, clips: list[int], label_smoothing: float = 0.0) -> Tensor:
        """Of all passes together, every clip with the same weight, as a lane has it."""
        parts = []
        for positions in self.passes(engine, clips):
            batch = self.batch(engine, [clips[position] for position in positions], with_targets=True)
            loss = mean_loss(self.backbone, engine.model, batch, label_smoothing=label_smoothing)
            parts.append(loss * (len(positions) / len(clips)))
        return torch.stack(parts).sum()

    @contextmanager
    def adapter(self, engine: Engine, preset: str | None = None, seed: int = 1) -> Iterator[str]:
        """An adapter that changes the answers: B, which starts at zero, is drawn too."""
        preset = preset or next(iter(self.backbone.PRESETS))
        targets = adapted_modules(
            engine.model, self.backbone, target_modules=preset, size=self.size, head=engine.key.head
        )
        engine.bank.add("a", targets=targets, rank=2, alpha=4, dropout=0.0, seed=seed)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for key, parameter in engine.model.named_parameters():
                if "lora_B" in key:
                    parameter.normal_(0.0, 0.02, generator=generator)
        engine.activate("a")
        try:
            yield "a"
        finally:
            engine.bank.remove("a")

    def gradients(self, engine: Engine) -> dict[str, Tensor | None]:
        """Of every parameter, after one backward pass in training mode."""
        engine.model.zero_grad(set_to_none=True)
        engine.start_training("a")
        self.loss(engine, [0, 1, 2]).backward()  # type: ignore[no-untyped-call]
        return {name: parameter.grad for name, parameter in engine.model.named_parameters()}


def write_checkpoint(name: str, size: str, folder: Path) -> None:
    """A miniature's shape with random weights, as `load` reads it."""
    backbone: Any = registry.backbone(name)
    kind = backbone.TASKS[0]
    others = {"labels": tuple("pqrst")} if kind == "classification" else {}  # not those of the task at hand
    task = registry.task(kind, dict(TASKS[kind][0]) | others)
    model = backbone.build(size, task, seed=0)
    backbone.write(model, size, folder)
    _measure_statistics(Case(name, size, folder), model, task)
    backbone.write(model, size, folder)


@torch.no_grad()
def _measure_statistics(case: Case, model: nn.Module, task: Any) -> None:
    """BatchNorm as training would leave it: with the means and variances of what passes through these weights."""
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    loaded = case.backbone.load(
        str(case.checkpoint), task, size=case.size, quantization="none", dtype=torch.float32, device=CPU
    )
    features = [case.backbone.features(loaded, case.clip(1.0, seed)) for seed in range(10, 18)]
    for norm in norms:
        norm.momentum = None  # the plain mean over batches: here of one
    if hasattr(loaded.model, "tokenizer"):  # what `load` gives to a model that writes
        model.tokenizer = loaded.model.tokenizer
    case.backbone.predict(model.train(), case.backbone.collate(loaded, features, task, None))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


@pytest.fixture(scope="module")
def make_case(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Case]:
    @cache
    def make(name: str, size: str, kind: str = "") -> Case:
        folder = tmp_path_factory.mktemp(f"{name}-{size}")
        if (name, size) in NAMED:
            random_checkpoints.write_configuration(size, folder)
            size = str(folder)
        write_checkpoint(name, size, folder)
        return Case(name, size, folder, kind)

    return make


@pytest.fixture(params=SMALLEST + ANSWERING, ids="-".join)
def case(request: pytest.FixtureRequest, make_case: Callable[..., Case]) -> Case:
    return make_case(*request.param)


@pytest.fixture(params=ALL, ids="-".join)
def any_case(request: pytest.FixtureRequest, make_case: Callable[..., Case]) -> Case:
    return make_case(*request.param)


def modes(case: Case) -> list[str]:
    """Ways to train the head."""
    return ["full", "lora"] if head_modules(case.backbone) else ["full"]
