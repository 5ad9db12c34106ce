"""Which choice mattered: how much each axis of a search separates its best trials from the rest.

PED-ANOVA (Watanabe, Bansal and Hutter 2023, arXiv 2304.10255; conditional axes: arXiv 2601.20800), as Optuna has it,
for reaching the best quarter of the trials. Shares sum to 1 over the axes. Intervals are the middle 95 % over resampled
trials; they show how far another search of the same size might have said something else.

Optuna is imported when used.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.record.axes import CHOICE, LOG

if TYPE_CHECKING:
    import optuna
    from optuna.storages import InMemoryStorage
    from optuna.trial import FrozenTrial, TrialState

TRIALS_PER_AXIS = 10
TARGET_QUANTILE = 0.25
RESAMPLES = 100
FEW_LEVELS = 8  # a number with at most so many different values is a choice
LOG_RATIO = 10.0  # a narrower range is never taken on the log

PED_ANOVA_ASKS = (
    "PED-ANOVA asks another question: which axis separates the best quarter of the trials from the rest, whatever the "
    "size of the difference. Where trials are many and nearly equal, an axis worth 0.002 may stand above one worth 0.3 "
    "that the best quarter and the rest had alike; by how much an axis matters the differences above say."
)
SAMPLER_BIAS = (
    "The search proposes more of what did well, so its trials are no fair sample of the space: an axis that was "
    "settled early looks less important than it is, and values that were dropped early rest on few trials."
)


@dataclass(frozen=True)
class Share:
    """One axis: its part of the whole, 0 to 1."""

    axis: str
    share: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Importance:
    """All axes, the most important first; without `shares`, `note` says why there are none."""

    trials: int
    needed: int
    shares: tuple[Share, ...]
    note: str = ""


def importance(
    samples: Sequence[Mapping[str, Any]],
    values: Sequence[float],
    *,
    mode: str,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> Importance:
    """`samples` are the active axes of each trial, `values` what it reached (finite); `mode`: max | min.

    Axes with a single value are passed over; below TRIALS_PER_AXIS trials an axis nothing is estimated.
    """
    axes = open_axes(samples)
    needed = TRIALS_PER_AXIS * len(axes)
    if note := why_nothing(axes, values):
        return Importance(len(samples), needed, (), note)
    trials = _frozen(samples, values, axes)
    whole = _shares(trials, axes, mode)
    drawn = np.array(
        [
            [found[axis] for axis in axes]
            for found in (
                _shares([trials[i] for i in rng.integers(0, len(trials), len(trials))], axes, mode)
                for _ in range(resamples)
            )
        ]
    )
    low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
    rows = [Share(axis, whole[axis], (float(low[i]), float(high[i]))) for i, axis in enumerate(axes)]
    return Importance(len(samples), needed, tuple(sorted(rows, key=lambda row: -row.share)))


def why_nothing(axes: Sequence[str], values: Sequence[float]) -> str:
    """Why nothing can be estimated of these open axes from the trials that reached these values; empty: it can."""
    needed = TRIALS_PER_AXIS * len(axes)
    if not axes:
        return "No axis took more than one value."
    if len(values) < needed:
        return f"too few trials: {len(values)}, and {len(axes)} axes take {needed}"
    return "cannot tell: every trial reached the same value" if max(values) - min(values) <= 0.0 else ""


def open_axes(samples: Sequence[Mapping[str, Any]]) -> list[str]:
    """Those that took more than one value, or were open in some trials only."""
    names = dict.fromkeys(axis for sample in samples for axis in sample)
    return [axis for axis in names if len({str(sample.get(axis)) for sample in samples}) > 1]


def is_choice(values: Sequence[Any], scale: str | None = None) -> bool:
    """Texts are unordered choices. Numbers are none where the file says their `scale`; where nobody says it, those of
    which there are few different ones are."""
    if scale is not None and not any(isinstance(value, str) for value in values):
        return scale == CHOICE
    return any(isinstance(value, str) for value in values) or len(set(values)) <= FEW_LEVELS


def on_log(values: Sequence[float], scale: str | None = None) -> bool:
    """Whether they are drawn on a log scale: as the file says; else where they lie more evenly on it (the less skewed
    of the two) and the range is wide enough."""
    if scale is not None:
        return scale == LOG and min(values) > 0
    if min(values) <= 0 or max(values) / min(values) < LOG_RATIO:
        return False
    plain = np.asarray(values, dtype=float)
    return abs(_skew(np.log(plain))) < abs(_skew(plain))


def _skew(values: np.ndarray) -> float:
    centred = values - values.mean()
    return float((centred**3).mean() / centred.std() ** 3)


def _frozen(
    samples: Sequence[Mapping[str, Any]], values: Sequence[float], axes: Sequence[str]
) -> list[optuna.trial.FrozenTrial]:
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
    from optuna.trial import create_trial

    distributions: dict[str, BaseDistribution] = {}
    for axis in axes:
        taken = [sample[axis] for sample in samples if axis in sample]
        if is_choice(taken):
            distributions[axis] = CategoricalDistribution(sorted(set(taken), key=str))
        else:
            distributions[axis] = FloatDistribution(min(taken), max(taken), log=on_log(taken))
    frozen = []
    for sample, value in zip(samples, values, strict=True):
        if not math.isfinite(value):
            raise ValueError(f"a trial's value must be finite, got {value}")
        active = {axis: sample[axis] for axis in axes if axis in sample}
        frozen.append(
            create_trial(params=active, distributions={axis: distributions[axis] for axis in active}, value=value)
        )
    return frozen


def _shares(trials: Sequence[FrozenTrial], axes: Sequence[str], mode: str) -> dict[str, float]:
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    present = [axis for axis in axes if any(axis in trial.params for trial in trials)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # experimental; single-valued resamples
        study = optuna.create_study(direction="maximize" if mode == "max" else "minimize", storage=_storage(trials))
        evaluator = PedAnovaImportanceEvaluator(target_quantile=TARGET_QUANTILE)
        found = get_param_importances(study, evaluator=evaluator, params=present)
    return {axis: float(found.get(axis, 0.0)) for axis in axes}


def _storage(trials: Sequence[FrozenTrial]) -> InMemoryStorage:
    """What hands out these trials, numbered anew: `Study.add_trials` would check and copy each of them for every
    resample, which costs several times what the evaluator does."""
    from optuna.storages import InMemoryStorage

    numbered = []
    for number, trial in enumerate(trials):
        own = copy.copy(trial)  # one that was drawn twice is two trials
        own.number, own._trial_id = number, number
        numbered.append(own)

    class Drawn(InMemoryStorage):  # type: ignore[misc]  # Optuna is untyped here
        def get_all_trials(
            self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
        ) -> list[FrozenTrial]:
            return numbered

    return Drawn()
