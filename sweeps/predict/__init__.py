"""A finished sweep's answer to new sound: python -m sweeps.predict SWEEP INPUT..., or `load(SWEEP).predict(paths)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sweeps.predict.model import Model


def load(
    sweep: str | Path,
    *,
    arm: str | None = None,
    seed: int | None = None,
    ensemble: bool = False,
    results: str | None = None,
) -> Model:
    """The tuned model of a sweep, ready to answer; its words as on the command line (`--help`).

    Raises InputError: no such sweep, no verdict, no such arm or seed, weights that cannot be had here.
    """
    from sweeps.predict.model import Model
    from sweeps.predict.tuned import find_tuned

    return Model(find_tuned(str(sweep), results, arm=arm, seed=seed, ensemble=ensemble))
