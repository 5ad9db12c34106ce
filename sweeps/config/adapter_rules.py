"""Which axes belong to which adapter, so that nobody has to write their conditions. Rules about both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sweeps.config.axis import Axis, discrete_values
from sweeps.config.scalar_types import Problems
from trainables.config import ADAPTERS, LORA, LORA_PLUS, OF_ADAPTERS, WHOLE

Values = Mapping[str, Any]

NEED_ADAPTER = (*OF_ADAPTERS, "alpha_ratio")
RATIO = "lora_plus_ratio"


def with_own_conditions(values: Values) -> dict[str, Any]:
    """The values of a file, with what an axis of an adapter needs as its condition: rank, alpha and their like an
    adapter at all, where a configuration may have none; LoRA+'s ratio LoRA+. An axis whose `when:` speaks of the
    adapter stays as it is."""
    search = values.get("search", {})
    offered = _offered(values)
    needs: dict[str, tuple[str, ...]] = {}
    if WHOLE in offered:
        needs = dict.fromkeys(NEED_ADAPTER, tuple(name for name in offered if name != WHOLE))
    if LORA_PLUS in offered and offered != (LORA_PLUS,):
        needs[RATIO] = (LORA_PLUS,)
    conditioned = {
        name: _needing(value, needs[name]) if needs.get(name) and "adapter" in search else value
        for name, value in search.items()
    }
    return {**values, "search": conditioned} if "search" in values else dict(values)


def adapter_rule(values: Values, problems: Problems) -> None:
    """What is said of an adapter that no configuration of the search can have."""
    search = values.get("search", {})
    if problems.touch("search", "adapter"):
        return
    in_search = discrete_values(search.get("adapter", LORA)) or ()
    if set(in_search) == {WHOLE}:
        for name in NEED_ADAPTER:
            if name in search and not problems.touch("search", name):
                problems.add(
                    ("search", name),
                    "adapter none trains the model whole, and reads this not: leave it out (in the baseline too), "
                    "or let adapter be another",
                )
    if RATIO in search and LORA_PLUS not in _offered(values) and not problems.touch("search", RATIO):
        problems.add(
            ("search", RATIO),
            "is of adapter lora_plus alone, which the search never takes: leave it out, or add lora_plus to "
            "search.adapter",
        )


def _offered(values: Values) -> tuple[str, ...]:
    """Every adapter that a configuration of the sweep may have, the baseline included, in the order of ADAPTERS."""
    found = set(discrete_values(values.get("search", {}).get("adapter", LORA)) or ())
    points: Sequence[Values] = [values.get("baseline", {}), *values.get("warm_start", ())]
    found |= {point["adapter"] for point in points if "adapter" in point}
    return tuple(name for name in ADAPTERS if name in found)


def _needing(value: Any, adapters: tuple[str, ...]) -> Any:
    if isinstance(value, tuple):
        return tuple(_needing(one, adapters) for one in value)
    if not isinstance(value, Axis) or "adapter" in value.when:
        return value
    return replace(value, when={**value.when, "adapter": adapters})
