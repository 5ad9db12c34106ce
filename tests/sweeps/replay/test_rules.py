"""Stopping rules over made-up curves, against what can be worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sweeps.config.pruner_rules import ASHA
from sweeps.replay.rules import Curve, Recorded, Rule, over_orders, replay, rules_of, wilson, winner_of
from sweeps.search.pruning import asha, hyperband, median_rule


def curve(name: str, *values: float, completed: bool = True) -> Curve:
    return Curve(name, values, (1.0,) * len(values), completed)


RISING = [curve(f"t{i}", *(0.1 * i + 0.01 * epoch for epoch in range(3))) for i in range(9)]
HALVING = Rule("asha", lambda: asha("max", 3, 1, 3))
HOW: dict[str, Any] = {"mode": "max", "epochs": 3, "workers": 1}


def test_without_a_rule_everything_is_trained() -> None:
    found = replay(RISING, Rule("none", None), **HOW)
    assert (found.epochs, found.winner_kept, found.given_up, found.carried) == (27, True, 0.0, 0)


def test_asha_in_the_worst_and_in_the_best_order() -> None:
    """Each trial better than all before is always among the best third; each worse is so only while it is alone."""
    assert replay(RISING, HALVING, **HOW).epochs == 27
    falling = replay(RISING[::-1], HALVING, **HOW)
    assert falling.winner_kept
    assert falling.epochs == 3 + 8 * 1  # the first goes on; no other is among the best third at the first rung


def test_a_late_bloomer_is_lost_and_what_that_costs_is_said() -> None:
    late = curve("late", 0.0, 0.0, 1.0)
    found = replay([*RISING[::-1], late], HALVING, **HOW)
    assert not found.winner_kept
    assert found.given_up == pytest.approx(1.0 - RISING[-1].values[-1])
    assert winner_of([*RISING, late], "max") is late


def test_a_rule_that_is_milder_than_the_record_carries_on_and_crowns_nobody_by_it() -> None:
    pruned = curve("pruned", 0.95, completed=False)
    found = replay([pruned, *RISING], Rule("none", None), **HOW)
    assert found.carried == 1
    assert found.epochs == 30
    assert found.winner_kept  # the best completed one, though the pruned one stood higher


def test_lower_is_better_where_the_mode_says_so() -> None:
    losses = [curve(f"t{i}", 2.0 - 0.1 * i, 1.0 - 0.1 * i) for i in range(4)]
    assert winner_of(losses, "min") is losses[3]
    rule = Rule("asha", lambda: asha("min", 2, 1, 2))
    assert replay(losses[::-1], rule, mode="min", epochs=2, workers=1).epochs == 2 + 3


def test_the_median_rule_stops_the_worse_half_once_three_have_come_so_far() -> None:
    rule = Rule("median", lambda: median_rule("max", 1))
    found = replay(RISING[::-1], rule, **HOW)
    assert found.winner_kept
    assert found.epochs == 3 * 3 + 6 * 1


def test_a_smaller_budget_misses_what_comes_later() -> None:
    found = replay(RISING, Rule("half", None, trials=4), **HOW)
    assert (found.epochs, found.winner_kept) == (12, False)
    row = over_orders(RISING, Rule("half", None, trials=3), orders=600, seed=1, **HOW)
    assert row.winner_lost_low < 2 / 3 < row.winner_lost_high  # a third of the orders has it among the first three
    assert row.saved_share == pytest.approx(2 / 3)
    assert row.epochs_low == row.epochs_high == 9


def test_every_rule_meets_the_same_orders_and_the_same_seed_gives_the_same() -> None:
    rules = rules_of(
        mode="max",
        epochs=3,
        trials=9,
        recorded=Recorded(ASHA, 1, 3),
        asha=asha,
        hyperband=hyperband,
        median=median_rule,
    )
    assert [rule.name for rule in rules][:2] == ["none", "asha grace 1, factor 3 (as run)"]
    assert len({rule.name for rule in rules}) == len(rules)
    rows = {rule.name: over_orders(RISING, rule, orders=50, seed=3, **HOW) for rule in rules}
    again = over_orders(RISING, rules[1], orders=50, seed=3, **HOW)
    assert rows[again.rule] == again
    assert rows["none"].saved_share == 0.0
    assert rows["asha grace 1, factor 4"].epochs < rows["asha grace 1, factor 2"].epochs  # stricter costs less
    assert all(row.winner_lost == 0.0 for name, row in rows.items() if "trials" not in name)  # rising in step: never


def test_wilson_against_its_formula() -> None:
    z, n, p = 1.959963984540054, 50, 0.1
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    np.testing.assert_allclose(wilson(5, n), [(centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)])
