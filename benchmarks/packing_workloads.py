"""What `benchmarks.packing` trains: frozen backbones with random weights, and generated clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trainables import registry
from trainables.config import TrialConfig
from trainables.data.examples import Example
from trainables.modeling.seeded import seeded_init
from trainables.prefix_cache.activations import OFF
from trainables.training.engine import DTYPES, Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey

RANKS = (4, 8, 16)
CLIP_SECONDS = 1.0
VALIDATION_CLIPS = 4
TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "ast": ("classification", {"labels": ("hum", "hiss")}),
    "qwen2_audio": ("label_scoring", {"labels": ("hum", "hiss"), "prompt": "Is this a hum or a hiss?"}),
}


@dataclass(frozen=True)
class Workload:
    name: str
    backbone: str
    size: str
    quantization: str
    precision: str
    batch_sizes: tuple[int, ...]
    wider: Mapping[str, int] = field(default_factory=dict)  # of the language model, in place of the size's own

    @property
    def task(self) -> Any:
        kind, options = TASKS[self.backbone]
        return registry.task(kind, dict(options))

    def write_checkpoint(self, folder: Path, device: str) -> None:
        """Random weights of the size's shape."""
        module: Any = registry.backbone(self.backbone)
        if self.wider or self.size in module.SIZES:
            model = self._large(device)
        else:
            model = module.build(self.size, self.task, seed=0)
        module.write(model, self.size, folder)

    def _large(self, device: str) -> torch.nn.Module:
        """A Qwen2-Audio built on `device`, in half the bytes where that is its precision: billions of parameters."""
        from transformers import Qwen2AudioForConditionalGeneration

        module: Any = registry.backbone(self.backbone)
        config = module.config(self.size)
        for name, value in self.wider.items():
            setattr(config.text_config, name, value)
        usual = torch.get_default_dtype()
        torch.set_default_dtype(DTYPES[self.precision])
        try:
            with seeded_init(0), torch.device(device):
                return Qwen2AudioForConditionalGeneration(config)
        finally:
            torch.set_default_dtype(usual)

    def engine(self, checkpoint: Path, device: str) -> Engine:
        key = EngineKey(self.backbone, self.size, self.quantization, self.precision)
        return Engine(key, str(checkpoint), self.task, EngineSettings(device=device, activations=OFF))

    def lanes(
        self, engine: Engine, which: Sequence[int], batch_size: int, *, steps: int, epochs: int, folder: Path
    ) -> list[Lane]:
        """Trainings of `steps` batches an epoch that differ in rank, rate and seed, by their numbers."""
        rate_hz = engine.backbone.SAMPLE_RATE_HZ
        train = Tones(folder / "train", batch_size * steps, rate_hz)
        validation = Tones(folder / "validation", VALIDATION_CLIPS, rate_hz)
        base = TrialConfig(
            self.backbone,
            self.size,
            self.quantization,
            target_modules="attention",
            epochs=epochs,
            batch_size=batch_size,
        )
        return [
            Lane(
                engine,
                replace(base, rank=RANKS[i % 3], alpha=2 * RANKS[i % 3], learning_rate=1e-3 / (1 + i)),
                LaneKey(i, "-"),
                train,
                validation,
            )
            for i in which
        ]


class Tones:
    """Generated clips: hums and hisses."""

    def __init__(self, folder: Path, count: int, rate_hz: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)  # features are kept in it
        self.folder, self.rate_hz = folder, rate_hz
        self.examples = tuple(Example(str(i), (), str(i), ("hum", "hiss")[i % 2]) for i in range(count))

    def __len__(self) -> int:
        return len(self.examples)

    def waveform(self, index: int) -> np.ndarray:
        rng = np.random.default_rng(index)
        samples = round(CLIP_SECONDS * self.rate_hz)
        hiss = 0.1 * rng.standard_normal(samples)
        hum = 0.2 * np.sin(2 * np.pi * rng.uniform(120, 240) * np.arange(samples) / self.rate_hz)
        return (hiss if index % 2 else hum).astype(np.float32)

    def key(self, index: int) -> tuple[str, int]:
        return (str(self.folder), index)


TINY = (
    Workload("tiny AST fp32", "ast", "mini-900k", "none", "fp32", (1, 8)),
    Workload("tiny AST bf16", "ast", "mini-900k", "none", "bf16", (1, 8)),
    Workload(
        "NF4 Qwen2-style, 512 wide",
        "qwen2_audio",
        "mini-1m",
        "nf4",
        "fp32",
        (1, 2),
        {"hidden_size": 512, "intermediate_size": 1536, "num_attention_heads": 8, "num_key_value_heads": 8},
    ),
)
REAL = (Workload("NF4 Qwen2-Audio 7b", "qwen2_audio", "7b", "nf4", "bf16", (1, 2)),)
WORKLOADS: Mapping[str, Workload] = {each.name: each for each in (*TINY, *REAL)}
