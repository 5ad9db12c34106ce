"""A backbone that takes checkpoints of several kinds, each by what knows that kind. Shared by backbones.

Which kind a checkpoint is of its configuration says (`model_type`). The backbone has no sizes and no miniature: a sweep
names a checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from trainables.contract import Described, Loaded, Preset, Task
from trainables.modeling import configurations, pretrained

NO_MODULE = r"(?!)"  # of a preset whose every kind has a pattern of its own
KIND = "kind"  # in `Loaded.extra`


@dataclass(frozen=True)
class AnyKind:
    """`kinds`: by `model_type`, a `Family` or a module of backbones. Its methods are what a backbone file offers."""

    backbone: str
    kinds: Mapping[str, Any]

    def presets(self, names: Sequence[str]) -> dict[str, Preset]:
        """Those that every kind has; none reaches a head, which may have linear layers or not: the kind's one before
        stands for one that does."""
        found: dict[str, Preset] = {}
        for name in names:
            own: dict[str, Preset] = {}
            for kind, knows in self.kinds.items():
                preset = presets_of(knows)[name]
                own[kind] = found[names[names.index(name) - 1]].kinds[kind] if preset.reaches_head else preset
            found[name] = Preset(NO_MODULE, kinds=own)
        return found

    def of(self, checkpoint: str) -> tuple[str, Any]:
        """The kind of a checkpoint, and what knows it. Raises InputError: another kind, or no configuration."""
        said = configurations.read_configuration(checkpoint, tuple(self.kinds), backbone=self.backbone)
        kind: str = said["model_type"]
        return kind, self.kinds[kind]

    def config(self, size: str) -> Any:
        """A checkpoint's configuration."""
        return self.of(size)[1].config(size)

    def described(self, size: str) -> Described:
        """What a checkpoint's configuration says of its window and texts."""
        return cast(Described, self.of(size)[1].described(size))

    def skeleton(self, size: str, task: Task) -> nn.Module:
        """The model on the `meta` device: shapes and names without weights, network or memory."""
        return cast(nn.Module, self.of(size)[1].skeleton(size, task))

    def load(
        self, checkpoint: str, task: Task, *, size: str, quantization: str, dtype: torch.dtype, device: torch.device
    ) -> Loaded:
        """Loads a hub id or a local folder, frozen, in eval mode; see the kind's own."""
        kind, knows = self.of(checkpoint)
        loaded: Loaded = knows.load(checkpoint, task, size=size, quantization=quantization, dtype=dtype, device=device)
        loaded.extra[KIND] = kind
        return loaded

    def build(self, size: str, task: Task, seed: int) -> nn.Module:
        """An untrained model as a checkpoint's configuration says, on the CPU in float32, every weight drawn from
        `seed`, all of it trainable."""
        return cast(nn.Module, self.of(size)[1].build(size, task, seed))

    def write(self, model: nn.Module, size: str, folder: Path) -> None:
        """Writes what `build` gave as a folder that `load` reads."""
        self.of(size)[1].write(model, size, folder)

    def features(self, loaded: Loaded, waveform: np.ndarray) -> Tensor:
        """(samples,) float32 at 16 kHz -> what the kind's model is given of a clip."""
        return cast(Tensor, self.kinds[loaded.extra[KIND]].features(loaded, waveform))

    def collate(
        self, loaded: Loaded, features: Sequence[Tensor], task: Task, targets: Sequence[Any] | None
    ) -> dict[str, Tensor]:
        """A batch on the CPU, as the kind has it."""
        found = self.kinds[loaded.extra[KIND]].collate(loaded, features, task, targets)
        return cast("dict[str, Tensor]", found)

    def clip_losses(self, model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
        """(B,): each clip's own loss."""
        return cast(Tensor, self._of(model).clip_losses(model, batch, label_smoothing=label_smoothing))

    def predict(self, model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor | list[str]:
        """(B, C) float32 logits, or B transcripts."""
        return cast("Tensor | list[str]", self._of(model).predict(model, batch))

    def _of(self, model: nn.Module) -> Any:
        return self.kinds[pretrained.bare(model).config.model_type]


def presets_of(knows: Any) -> Mapping[str, Preset]:
    """Of a `Family`, or of a module of backbones."""
    found: Mapping[str, Preset] = knows.PRESETS if hasattr(knows, "PRESETS") else knows.presets
    return found
