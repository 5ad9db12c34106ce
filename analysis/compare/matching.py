"""Sources brought together: one metric, the same seeds, the same classes, the same examples in one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.compare.sources import Source
from analysis.predictions.align import aligned
from analysis.predictions.files import labelled
from analysis.predictions.metrics import CLASSIFICATION, DEFAULTS, METRICS, REGRESSION, TAGS, Score, columns
from analysis.predictions.tags import CLASS_AREAS, TAG_METRICS, are_tags
from trainables.errors import InputError
from trainables.records import Predictions

OF_VARYING = ("pearson", "ccc", "r2")  # not defined where the targets are all the same
DISTINCT_TARGETS = 20  # more distinct ones than this, and as many as examples: texts, not labels


def choose_metric(sources: Sequence[Source], name: str | None) -> tuple[Score, list[str]]:
    """The named one; else the one that the sweeps ranked by; else the usual one for the data, and what is to be said.

    Raises InputError: an unknown name, predictions of another kind, texts that may be labels or transcripts.
    """
    everything = [run for source in sources for run in source.runs.values()]
    tags = are_tags(everything)
    known: Mapping[str, Score] = {**METRICS, **TAG_METRICS} if tags else {**METRICS, **CLASS_AREAS}
    if name is not None and name not in known:
        if name in TAG_METRICS:
            raise InputError(
                f"--metric {name}: it is for several labels a clip, with targets that are lists of 0 and 1 and outputs "
                "that are lists of as many probabilities."
            )
        names = ", ".join(dict.fromkeys((*METRICS, *CLASS_AREAS, *TAG_METRICS)))
        raise InputError(f"--metric {name}: there is no such metric; there are {names}.")
    ranked_by = sorted({source.metric for source in sources if source.metric})
    chosen = name or (ranked_by[0] if len(ranked_by) == 1 else None)
    if name is None and chosen == "loss" and not tags and any(run.scores is None for run in everything):
        chosen = None
    if chosen is not None and chosen in known:
        return known[chosen], []
    if tags:
        usual = TAG_METRICS[DEFAULTS[TAGS]]
        why = f"Targets are lists of 0 and 1: they are taken as several labels a clip, and {usual.name} is compared."
        return usual, [why, *_ranked_otherwise(ranked_by, usual)]
    texts = all(_are_texts(run.targets) for run in everything)
    usual = METRICS[DEFAULTS[CLASSIFICATION if texts else REGRESSION]]
    first = everything[0]
    if texts and not first.classes and len(set(first.targets)) == len(first) > DISTINCT_TARGETS:
        raise InputError(
            "Every example has a target of its own: if these are transcripts, say --metric wer or --metric cer; if "
            "they are labels, --metric accuracy."
        )
    return usual, _ranked_otherwise(ranked_by, usual)


def _ranked_otherwise(ranked_by: Sequence[str], usual: Score) -> list[str]:
    if not ranked_by:
        return []
    return [f"The sweeps ranked by {', '.join(ranked_by)}; here {usual.name} is compared (--metric changes it)."]


def _are_texts(values: Sequence[Any]) -> bool:
    return all(issubclass(kind, str | None) for kind in set(map(type, values)))


def check_kind(metric: Score, sources: Sequence[Source]) -> None:
    """Raises InputError where the predictions are not of the metric's kind, or of two kinds."""
    runs = [run for source in sources for run in source.runs.values()]
    texts = all(_are_texts(side) for run in runs for side in (run.targets, run.outputs))
    if not texts:
        _check_all_numbers(sources)
    if texts == (metric.kind in (REGRESSION, TAGS)):
        held = "texts" if texts else "numbers"
        raise InputError(f"The metric {metric.name} is for {metric.kind}, and the targets and outputs are {held}.")
    if texts:
        return
    for run in runs:
        wide, said = (columns(side).shape[1] for side in (run.targets, run.outputs))
        if wide != said:
            raise InputError(
                f"Targets have {wide} numbers an example and outputs {said}; give one output for each target."
            )


def _check_all_numbers(sources: Sequence[Source]) -> None:
    sides = {
        f"the {side} of {source.name}": any(_are_texts(getattr(run, side)) for run in source.runs.values())
        for source in sources
        for side in ("targets", "outputs")
    }
    texts, numbers = ([name for name, own in sides.items() if own is wanted] for wanted in (True, False))
    if texts:
        raise InputError(
            f"Texts cannot be compared with numbers: {' and '.join(texts)} are texts, "
            f"{' and '.join(numbers) or 'other rows'} are numbers. If all are labels, say --metric accuracy and spell "
            "them alike in every file."
        )


def check_margin(metric: Score, margin: float | None) -> None:
    """Raises InputError where every possible difference lies within the margin."""
    widest = metric.most - metric.least
    if margin is not None and margin >= widest:
        raise InputError(
            f"--margin {margin:g}: two values of {metric.name} cannot differ by more than {widest:g}, so this says "
            "nothing; give a smaller one."
        )


def check_varies(metric: Score, sources: Sequence[Source]) -> list[str]:
    """Sentences on columns of ratings that no correlation can be taken of, since their targets are all the same.

    Raises InputError where that is all of them, and for a correlation with outputs that are all the same.
    """
    if metric.name not in OF_VARYING:
        return []
    problems, left_out = [], set()
    for source in sources:
        for seed, run in source.runs.items():
            where = f"{source.name}, seed {seed}" if source.seeded else source.name
            constant, hardly = _constant_columns(run)
            flat = np.flatnonzero(hardly & ~constant)
            if constant.all():
                problems.append(
                    f"{where}: all targets are the same, so {metric.name} is not defined; compare mae or rmse."
                )
            elif metric.name == "pearson" and len(flat):
                of = f" of rating {flat[0] + 1}" if len(constant) > 1 else ""
                problems.append(
                    f"{where}: all outputs{of} are the same, but for rounding, so a correlation is not defined; "
                    "compare mae, rmse or ccc."
                )
            left_out |= set(np.flatnonzero(constant).tolist())
    if problems:
        raise InputError(problems)
    return [
        f"All targets of rating {column + 1} are the same: it has no {metric.name}, and is left out of the mean."
        for column in sorted(left_out)
    ]


def _constant_columns(run: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """(D,) whether a column's targets are all the same, and whether its outputs are, as far as numbers of this size
    tell (`metrics` takes their moments about the targets' mean)."""
    targets, outputs = columns(run.targets), columns(run.outputs)
    constant, hardly = [], []
    for wanted, said in zip(targets.T, outputs.T, strict=True):
        rated = np.isfinite(wanted)
        wanted, said = wanted[rated], said[rated]
        constant.append(not len(wanted) or np.ptp(wanted) == 0.0)
        away = float(np.abs(said - wanted.mean()).max()) if len(wanted) else 0.0
        hardly.append(not len(said) or not np.ptp(said) > 1e-6 * away)
    return np.array(constant), np.array(hardly)


def same_seeds(sources: Sequence[Source]) -> tuple[dict[str, dict[int, Predictions]], list[str]]:
    """name -> seed -> predictions, under seeds that the sources share, and what was done for it."""
    seeded = [source for source in sources if source.seeded]
    runs = {source.name: dict(source.runs) for source in sources}
    if not seeded:
        return runs, []
    warnings = []
    shared = set.intersection(*(set(source.runs) for source in seeded))
    if not shared:
        for source in seeded:
            runs[source.name] = dict(enumerate((source.runs[seed] for seed in sorted(source.runs)), start=1))
        warnings.append(
            "No seed is common to all, so seeds were paired in ascending order and numbered anew; another pairing "
            "would give a slightly different interval."
        )
    seeds = list(runs[seeded[0].name])
    for source in sources:
        if not source.seeded:
            (only,) = source.runs.values()
            runs[source.name] = dict.fromkeys(seeds, only)
            warnings.append(
                f"{source.name} knows no seed: as one fixed model it stands under every seed of the others, and of it "
                "the claim is about this model only."
            )
    return runs, warnings


def with_classes(runs: Mapping[str, Mapping[int, Predictions]]) -> dict[str, dict[int, Predictions]]:
    """All with the same classes: the score columns' where all have the same, else every label that occurs."""
    every = [run for by_seed in runs.values() for run in by_seed.values()]
    named = {run.classes for run in every}
    used = {label for run in every for label in (*run.targets, *run.outputs) if label}
    if len(named) == 1 and every[0].classes and used <= set(every[0].classes):
        classes = every[0].classes
    else:
        classes = tuple(sorted(used.union(*named)))
    return {name: labelled(by_seed, classes) for name, by_seed in runs.items()}


def same_examples(runs: Mapping[str, Mapping[int, Predictions]], metric: Score) -> dict[str, dict[int, Predictions]]:
    """All in the order of the first. Raises InputError with every difference."""
    labels = {(name, seed): f"{name}, seed {seed}" for name, by_seed in runs.items() for seed in by_seed}
    if metric.kind != CLASSIFICATION:  # scores of other kinds of data are not looked at
        runs = {name: {s: replace(p, scores=None, classes=()) for s, p in own.items()} for name, own in runs.items()}
    in_order = aligned({label: runs[name][seed] for (name, seed), label in labels.items()})
    return {name: {seed: in_order[labels[name, seed]] for seed in own} for name, own in runs.items()}
