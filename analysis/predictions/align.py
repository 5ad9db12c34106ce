"""Predictions of several runs brought to the same examples in the same order, or a clear refusal."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trainables.errors import InputError
from trainables.records import Predictions

SHOWN = 3  # examples that a message names
LARGEST = 1e75  # of a target or an output: the cube of a sum of many is still a number
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
    return {name: _sharing(first, run) for name, run in in_order.items()}


def _sharing(first: Predictions, run: Predictions) -> Predictions:
    """The run with the lists of the first where they are the same: one object is compared and looked up at once."""
    shared = [
        what for what in ("example_ids", "groups", "targets") if _all_same(getattr(first, what), getattr(run, what))
    ]
    return replace(run, **{what: getattr(first, what) for what in shared})


def correct(predictions: Predictions) -> np.ndarray:
    """(N,) 1.0 where the output is the target, else 0.0: the example scores whose mean is the accuracy."""
    same = map(operator.eq, predictions.outputs, predictions.targets)
    return np.fromiter(same, dtype=bool, count=len(predictions)).astype(float)


def numbered(values: Sequence[Hashable]) -> tuple[np.ndarray, int]:
    """(N,) each value's number in the order in which they first appear, and how many there are."""
    place = {value: number for number, value in enumerate(dict.fromkeys(values))}
    return np.fromiter(map(place.__getitem__, values), dtype=np.intp, count=len(values)), len(place)


def group_numbers(predictions: Predictions) -> tuple[np.ndarray, int]:
    """(N,) each example's group as an index, and the number of groups."""
    return numbered(predictions.groups)


def groups_per_class(predictions: Predictions) -> dict[str, int]:
    """How many groups have an example of each class; for tasks without classes, of anything (under the key `all`)."""
    if not predictions.classes:
        return {"all": len(set(predictions.groups))}
    found = dict.fromkeys(predictions.classes, 0)
    classes, _, _ = _sizes_by_class(predictions)
    for name, count in zip(dict.fromkeys(predictions.targets), np.bincount(classes).tolist(), strict=True):
        if name in found:
            found[name] = count
    return found


def effective_groups(predictions: Predictions) -> float:
    """How many equal groups the groups weigh like, in the class where that is least: 1 / sum of squared shares.

    Thirty speakers of whom one has half of all clips weigh like 3.9. Kish 1965, Survey Sampling.
    """
    if not predictions.classes:
        numbers, _ = group_numbers(predictions)
        return effective_number(np.bincount(numbers))
    classes, _, sizes = _sizes_by_class(predictions)
    squares = np.bincount(classes, weights=sizes.astype(float) ** 2)
    return float((np.bincount(classes, weights=sizes) ** 2 / squares).min())


def effective_number(sizes: np.ndarray) -> float:
    """How many equal groups those of these sizes weigh like."""
    return float(sizes.sum() ** 2 / (sizes.astype(float) ** 2).sum())


def _sizes_by_class(predictions: Predictions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(P,) each, of every class (in order of first appearance) and group that go together: their numbers, and how many
    examples they have."""
    (classes, _), (groups, count) = numbered(predictions.targets), group_numbers(predictions)
    pairs, sizes = np.unique(classes * count + groups, return_counts=True)
    return pairs // count, pairs % count, sizes


def _own_problems(name: str, run: Predictions) -> list[str]:
    if not len(run):
        return [f"{name} has no predictions."]
    problems = []
    several = len(set(run.example_ids)) < len(run)
    twice = [i for i, count in Counter(run.example_ids).items() if count > 1] if several else []
    if twice:
        problems.append(f"{name} has {len(twice)} example ids more than once{_some(twice)}; each must appear once.")
    for what, values in (("score", run.scores), ("output", run.outputs), ("target", run.targets)):
        rows = _nothing_finite(values) if what == "target" else _not_finite(values)
        if rows.any():
            bad = [run.example_ids[row] for row in np.flatnonzero(rows)]
            where = f"{len(bad)} examples{_some(bad)}"
            problems.append(f"{name} has {what}s that are NaN, infinite or missing, in {where}.")
        elif what != "score" and (rows := _too_large(values)).any():
            bad = [run.example_ids[row] for row in np.flatnonzero(rows)]
            problems.append(
                f"{name} has {what}s beyond {LARGEST:g}, in {len(bad)} examples{_some(bad)}: their squares and cubes "
                "are too large to compute with; write them in another unit."
            )
    return problems


def _too_large(values: Any) -> np.ndarray:
    """(N,) True where a row holds a number that variances and skewnesses cannot be computed of."""
    none = np.zeros(len(values), dtype=bool)
    if any(isinstance(value, str) for value in values[:1]):
        return none
    try:
        table = np.asarray(values, dtype=float).reshape(len(values), -1)
    except (TypeError, ValueError):  # texts, or rows of different lengths, which are refused elsewhere
        return none
    return np.asarray((np.abs(table) > LARGEST).any(axis=1))


def _nothing_finite(targets: Any) -> np.ndarray:
    """(N,) True where a row has no target at all: of several ratings some may be missing."""
    if len(targets) and isinstance(targets[0], list | tuple | np.ndarray):
        table = np.array([np.atleast_1d(np.asarray(row, dtype=float)) for row in targets])
        return np.asarray(~np.isfinite(table).any(axis=1) | np.isinf(table).any(axis=1))
    return _not_finite(targets)


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
    return (
        a == b
        if isinstance(a, str)
        else bool(np.array_equal(np.asarray(a, float), np.asarray(b, float), equal_nan=True))
    )


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
