"""The samplers by which the search proposes, and which spaces each can search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeps.config.adapter_rules import NEED_ADAPTER, RATIO
from sweeps.config.axis import Axis, axes_of, cycle, discrete_values, fixed_of, in_order, open_of
from sweeps.config.resolve import count_configurations
from sweeps.config.scalar_types import Problems
from trainables.config import LORA_PLUS, WHOLE

Values = Mapping[str, Any]
TPE, GP, CMAES, QMC, RANDOM, GRID = "tpe", "gp", "cmaes", "qmc", "random", "grid"


@dataclass(frozen=True)
class Sampler:
    """What a sampler is, for a person and for the rules; made by `sweeps/search/samplers.py`."""

    proposes: str  # how a trial comes about, once the sampler has begun
    conditions: bool  # whether axes may be open only where another has a value
    learns: bool  # from the trials before


SAMPLERS: Mapping[str, Sampler] = {
    TPE: Sampler("proposed by the estimator (TPE) from the trials before", conditions=True, learns=True),
    GP: Sampler("proposed by the Gaussian process from the trials before", conditions=False, learns=True),
    CMAES: Sampler("proposed by CMA-ES from the trials before", conditions=False, learns=True),
    QMC: Sampler("the next point of a Sobol sequence", conditions=False, learns=False),
    RANDOM: Sampler("drawn at random", conditions=True, learns=False),
    GRID: Sampler("the next of all configurations, in random order", conditions=True, learns=False),
}


def sampler_rule(values: Values, problems: Problems) -> None:
    """What the named sampler cannot search. Of axes that were read without a problem."""
    name = values.get("sampler", TPE)
    if name == TPE or problems.touch("search") or problems.touch("sampler") or cycle(axes_of(values)):
        return
    conditional = _conditional(values)
    if conditional and not SAMPLERS[name].conditions:
        able = ", ".join(other for other, sampler in SAMPLERS.items() if sampler.conditions)
        problems.add(
            ("sampler",),
            f"{name} cannot search axes that are open only under a condition ({', '.join(conditional)}): take one of "
            f"{able}, or leave the conditions out{_adapters_own(conditional, values)}",
        )
    if name == CMAES and not any(axis.kind != "choice" for axis in axes_of(values)):
        problems.add(
            ("sampler",),
            "cmaes moves along ranges of numbers (uniform, log_uniform, int, log_int), and every axis is a choice: "
            "take another sampler, or open a range",
        )
    if name == GRID:
        _grid(values, problems)


def _grid(values: Values, problems: Problems) -> None:
    axes, fixed = in_order(axes_of(values)), fixed_of(values)
    continuous = list(dict.fromkeys(axis.name for axis in axes if discrete_values(axis) is None))
    if continuous:
        problems.add(
            ("sampler",),
            f"grid tries every configuration once, and {', '.join(continuous)} has no separate values: write a choice "
            "or whole numbers, or take another sampler",
        )
        return
    count = count_configurations(axes, fixed)
    if count is not None and "trials" in values and values["trials"] > count:
        problems.add(
            ("trials",),
            f"grid tries each of the {count:,} configurations once, got {values['trials']:,}: give at most {count:,}",
        )


def _conditional(values: Values) -> list[str]:
    """Axes that are closed for some configurations."""
    opened = open_of(values)
    return [name for name, one in opened.items() if isinstance(one, tuple) or _may_close(one, values)]


def _adapters_own(conditional: Sequence[str], values: Values) -> str:
    """What to do about conditions that nobody wrote, because a kind of adapter brings them."""
    kinds = set(_values(values.get("search", {}).get("adapter")))
    hints = []
    if WHOLE in kinds and len(kinds) > 1 and set(conditional) & set(NEED_ADAPTER):
        hints.append("adapter none has none of an adapter's axes: take it out of search.adapter, or fix them")
    if LORA_PLUS in kinds and len(kinds) > 1 and RATIO in conditional:
        hints.append(f"{RATIO} is of lora_plus alone: fix it")
    return f" ({'; '.join(hints)})" if hints else ""


def _may_close(axis: Axis, values: Values) -> bool:
    search = values.get("search", {})
    return any(
        not set(_values(search.get(name))) <= set(wanted) or isinstance(search.get(name), tuple)
        for name, wanted in axis.when.items()
    )


def _values(one: Any) -> Sequence[Any]:
    return discrete_values(one) or ()
