"""Whether a run that was trained again is the run that was recorded: value by value, and answer by answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainables.records import Predictions

IDENTICAL, WITHIN, DIFFERENT = "identical", "within tolerance", "different"

Curves = Mapping[tuple[str, int], float]  # (metric, epoch) -> value


@dataclass(frozen=True)
class Deviation:
    """Something that is not the same."""

    what: str  # val/loss, epoch 2
    recorded: Any
    repeated: Any
    distance: float  # 0 up; inf where there is nothing to compare

    def as_dict(self) -> dict[str, Any]:
        distance = self.distance if math.isfinite(self.distance) else None
        return {"what": self.what, "recorded": self.recorded, "repeated": self.repeated, "distance": distance}


@dataclass(frozen=True)
class Sameness:
    compared: int  # values and answers
    deviations: tuple[Deviation, ...]  # the largest first
    tolerance: float

    @property
    def distance(self) -> float:
        return max((deviation.distance for deviation in self.deviations), default=0.0)

    @property
    def outcome(self) -> str:
        if not self.deviations:
            return IDENTICAL
        return WITHIN if self.distance <= self.tolerance else DIFFERENT


def compare(
    recorded: Curves,
    repeated: Curves,
    recorded_answers: Mapping[str, Predictions],
    repeated_answers: Mapping[str, Predictions],
    recorded_facts: Mapping[str, str],
    repeated_facts: Mapping[str, str],
    *,
    tolerance: float,
) -> Sameness:
    """Every metric of every epoch, every answer by split, and facts that have no distance, such as parameter counts.

    The distance of two numbers is |a - b| / max(1, |a|); of labels and texts it is the share that differs.
    """
    found = [
        Deviation(f"{name}, epoch {epoch}", before, after, _distance(before, after))
        for name, epoch in sorted({*recorded, *repeated}, key=lambda key: (key[1], key[0]))
        if not _same(before := recorded.get((name, epoch)), after := repeated.get((name, epoch)))
    ]
    for split in sorted({*recorded_answers, *repeated_answers}):
        found += _answers(split, recorded_answers.get(split), repeated_answers.get(split))
    found += [
        Deviation(name, recorded_facts[name], repeated_facts[name], math.inf)
        for name in sorted(recorded_facts.keys() & repeated_facts.keys())
        if recorded_facts[name] != repeated_facts[name]
    ]
    compared = len({*recorded, *repeated}) + sum(len(answers) for answers in recorded_answers.values())
    found.sort(key=lambda deviation: -deviation.distance)
    return Sameness(compared, tuple(found), tolerance)


def _same(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is after
    return before == after or (math.isnan(before) and math.isnan(after))


def _distance(before: float | None, after: float | None) -> float:
    if before is None or after is None or not (math.isfinite(before) and math.isfinite(after)):
        return math.inf
    return abs(before - after) / max(1.0, abs(before))


def _answers(split: str, before: Predictions | None, after: Predictions | None) -> list[Deviation]:
    what = f"answers to the {split} clips"
    if before is None or after is None:
        return [Deviation(what, _count(before), _count(after), math.inf)]
    if sorted(before.example_ids) != sorted(after.example_ids):
        shared = len({*before.example_ids} & {*after.example_ids})
        return [Deviation(what, _count(before), f"{_count(after)}, {shared} of the same clips", math.inf)]
    rows = {name: row for row, name in enumerate(after.example_ids)}
    order = [rows[name] for name in before.example_ids]
    found = []
    furthest = _furthest(before.outputs, [after.outputs[row] for row in order])
    if before.targets != [after.targets[row] for row in order]:
        found.append(Deviation(f"targets of the {split} clips", "-", "-", math.inf))
    if furthest is not None:
        found.append(Deviation(what, _count(before), "others", furthest))
    if before.classes != after.classes:
        found.append(Deviation(f"classes of the {split} clips", before.classes, after.classes, math.inf))
    elif before.scores is not None and after.scores is not None:
        furthest = _furthest(list(before.scores), list(after.scores[order]))
        if furthest is not None:
            found.append(Deviation(f"scores of the {split} clips", "-", "-", furthest))
    return found


def _furthest(before: Sequence[Any], after: Sequence[Any]) -> float | None:
    """None where all are the same; the largest distance of numbers, or the share of labels and texts that differ."""
    if all(isinstance(value, str) for value in (*before, *after)):
        changed = sum(old != new for old, new in zip(before, after, strict=True))
        return changed / len(before) if changed else None
    old, new = np.asarray(list(before), dtype=np.float64), np.asarray(list(after), dtype=np.float64)
    if old.shape != new.shape:
        return math.inf
    same = (old == new) | (np.isnan(old) & np.isnan(new))
    if same.all():
        return None
    with np.errstate(invalid="ignore"):
        distances = np.abs(old - new) / np.maximum(1.0, np.abs(old))
    return float(np.nan_to_num(np.where(same, 0.0, distances), nan=math.inf, posinf=math.inf).max())


def _count(answers: Predictions | None) -> str:
    return "none" if answers is None else f"{len(answers)} answers"
