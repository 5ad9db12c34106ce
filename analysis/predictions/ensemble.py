"""Several runs of one or more configurations answering together, from their stored predictions.

Classes: probabilities (the softmax of each run's scores) are averaged, and the class with the largest mean is the
answer; the first on a tie. Numbers: outputs are averaged, and so are the thresholds of several labels a clip. Texts
cannot be averaged.

An ensemble is one predictor: what is found about it holds for these trained models, not for their configuration, and
seeds do not stand for its uncertainty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analysis.predictions.align import aligned
from analysis.predictions.scores import probabilities
from trainables.errors import InputError
from trainables.records import Predictions


def ensemble(runs: Sequence[Predictions]) -> Predictions:
    """One prediction per example; `scores` become log-probabilities.

    Raises InputError: no runs, different examples, texts, some runs with scores and some without.
    """
    if any(run.scores is None or not run.classes for run in runs) and any(
        str in set(map(type, r.outputs)) for r in runs
    ):
        raise InputError("An ensemble of class labels needs score columns in every run, and texts cannot be averaged.")
    members = list(aligned({f"member {number}": run for number, run in enumerate(runs, start=1)}).values())
    first = members[0]
    scores = [run.scores for run in members if run.scores is not None and run.classes]
    if len(scores) == len(members):
        mean = np.mean([probabilities(table) for table in scores], axis=0)
        outputs = [first.classes[index] for index in mean.argmax(axis=1)]
        with np.errstate(divide="ignore"):
            return replace(first, outputs=outputs, scores=np.maximum(np.log(mean), np.finfo(float).min))
    mean = np.mean([np.asarray(run.outputs, dtype=float) for run in members], axis=0)
    chosen = [np.asarray(run.thresholds, dtype=float) for run in members if run.thresholds is not None]
    thresholds = list(np.mean(chosen, axis=0)) if len(chosen) == len(members) else None
    return replace(first, outputs=list(mean), scores=None, thresholds=thresholds)
