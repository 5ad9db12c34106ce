"""Where values stand on axes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.browse.scale import numeric, rounded, scale_of

RATE = {"name": "learning_rate", "kind": "log_uniform", "values": [1e-5, 1e-3]}
FINITE = st.floats(-1e6, 1e6, allow_nan=False)


def test_a_learning_rate_stands_by_its_logarithm() -> None:
    scale = scale_of([RATE])
    assert scale.place(1e-4) == pytest.approx(0.5)
    assert [text for _, text in scale.ticks()] == ["1e-5", "1e-4", "1e-3"]
    assert (scale.place(0), scale.place(None), scale.place("attention"), scale.place(math.nan)) == (None,) * 4


def test_choices_stand_side_by_side_and_none_is_one() -> None:
    scale = scale_of([{"name": "layers", "kind": "choice", "values": [2, 4, None]}])
    assert [scale.place(value) for value in (2, 4, None, 3)] == [0.0, 0.5, 1.0, None]
    assert [text for _, text in scale.ticks()] == ["2", "4", "-"]


def test_axes_of_one_name_share_a_scale_and_earlier_values_widen_it() -> None:
    other = {**RATE, "values": [1e-4, 1e-2]}
    scale = scale_of([RATE, other], [1e-6])
    assert (scale.low, scale.high) == (1e-6, 1e-2)


@settings(deadline=None)
@given(st.lists(FINITE, min_size=1, max_size=20))
def test_every_number_has_a_place_inside_and_ticks_are_few(values: list[float]) -> None:
    for scale in (numeric(values), rounded(values)):
        assert all(-1e-6 <= (scale.place(value) or 0.0) <= 1 + 1e-6 for value in values)
        places = [place for place, _ in scale.ticks()]
        assert places == sorted(places)
        assert len(places) <= 8


@settings(deadline=None)
@given(st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=9))
def test_a_logarithmic_scale_always_has_ticks(values: list[float]) -> None:
    scale = numeric(values, logarithmic=True)
    assert scale.ticks()
    assert all(-1e-6 <= place <= 1 + 1e-6 for place, _ in scale.ticks())


def test_no_number_at_all_is_no_fault() -> None:
    assert numeric([None, math.inf, True]).place(0.5) == 0.5
