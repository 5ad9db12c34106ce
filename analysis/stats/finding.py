"""What one test or interval says, and about what: the form that every test family answers in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

CLAIMS = {
    "population": "new seeds and new test groups",
    "groups": "new seeds, on these test groups only",
    "models": "these trained models only, on new test groups",
    "examples": "these trained models only, on new examples of these test groups",
    "models_and_groups": "these trained models on these test groups only",
}


@dataclass(frozen=True)
class Finding:
    """One test or interval. Without a p-value `note` says why there is none."""

    name: str
    claim: str  # a key of CLAIMS: what is random, and so what the finding may be said of
    scope: str = ""  # of a part: `seed 42`, `class yes`; empty: of everything
    p_value: float | None = None  # two-sided unless `name` says otherwise
    statistic: float | None = None
    estimate: float | None = None  # first minus second, unless `name` says otherwise
    interval: tuple[float, float] | None = None
    note: str = ""  # limits; measured error rates; why there is no p-value

    def as_dict(self) -> dict[str, Any]:
        """Plain values only, the claim in words."""
        interval = None if self.interval is None else list(self.interval)
        return {**asdict(self), "claim": CLAIMS[self.claim], "interval": interval}


def out_of_reach(smallest: float, alpha: float) -> str:
    """Why a test whose smallest possible p-value exceeds alpha gives none."""
    return (
        f"cannot tell: the smallest p-value this test can reach here is {smallest:.4g}, above {alpha:.4g}, "
        "whatever the data show"
    )
