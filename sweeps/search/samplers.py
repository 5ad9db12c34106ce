"""Optuna's samplers by the names that a sweep file gives them, seeded; what each can search: config/sampler_rules.py.

TPE: Bergstra et al. 2011; Gaussian process: GPSampler with expected improvement; CMA-ES: Hansen and Ostermeier 2001, in
the package cmaes; QMC: a scrambled Sobol sequence (Bergstra and Bengio 2012); grid: BruteForceSampler, which knows
conditions, each configuration once in random order.
"""

from __future__ import annotations

import warnings

import optuna

from sweeps.config.sampler_rules import CMAES, GP, GRID, QMC, RANDOM, TPE


def make_sampler(name: str, *, seed: int, results_first: int) -> optuna.samplers.BaseSampler:
    """`results_first`: how many results one that learns has to know before it proposes by them."""
    samplers = optuna.samplers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if name == TPE:
            return samplers.TPESampler(
                seed=seed, n_startup_trials=results_first, multivariate=True, group=True, constant_liar=True
            )
        if name == GP:
            return samplers.GPSampler(seed=seed, n_startup_trials=results_first, warn_independent_sampling=False)
        if name == CMAES:
            return samplers.CmaEsSampler(seed=seed, n_startup_trials=results_first, warn_independent_sampling=False)
        if name == QMC:
            return samplers.QMCSampler(seed=seed, scramble=True, warn_independent_sampling=False)
        if name == RANDOM:
            return samplers.RandomSampler(seed=seed)
        if name == GRID:
            return samplers.BruteForceSampler(seed=seed)
    raise ValueError(f"unknown sampler {name!r}")
