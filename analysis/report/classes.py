"""The report's account of the classes: what share of each was answered right, and what was taken for what.

A few classes have a row and a column each. Of many only those that a reader looks for stand there: the lowest, the
highest, and the largest confusions first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from analysis.predictions.align import correct
from analysis.report.document import Block, Heading, Table, Text
from analysis.report.numbers import signed, value
from analysis.stats.finding import CLAIMS
from analysis.verdict.comparison import compare
from trainables.records import Predictions

MOST_IN_MATRIX = 12  # classes with a column each
MOST_ROWS = 40  # classes with a row each
LOWEST, HIGHEST = 15, 5  # rows of more classes
MOST_CONFUSIONS = 20
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
    """Recall over seeds; against the baseline with the interval that the class's own clips and groups allow."""
    first = next(iter(ours.values()))
    targets = np.array(first.targets)
    shown = _shown_classes(first.classes, targets, ours)
    rows, claims = [], set()
    for label in shown:
        of_class = np.flatnonzero(targets == label)
        groups = len({first.groups[row] for row in of_class})
        if not len(of_class):
            rows.append((label, "0", "0", "-", "-", "-", "no clip"))
            continue
        own, base = ({seed: run.take(of_class) for seed, run in runs.items()} for runs in (ours, theirs))
        means = [_recall(runs) for runs in (own, base)]
        gap, interval = "-", "-"
        if own.keys() & base.keys():
            found = compare(own, base, _accuracy, metric_name="accuracy", names=(name, "baseline"))
            gap = signed(found.difference)
            low_high = found.interval
            interval = "cannot tell" if low_high is None else f"{signed(low_high[0])} to {signed(low_high[1])}"
            if found.claim != "population":
                claims.add(found.claim)
                interval += " *"
        rows.append((label, str(len(of_class)), str(groups), value(means[0]), value(means[1]), gap, interval))
    header = ("class", "clips", "groups", name, "baseline", "difference", "95 % interval")
    of_many = (
        f"Of {len(first.classes)} classes the {LOWEST} with the lowest share and the {HIGHEST} with the highest. "
        if len(shown) < len(first.classes)
        else ""
    )
    caption = (
        f"{of_many}Share of each class answered right, mean over seeds. Intervals are not corrected for the number of "
        "classes."
    )
    notes = [Text(f"* The claim is about {CLAIMS[claim]}.", "note") for claim in sorted(claims)]
    return [Heading("Per class"), Table(header, rows, caption), *notes]


def confusions(name: str, ours: Runs) -> Table:
    """A matrix of few classes; of many, the pairs that were confused most."""
    runs = list(ours.values())
    counts = Counter(pair for run in runs for pair in zip(run.targets, run.outputs, strict=True))
    classes = runs[0].classes
    if len(classes) <= MOST_IN_MATRIX:
        rows = [(target, *(f"{counts[target, output] / len(runs):.1f}" for output in classes)) for target in classes]
        return Table(("is \\ answered", *classes), rows, f"{name}: clips by class and answer, mean over seeds.")
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


def _shown_classes(classes: Sequence[str], targets: np.ndarray, runs: Runs) -> list[str]:
    if len(classes) <= MOST_ROWS:
        return list(classes)
    right = np.mean([correct(run) for run in runs.values()], axis=0)
    shares = {label: float(right[targets == label].mean()) for label in classes if (targets == label).any()}
    ordered = sorted(shares, key=lambda label: (shares[label], label))
    return ordered if len(ordered) <= LOWEST + HIGHEST else [*ordered[:LOWEST], *ordered[-HIGHEST:]]


def _recall(runs: Runs) -> float | None:
    return float(np.mean([correct(run).mean() for run in runs.values()])) if runs else None


def _accuracy(predictions: Predictions) -> float:
    return float(correct(predictions).mean())


def _listed(names: Sequence[str], one: str, several: str) -> str:
    if len(names) == 1:
        return f"{one} {names[0]}"
    more = len(names) - NAMED
    return f"{len(names)} {several}: {', '.join(names[:NAMED])}" + (f" and {more} more" if more > 0 else "")
