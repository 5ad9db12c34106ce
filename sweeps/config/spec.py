"""What a sweep file says, as plain frozen values. `load.py` makes it; nobody downstream reads the YAML again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Axis:
    """One open choice of `search:`. Several may have one name, with conditions of which at most one holds."""

    name: str
    kind: str  # choice | uniform | log_uniform | int | log_int
    values: tuple[Any, ...]  # choice: the choices; else (low, high), both inside
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # other axis -> values for which this is active


@dataclass(frozen=True)
class DataSpec:
    source: str
    validation: float = 0.2  # shares of the groups
    test: float = 0.2
    columns: Mapping[str, str] = field(default_factory=dict)  # our name -> the manifest's name
    inner_folds: int | None = None
    outer_folds: str | int | None = None  # official | leave_one_group_out | a number
    evaluate: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainSpec:
    epochs: int = 3
    max_steps: int | None = None
    batch_size: int = 8
    gradient_accumulation: int = 1
    warmup_ratio: float = 0.0
    weight_decay: float = 0.0
    scheduler: str = "linear"
    clip_norm: float | None = 1.0
    label_smoothing: float = 0.0
    sampling: str = "random"
    keep: str = "last"


@dataclass(frozen=True)
class FinalistsSpec:
    count: int = 2
    per: str | None = None  # an axis: the best of each of its values, each against the others


@dataclass(frozen=True)
class SweepSpec:
    name: str
    backbone: str  # empty where `search.backbone` opens it
    task_kind: str
    task_options: Mapping[str, Any]
    data: DataSpec
    axes: tuple[Axis, ...]  # in an order in which every `when:` comes after the axis that it names
    fixed: Mapping[str, Any]  # entries of `search:` with a plain value
    train: TrainSpec
    metric: str  # e.g. val/accuracy
    mode: str  # max | min
    trials: int
    grace_epochs: int
    reduction_factor: int
    explore_seeds: tuple[int, ...]
    confirm_seeds: tuple[int, ...]
    finalists: FinalistsSpec
    baseline: Mapping[str, Any]
    results: str = "results"
    profile: str = "auto"
    precision: str = "auto"  # auto | fp32 | bf16
    head: str = "full"
    warm_start: tuple[Mapping[str, Any], ...] = ()
    augment: Mapping[str, Any] = field(default_factory=dict)
    disk_gb: float | None = None
    memory_gb: float | None = None
    hours: float | None = None
    packing: str | int = "off"
    source_text: str = ""  # the YAML as read, with overrides applied
    base_folder: str = "."  # relative paths in the YAML start here

    @property
    def backbones(self) -> tuple[str, ...]:
        """Every backbone that the sweep may use, the baseline's included."""
        if self.backbone:
            return (self.backbone,)
        opened = [value for axis in self.axes if axis.name == "backbone" for value in axis.values]
        return tuple(dict.fromkeys([*opened, self.baseline["backbone"]]))
