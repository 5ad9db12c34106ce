"""Predictions of several runs brought to the same examples in the same order, or a clear refusal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainables.errors import InputError
from trainables.records import Predictions

SHOWN = 3  # examples that a message names
NUMBERS = {float, int, np.float64}


def aligned(runs: Mapping[str, Predictions]) -> dict[str, Predictions]:
    """The runs' predictions, every one in the order of the first.

    Raises InputError, with every problem found: no runs, no examples, duplicate ids, different example sets, targets
    or groups that differ between runs, outputs or scores that are not finite.
    """
    if not runs:
        raise InputError("There are no predictions to compare.")
    problems = [problem for name, run in runs.items() for problem in _own_problems(name, run)]
    if problems:
        raise InputError(problems)
    first_name, first = next(iter(runs.items()))
    in_order: dict[str, Predictions] = {}
    for name, run in runs.items():
        if run.example_ids == first.example_ids:
            in_order[name] = run
            problems += _disagreements(first_name, first, name, run)
            continue
        missing = set(first.example_ids) - set(run.example_ids)
        extra = set(run.example_ids) - set(first.example_ids)
        if missing or extra:
            problems.append(
                f"{name} and {first_name} were not tested on the same examples: {len(missing)} only in {first_name}"
                f"{_some(missing)}, {len(extra)} only in {name}{_some(extra)}."
            )
            continue
        row_of = {example_id: row for row, example_id in enumerate(run.example_ids)}
        in_order[name] = run.take(np.array([row_of[example_id] for example_id in first.example_ids]))
        problems += _disagreements(first_name, first, name, in_order[name])
    if problems:
        raise InputError(problems)
    return in_order


def correct(predictions: Predictions) -> np.ndarray:
    """(N,) 1.0 where the output is the target, else 0.0: the example scores whose mean is the accuracy."""
    return np.array([o == t for o, t in zip(predictions.outputs, predictions.targets, strict=True)], dtype=float)


def group_numbers(predictions: Predictions) -> tuple[np.ndarray, int]:
    """(N,) each example's group as an index, and the number of groups."""
    index_of: dict[str, int] = {}
    numbers = np.array([index_of.setdefault(group, len(index_of)) for group in predictions.groups])
    return numbers, len(index_of)


def groups_per_class(predictions: Predictions) -> dict[str, int]:
    """How many groups have an example of each class; for tasks without classes, of anything (under the key `all`)."""
    if not predictions.classes:
        return {"all": len(set(predictions.groups))}
    pairs = set(zip(predictions.targets, predictions.groups, strict=True))
    counts = Counter(target for target, _ in pairs)
    return {name: counts.get(name, 0) for name in predictions.classes}


def effective_groups(predictions: Predictions) -> float:
    """How many equal groups the groups weigh like, in the class where that is least: 1 / sum of squared shares.

    Thirty speakers of whom one has half of all clips weigh like 3.9. Kish 1965, Survey Sampling.
    """
    if not predictions.classes:
        return _effective(list(Counter(predictions.groups).values()))
    sizes: dict[str, list[int]] = {}
    for (target, _), count in Counter(zip(predictions.targets, predictions.groups, strict=True)).items():
        sizes.setdefault(target, []).append(count)
    return min(_effective(counts) for counts in sizes.values())


def _effective(sizes: Sequence[int]) -> float:
    return float(sum(sizes) ** 2 / sum(size**2 for size in sizes))


def _own_problems(name: str, run: Predictions) -> list[str]:
    if not len(run):
        return [f"{name} has no predictions."]
    problems = []
    several = len(set(run.example_ids)) < len(run)
    twice = [i for i, count in Counter(run.example_ids).items() if count > 1] if several else []
    if twice:
        problems.append(f"{name} has {len(twice)} example ids more than once{_some(twice)}; each must appear once.")
    for what, values in (("score", run.scores), ("output", run.outputs), ("target", run.targets)):
        rows = _not_finite(values)
        if rows.any():
            bad = [run.example_ids[row] for row in np.flatnonzero(rows)]
            where = f"{len(bad)} examples{_some(bad)}"
            problems.append(f"{name} has {what}s that are NaN, infinite or missing, in {where}.")
    return problems


def _not_finite(values: Any) -> np.ndarray:
    """(N,) True where a row holds a number that is not finite, or nothing at all."""
    if values is None:
        return np.zeros(0, dtype=bool)
    kinds = None if isinstance(values, np.ndarray) else set(map(type, values))
    if kinds is not None and kinds <= {str}:
        return np.zeros(len(values), dtype=bool)
    if kinds is not None and kinds <= NUMBERS:
        values = np.array(values, dtype=float)
    if isinstance(values, np.ndarray) and values.dtype != object:
        bad = ~np.isfinite(values) if np.issubdtype(values.dtype, np.number) else np.zeros(values.shape, dtype=bool)
        return np.asarray(bad.reshape(len(values), -1).any(axis=1))
    return np.array([not isinstance(value, str) and not _finite(value) for value in values], dtype=bool)


def _finite(value: Any) -> bool:
    try:
        return bool(np.isfinite(np.asarray(value, dtype=float)).all())
    except (TypeError, ValueError):
        return value is not None


def _same(a: Any, b: Any) -> bool:
    return a == b if isinstance(a, str) else bool(np.array_equal(a, b))


def _all_same(here: Any, there: Any) -> bool:
    """Whether that can be seen at once: one object, or lists of plain values, which compare quickly."""
    if here is there:
        return True
    plain = all(isinstance(side, list) and set(map(type, side)) <= {str, *NUMBERS} for side in (here, there))
    return plain and bool(here == there)


def _disagreements(first_name: str, first: Predictions, name: str, other: Predictions) -> list[str]:
    problems = []
    for what, here, there in (
        ("targets", first.targets, other.targets),
        ("groups", first.groups, other.groups),
    ):
        if _all_same(here, there):
            continue
        differing = [i for i, a, b in zip(first.example_ids, here, there, strict=True) if not _same(a, b)]
        if differing:
            problems.append(
                f"{name} and {first_name} have different {what} for {len(differing)} examples{_some(differing)}; "
                "were they made from the same manifest?"
            )
    if first.classes != other.classes:
        problems.append(f"{name} and {first_name} have different classes: {other.classes} and {first.classes}.")
    return problems


def _some(example_ids: Sequence[str] | set[str]) -> str:
    names = sorted(map(str, example_ids))
    if not names:
        return ""
    return f" ({', '.join(names[:SHOWN])}{', ...' if len(names) > SHOWN else ''})"
