"""Rules between the keys of a sweep file. What a key may hold by itself is in `schema.py` and `search_types.py`.

A rule looks only at what was read without a problem: what follows from a problem is not reported again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeps.config.adapter_rules import adapter_rule
from sweeps.config.axis import Axis, allows, axes_of, cycle, discrete_values, fixed_of, is_active
from sweeps.config.confirm_rules import confirm_rule, finalists_rule, seeds_rule
from sweeps.config.overrides import MINIATURE
from sweeps.config.pruner_rules import pruner_rule
from sweeps.config.sampler_rules import sampler_rule
from sweeps.config.scalar_types import Problems, nearest
from sweeps.config.schema import ROOT, TASK_CLASSES
from sweeps.config.search_types import DEFAULT_RANK
from sweeps.config.spec import DataSpec, TrainSpec
from sweeps.config.training_rules import loss_rule, sampling_rule
from trainables.config import AUGMENTATIONS, DEFAULT_ASHA
from trainables.data.examples import SPLITS

Values = Mapping[str, Any]


def check(values: Values, problems: Problems) -> None:
    """Every rule. `values`: the root table as read, without what could not be read."""
    for rule in (
        _backbone,
        _splits,
        _objective,
        _asha,
        seeds_rule,
        _alpha,
        adapter_rule,
        _conditions,
        _baseline,
        _warm_start,
        finalists_rule,
        confirm_rule,
        sampler_rule,
        pruner_rule,
        _columns,
        _evaluate,
        _augment,
        loss_rule,
        sampling_rule,
    ):
        rule(values, problems)


def _backbone(values: Values, problems: Problems) -> None:
    if problems.touch("backbone") or problems.touch("search", "backbone") or "search" not in values:
        return
    opened = "backbone" in values["search"]
    if opened and "backbone" in values:
        problems.add(("backbone",), "stands beside search.backbone: keep one of the two")
    elif not opened and "backbone" not in values:
        problems.add(("backbone",), f"missing: expected {ROOT.fields['backbone'].kind.expected}")


def _splits(values: Values, problems: Problems) -> None:
    splits = values.get("data", {}).get("splits", {})
    validation, test = splits.get("validation", DataSpec.validation), splits.get("test", DataSpec.test)
    if not problems.touch("data", "splits") and validation + test >= 1:
        problems.add(
            ("data", "splits"),
            f"validation and test take shares {validation:g} and {test:g} and leave nothing to train on: "
            "their sum must be below 1",
        )


def _columns(values: Values, problems: Problems) -> None:
    columns = values.get("data", {}).get("columns", {})
    for name, column in columns.items():
        others = [other for other in columns if columns[other] == column != "" and other < name]
        if others:
            problems.add(("data", "columns", name), f"the column {column!r} is also named for {others[0]}")


def _evaluate(values: Values, problems: Problems) -> None:
    for name in values.get("data", {}).get("evaluate", {}):
        if name.lower() in SPLITS:
            problems.add(("data", "evaluate", name), f"{name} is a split of the data itself: give it another name")


def _augment(values: Values, problems: Problems) -> None:
    """What no clip would feel, and what the task's targets cannot do."""
    named: dict[str, tuple[str, ...]] = {}
    for where in ("augment", "search"):
        for name in AUGMENTATIONS:
            if name in values.get(where, {}) and not problems.touch(where, name):
                named.setdefault(name, (where, name))
    for count, width in (("frequency_masks", "frequency_mask_bins"), ("time_masks", "time_mask_frames")):
        if count in named and width not in named and not problems.touch("augment", width):
            problems.add(named[count], f"masks nothing without a width: give {width} too")
    kind = values.get("task", {}).get("kind")
    where, name = named.get("mixup_alpha", ("", ""))
    soft_kinds = [other for other, task in TASK_CLASSES.items() if task.soft_targets]
    if name and discrete_values(values[where][name]) != (0.0,) and kind not in (None, *soft_kinds):
        soft = ", ".join(soft_kinds)
        problems.add((where, name), f"mixes targets, which {kind} cannot: those of {soft} can be mixed")


def _objective(values: Values, problems: Problems) -> None:
    if problems.touch("objective", "metric") or problems.touch("task", "kind") or "kind" not in values.get("task", {}):
        return
    metric, mode = values["objective"]["metric"], values["objective"].get("mode")
    known = [f"val/{name}" for name in TASK_CLASSES[values["task"]["kind"]].metrics]
    if metric not in known:
        problems.add(
            ("objective", "metric"), f"{values['task']['kind']} does not give {metric} ({nearest(metric, known)})"
        )
    elif mode is not None and mode != natural_mode(metric):
        better = "lower" if natural_mode(metric) == "min" else "higher"
        problems.add(
            ("objective", "mode"), f"{metric} is better when {better}: expected {natural_mode(metric)}, got {mode}"
        )


def natural_mode(metric: str) -> str:
    """min | max: what a task that gives the metric says; of an unknown one max."""
    name = metric.rpartition("/")[2]
    return "min" if any(name in task.lower_is_better for task in TASK_CLASSES.values()) else "max"


def _asha(values: Values, problems: Problems) -> None:
    grace = values.get("asha", {}).get("grace_epochs", DEFAULT_ASHA["grace_epochs"])
    epochs = values.get("train", {}).get("epochs", TrainSpec.epochs)
    if not problems.touch("asha") and not problems.touch("train", "epochs") and grace > epochs:
        problems.add(("asha", "grace_epochs"), f"must be at most train.epochs ({epochs}), got {grace}")


def _alpha(values: Values, problems: Problems) -> None:
    search = values.get("search", {})
    for where, point in _points(values):
        _whole_alpha(where, point, search, problems)


def _points(values: Values) -> list[tuple[tuple[str | int, ...], Values]]:
    """Everything that names a ratio and perhaps a rank: the search, the baseline, each warm start."""
    warm = [(("warm_start", index), point) for index, point in enumerate(values.get("warm_start", ()))]
    return [(("search",), values.get("search", {})), (("baseline",), values.get("baseline", {})), *warm]


def _whole_alpha(where: tuple[str | int, ...], point: Values, search: Values, problems: Problems) -> None:
    if "alpha_ratio" not in point or problems.touch(*where, "alpha_ratio") or problems.touch(*where, "rank"):
        return
    ratios = discrete_values(point["alpha_ratio"])
    rank = point.get("rank", search.get("rank", DEFAULT_RANK) if where != ("search",) else DEFAULT_RANK)
    for ratio in ratios if isinstance(ratios, tuple) else ():
        for value in discrete_values(rank) or ():
            if not round(float(ratio * value), 9).is_integer():  # 0.1 * 30 is 3.0000000000000004
                problems.add(
                    (*where, "alpha_ratio"), f"{ratio:g} times rank {value} is {ratio * value:g}, no whole alpha"
                )
                return


def _conditions(values: Values, problems: Problems) -> None:
    axes, known = axes_of(values), values.get("search", {})
    for axis in axes:
        for name, wanted in axis.when.items():
            path = ("search", axis.name, "when", name)
            if name not in known:
                if not problems.touch("search", name):
                    problems.add(path, f"search neither opens nor fixes {name} ({nearest(name, known)})")
                continue
            parent = known[name]
            if discrete_values(parent) is None:
                problems.add(path, f"{name} is continuous: a condition needs an axis with separate values")
                continue
            # An override may narrow an axis that a condition names: the condition then holds where it can.
            impossible = [value for value in wanted if not allows(parent, value)]
            if impossible and not _replaced_by(problems, name):
                problems.add(path, f"{name} never takes {', '.join(str(value) for value in impossible)}")
    loop = cycle(axes)
    if loop:
        problems.add(("search", loop[0], "when"), f"the conditions go round in a circle: {' -> '.join(loop)}")


def _replaced_by(problems: Problems, axis: str) -> str:
    node = problems.root.at(("search", axis))
    return "" if node is None else node.replaced_by


def _baseline(values: Values, problems: Problems) -> None:
    if "baseline" not in values or "search" not in values or cycle(axes_of(values)):
        return
    axes, fixed, baseline = axes_of(values), fixed_of(values), values["baseline"]
    point = {**fixed, **baseline}
    for axis in axes:
        left_open = axis.name not in baseline and is_active(axis, axes, point)
        reported = problems.touch("baseline", axis.name) or problems.touch("search", axis.name)
        if left_open and not reported:
            problems.add(("baseline", axis.name), "missing: the search opens it, so the baseline has to name its value")
    for name in baseline:
        _known_and_active("baseline", ("baseline", name), name, values, point, problems)


def _known_and_active(
    who: str, path: tuple[str | int, ...], name: str, values: Values, point: Values, problems: Problems
) -> bool:
    axes, known = axes_of(values), values.get("search", {})
    if problems.touch("search", name) or problems.touch(*path):
        return False
    if name not in known:
        problems.add(path, f"search neither opens nor fixes {name}, so a {who} cannot name it ({nearest(name, known)})")
        return False
    same = [axis for axis in axes if axis.name == name]
    if any(problems.touch(*path[:-1], parent) for axis in same for parent in axis.when):
        return False  # whether it is active cannot be known
    if same and not any(is_active(axis, axes, point) for axis in same):
        need = " or ".join(
            " and ".join(f"{key} in [{', '.join(map(str, wanted))}]" for key, wanted in axis.when.items())
            for axis in same
        )
        problems.add(path, f"is open only when {need}, which does not hold here: leave it out")
        return False
    return True


def _warm_start(values: Values, problems: Problems) -> None:
    if "search" not in values or cycle(axes_of(values)):
        return
    axes, fixed = axes_of(values), fixed_of(values)
    for index, start in enumerate(values.get("warm_start", ())):
        point = {**fixed, **start}
        for name, value in start.items():
            path = ("warm_start", index, name)
            if not _known_and_active("warm start", path, name, values, point, problems):
                continue
            axis = next((axis for axis in axes if axis.name == name and is_active(axis, axes, point)), None)
            if axis is not None and not allows(axis, value):
                if _replaced_by(problems, name) == MINIATURE:
                    continue  # a start for the published sizes: here Optuna chooses this value itself
                problems.add(path, f"{value} lies outside the search ({describe_values(axis)})")
            elif name in fixed and fixed[name] != value:
                problems.add(path, f"the search fixes it at {fixed[name]}, got {value}")


def describe_values(axis: Axis) -> str:
    shown = ", ".join(
        "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value) for value in axis.values
    )
    return f"{axis.kind}: [{shown}]"
