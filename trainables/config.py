"""One configuration of a sweep: everything a training depends on, except its seed, fold and data. Loads no torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

QUANTIZATIONS = ("none", "nf4")
SCHEDULERS = ("linear", "cosine", "constant")
HEADS = ("full", "lora")
KEEPS = ("last", "best")
FULL, FIT = "full", "fit"  # windows
LORA, DORA, RSLORA, PISSA, OLORA, LORA_PLUS, WHOLE = "lora", "dora", "rslora", "pissa", "olora", "lora_plus", "none"
ADAPTERS = (LORA, DORA, RSLORA, PISSA, OLORA, LORA_PLUS, WHOLE)
TAKE_APART = (PISSA, OLORA)  # they begin from a part of the frozen weights, and train beside the rest of them
WITH_PEERS = (LORA, RSLORA, LORA_PLUS)  # they can train in one batch with others: trainables/packing
# What an adapter alone has: `adapter: none` trains the model whole and reads none of these
OF_ADAPTERS = ("rank", "alpha", "target_modules", "layers", "lora_dropout")
LATER = (
    "window_seconds",
    "adapter",
    "lora_plus_ratio",
)  # fields that came later: at their defaults they change no `config_id` of before
DEFAULT_ASHA = {"grace_epochs": 1, "reduction_factor": 3}  # of a sweep file that does not say
BALANCED, WEIGHTED = "balanced", "weighted"  # clips are drawn with replacement
SAMPLINGS = ("random", "group_by_length", BALANCED, WEIGHTED)
AUGMENTATIONS = (
    "mixup_alpha",
    "time_shift_seconds",
    "gain_db",
    "noise_snr_db",
    "frequency_masks",
    "frequency_mask_bins",
    "time_masks",
    "time_mask_frames",
)


@dataclass(frozen=True, slots=True)
class TrialConfig:
    """A fully resolved configuration. Axes that a condition switches off stand at their defaults here."""

    backbone: str
    model_size: str
    quantization: str = "none"  # none | nf4 (4-bit NormalFloat with double quantization)
    rank: int = 8  # r of LoRA (Hu et al. 2021)
    alpha: int = 16  # LoRA's scale is alpha / rank
    target_modules: str = "attention"  # a preset of the backbone
    layers: int | None = None  # so many of the backbone's topmost layers are adapted; None: all
    learning_rate: float = 1e-4  # peak, AdamW
    lora_dropout: float = 0.0  # 0 to below 1
    head: str = "full"  # a task head is trained whole (full) or through an adapter (lora)
    epochs: int = 3
    max_steps: int | None = None  # optimizer steps in all; ends training early, never extends it
    batch_size: int = 8  # clips
    gradient_accumulation: int = 1  # batches per optimizer step
    warmup_ratio: float = 0.0  # share of all optimizer steps
    weight_decay: float = 0.0
    scheduler: str = "linear"  # linear | cosine | constant, after the warm-up
    clip_norm: float | None = 1.0  # gradient norm; None: no clipping
    label_smoothing: float = 0.0
    # random | group_by_length: clips of like length make a batch | balanced, weighted: trainables/training/sampling.py
    sampling: str = "random"
    keep: str = "last"  # which epoch's adapter is the run's: last | best on validation
    # Changes to training clips (trainables/training/augmentation.py), none by default
    mixup_alpha: float = 0.0  # of Beta(alpha, alpha)
    time_shift_seconds: float = 0.0  # at most, to either side
    gain_db: float = 0.0  # at most, to either side
    noise_snr_db: float | None = None  # the loudest noise
    frequency_masks: int = 2  # SpecAugment's number and greatest width
    frequency_mask_bins: int = 0
    time_masks: int = 2
    time_mask_frames: int = 0
    adapter: str = LORA  # how the model is adapted: trainables/training/adapter_kinds.py; none: it is trained whole
    lora_plus_ratio: float = 16.0  # lora_plus: B's learning rate is so many times A's
    window_seconds: str | float = FULL  # what the encoder hears: full | fit (the clip's length) | so many seconds

    def as_dict(self) -> dict[str, Any]:
        """Plain values only: safe for JSON and for Ray."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrialConfig:
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})

    @property
    def config_id(self) -> str:
        """Eight hex digits: the same training has the same id, on every machine."""
        defaults = {field.name: field.default for field in fields(self) if field.name in LATER}
        said = {name: value for name, value in self.as_dict().items() if defaults.get(name, MISSING) != value}
        canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:8]
