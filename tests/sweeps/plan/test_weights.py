"""Weights that a sweep cannot use are refused before it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from sweeps.plan.weights import check_weights
from trainables.data.examples import AudioPiece, Example
from trainables.errors import InputError


@dataclass
class Spec:
    fixed: dict[str, Any] = field(default_factory=dict)
    axes: tuple[Any, ...] = ()


def check(weights: list[float | None], spec: Spec | None = None) -> None:
    clips = [Example(str(n), (AudioPiece("a.wav"),), "g", "a", weight=weight) for n, weight in enumerate(weights)]
    check_weights(spec or Spec(), clips, {each.id: "train" for each in clips})  # type: ignore[arg-type]


def test_weights_that_can_be_used_pass() -> None:
    check([2.0, None, 0.0])
    check([None, None], Spec({"mixup_alpha": 0.4}))


def test_weights_of_nothing_and_weights_beside_mixup_are_refused() -> None:
    with pytest.raises(InputError, match="every training clip is 0"):
        check([0.0, 0.0])
    with pytest.raises(InputError, match="2 training clips have a weight"):
        check([2.0, 1.0, None], Spec({"mixup_alpha": 0.4}))
