"""A whole plan for the eye, as `--plan` shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sweeps.config.pruner_rules import ASHA, HYPERBAND, PRUNERS
from sweeps.machine.profile import GIB
from sweeps.plan.data_view import account_view, sentences_view, sound_view
from sweeps.plan.further_tests import EvaluationRow
from sweeps.plan.parts import table, title
from sweeps.plan.plan import AxisRow, Plan
from sweeps.plan.splits_view import splits_view
from sweeps.plan.targets import TargetRow
from sweeps.plan.workload import ClipCounts, Stages
from trainables.config import LORA, WHOLE
from trainables.data.storing import FLOAT32, LAZY

ADVICE = "yellow"


def render(plan: Plan) -> RenderableType:
    """Everything, section by section; `next_command`, which is not to be wrapped, belongs beneath it."""
    parts: list[RenderableType] = [
        title(f"{plan.name}: {plan.backbone}, {plan.task}, {plan.objective}"),
        Text(f"on {plan.profile}"),
        _weights(plan),
        title("Search"),
        Text(f"{plan.space}."),
        table(("axis", "kind", "values", "when"), (_axis(axis) for axis in plan.axes)),
        title(f"Data: {plan.source}, {plan.clips.examples} clips"),
        account_view(plan.understood),
        splits_view(plan.splits, plan.groups),
        *([sound_view(plan.sound)] if plan.sound else []),
        Text(_clips(plan)),
        *(part for row in plan.evaluations for part in _evaluation(row)),
        sentences_view(plan.understood.advice, ADVICE),
        title("Stages"),
        Text(_stages(plan)),
        title("What the verdict can show"),
        *_power(plan),
        title("Parameters"),
        _targets(plan),
        title(f"Memory on {plan.device} ({plan.precision}), an estimate"),
        _memory(plan),
        Text(_disk(plan)),
    ]
    if plan.problems:
        parts += [title("Problems", "bold red"), sentences_view(plan.problems)]
    parts += [title("Advice"), sentences_view(plan.warnings, ADVICE), sentences_view(plan.advice)]
    where = " (on a machine with CUDA)" if plan.assumed else ""
    return Group(*parts, title(f"Next{where}"))


def _evaluation(row: EvaluationRow) -> list[RenderableType]:
    said = f"Further test data {row.name}: {row.source}, {row.clips} clips of {row.groups} groups, for stage 2 alone."
    return [Text(said), account_view(row.understood), sentences_view(row.understood.advice, ADVICE)]


def _weights(plan: Plan) -> Text:
    if plan.miniature:
        return Text(f"MINIATURE: {plan.weights_reason}", style="bold yellow")
    return Text(plan.weights_reason)


def _axis(axis: AxisRow) -> tuple[str, str, str, str]:
    when = "; ".join(f"{name} in {', '.join(_shown(v) for v in values)}" for name, values in axis.when.items())
    separator = ", " if axis.kind == "choice" else " to "
    return axis.name, axis.kind, separator.join(_shown(value) for value in axis.values), when


def _shown(value: Any) -> str:
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _clips(plan: Plan) -> str:
    several = bool(plan.clips_otherwise)
    return "\n".join(
        f"{', '.join(clips.backbones) + ': heard are' if several else 'The backbone hears'} {clips.window_seconds:g} s "
        f"at {clips.sample_rate_hz:,} Hz: {_fitted(clips)}."
        for clips in (plan.clips, *plan.clips_otherwise)
    )


def _fitted(clips: ClipCounts) -> str:
    cropped = f"{_many(clips.cropped, 'longer clip')} cropped" if clips.cropped else ""
    padded = f"{_many(clips.padded, 'shorter clip')} padded" if clips.padded else ""
    return ", ".join(filter(None, (cropped, padded))) or "every clip fits"


def _stages(plan: Plan) -> str:
    stages = plan.stages
    untuned = ", and the untuned backbone answers" if stages.untuned_runs else ""
    folds = f" x {stages.inner_folds} folds" if stages.inner_folds > 1 else ""
    outer = f" x {stages.outer_folds} outer folds" if stages.outer_folds > 1 else ""
    cost = f"Outer cross-validation runs all of it {stages.outer_folds} times. " if outer else ""
    return (
        f"{cost}Explore: {stages.trials} trials x {_many(len(stages.explore_seeds), 'seed')}{folds}{outer} = "
        f"{stages.explore_runs} runs of "
        f"{_many(stages.epochs, 'epoch')}, proposed by {plan.sampler}, {_pruning(stages)}. "
        f"Confirm: ({_many(stages.finalists, 'finalist')} + baseline) x "
        f"{_many(len(stages.confirm_seeds), 'seed')}{outer} = {stages.confirm_runs} runs, none pruned{untuned}. "
        f"{_looks(stages)}At most {stages.most_epochs} epochs, {plan.concurrency} at once; a baseline run takes "
        f"{stages.baseline_steps} optimizer steps."
    )


def _pruning(stages: Stages) -> str:
    if not stages.rungs:
        return "none pruned"
    if not PRUNERS[stages.pruner].halves:
        return f"pruned by {stages.pruner} from epoch {stages.rungs[0]} on"
    rungs = ", ".join(map(str, stages.rungs))
    by = f" by {stages.pruner}" if stages.pruner != ASHA else ""
    later = " in the first of its brackets" if stages.pruner == HYPERBAND else ""
    return f"pruned{by} after epoch {rungs} to 1/{stages.reduction_factor}{later}"


def _looks(stages: Stages) -> str:
    if len(stages.looks) == 1:
        return ""
    *early, last = map(str, stages.looks)
    return (
        f"Looked at after {', '.join(early)} and {last} seeds, it stops when all is decided: from "
        f"{stages.fewest_confirm_runs} runs on. "
    )


def stages_in_short(plan: Plan) -> str:
    """`16 trials of up to 3 epochs, then (2 finalists + baseline) x 5 seeds; at most 93 epochs, 2 at once`"""
    stages = plan.stages
    seeds = f" x {_many(len(stages.explore_seeds), 'seed')}" if len(stages.explore_seeds) > 1 else ""
    folds = f" x {stages.inner_folds} folds" if stages.inner_folds > 1 else ""
    up_to = "up to " if len(stages.looks) > 1 else ""
    outer = f", all of it in {stages.outer_folds} outer folds" if stages.outer_folds > 1 else ""
    return (
        f"{_many(stages.trials, 'trial')}{seeds}{folds} of up to {_many(stages.epochs, 'epoch')}, then "
        f"({_many(stages.finalists, 'finalist')} + baseline) x "
        f"{up_to}{_many(len(stages.confirm_seeds), 'seed')}{outer}; at most {stages.most_epochs} epochs"
    )


def _power(plan: Plan) -> list[RenderableType]:
    power = plan.power
    if not power.rows:
        return [Text(power.note)]
    header, *rows = power.table()
    metric = plan.objective.partition(" ")[0].rpartition("/")[2]
    other = "" if metric == "accuracy" else f" ({metric}, which the verdict is about, is not so easily foreseen)"
    found = (
        f"Least difference in accuracy{other}, in points, with 80 % power at the 5 % level: {power.seeds} seeds, "
        f"{power.test_groups} test groups, {power.test_clips} clips."
    )
    return [Text(found), table(header, rows, right_from=1), Text(power.note)]


def _many(count: int, word: str) -> str:
    return f"{count} {word}" + ("" if count == 1 else "s")


def _targets(plan: Plan) -> Table:
    """One row per size and targets: an adapter grows in proportion to its rank, so the ends of the ranks say it all."""
    pairs: dict[tuple[str, str, str], list[TargetRow]] = {}
    several = {row.adapter for row in plan.targets} != {LORA}
    for row in plan.targets:
        below = "" if row.layers is None else f", top {row.layers}"
        kind = f"{row.adapter}: " if several else ""
        what = "none: the whole model" if row.adapter == WHOLE else f"{kind}{row.target_modules}{below}"
        pairs.setdefault((row.backbone, row.model_size, what), []).append(row)
    rows = (
        (
            backbone,
            short_size(size),
            targets,
            f"{of_pair[0].matched_modules:,}",
            _ends([row.rank for row in of_pair]) if of_pair[0].adapter != WHOLE else "-",
            _ends([row.adapter_params for row in of_pair]),
            f"{of_pair[0].head_params:,}",
            _ends([row.trainable_params for row in of_pair]),
            f"{of_pair[0].total_params:,}",
        )
        for (backbone, size, targets), of_pair in pairs.items()
    )
    header = ("backbone", "model_size", "target_modules", "matched_modules", "rank", "adapter_params", "head_params")
    return table((*header, "trainable_params", "total_params"), rows, right_from=3)


def short_size(model_size: str) -> str:
    """Of a folder its name."""
    return Path(model_size).name if Path(model_size).is_absolute() else model_size


def _ends(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _memory(plan: Plan) -> Table:
    header = ("backbone", "model_size", "quantization", "checkpoint", "licence", "needs", "fits", "smallest GPU")
    rows = (
        (
            row.backbone,
            short_size(row.model_size),
            row.quantization + (", trained whole" if row.whole else ""),
            row.checkpoint,
            row.licence,
            f"{row.needed_bytes / GIB:.1f} GiB",
            "yes" if row.fits else "NO",
            f"{row.smallest_gpu_gib} GiB" if row.smallest_gpu_gib else "none known",
        )
        for row in plan.memory
    )
    shown = len(header) if plan.device == "cuda" else -1
    return table(header[:shown], (row[:shown] for row in rows))


_KEPT = {
    LAZY: " (data.store: lazy, so that no sound is kept and clips are decoded again in every epoch)",
    FLOAT32: " (data.store: float32)",
}


def _disk(plan: Plan) -> str:
    download = (
        f", and about {plan.download_bytes / 1e9:.1f} GB of weights in the hub's cache" if plan.download_bytes else ""
    )
    return f"Disk: about {plan.disk_bytes / 1e9:.2f} GB for the results{_KEPT.get(plan.store, '')}{download}."
