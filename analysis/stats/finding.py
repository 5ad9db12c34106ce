"""What one test or interval says, and about what: the form that every test family answers in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

CLAIMS = {
    "population": "new seeds and new test groups",
    "groups": "new seeds, on these test groups only",
    "models": "these trained models only, on new test groups",
    "examples": "these trained models only, on new examples of these test groups",
    "models_and_groups": "these trained models on these test groups only",
}


class Method(StrEnum):
    """Which test or interval a finding is of: what code asks for. `Finding.name` is for the eye."""

    VERDICT = "verdict"
    MCNEMAR_EXACT = "mcnemar_exact"
    MCNEMAR_MID_P = "mcnemar_mid_p"
    NEWCOMBE = "newcombe"
    TANGO = "tango"
    CLASS_ACCURACY = "class_accuracy"
    WILLIAMS = "williams"
    STEIGER = "steiger"
    MAPSSWE = "mapsswe"
    CROSSED_BOOTSTRAP = "crossed_bootstrap"
    PAIRED_BOOTSTRAP = "paired_bootstrap"
    PERMUTATION = "permutation"
    SIGN_FLIP = "sign_flip"
    WILCOXON = "wilcoxon"
    FIXED_EFFECT = "fixed_effect"
    DERSIMONIAN_LAIRD = "dersimonian_laird"
    HARTUNG_KNAPP = "hartung_knapp"
    COCHRAN_Q = "cochran_q"
    FRIEDMAN = "friedman"
    IMAN_DAVENPORT = "iman_davenport"
    NEMENYI = "nemenyi"
    EQUIVALENT = "equivalent"
    NO_WORSE = "no_worse"
    WITHIN_MARGIN = "within_margin"


RESAMPLED = frozenset({Method.CROSSED_BOOTSTRAP, Method.PAIRED_BOOTSTRAP, Method.PERMUTATION})


@dataclass(frozen=True)
class Finding:
    """One test or interval. `method`, `scope` and `about` tell it from all others beside it.

    Without a p-value `note` says why there is none.
    """

    method: Method
    name: str  # in words
    claim: str  # a key of CLAIMS: what is random, and so what the finding may be said of
    scope: str = ""  # of a part: `seed 42`, `class yes`; empty: of everything
    p_value: float | None = None  # two-sided unless `name` says otherwise
    statistic: float | None = None
    estimate: float | None = None  # first minus second, unless `name` says otherwise
    interval: tuple[float, float] | None = None
    note: str = ""  # limits; measured error rates; why there is no p-value
    about: tuple[str, ...] = ()  # the configurations, where it is not of the pair as it stands

    def as_dict(self) -> dict[str, Any]:
        """Plain values only, the claim in words."""
        interval = None if self.interval is None else list(self.interval)
        plain = {"method": str(self.method), "about": list(self.about), "interval": interval}
        return {**asdict(self), **plain, "claim": CLAIMS[self.claim]}


def out_of_reach(smallest: float, alpha: float) -> str:
    """Why a test whose smallest possible p-value exceeds alpha gives none."""
    return (
        f"cannot tell: the smallest p-value this test can reach here is {smallest:.4g}, above {alpha:.4g}, "
        "whatever the data show"
    )
