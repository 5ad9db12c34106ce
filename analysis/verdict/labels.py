"""What an arm is, in the user's words: `wav2vec2` where the question was which backbone, `finalist 1 (rank 16,
attention+mlp)` where that is what tells it from the others.

Records keep the plain names (`finalist 1`), by which folders, tags and commands find an arm; `renamed` gives a verdict
for the eye.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainables.config import WHOLE

if TYPE_CHECKING:  # they load SciPy, and names alone need none
    from analysis.verdict.comparison import Comparison
    from analysis.verdict.result import Verdict

SAY_ALONE = ("backbone", "model_size", "target_modules", "head", "scheduler", "prompt", "adapter")
SHORT = {"learning_rate": "learning rate", "lora_dropout": "dropout", "alpha_ratio": "alpha/rank"}
MOST_AXES = 3  # in a name; the whole configuration stands one step away


def arm_labels(
    configurations: Mapping[str, Sequence[Mapping[str, Any]]], axes: Sequence[str], *, per: str | None = None
) -> dict[str, str]:
    """Arm -> what it is called. `configurations` is arm -> its configurations, several where every outer fold found its
    own; `axes` are those that were open, in the order in which they tell arms apart; `per` is the axis of which every
    finalist is a value. An arm that nothing tells from another keeps its name.
    """
    finalists = [name for name in configurations if name.startswith("finalist")]
    values = {name: {axis: _only(configurations[name], axis) for axis in axes} for name in configurations}
    if per is not None:
        own = {name: values[name].get(per) for name in finalists}
        if all(value is not None for value in own.values()) and len(set(own.values())) == len(finalists):
            return {name: _in_words(per, value) for name, value in own.items()}
    others = finalists if len(finalists) > 1 else [*finalists, *(name for name in values if name == "baseline")]
    telling = [axis for axis in axes if len({repr(values[name][axis]) for name in others}) > 1]
    labels = {}
    for name in finalists:
        chosen: list[str] = []
        for axis in telling[:MOST_AXES]:
            if values[name][axis] is not None:
                chosen.append(_in_words(axis, values[name][axis]))
            if _told_apart(name, others, telling[: telling.index(axis) + 1], values):
                break
        if chosen:
            labels[name] = f"{name} ({', '.join(chosen)})"
    return labels


def renamed(verdict: Verdict) -> Verdict:
    """The verdict with its arms under their labels, in its warnings too."""
    label = verdict.labels
    if not label:
        return verdict

    def of(name: str) -> str:
        return label.get(name, name)

    def both(comparison: Comparison) -> Comparison:
        return replace(
            comparison,
            first=of(comparison.first),
            second=of(comparison.second),
            warnings=tuple(in_words(warning, label) for warning in comparison.warnings),
        )

    untuned = verdict.against_untuned
    return replace(
        verdict,
        rows=tuple(replace(row, name=of(row.name)) for row in verdict.rows),
        against_baseline=tuple(map(both, verdict.against_baseline)),
        among_finalists=tuple(map(both, verdict.among_finalists)),
        against_untuned=None if untuned is None else both(untuned),
        best=of(verdict.best),
        winner=None if verdict.winner is None else of(verdict.winner),
        indistinguishable=tuple(map(of, verdict.indistinguishable)),
        warnings=tuple(in_words(warning, label) for warning in verdict.warnings),
        variety={of(name): varied for name, varied in verdict.variety.items()},
        labels={},
    )


def in_words(text: str, labels: Mapping[str, str]) -> str:
    """A sentence with the arms under their labels."""
    if not labels:
        return text
    names = "|".join(re.escape(name) for name in sorted(labels, key=len, reverse=True))
    return re.sub(rf"\b({names})\b", lambda found: labels[found[1]], text)


def _only(configurations: Sequence[Mapping[str, Any]], axis: str) -> Any:
    """The value of all of them; None where they differ, or have none."""
    found = {repr(configuration.get(axis)): configuration.get(axis) for configuration in configurations}
    return next(iter(found.values())) if len(found) == 1 else None


def _told_apart(name: str, others: Sequence[str], axes: Sequence[str], values: Mapping[str, Mapping[str, Any]]) -> bool:
    own = [values[name][axis] for axis in axes]
    return all(own != [values[other][axis] for axis in axes] for other in others if other != name)


def _in_words(axis: str, value: Any) -> str:
    if axis == "quantization":
        return "not quantized" if value == "none" else str(value)
    if axis == "adapter":
        return "whole model" if value == WHOLE else str(value)
    if axis == "model_size" and Path(str(value)).is_absolute():
        return Path(str(value)).name  # a checkpoint's folder
    shown = f"{value:.2g}" if isinstance(value, float) else str(value)
    return shown if axis in SAY_ALONE else f"{SHORT.get(axis, axis.replace('_', ' '))} {shown}"
