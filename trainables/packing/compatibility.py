"""Which lanes may train in one pack, why others may not, and where packing may pay at all. Loads no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, TypeVar

from trainables.config import DORA, FULL, OLORA, PISSA, WHOLE, WITH_PEERS, TrialConfig
from trainables.training.schedule import steps_per_epoch

T = TypeVar("T")

AUTO_LANES = 16  # more gained nothing in benchmarks/packing.py


@dataclass(frozen=True)
class PackKey:
    """What lanes of one pack have in common: one frozen backbone, and batches that stand side by side all epoch."""

    backbone: str
    model_size: str
    quantization: str
    precision: str
    head: str  # full | lora
    batch_size: int
    gradient_accumulation: int
    label_smoothing: float
    batch_parts: int
    steps_per_epoch: int  # lanes whose epochs end early would idle
    in_order: bool = True  # what it adapts hears clip after clip, as many rows for each
    in_one_pass: bool = True  # no loss of its is of clips that pass apart
    window_seconds: str | float = FULL
    adapter: str = ""  # one that cannot share

    @classmethod
    def of(
        cls,
        config: TrialConfig,
        *,
        precision: str,
        head: str,
        clips: int,
        batch_parts: int = 1,
        in_order: bool = True,
        in_one_pass: bool = True,
    ) -> PackKey:
        """Of a lane with `clips` training clips."""
        return cls(
            backbone=config.backbone,
            model_size=config.model_size,
            quantization=config.quantization,
            precision=precision,
            head=head,
            batch_size=config.batch_size,
            gradient_accumulation=config.gradient_accumulation,
            label_smoothing=config.label_smoothing,
            batch_parts=batch_parts,
            steps_per_epoch=steps_per_epoch(config, clips),
            in_order=in_order,
            in_one_pass=in_one_pass,
            window_seconds=config.window_seconds,
            adapter="" if config.adapter in WITH_PEERS else config.adapter,
        )


def may_pay(device: str, quantization: str, precision: str, batch_size: int) -> bool:
    """Whether a larger batch can be cheaper by the clip. A CPU is busy with 8 clips in float32 as with 80."""
    return device != "cpu" or quantization == "nf4" or precision == "bf16" or batch_size == 1


# What several lanes in one batch share is the frozen module's answer, to which each adds its own
ADAPTERS_ALONE = {
    DORA: "dora scales what the frozen weights answer",
    PISSA: "pissa changes the frozen weights",
    OLORA: "olora changes the frozen weights",
    WHOLE: "adapter none trains all weights",
}


def why_alone(key: PackKey) -> str | None:
    """Why a lane can share with nobody; None where it can."""
    if key.adapter:
        return ADAPTERS_ALONE[key.adapter]
    if key.precision == "fp16":
        return "fp16 needs a loss scale of each lane's own"
    if not key.in_order:
        return "it adapts modules that hear all clips of a batch as one sequence"
    if not key.in_one_pass:
        return "its loss is of the clips of a batch together, and they need several passes"
    return None


def why_apart(one: PackKey, other: PackKey) -> str | None:
    """Why two lanes cannot share a pack; None where they can. An epoch may have a step more or less (folds)."""
    for key in (one, other):
        if reason := why_alone(key):
            return reason
    for field in fields(PackKey):
        ours, theirs = getattr(one, field.name), getattr(other, field.name)
        if ours == theirs or (field.name == "steps_per_epoch" and abs(ours - theirs) <= 1):
            continue
        return f"{field.name} {ours} and {theirs}"
    return None


def packs(members: Sequence[tuple[PackKey, T]], most: int) -> list[list[T]]:
    """Divides lanes, in their order, into packs of at most `most` that may share with each other; the sizes of packs
    that could be one differ by at most 1."""
    together: list[list[tuple[PackKey, T]]] = []
    for key, member in members:
        for group in together:
            if all(why_apart(key, other) is None for other, _ in group):
                group.append((key, member))
                break
        else:
            together.append([(key, member)])
    return [[member for _, member in part] for group in together for part in _evenly(group, most)]


def _evenly(group: list[Any], most: int) -> list[list[Any]]:
    count = -(-len(group) // max(1, most))
    bounds = [round(index * len(group) / count) for index in range(count + 1)]
    return [group[first:last] for first, last in pairwise(bounds)]
