"""Whether something beside the sound's content tells the classes apart: sample rate, length, channels, codec, level.

One property at a time classifies groups that it was not fitted to: it is cut into bins, a bin answers the class that is
most frequent in it for its size, and five folds are held out in turn. That is as much as a shallow decision tree on one
property learns, without a library to load. The property is named where the mean recall of the classes goes a share of
the way from chance (1 / classes) to certainty, or one class stands apart from all others, and where hardly any
random permutation of the labels over the groups does as well (a permutation test, Good 2005, Permutation, Parametric
and Bootstrap Tests of Hypotheses): p is MOST_P at most. Clips of one class in one group count as one, at their median.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

FOLDS = 5
FEWEST_BINS, MOST_BINS, ROWS_OF_A_BIN = 4, 16, 4
PERMUTATIONS, MOST_P = 999, 0.003
MOST_ROWS = 2000  # groups that are looked at, evenly taken
GAIN = 0.3  # of the way from chance to certainty
APART = 0.9  # mean of recall and of 1 - false alarms, of one class against all others
SHOWN_CLASSES = 3


@dataclass(frozen=True)
class Property:
    """Something of every clip that a model could learn in place of what it hears."""

    name: str
    values: Sequence[float]
    unit: str = ""
    remedy: str = ""
    gain: float = GAIN
    names: Sequence[str] = ()  # of values that are numbers of names


@dataclass(frozen=True)
class Shortcut:
    property: Property
    score: float  # mean recall of the classes, or of one class and of all others
    chance: float
    label: str | None = None  # the class that it tells from all others; None: it tells classes apart


def shortcuts(properties: Sequence[Property], labels: Sequence[str], groups: Sequence[str]) -> list[Shortcut]:
    """`labels` and `groups`: one for each training clip, in the order of every property's values."""
    classes = sorted(set(labels))
    clips: dict[tuple[str, str], list[int]] = {}
    for index, row in enumerate(zip(groups, labels, strict=True)):
        clips.setdefault(row, []).append(index)
    rows = sorted(clips)
    rows = [rows[index] for index in np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).astype(int)]
    truth = np.array([classes.index(label) for _, label in rows])
    if len(set(truth.tolist())) < len(classes) or len(classes) < 2:
        return []
    found = []
    for each in properties:
        if len(set(each.values)) > 1:
            values = np.array([_median([each.values[index] for index in clips[row]]) for row in rows])
            found += _judged(each, classes, truth, _Folds(values, len(classes)))
    return found


def _median(values: list[float]) -> float:
    """One of the values: some are numbers of names."""
    return sorted(values)[(len(values) - 1) // 2]


def sentence(found: Shortcut, labels: Sequence[str]) -> str:
    """`labels` are those that `shortcuts` had."""
    each = found.property
    told = "the classes apart" if found.label is None else f"{found.label!r} from all others"
    shown = [found.label] if found.label is not None else [label for label, _ in Counter(labels).most_common()]
    ways = ", ".join(f"{label}: {_usual(each, labels, label)}" for label in shown[:SHOWN_CLASSES])
    remedy = f" {each.remedy}" if each.remedy else ""
    name = each.name[:1].upper() + each.name[1:]
    return (
        f"{name} alone tells {told}: right in {found.score:.0%} of what was held out of training, "
        f"{found.chance:.0%} by chance, classes weighing alike ({ways}). A model can learn that in place of the sound."
        f"{remedy}"
    )


def _usual(each: Property, labels: Sequence[str], label: str) -> str:
    values = [value for value, other in zip(each.values, labels, strict=True) if other == label]
    if each.names:
        name, clips = Counter(values).most_common(1)[0]
        return f"{each.names[int(name)]} in {clips / len(values):.0%}"
    median = float(np.median(values))
    return f"{median:,.0f}{each.unit}" if abs(median) >= 100 else f"{median:.3g}{each.unit}"


def _judged(each: Property, classes: Sequence[str], truth: np.ndarray, folds: _Folds) -> list[Shortcut]:
    count = len(classes)
    chance = 1 / count
    recalls, apart = folds.achieved(truth)
    score, best = float(recalls.mean()), int(apart.argmax())
    if score - chance >= each.gain * (1 - chance):
        if folds.is_chance(truth, lambda recalls, _: float(recalls.mean()) >= score):
            return []
        return [Shortcut(each, score, chance)]
    if count == 2 or apart[best] < APART:
        return []
    if folds.is_chance(truth, lambda _, others: float(others.max()) >= apart[best]):
        return []
    return [Shortcut(each, float(apart[best]), 0.5, classes[best])]


class _Folds:
    """Values cut into bins, fold by fold; whatever the labels, the bins are the same."""

    def __init__(self, values: np.ndarray, classes: int) -> None:
        self._classes = classes
        self._rng = np.random.default_rng(0)
        fold = self._rng.permutation(len(values)) % FOLDS
        self._parts = []
        for held_out in range(FOLDS):
            inside, outside = np.flatnonzero(fold == held_out), np.flatnonzero(fold != held_out)
            if len(inside) and len(outside):
                edges = _edges(values[outside])
                bins = np.searchsorted(edges, values, side="right")
                self._parts.append((inside, outside, bins[inside], bins[outside] * classes, len(edges) + 1))

    def achieved(self, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each class, its recall, and the mean of its recall and of that of all others against it; (classes,)."""
        count = self._classes
        confusion = np.zeros((count, count))  # truth, answer
        for inside, outside, bins_inside, bins_outside, bins in self._parts:
            counts = np.bincount(bins_outside + truth[outside], minlength=bins * count).reshape(bins, count)
            weights = counts / np.maximum(1, counts.sum(axis=0))  # rare classes weigh as much as common ones
            answers = weights.argmax(axis=1)[bins_inside]
            confusion += np.bincount(truth[inside] * count + answers, minlength=count**2).reshape(count, count)
        sizes = confusion.sum(axis=1)
        right = confusion.diagonal()
        false = confusion.sum(axis=0) - right
        recalls = right / np.maximum(1, sizes)
        return recalls, (recalls + 1 - false / np.maximum(1, sizes.sum() - sizes)) / 2

    def is_chance(self, truth: np.ndarray, does_as_well: Callable[[np.ndarray, np.ndarray], bool]) -> bool:
        """Whether more permutations do as well than MOST_P allows; gives up as soon as that is so."""
        left = int(MOST_P * (PERMUTATIONS + 1)) - 1
        for _ in range(PERMUTATIONS):
            left -= does_as_well(*self.achieved(self._rng.permutation(truth)))
            if left < 0:
                return True
        return False


def _edges(values: np.ndarray) -> np.ndarray:
    """Between bins: in the middle between values where there are few, else at quantiles."""
    distinct = np.unique(values)
    most = min(MOST_BINS, max(FEWEST_BINS, len(values) // ROWS_OF_A_BIN))
    if len(distinct) > most:
        quantiles: np.ndarray = np.unique(np.quantile(values, np.linspace(0, 1, most + 1)))[1:-1]
        return quantiles
    middle: np.ndarray = (distinct[1:] + distinct[:-1]) / 2
    return middle
