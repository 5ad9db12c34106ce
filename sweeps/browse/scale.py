"""Where a value stands on an axis: numbers in even steps or by their logarithm, choices side by side."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sweeps.stage.live_table import short

LOGARITHMIC = ("log_uniform", "log_int")
MOST_TICKS = 5
LEAST = 1e-300  # of a logarithmic axis


@dataclass(frozen=True)
class Scale:
    """`low` and `high` are in the units of the axis; of choices there are none."""

    low: float = 0.0
    high: float = 1.0
    logarithmic: bool = False
    choices: tuple[str, ...] = ()  # as JSON; empty: numbers

    def place(self, value: Any) -> float | None:
        """0 at the low end, 1 at the high one; None where the value has no place: no number, not finite, no choice."""
        if self.choices:
            return self._places.get(_key(value))
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        if self.logarithmic:
            return None if value <= LEAST else _share(math.log(value), math.log(self.low), math.log(self.high))
        return _share(value, self.low, self.high)

    @cached_property
    def _places(self) -> dict[str, float]:
        last = len(self.choices) - 1
        return {choice: index / last if last else 0.5 for index, choice in enumerate(self.choices)}

    def ticks(self) -> list[tuple[float, str]]:
        """(place, what is written there), from the low end up."""
        if self.choices:
            return [(self.place(json.loads(key)) or 0.0, short(json.loads(key))) for key in self.choices]
        values = _decades(self.low, self.high) if self.logarithmic else _even(self.low, self.high)
        return [(place, _written(value)) for value in values if (place := self.place(value)) is not None]


def _key(value: Any) -> str:
    """Choices are plain values of a YAML file; of most the JSON is known without asking."""
    return f'"{value}"' if isinstance(value, str) and value.isalnum() and value.isascii() else json.dumps(value)


def scale_of(axes: Sequence[Mapping[str, Any]], seen: Iterable[Any] = ()) -> Scale:
    """Of an axis of the search, which may have several entries of one name; `seen` are values that it has had besides,
    when it was another one."""
    if any(axis["kind"] == "choice" for axis in axes):
        values = [value for axis in axes for value in axis["values"]]
        return Scale(choices=tuple(dict.fromkeys(json.dumps(value) for value in [*values, *seen])))
    numbers = [*(value for axis in axes for value in axis["values"]), *seen]
    return numeric(numbers, logarithmic=all(axis["kind"] in LOGARITHMIC for axis in axes))


def rounded(values: Iterable[Any]) -> Scale:
    """As `numeric`, from a round number to a round number."""
    own = numeric(values)
    step = _step(own.low, own.high)
    return Scale(math.floor(own.low / step + 1e-9) * step, math.ceil(own.high / step - 1e-9) * step)


def numeric(values: Iterable[Any], *, logarithmic: bool = False) -> Scale:
    """From the least to the greatest of these numbers; what is none is passed over."""
    known = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)]
    known = [value for value in known if value > LEAST] if logarithmic else known
    if not known:
        return Scale(logarithmic=False)
    low, high = min(known), max(known)
    size = max(abs(low), abs(high), 1e-6)
    if high - low <= 1e-12 * size:  # all alike
        low, high = (low / 2, high * 2) if logarithmic else (low - size / 2, high + size / 2)
    return Scale(low, high, logarithmic)


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


def _even(low: float, high: float) -> list[float]:
    """Round numbers."""
    step = _step(low, high)
    first = math.ceil(low / step - 1e-9)
    return [round(step * n, 12) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _step(low: float, high: float) -> float:
    """1, 2 or 5 times a power of ten."""
    rough = (high - low) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten; with 2 and 5 between them where there are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for factors in ((1,), (1, 3), (1, 2, 5)):
        found = [
            f * 10.0**n for n in range(first, last + 1) for f in factors if low <= f * 10.0**n <= high * (1 + 1e-9)
        ]
        if len(found) >= 3 or factors == (1, 2, 5):
            return found if found else [low, high]
    return []


def _written(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e") if abs(value) < 1e-2 else f"{value:g}"
