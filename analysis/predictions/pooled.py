"""A configuration's answers, pooled: its confirm runs -> seed -> every test clip.

The one rule, for the verdict, the report and `analysis.compare`: the outer folds of a sweep are those that any of its
confirm runs has (without outer cross-validation, one). A seed counts for a configuration where it has a completed run
in every one of them; their answers are joined, folds and seeds in ascending order. A seed that lacks a fold, because a
run failed, is unfinished or left nothing, or because that fold had fewer finalists, would have answered other clips
than the rest: it is left out for this configuration, and `Pooled.note` says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from trainables.records import Predictions

NO_SEED_OF_ITS_OWN = 0  # the untuned backbone's one run stands under this number


@dataclass(frozen=True)
class Part:
    """One confirm run: one seed on the test clips of one outer fold."""

    seed: int | None  # None: nothing was trained, so there is no seed
    fold: str
    answers: Predictions | None  # None: the run failed, is unfinished or left nothing


@dataclass(frozen=True)
class Pooled:
    """What one configuration answered."""

    by_seed: Mapping[int, Predictions]
    left_out: tuple[int | None, ...]  # seeds
    folds: int

    def note(self, name: str) -> str | None:
        """What was left out of the configuration of this name, in a sentence; None where nothing was."""
        if not self.left_out:
            return None
        reason = "no completed confirm run" + (f" in every one of {self.folds} outer folds" if self.folds > 1 else "")
        if self.left_out == (None,):
            return f"{name} was left out: it has {reason}."
        several = len(self.left_out) > 1
        return (
            f"{len(self.left_out)} of {len(self.by_seed) + len(self.left_out)} seeds of {name} "
            f"({', '.join(map(str, self.left_out))}) {'were' if several else 'was'} left out: "
            f"{'they have' if several else 'it has'} {reason}."
        )


def pooled(parts: Iterable[Part], folds: Collection[str]) -> Pooled:
    """`parts`: the confirm runs of one configuration; `folds`: the outer folds of the whole sweep."""
    answers: dict[int | None, dict[str, Predictions]] = {}
    for part in parts:
        own = answers.setdefault(part.seed, {})
        if part.answers is not None:
            own[part.fold] = part.answers
    seeds = sorted(answers, key=lambda seed: (seed is None, seed or 0))
    whole = [seed for seed in seeds if set(folds) <= set(answers[seed])]
    return Pooled(
        {
            NO_SEED_OF_ITS_OWN if seed is None else seed: Predictions.joined([answers[seed][f] for f in sorted(folds)])
            for seed in whole
        },
        tuple(seed for seed in seeds if seed not in whole),
        len(set(folds)),
    )
