"""Clips on their way into a forward pass, and the batch that several lanes' clips make together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from trainables.contract import Backbone, Loaded, Task
from trainables.data.clips import Clips
from trainables.modeling.head_loss import TOGETHER, mixed_targets
from trainables.writing import Writer


@dataclass(frozen=True)
class ClipBatch:
    """Clips of one forward pass; `partners` and `shares` where mixup is on, else nothing."""

    clips: Clips
    rows: Sequence[int]
    features: list[Tensor]
    targets: list[Any] | None
    partners: Sequence[Any] = ()
    shares: Sequence[float] = ()
    changed: bool = False  # the features are not those of the clips as they are

    @property
    def languages(self) -> list[str | None]:
        """The clips' own, where their source says them."""
        return [self.clips.examples[row].language for row in self.rows]

    @property
    def questions(self) -> list[str | None]:
        """The clips' own, where their source says them."""
        return [self.clips.examples[row].question for row in self.rows]


def joint_loss(task: Task) -> str:
    """The losses that are of the clips of a batch together, in words; empty: each clip has its own."""
    return str(getattr(task, "joint", ""))


def joined(backbone: Backbone, loaded: Loaded, task: Task, batches: Sequence[ClipBatch]) -> dict[str, Tensor]:
    """One batch of all clips, in order, on the CPU; all with targets or none, all mixed or none."""
    features = [clip for part in batches for clip in part.features]
    targets = None if batches[0].targets is None else [target for part in batches for target in part.targets or ()]
    languages = [language for part in batches for language in part.languages]
    writer: Writer | None = getattr(backbone, "WRITER", None)
    told: dict[str, Any] = (
        {"languages": languages} if writer is not None and writer.told_language and any(languages) else {}
    )
    if getattr(task, "asks", False):
        told["questions"] = [question for part in batches for question in part.questions]
    batch: dict[str, Tensor] = cast(Any, backbone).collate(loaded, features, task, targets, **told)
    if targets is not None and joint_loss(task) and len(batches) > 1:
        sizes = torch.tensor([len(part.features) for part in batches])
        batch[TOGETHER] = torch.arange(len(batches)).repeat_interleave(sizes)
    if not batches[0].partners:
        return batch
    partners = [target for part in batches for target in part.partners]
    return batch | mixed_targets(task, partners, [share for part in batches for share in part.shares])
