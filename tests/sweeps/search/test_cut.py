"""The cut at a rung is that of Ray's own bracket, in both directions, with ties."""

from __future__ import annotations

import numpy as np
import pytest
from ray.tune.schedulers.async_hyperband import _Bracket

from sweeps.search.cut import cut_of, passes


@pytest.mark.parametrize("mode", ["max", "min"])
@pytest.mark.parametrize("reduction_factor", [2, 3, 4])
def test_rays_cut_to_the_last_bit(mode: str, reduction_factor: int) -> None:
    sign = 1.0 if mode == "max" else -1.0
    bracket = _Bracket(1, 81, reduction_factor, 0)
    values = np.random.default_rng(3).integers(0, 12, 60) / 7.0
    for count in range(len(values)):
        known = values[:count].tolist()
        theirs = bracket.cutoff({str(place): sign * value for place, value in enumerate(known)})
        ours = cut_of(known, mode, reduction_factor)
        assert ours == (None if theirs is None else sign * theirs)
        goes_on = theirs is None or not sign * values[count] < theirs
        assert passes(float(values[count]), ours, mode) == goes_on
