"""Who proposes and who prunes: Optuna's TPE (Bergstra et al. 2011) and ASHA (Li et al. 2020, arXiv 1810.05934)."""

from __future__ import annotations

import warnings

import optuna
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search import ConcurrencyLimiter
from ray.tune.search.optuna import OptunaSearch

from sweeps.space import propose
from sweeps.spec import SweepSpec

OBJECTIVE = "objective"


def make_searcher(spec: SweepSpec, *, parallel_trials: int) -> ConcurrencyLimiter:
    """TPE over the file's axes, seeded by the first exploration seed. Without a limit Tune holds one pending trial."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=spec.explore_seeds[0],
            n_startup_trials=max(10, 2 * parallel_trials),
            multivariate=True,
            group=True,
            constant_liar=True,
        )
    searcher = OptunaSearch(
        space=propose(spec),
        metric=OBJECTIVE,
        mode=spec.mode,
        sampler=sampler,
        points_to_evaluate=[dict(point) for point in spec.warm_start] or None,
    )
    return ConcurrencyLimiter(searcher, max_concurrent=parallel_trials)


def make_scheduler(spec: SweepSpec) -> ASHAScheduler:
    """One bracket: a trial is stopped at a rung when it is not among the best 1/reduction_factor seen there so far."""
    return ASHAScheduler(
        time_attr="epoch",
        metric=OBJECTIVE,
        mode=spec.mode,
        max_t=max(spec.train.epochs, spec.grace_epochs),
        grace_period=spec.grace_epochs,
        reduction_factor=spec.reduction_factor,
        brackets=1,
    )
