"""What would embarrass a winner: the value of one answer given to every clip, how little an arm's answers vary, and
answers that run on.

A test of two arms cannot see it: where both say the majority class to every clip, they are equal, and one that has
learned a single sentence may well beat one that has learned nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.predictions.metrics import columns
from analysis.predictions.text_rows import word_edits
from trainables.records import Predictions
from trainables.tasks.word_codes import comparable

MOST_CANDIDATES = 20  # of the commonest targets, as a constant answer
MOST_CLIPS = 2_000  # evenly taken, on which the best of the candidates is chosen; its value is that of all clips
SAME_SHARE = 0.8  # of an arm's clips with one answer: it has hardly learned to tell them apart
RUNAWAY_FACTOR, RUNAWAY_WORDS = 2, 10  # longer than this many times what was said, and by more words than this
RUNAWAY_SHARE = 0.1  # of all word errors: fewer are no news


@dataclass(frozen=True)
class Constant:
    """The best single answer to every test clip. Its value is a floor: who is below it has learned nothing of use."""

    answer: str
    value: float

    def beaten_by(self, value: float, mode: str) -> bool:
        return value > self.value if mode == "max" else value < self.value


@dataclass(frozen=True)
class Variety:
    """The answers of an arm's least varied run."""

    seed: int
    clips: int
    different: int  # answers
    answer: str  # the commonest
    times: int  # that it was given
    wanted: int  # clips to which it is the answer

    @property
    def hardly_any(self) -> bool:
        """Whether one answer was given to nearly all clips, and to many that want another."""
        return self.times >= SAME_SHARE * self.clips and self.times - self.wanted > (1 - SAME_SHARE) / 2 * self.clips


def best_constant(
    runs: Sequence[Predictions], metric: Callable[[Predictions], float], mode: str = "max"
) -> Constant | None:
    """By `metric`, out of the commonest targets and the commonest answer of each run, all of one test set.

    Of ratings it is each rating's mean or median. None where every clip wants the same answer.
    """
    first = runs[0]
    if not _are_texts(first.targets):
        return _best_rating(first, metric, mode)
    targets = Counter(first.targets) if _are_texts(first.targets) else Counter[str]()
    if len(targets) < 2:
        return None
    candidates = [answer for answer, _ in targets.most_common(MOST_CANDIDATES)]
    candidates += [Counter(run.outputs).most_common(1)[0][0] for run in runs if _are_texts(run.outputs)]
    known = set(first.classes)
    candidates = [answer for answer in dict.fromkeys(candidates) if not known or answer in known]
    some = first if len(first) <= MOST_CLIPS else first.take(np.linspace(0, len(first) - 1, MOST_CLIPS).astype(int))
    values = {answer: metric(_always(some, answer, targets)) for answer in candidates}
    finite = {answer: value for answer, value in values.items() if np.isfinite(value)}
    if not finite:
        return None
    best = (max if mode == "max" else min)(finite, key=lambda answer: finite[answer])
    value = finite[best] if some is first else metric(_always(first, best, targets))
    return Constant(best, float(value)) if np.isfinite(value) else None


def _best_rating(run: Predictions, metric: Callable[[Predictions], float], mode: str) -> Constant | None:
    targets = columns(run.targets)
    known = np.unique(targets[np.isfinite(targets)])
    mean = "the share of each label" if set(known) <= {0.0, 1.0} else "the mean of each rating"
    candidates = {mean: np.nanmean(targets, axis=0), "its median": np.nanmedian(targets, axis=0)}
    values = {name: metric(replace(run, outputs=[answer] * len(run))) for name, answer in candidates.items()}
    finite = {name: value for name, value in values.items() if np.isfinite(value)}
    if not finite or len(known) < 2:
        return None
    best = (max if mode == "max" else min)(finite, key=lambda name: finite[name])
    return Constant(best, float(finite[best]))


def _always(run: Predictions, answer: str, targets: Counter[str]) -> Predictions:
    """One answer to every clip; with the frequencies of the classes as probabilities, which no constant can better."""
    scores = None
    if run.scores is not None:
        shares = np.array([max(targets[name], 1e-9) for name in run.classes], dtype=float)
        scores = np.tile(np.log(shares / shares.sum()), (len(run), 1))
    return replace(run, outputs=[answer] * len(run), scores=scores)


def least_variety(runs: Mapping[int, Predictions]) -> Variety | None:
    """Of the run with the most clips under one answer; None where answers are numbers."""
    found = [
        _variety(seed, run)
        for seed, run in runs.items()
        if len(run) and _are_texts(run.outputs) and _are_texts(run.targets)
    ]
    return max(found, key=lambda variety: variety.times / variety.clips, default=None)


def _variety(seed: int, run: Predictions) -> Variety:
    answers = Counter(run.outputs)
    answer, times = answers.most_common(1)[0]
    return Variety(seed, len(run), len(answers), answer, times, wanted=run.targets.count(answer))


def runaway_note(name: str, runs: Mapping[int, Predictions]) -> str | None:
    """A sentence where answers that run on make much of an arm's word errors; None where they do not."""
    clips = long = 0
    found = []
    for run in runs.values():
        if run.classes or not (_are_texts(run.targets) and _are_texts(run.outputs)):
            return None
        said, heard = (np.fromiter(map(len, side), dtype=int) for side in comparable(run.targets, run.outputs))
        runs_on = (heard > RUNAWAY_FACTOR * said) & (heard > said + RUNAWAY_WORDS)
        clips, long = clips + len(run), long + int(runs_on.sum())
        found.append((run, runs_on))
    if not long:
        return None
    by_run = [(word_edits(run.targets, run.outputs)[:, 0], runs_on) for run, runs_on in found]
    errors = sum(int(wrong.sum()) for wrong, _ in by_run)
    errors_of_long = sum(int(wrong[runs_on].sum()) for wrong, runs_on in by_run)
    if errors_of_long < RUNAWAY_SHARE * errors:
        return None
    return (
        f"{name}: {long} of {clips} answers run on (more than {RUNAWAY_FACTOR} times as long as what was said, by more "
        f"than {RUNAWAY_WORDS} words) and make {errors_of_long / errors:.0%} of its word errors."
    )


def _are_texts(values: Sequence[Any]) -> bool:
    return len(values) > 0 and isinstance(values[0], str)
