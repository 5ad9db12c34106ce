"""Whether something beside the sound's content tells the classes apart: sample rate, length, channels, codec, level.

One property at a time classifies training clips that it was not fitted to: it is cut into bins, a bin answers the class
that is most frequent in it for its size, and five folds by group are held out in turn. That is as much as a shallow
decision tree on one property learns, without a library to load. A property is a shortcut where the mean recall of the
classes exceeds chance (1 / classes) by a share of what there is to gain and by SIGMAS standard errors, or where one
class stands apart from all others. The standard error takes every recall's variance at its largest, 1/4, and counts
groups, not clips: what is said by it is hardly ever an accident.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FOLDS = 5
MOST_BINS = 16
SIGMAS = 4.0  # one false alarm in some ten thousand properties
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
    score: float  # mean recall, or that of one class and of the others
    chance: float
    label: str | None = None  # the class that it tells from all others; None: it tells classes apart


def shortcuts(properties: Sequence[Property], labels: Sequence[str], groups: Sequence[str]) -> list[Shortcut]:
    """`labels` and `groups`: one for each training clip, in the order of every property's values."""
    classes = sorted(set(labels))
    if len(classes) < 2:
        return []
    truth = np.array([classes.index(label) for label in labels])
    fold = _folds(labels, groups)
    effective = _effective_groups(truth, groups, len(classes))
    found = []
    for each in properties:
        if len(set(each.values)) > 1:
            answers = _held_out_answers(np.asarray(each.values, dtype=float), truth, fold, len(classes))
            shortcut = _judged(each, classes, truth, answers, effective)
            found += [shortcut] if shortcut else []
    return found


def sentence(found: Shortcut, labels: Sequence[str]) -> str:
    """`labels` are those that `shortcuts` had."""
    each = found.property
    told = "the classes apart" if found.label is None else f"{found.label!r} from all others"
    shown = [found.label] if found.label is not None else [label for label, _ in Counter(labels).most_common()]
    ways = ", ".join(f"{label}: {_usual(each, labels, label)}" for label in shown[:SHOWN_CLASSES])
    remedy = f" {each.remedy}" if each.remedy else ""
    name = each.name[:1].upper() + each.name[1:]
    return (
        f"{name} alone tells {told}: right in {found.score:.0%} of training clips that were held out, "
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


def _judged(
    each: Property, classes: Sequence[str], truth: np.ndarray, answers: np.ndarray, effective: np.ndarray
) -> Shortcut | None:
    count = len(classes)
    recalls = np.array([(answers[truth == index] == index).mean() for index in range(count)])
    score, chance = float(recalls.mean()), 1 / count
    error = float(np.sqrt((0.25 / effective).sum())) / count
    if score - chance >= each.gain * (1 - chance) and score - chance > SIGMAS * error:
        return Shortcut(each, score, chance)
    if count == 2:
        return None
    false = np.array([(answers[truth != index] == index).mean() for index in range(count)])
    apart = (recalls + 1 - false) / 2
    best = int(apart.argmax())
    others = effective.sum() - effective[best]
    if apart[best] >= APART and recalls[best] - false[best] > SIGMAS * np.sqrt(0.25 / effective[best] + 0.25 / others):
        return Shortcut(each, float(apart[best]), 0.5, classes[best])
    return None


def _held_out_answers(values: np.ndarray, truth: np.ndarray, fold: np.ndarray, classes: int) -> np.ndarray:
    """(N,) the class that the other folds' bins answer for each clip."""
    answers = np.full(len(values), -1)
    for held_out in range(FOLDS):
        inside, outside = fold == held_out, fold != held_out
        if not inside.any() or not outside.any():
            continue
        edges = _edges(values[outside])
        counts = np.zeros((len(edges) + 1, classes))
        np.add.at(counts, (np.searchsorted(edges, values[outside], side="right"), truth[outside]), 1)
        weights = counts / np.maximum(1, counts.sum(axis=0))  # rare classes weigh as much as common ones
        best = np.where(weights.any(axis=1), weights.argmax(axis=1), -1)
        answers[inside] = best[np.searchsorted(edges, values[inside], side="right")]
    return answers


def _edges(values: np.ndarray) -> np.ndarray:
    """Between bins: in the middle between values where there are few, else at quantiles."""
    distinct = np.unique(values)
    if len(distinct) > MOST_BINS:
        distinct = np.unique(np.quantile(values, np.linspace(0, 1, MOST_BINS + 1)))
    middle: np.ndarray = (distinct[1:] + distinct[:-1]) / 2 if len(distinct) <= MOST_BINS else distinct[1:-1]
    return middle


def _folds(labels: Sequence[str], groups: Sequence[str]) -> np.ndarray:
    """(N,) the fold of each clip: groups of a class are dealt out in turn, as a draw would do, without chance."""
    of_group: dict[str, Counter[str]] = {}
    for label, group in zip(labels, groups, strict=True):
        of_group.setdefault(group, Counter())[label] += 1
    order = sorted(of_group, key=lambda group: (of_group[group].most_common(1)[0][0], group))
    fold = {group: index % FOLDS for index, group in enumerate(order)}
    return np.array([fold[group] for group in groups])


def _effective_groups(truth: np.ndarray, groups: Sequence[str], classes: int) -> np.ndarray:
    """(classes,) how many groups of equal size would be as uncertain as those of each class: (sum n)^2 / sum n^2."""
    sizes = [Counter[str]() for _ in range(classes)]
    for index, group in zip(truth.tolist(), groups, strict=True):
        sizes[index][group] += 1
    return np.array([sum(of.values()) ** 2 / sum(n**2 for n in of.values()) for of in sizes])
