"""Weights that a sweep cannot use are refused before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from sweeps.config.axis import Axis
from sweeps.config.load import load_sweep
from sweeps.config.spec import SweepSpec, TrainSpec
from sweeps.plan.weights import check_weights
from trainables.data.examples import AudioPiece, Example
from trainables.errors import InputError


def spec_of(
    fixed: Mapping[str, Any] | None = None,
    axes: tuple[Axis, ...] = (),
    baseline: Mapping[str, Any] | None = None,
    train: TrainSpec | None = None,
) -> SweepSpec:
    known = load_sweep("ast_lora")
    return replace(known, fixed=fixed or {}, axes=axes, baseline=baseline or {}, train=train or TrainSpec())


def check(weights: list[float | None], spec: SweepSpec | None = None, joint: str = "") -> None:
    clips = [Example(str(n), (AudioPiece("a.wav"),), "g", "a", weight=weight) for n, weight in enumerate(weights)]
    check_weights(spec or spec_of(), clips, {each.id: "train" for each in clips}, joint=joint)


def test_weights_that_can_be_used_pass() -> None:
    check([2.0, None, 0.0])
    check([None, None], spec_of({"mixup_alpha": 0.4}))


def test_weights_of_nothing_and_weights_beside_mixup_are_refused() -> None:
    with pytest.raises(InputError, match="every training clip is 0"):
        check([0.0, 0.0])
    with pytest.raises(InputError, match="2 training clips have a weight"):
        check([2.0, 1.0, None], spec_of({"mixup_alpha": 0.4}))


def test_drawing_by_weight_needs_weights_and_serves_losses_of_clips_together() -> None:
    weighted = spec_of(train=TrainSpec(sampling="weighted"))
    with pytest.raises(InputError, match="no training clip has one"):
        check([None, None], weighted)
    check([1.0, 2.0], weighted, joint="ccc")
    with pytest.raises(InputError, match="ccc is of the clips of a batch together, not of each"):
        check([1.0, 2.0], spec_of(), joint="ccc")
    some = spec_of(axes=(Axis("sampling", "choice", ("weighted", "random")),), baseline={"sampling": "random"})
    with pytest.raises(InputError, match=r"train\.sampling: weighted"):
        check([1.0, 2.0], some, joint="ccc")
