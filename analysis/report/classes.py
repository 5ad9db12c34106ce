"""The report's account of the classes: what share of each was answered right, and what was taken for what.

A few classes have a row and a column each. Of many only those that a reader looks for stand there: the lowest, the
highest, and the largest confusions first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from analysis.predictions.align import correct
from analysis.predictions.scores import shares_of
from analysis.report import plots
from analysis.report.document import Block, Heading, Matrix, Picture, Pictures, Table, Text
from analysis.report.numbers import signed, value
from analysis.stats.finding import CLAIMS
from analysis.verdict.comparison import compare
from trainables.records import Predictions
from trainables.tasks.certainty import brier_score, expected_calibration_error, reliability

MOST_IN_MATRIX = 12  # classes with a column each
MOST_ROWS = 40  # classes with a row each
LOWEST, HIGHEST = 15, 5  # rows of more classes
MOST_CONFUSIONS = 20
MOST_CURVES = 4  # in a picture
NAMED = 10  # classes in a sentence

Runs = Mapping[int, Predictions]  # seed -> test predictions


def clips_of_classes(tested: Predictions) -> list[Block]:
    """How many test clips and groups each class has, and which have none."""
    clips = Counter(tested.targets)
    groups = {name: {g for t, g in zip(tested.targets, tested.groups, strict=True) if t == name} for name in clips}
    missing = [name for name in tested.classes if not clips[name]]
    blocks: list[Block] = []
    if len(tested.classes) <= MOST_ROWS:
        rows = [(name, f"{clips[name]:,}", f"{len(groups.get(name, ())):,}") for name in tested.classes]
        blocks.append(Table(("class", "test clips", "groups"), rows))
    else:
        counts = [clips[name] for name in tested.classes]
        spread = f"{min(counts):,} to {max(counts):,} test clips, {np.median(counts):g} in the middle"
        same = f"{max(counts):,} test clips each"
        blocks.append(Text(f"{len(counts)} classes of {same if min(counts) == max(counts) else spread}."))
    if missing:
        blocks.append(Text(f"No test clip of {_listed(missing, 'class', 'classes')}.", "warning"))
    return blocks


def per_class(name: str, ours: Runs, theirs: Runs) -> list[Block]:
    """Precision, recall and F1 over seeds; the recall against the baseline's with the interval that the class's own
    clips and groups allow."""
    first = next(iter(ours.values()))
    targets = np.array(first.targets)
    shown = _shown_classes(first.classes, targets, ours)
    rows, claims, cut = [], set(), False
    for label in shown:
        of_class = np.flatnonzero(targets == label)
        groups = len({first.groups[row] for row in of_class})
        precision, recall, f1 = rates(label, ours)
        base_recall, base_f1 = rates(label, theirs)[1:]
        gap, interval = "-", "-" if len(of_class) else "no clip"
        own, base = ({seed: run.take(of_class) for seed, run in runs.items()} for runs in (ours, theirs))
        if len(of_class) and own.keys() & base.keys():
            found = compare(own, base, _accuracy, metric_name="accuracy", names=(name, "baseline"))
            gap = signed(found.difference)
            interval, was_cut = share_interval(found.interval)
            cut |= was_cut
            if found.claim != "population":
                claims.add(found.claim)
                interval += " *"
        cells = map(value, (precision, recall, f1, base_recall, base_f1))
        rows.append((label, str(len(of_class)), str(groups), *cells, gap, interval))
    header = (
        "class", "clips", "groups", "precision", "recall", "F1", "baseline: recall", "F1", "recall minus baseline",
        "95 % interval",
    )  # fmt: skip
    of_many = (
        f"Of {len(first.classes)} classes the {LOWEST} with the lowest recall and the {HIGHEST} with the highest. "
        if len(shown) < len(first.classes)
        else ""
    )
    caption = (
        f"{of_many}{name}, means over seeds. Recall: the share of a class's clips that are answered right; precision: "
        "the share of an answer's clips that are of its class; F1: their harmonic mean. Intervals are not corrected "
        "for the number of classes."
    )
    notes = [Text(f"* The claim is about {CLAIMS[claim]}.", "note") for claim in sorted(claims)]
    if cut:
        notes.append(
            Text("Intervals end at -1 or 1 where so few seeds and groups allow more: a share has no more room.", "note")
        )
    return [Heading("Per class"), Table(header, rows, caption), *notes]


def rates(label: str, runs: Runs) -> tuple[float | None, float | None, float | None]:
    """Precision, recall and F1 of a class, means over the runs that have them; None where none has."""
    found: tuple[list[float], list[float], list[float]] = ([], [], [])
    for run in runs.values():
        wanted = np.array([target == label for target in run.targets])
        given = np.array([output == label for output in run.outputs])
        right = float((wanted & given).sum())
        counts = (float(given.sum()), float(wanted.sum()), float(given.sum() + wanted.sum()))
        for place, (times, among) in enumerate(zip((right, right, 2 * right), counts, strict=True)):
            if among:
                found[place].append(times / among)
    precision, recall, f1 = (float(np.mean(values)) if values else None for values in found)
    return precision, recall, f1


def share_interval(interval: tuple[float, float] | None) -> tuple[str, bool]:
    """An interval of a difference of shares within [-1, 1], and whether it was cut; where nothing is left of it, that
    there are too few seeds."""
    if interval is None:
        return "cannot tell", False
    low, high = max(-1.0, interval[0]), min(1.0, interval[1])
    if (low, high) == (-1.0, 1.0):
        return "too few seeds to say", False
    return f"{signed(low)} to {signed(high)}", (low, high) != tuple(interval)


def confusions(name: str, ours: Runs) -> Table | Matrix:
    """A matrix of few classes; of many, the pairs that were confused most."""
    runs = list(ours.values())
    counts = Counter(pair for run in runs for pair in zip(run.targets, run.outputs, strict=True))
    classes = runs[0].classes
    if len(classes) <= MOST_IN_MATRIX:
        means = [[counts[target, output] / len(runs) for output in classes] for target in classes]
        return Matrix(classes, means, f"{name}: clips by class and answer, mean over seeds.")
    wrong = [(count, *pair) for pair, count in counts.items() if pair[0] != pair[1]]
    wrong.sort(key=lambda confused: (-confused[0], *confused[1:]))
    of_class = Counter(runs[0].targets)
    body = [
        (target, output, f"{count / len(runs):.1f}", f"{count / len(runs) / of_class[target]:.0%}")
        for count, target, output in wrong[:MOST_CONFUSIONS]
    ]
    every = sum(count for count, *_ in wrong) / len(runs)
    listed = sum(count for count, *_ in wrong[:MOST_CONFUSIONS]) / len(runs)
    caption = (
        f"{name}: what was taken for what, mean over seeds, the largest first. {every:.1f} of {len(runs[0])} clips are "
        f"answered wrong, {listed:.1f} of them in these pairs of classes."
    )
    return Table(("is", "answered", "clips", "share of the class"), body, caption)


def certainty(arms: Sequence[tuple[str, Runs]]) -> list[Block]:
    """How far each arm's probabilities can be trusted; nothing where an arm has none."""
    rows, drawn = [], []
    for name, runs in arms[:MOST_CURVES]:
        if any(run.scores is None for run in runs.values()):
            return []
        parts = [shares_of(run) for run in runs.values()]
        figures = [
            (
                shares.max(axis=1).mean(),
                (shares.argmax(axis=1) == wanted).mean(),
                expected_calibration_error(wanted, shares),
                brier_score(wanted, shares),
            )
            for wanted, shares in parts
        ]
        rows.append((name, *(value(float(mean)) for mean in np.mean(figures, axis=0))))
        wanted, shares = (np.concatenate(side) for side in zip(*parts, strict=True))
        drawn.append((name, reliability(wanted, shares)))
    if not rows:
        return []
    caption = (
        "Means over seeds. An arm whose answers have a higher probability than they are right is too sure of itself. "
        "ECE: expected calibration error, how far the two are apart in bins of equal probabilities (0 is best); Brier: "
        "mean squared distance of the probabilities from the right answer (0 is best)."
    )
    header = ("arm", "mean probability of its answers", "right", "ECE", "Brier")
    picture = Picture(
        "reliability",
        plots.reliability(drawn),
        "On the dashed line probabilities are kept; below it answers are less often right than they say. Clips of all "
        "seeds together.",
    )
    return [Heading("How sure the answers are"), Table(header, rows, caption), Pictures([picture])]


def _shown_classes(classes: Sequence[str], targets: np.ndarray, runs: Runs) -> list[str]:
    if len(classes) <= MOST_ROWS:
        return list(classes)
    right = np.mean([correct(run) for run in runs.values()], axis=0)
    shares = {label: float(right[targets == label].mean()) for label in classes if (targets == label).any()}
    ordered = sorted(shares, key=lambda label: (shares[label], label))
    return ordered if len(ordered) <= LOWEST + HIGHEST else [*ordered[:LOWEST], *ordered[-HIGHEST:]]


def _accuracy(predictions: Predictions) -> float:
    return float(correct(predictions).mean())


def _listed(names: Sequence[str], one: str, several: str) -> str:
    if len(names) == 1:
        return f"{one} {names[0]}"
    more = len(names) - NAMED
    return f"{len(names)} {several}: {', '.join(names[:NAMED])}" + (f" and {more} more" if more > 0 else "")
