"""What a sweep file says, as plain frozen values. `load.py` makes it; nobody downstream reads the YAML again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from analysis.stats.looks import FEWEST_SEEDS, interim_looks
from sweeps.config.axis import Axis
from trainables.config import TrialConfig
from trainables.data.storing import INT16

SEQUENTIAL, NEVER = "sequential", "never"  # whether stage 2 stops before all its seeds: sweeps/confirm/looks.py
IN_ORDER, AS_THEY_COME = "in_order", "as_they_come"  # how results reach the search: sweeps/state/decisions.py


def _trial_default(name: str) -> Any:
    """What TrialConfig takes where the file says nothing: the same default must not stand in two places."""
    return next(field.default for field in fields(TrialConfig) if field.name == name)


@dataclass(frozen=True)
class DataSpec:
    source: str
    validation: float = 0.2  # shares of the groups
    test: float = 0.2
    columns: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)  # our name -> the manifest's name, or
    # for several ratings the names of all of them
    separator: str | None = None  # between the labels of a cell; None: cells are lists, or hold one label
    layout: str | None = None  # how a folder's sub-folders are to be taken; None: guessed
    audio_folder: str | None = None  # where a manifest's paths begin; None: at the manifest
    skip: int | str = 0  # rows that may be left out: a number, `none`, `unreadable`, or a share such as 2%
    store: str = INT16  # how decoded sound is kept: one of `trainables.data.storing.STORES`
    inner_folds: int | None = None
    outer_folds: str | int | None = None  # official | leave_one_group_out | a number
    evaluate: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainSpec:
    """What every training shares: the fields of TrialConfig of the same names, with their defaults."""

    epochs: int = _trial_default("epochs")
    max_steps: int | None = _trial_default("max_steps")
    batch_size: int = _trial_default("batch_size")
    gradient_accumulation: int = _trial_default("gradient_accumulation")
    warmup_ratio: float = _trial_default("warmup_ratio")
    weight_decay: float = _trial_default("weight_decay")
    scheduler: str = _trial_default("scheduler")
    clip_norm: float | None = _trial_default("clip_norm")
    label_smoothing: float = _trial_default("label_smoothing")
    sampling: str = _trial_default("sampling")
    keep: str = _trial_default("keep")


@dataclass(frozen=True)
class FinalistsSpec:
    count: int = 2
    per: str | None = None  # an axis: the best of each of its values, each against the others


@dataclass(frozen=True)
class ConfirmSpec:
    stop: str = SEQUENTIAL  # sequential | never
    looks: tuple[int, ...] = ()  # numbers of seeds, without the last look, which is over all; empty: 2, 3, 5, 8, ...
    worth: float | None = None  # the smallest difference that matters, in the metric's unit


@dataclass(frozen=True)
class NotifySpec:
    """Names of environment variables, never what they hold: a spec goes into the record and to every worker."""

    webhook: str | None = None  # of an http(s) address
    command: str | None = None  # of a command line


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
    confirm: ConfirmSpec = ConfirmSpec()
    results: str = "results"
    profile: str = "auto"
    precision: str = "auto"  # auto | fp32 | bf16
    head: str = "full"
    warm_start: tuple[Mapping[str, Any], ...] = ()
    augment: Mapping[str, Any] = field(default_factory=dict)
    disk_gb: float | None = None
    memory_gb: float | None = None
    hours: float | None = None
    notify: NotifySpec = NotifySpec()
    packing: str | int = "off"
    decisions: str = IN_ORDER
    sampler: str = "tpe"  # one of `sweeps.config.sampler_rules.SAMPLERS`
    pruner: str = "asha"  # one of `sweeps.config.pruner_rules.PRUNERS`
    source_text: str = ""  # the YAML as read, with overrides applied
    base_folder: str = "."  # relative paths in the YAML start here

    @property
    def backbones(self) -> tuple[str, ...]:
        """Every backbone that the sweep may use, the baseline's included."""
        if self.backbone:
            return (self.backbone,)
        opened = [value for axis in self.axes if axis.name == "backbone" for value in axis.values]
        return tuple(dict.fromkeys([*opened, self.baseline["backbone"]]))

    def sizes_of(self, backbone: str) -> list[str]:
        """Every size of this backbone that the search, the baseline or a warm start may use."""
        found = [
            size for axis in self.axes if axis.name == "model_size" and axis.may_be_of(backbone) for size in axis.values
        ]
        found += [self.fixed["model_size"]] if "model_size" in self.fixed else []
        points = (self.baseline, *self.warm_start)
        own = [point for point in points if point.get("backbone", self.backbone or None) == backbone]
        return list(dict.fromkeys([*found, *(point["model_size"] for point in own if "model_size" in point)]))

    def values_of(self, setting: str) -> list[Any]:
        """Every value of a setting of `train` that a training of the sweep may have; of a range its ends."""
        opened = [value for axis in self.axes if axis.name == setting for value in axis.values]
        points = (self.fixed, self.baseline, *self.warm_start)
        found = opened + [point[setting] for point in points if setting in point]
        everywhere = opened or setting in self.fixed
        return list(dict.fromkeys(found if everywhere else [*found, getattr(self.train, setting)]))

    @property
    def looks(self) -> tuple[int, ...]:
        """Numbers of confirm seeds at which stage 2 is looked at, the last one all of them. Outer folds are looked at
        together, when all are there."""
        seeds = len(self.confirm_seeds)
        if self.confirm.stop == NEVER or self.data.outer_folds or seeds < FEWEST_SEEDS:
            return (seeds,)
        return (*self.confirm.looks, seeds) if self.confirm.looks else interim_looks(seeds)

    @property
    def adapters(self) -> list[str]:
        """Every kind of adapter that the search or the baseline may use."""
        found = [value for axis in self.axes if axis.name == "adapter" for value in axis.values]
        found += [point["adapter"] for point in (self.fixed, self.baseline) if "adapter" in point]
        return list(dict.fromkeys(found)) or [_trial_default("adapter")]

    @property
    def quantizations(self) -> list[str]:
        """Every quantization that the search or the baseline may use."""
        found = [value for axis in self.axes if axis.name == "quantization" for value in axis.values]
        found += [point["quantization"] for point in (self.fixed, self.baseline) if "quantization" in point]
        return list(dict.fromkeys(found)) or ["none"]
