"""What `benchmarks.sweep` runs: sweep files, generated clips, checkpoints of published shapes with random weights."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml

from trainables import registry
from trainables.cache import cache_folder

REPOSITORY = Path(__file__).resolve().parents[2]
COMMIT = "0" * 40


@dataclass(frozen=True)
class Workload:
    """A sweep; `file(folder)` writes it. `quick`: what replaces its entries in a short run."""

    name: str
    what: str
    file: Callable[[Path], Path]
    quick: tuple[str, ...]
    random_weights: tuple[str, str] | None = None  # (backbone, size) of a published size


def _clips(folder: Path, *, train: int, validation: int, seconds: float, rate_hz: int) -> str:
    """Hums against hisses, one group a clip; the splits are in the manifest."""
    rng = np.random.default_rng(0)
    lines = ["audio,label,split"]
    for split, count in (("train", train), ("validation", validation), ("test", 4)):
        for index in range(count):
            hiss = rng.standard_normal(round(seconds * rate_hz))
            time = np.arange(len(hiss)) / rate_hz
            hum = np.sin(2 * np.pi * rng.uniform(120, 240) * time)
            clip = 0.05 * hiss + 0.2 * hum if index % 2 else 0.1 * hiss
            soundfile.write(folder / f"{split}-{index}.wav", clip.astype(np.float32), rate_hz)
            lines.append(f"{split}-{index}.wav,{'HUM' if index % 2 else 'HISS'},{split}")
    (folder / "clips.csv").write_text("\n".join(lines) + "\n")
    return "clips.csv"


def _generated(values: dict[str, Any], **clips: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        _clips(folder, **clips)
        path = folder / "sweep.yaml"
        path.write_text(yaml.safe_dump({"data": {"source": "clips.csv"}, **values}, sort_keys=False))
        return path

    return write


def _shipped(folder: Path) -> Path:
    return REPOSITORY / "search_spaces" / "qwen_lora.yaml"


_CHOICES: dict[str, Any] = {
    "rank": {"choice": [4, 8, 16, 32]},
    "alpha_ratio": {"choice": [1, 2, 4]},
    "learning_rate": {"log_uniform": [3.0e-4, 1.0e-2]},
}
_BASELINE: dict[str, Any] = {"rank": 8, "alpha_ratio": 2, "learning_rate": 1.0e-3}
_COMMON: dict[str, Any] = {
    "objective": {"metric": "val/accuracy", "mode": "max"},
    "asha": {"grace_epochs": 1, "reduction_factor": 3},
    "seeds": {"explore": [42], "confirm": [1, 2]},
}
_QUESTION = {"kind": "label_scoring", "labels": ["HUM", "HISS"], "prompt": "Is this a hum or a hiss?"}

WORKLOADS: dict[str, Workload] = {
    each.name: each
    for each in (
        Workload(
            "tiny_ast",
            "AST, miniature (128 wide, 4 layers), 64 clips of 1 s, 3 epochs, 16 trials",
            _generated(
                {
                    "name": "tiny_ast",
                    "backbone": "ast",
                    "task": {"kind": "classification"},
                    "search": {
                        "model_size": "base",
                        "target_modules": {"choice": ["qv", "attention", "all-linear"]},
                        "lora_dropout": {"uniform": [0.0, 0.1]},
                        **_CHOICES,
                    },
                    "train": {"epochs": 3, "batch_size": 8},
                    "baseline": {**_BASELINE, "target_modules": "qv", "lora_dropout": 0.0},
                    "trials": 16,
                    **_COMMON,
                },
                train=64,
                validation=16,
                seconds=1.0,
                rate_hz=16_000,
            ),
            ("trials=6",),
        ),
        Workload(
            "readme",
            "search_spaces/qwen_lora.yaml as shipped, on the miniature: stage 1, 16 trials",
            _shipped,
            ("trials=6",),
        ),
        Workload(
            "ast_base",
            "AST base-16 with random weights, adapters in the top 1, 2 or 4 of 12 layers, 16 clips of 1 s, 8 trials",
            _generated(
                {
                    "name": "ast_base",
                    "precision": "fp32",  # as everything else here, whatever the processor is best at
                    "backbone": "ast",
                    "task": {"kind": "classification"},
                    "search": {
                        "model_size": "base-16",
                        "target_modules": "attention",
                        "layers": {"choice": [1, 2, 4]},
                        **_CHOICES,
                    },
                    "train": {"epochs": 3, "batch_size": 2},
                    "baseline": {**_BASELINE, "layers": 4},
                    "trials": 8,
                    **_COMMON,
                },
                train=16,
                validation=8,
                seconds=1.0,
                rate_hz=16_000,
            ),
            ("trials=4",),
            random_weights=("ast", "base-16"),
        ),
        Workload(
            "nf4_lm",
            "Qwen2-Audio, miniature in NF4, adapters in the language model alone, 64 clips of 1 s, 8 trials",
            _generated(
                {
                    "name": "nf4_lm",
                    "backbone": "qwen2_audio",
                    "task": _QUESTION,
                    "search": {
                        "model_size": "7b",
                        "quantization": "nf4",
                        "target_modules": {"choice": ["lm-attention", "lm-attention+mlp"]},
                        **_CHOICES,
                    },
                    "train": {"epochs": 3, "batch_size": 2, "gradient_accumulation": 4},
                    "baseline": {**_BASELINE, "target_modules": "lm-attention"},
                    "trials": 8,
                    **_COMMON,
                },
                train=64,
                validation=16,
                seconds=1.0,
                rate_hz=16_000,
            ),
            ("trials=4",),
        ),
        Workload(
            "efficientat",
            "EfficientAT, miniature (width 0.7), 64 clips of 1 s, 8 trials",
            _generated(
                {
                    "name": "efficientat",
                    "backbone": "efficientat",
                    "task": {"kind": "classification"},
                    "search": {
                        "model_size": "mn10",
                        "target_modules": {"choice": ["pointwise", "pointwise+se"]},
                        **_CHOICES,
                    },
                    "train": {"epochs": 3, "batch_size": 8},
                    "baseline": {**_BASELINE, "target_modules": "pointwise"},
                    "trials": 8,
                    **_COMMON,
                },
                train=64,
                validation=16,
                seconds=1.0,
                rate_hz=32_000,
            ),
            ("trials=4",),
        ),
    )
}


def random_checkpoint(backbone: str, size: str, task: Any, hub: Path) -> None:
    """A published size with random weights, laid out as the hub's cache: what loads it cannot tell the difference."""
    module: Any = registry.backbone(backbone)
    folder = hub / f"models--{module.SIZES[size].checkpoint.replace('/', '--')}"
    snapshot = folder / "snapshots" / COMMIT
    if snapshot.is_dir():
        return
    snapshot.mkdir(parents=True)
    module.write(module.build(size, task, 0), size, snapshot)
    (folder / "refs").mkdir(exist_ok=True)
    (folder / "refs" / "main").write_text(COMMIT)


def environment(folder: Path) -> dict[str, str]:
    """What every arm's process gets: no network, short miniatures, weights from `folder`, one thread."""
    return {
        **os.environ,
        "AUDIO_SWEEPS_CACHE": str(cache_folder()),
        "AUDIO_SWEEPS_MINIATURE": "test",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_CACHE": str(folder / "hub"),
        "OMP_NUM_THREADS": "1",
        "RAY_worker_niceness": "0",
        "RAY_raylet_start_wait_time_s": "90",
    }
