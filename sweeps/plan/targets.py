"""What a sweep asks of its backbone and its machine: no weights, no training.

Everything that cannot work is found here, before anything starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any

from sweeps.config.axis import Axis, is_active
from sweeps.config.resolve import baseline_config
from sweeps.config.scalar_types import nearest
from sweeps.config.spec import SweepSpec
from sweeps.machine.memory import needed_bytes
from sweeps.machine.profile import GIB, fits, why_unfit
from sweeps.plan.counts import WHOLE_MODEL, Choice, SizeCounts, TargetCount, size_counts, unquantizable
from sweeps.plan.prepare import Prepared
from trainables.config import FULL, LORA, WHOLE, TrialConfig
from trainables.modeling.checkpoints import names_checkpoint
from trainables.sizes import size_of

if TYPE_CHECKING:
    from trainables.contract import Backbone, Size

COUNTED_AXES = ("backbone", "model_size", "quantization", "adapter", "target_modules", "layers", "rank", "batch_size")
SPECTROGRAM_MASKS = ("frequency_mask_bins", "time_mask_frames")
GPU_SIZES_GIB = (16, 24, 40, 48, 80, 141, 192)
Point = Mapping[str, Any]  # one value per counted axis
DEFAULTS = {field.name: field.default for field in fields(TrialConfig)}


@dataclass(frozen=True)
class TargetRow:
    """One (backbone, size, target preset, layers, rank) that a configuration of the sweep can have."""

    backbone: str
    model_size: str
    target_modules: str
    layers: int | None  # the topmost ones; None: all
    rank: int
    matched_modules: int
    adapter_params: int
    head_params: int
    trainable_params: int
    total_params: int  # backbone with its head, without adapters
    adapter: str = LORA


@dataclass(frozen=True)
class MemoryRow:
    """One (backbone, size, quantization) on the profile's device, with the largest adapter and batch it can get."""

    backbone: str
    model_size: str
    quantization: str
    checkpoint: str
    licence: str
    needed_bytes: int  # an estimate
    fits: bool
    smallest_gpu_gib: int | None  # of GPU_SIZES_GIB; None: none of them
    whole: bool = False  # all of it is trained, and not an adapter


@dataclass(frozen=True)
class BackboneCheck:
    targets: tuple[TargetRow, ...]
    memory: tuple[MemoryRow, ...]
    baseline_params: int  # trainable ones
    unknown: tuple[str, ...]  # what the backbone does not have: wrong on every machine
    beyond: tuple[str, ...]  # what this machine cannot do

    @property
    def problems(self) -> tuple[str, ...]:
        return self.unknown + self.beyond


def check_backbone(prepared: Prepared) -> BackboneCheck:
    """Counts every target preset on every size that the sweep can reach, its baseline included; finds what cannot be.

    Raises nothing: the caller decides what to do about `problems`.
    """
    points = reachable(prepared.spec)
    unknown: list[str] = []
    targets: list[TargetRow] = []
    memory: list[MemoryRow] = []
    for name in prepared.backbones:
        part = _check_one(prepared, name, [point for point in points if point["backbone"] == name])
        unknown += part[0]
        targets += part[1]
        memory += part[2]
    baseline = baseline_config(prepared.spec)
    own = (
        WHOLE_MODEL
        if baseline.adapter == WHOLE
        else Choice(baseline.target_modules, baseline.layers, baseline.rank, baseline.adapter)
    )
    baseline_params = [
        row.trainable_params
        for row in targets
        if (row.backbone, row.model_size) == (baseline.backbone, baseline.model_size)
        and Choice(row.target_modules, row.layers, row.rank, row.adapter) == own
    ]
    beyond = _beyond(prepared, memory)
    return BackboneCheck(tuple(targets), tuple(memory), sum(baseline_params), tuple(unknown), tuple(beyond))


def _check_one(
    prepared: Prepared, name: str, points: Sequence[Point]
) -> tuple[list[str], list[TargetRow], list[MemoryRow]]:
    """What is unknown, and the rows, of one backbone of the sweep."""
    backbone = prepared.backbones[name]
    sizes = dict(backbone.MINIATURE_SIZES if prepared.weights.miniature else backbone.SIZES)
    if not prepared.weights.miniature:
        sizes |= {size: size_of(backbone, size) for size in _distinct(points, "model_size") if _is_named(size, sizes)}
    unknown = _unknown(prepared, name, sizes, points)
    targets: list[TargetRow] = []
    memory: list[MemoryRow] = []
    if prepared.spec.task_kind in backbone.TASKS:
        for size in (named for named in _distinct(points, "model_size") if named in sizes):
            of_size = [point for point in points if point["model_size"] == size]
            counts = size_counts(name, backbone, size, prepared.task, prepared.spec.head, _choices(backbone, of_size))
            rows = [_target_row(name, size, counted) for counted in counts.targets]
            targets += rows
            unknown += counts.problems
            memory += _memory_rows(prepared, name, sizes[size], size, counts, of_size, rows)
    return unknown, targets, memory


def _is_named(size: Any, sizes: Mapping[str, Size]) -> bool:
    return isinstance(size, str) and size not in sizes and names_checkpoint(size)


def _choices(backbone: Backbone, points: Sequence[Point]) -> list[Choice]:
    """Every adapter that the points ask for, presets in their order and ranks upwards."""
    kinds = dict.fromkeys(
        (point["target_modules"], point["layers"], point["adapter"]) for point in points if point["adapter"] != WHOLE
    )
    adapters = [
        Choice(preset, layers, rank, adapter)
        for preset, layers, adapter in kinds
        if preset in backbone.PRESETS
        for rank in sorted(
            {
                point["rank"]
                for point in points
                if (point["target_modules"], point["layers"], point["adapter"]) == (preset, layers, adapter)
            }
        )
    ]
    return adapters + ([WHOLE_MODEL] if any(point["adapter"] == WHOLE for point in points) else [])


def _target_row(backbone_name: str, size: str, counted: TargetCount) -> TargetRow:
    return TargetRow(
        backbone=backbone_name,
        model_size=size,
        target_modules=counted.choice.target_modules,
        layers=counted.choice.layers,
        rank=counted.choice.rank,
        matched_modules=counted.matched_modules,
        adapter_params=counted.adapter_params,
        head_params=counted.head_params,
        trainable_params=counted.trainable_params,
        total_params=counted.total_params,
        adapter=counted.choice.adapter,
    )


def _memory_rows(
    prepared: Prepared,
    backbone_name: str,
    size: Size,
    name: str,
    counts: SizeCounts,
    points: Sequence[Point],
    targets: Sequence[TargetRow],
) -> list[MemoryRow]:
    profile, total_params = prepared.profile, counts.total_params
    rows = []
    for quantization, whole in dict.fromkeys((point["quantization"], point["adapter"] == WHOLE) for point in points):
        of_kind = [p for p in points if (p["quantization"], p["adapter"] == WHOLE) == (quantization, whole)]
        trained = (row.trainable_params for row in targets if (row.adapter == WHOLE) == whole)
        needed = needed_bytes(
            total_params,
            quantization,
            profile.precision,
            # seeds advance together, each with an adapter of its own, or with all weights
            trainable_params=max(trained, default=0) * len(prepared.spec.explore_seeds),
            batch_size=max(point["batch_size"] for point in of_kind),
            kept_params=total_params - counts.quantizable_params,
        )
        rows.append(
            MemoryRow(
                backbone=backbone_name,
                model_size=name,
                quantization=quantization,
                checkpoint=size.checkpoint,
                licence=size.licence,
                needed_bytes=needed,
                fits=prepared.weights.miniature or fits(needed, profile.facts, total_params=total_params),
                smallest_gpu_gib=next((gib for gib in GPU_SIZES_GIB if needed <= gib * GIB), None),
                whole=whole,
            )
        )
    return rows


def reachable(spec: SweepSpec) -> list[Point]:
    """Every combination of COUNTED_AXES that a configuration of the search, or the baseline, can have.

    A range of integers is represented by its ends. Axes that conditions name are followed too, so that a value
    behind a condition counts only where the condition can hold.
    """
    needed = set(COUNTED_AXES)
    for axis in reversed(spec.axes):  # a condition's axis stands before the axes that it opens
        if axis.name in needed:
            needed |= set(axis.when)
    axes = [axis for axis in spec.axes if axis.name in needed]
    train = {field.name: getattr(spec.train, field.name) for field in fields(spec.train)}

    def walk(index: int, point: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        if index == len(axes):
            yield point
        elif not is_active(axes[index], spec.axes, point):
            yield from walk(index + 1, point)
        else:
            for value in _representatives(axes[index], spec.axes):
                yield from walk(index + 1, {**point, axes[index].name: value})

    found = [{**DEFAULTS, "backbone": spec.backbone, **train, **point} for point in walk(0, dict(spec.fixed))]
    found.append(baseline_config(spec).as_dict())
    counted = [tuple(point[name] for name in COUNTED_AXES) for point in found]
    return [dict(zip(COUNTED_AXES, values, strict=True)) for values in dict.fromkeys(counted)]


def _representatives(axis: Axis, axes: Sequence[Axis]) -> tuple[Any, ...]:
    if axis.kind == "choice":
        return axis.values
    named = [value for other in axes for value in other.when.get(axis.name, ())]
    return tuple(sorted({*axis.values, *named}))


def _distinct(points: Sequence[Point], name: str) -> list[Any]:
    return list(dict.fromkeys(point[name] for point in points))


def _unknown(prepared: Prepared, backbone_name: str, sizes: Mapping[str, Size], points: Sequence[Point]) -> list[str]:
    spec, backbone = prepared.spec, prepared.backbones[backbone_name]
    found = []
    if spec.task_kind not in backbone.TASKS:
        found.append(f"task.kind: {backbone.NAME} cannot do {spec.task_kind}; it does {', '.join(backbone.TASKS)}.")
    for name in _distinct(points, "model_size"):
        if name is MISSING:
            found.append(f"search.model_size: no condition opens a size for {backbone_name}; add one that does.")
        elif name not in sizes:
            found.append(f"search.model_size: {backbone.NAME} has no size {name} ({nearest(name, sizes)}).")
    found += unquantizable([(point["adapter"], point["quantization"]) for point in points])
    adapted = [point for point in points if point["adapter"] != WHOLE]
    for name in _distinct(adapted, "target_modules"):
        if name not in backbone.PRESETS:
            near = nearest(name, backbone.PRESETS)
            found.append(f"search.target_modules: {backbone.NAME} has no preset {name} ({near}).")
    windows = set(_every_value(spec, backbone_name, "window_seconds")) - {FULL}
    if windows and not getattr(backbone, "CUTS_WINDOW", False):
        found.append(f"search.window_seconds: {backbone.NAME} has no window that could be cut; leave it out.")
    if getattr(backbone, "SPECTROGRAM", None) is None:
        masks = [name for name in SPECTROGRAM_MASKS if set(_every_value(spec, backbone_name, name)) - {0}]
        found += [f"{name}: {backbone.NAME} takes no spectrogram that could be masked; leave it out." for name in masks]
    return found


def _every_value(spec: SweepSpec, backbone: str, name: str) -> list[Any]:
    """What an axis of the search, fixed values, the baseline and `augment:` say of a setting of a backbone."""
    opened = [axis for axis in spec.axes if axis.name == name and axis.may_be_of(backbone)]
    given = [spec.fixed, spec.augment]
    given += [spec.baseline] if spec.baseline.get("backbone", backbone) == backbone else []
    return [value for axis in opened for value in axis.values] + [each[name] for each in given if name in each]


def _beyond(prepared: Prepared, memory: Sequence[MemoryRow]) -> list[str]:
    facts, found = prepared.profile.facts, list(prepared.weights.problems)
    if not facts.nf4 and any(row.quantization == "nf4" for row in memory):
        found.append(
            f"search.quantization: nf4 has no bitsandbytes kernels on {facts.kind} ({facts.name}); "
            "fix quantization=none, in the baseline too."
        )
    for row in memory:
        if not row.fits:
            remedy = "nf4, a smaller size, or a smaller batch_size with more gradient_accumulation"
            if row.whole:
                remedy = "an adapter in place of search.adapter none, or a smaller size"
            found.append(
                f"search.model_size: {row.model_size} with quantization {row.quantization}"
                f"{', trained whole,' if row.whole else ''} needs about "
                f"{row.needed_bytes / GIB:.1f} GiB, and {why_unfit(row.needed_bytes, facts)}: take it out of the "
                f"search and the baseline, or try {remedy}."
            )
    return found
