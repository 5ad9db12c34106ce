"""`--require`: a comparison as a gate in continuous integration. What was required, of B against A, and was it shown?

A is what stands, B what is to replace it. `better`: the verdict finds B better. `not-worse`: B is shown to be worse by
less than the margin (one-sided, at the level). `equivalent`: the difference is shown to lie within the margin. Too
little data shows nothing, and the requirement is not met.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.compare.comparison import Compared
from analysis.stats.finding import Method
from trainables.errors import InputError

BETTER, NOT_WORSE, EQUIVALENT = "better", "not-worse", "equivalent"


@dataclass(frozen=True)
class Requirement:
    kind: str
    met: bool
    p_value: float | None
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        return {"require": self.kind, "met": self.met, "p_value": self.p_value, "sentence": self.sentence}


def check_requirement(kind: str | None, configurations: int, margin: float | None) -> None:
    """Raises InputError where the request cannot be judged."""
    if kind is None:
        return
    problems = []
    if configurations != 2:
        problems.append(f"--require {kind} judges B against A: name two configurations, not {configurations}.")
    if kind != BETTER and margin is None:
        problems.append(f"--require {kind} needs --margin: the largest difference that does not matter.")
    if problems:
        raise InputError(problems)


def judged(found: Compared, kind: str, margin: float | None) -> Requirement:
    """Of two configurations; `check_requirement` has passed."""
    (pair,) = found.pairs
    c = pair.comparison
    lead = -c.difference if found.verdict.mode == "max" else c.difference  # of B, above 0 where it is better
    shown = f"{c.second} is {'better' if lead > 0 else 'worse'} by {abs(lead):.4g} on {c.metric}"
    if kind == BETTER:
        met, p_value = c.favours(found.verdict.mode) == c.second, c.adjusted_p_value
        return Requirement(kind, met, p_value, f"{_outcome(met, kind)}: {shown}{_p(p_value)}.")
    asked = (Method.NO_WORSE, (c.second,)) if kind == NOT_WORSE else (Method.EQUIVALENT, ())
    p_value = next(finding.p_value for finding in pair.findings if (finding.method, finding.about) == asked)
    alike = (
        c.difference == 0.0
        and (p_value is None or c.estimate is None)  # McNemar decided, and nothing divides the two
        and not any(each.only_first_right or each.only_second_right for each in c.discordant)
    )
    met = alike or (p_value is not None and p_value <= found.verdict.alpha)
    why = " and never differs" if alike else _p(p_value)
    return Requirement(kind, met, p_value, f"{_outcome(met, kind)} within {margin:g}: {shown}{why}.")


def _outcome(met: bool, kind: str) -> str:
    return f"Required {kind}: {'shown' if met else 'NOT shown'}"


def _p(p_value: float | None) -> str:
    return ", nothing can be tested" if p_value is None else f", p = {p_value:.4g}"
