"""Looks at a running confirmation: who is decided, by which rule, and that the verdict judges them as they stood."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.verdict.account import Account
from analysis.verdict.arms import Arm, Design
from analysis.verdict.interim import BETTER, FUTILE, NOT_WORTH, WORSE, Interim, interim
from analysis.verdict.rule import verdict_of
from analysis.verdict.wording import sentence

GROUPS, LOOKS = 40, (2, 3, 5)
DESIGN = Design("test/score", GROUPS, GROUPS, GROUPS, ())  # a metric without ends
ACCOUNT = Account(LOOKS, 0.05)


def arm(name: str, level: float, *, seeds: int, seed_sd: float = 0.01, stream: int = 0) -> Arm:
    rng = np.random.default_rng([stream, sum(map(ord, name))])
    table = level + seed_sd * rng.standard_normal((5, 1)) + 0.05 * rng.standard_normal((5, GROUPS))
    whole = Arm(name, dict(enumerate(table.mean(axis=1).tolist())), table, None, None)
    return whole.of(list(range(seeds)))


def looked(levels: dict[str, float], *, seeds: int = 2, **options: object) -> Interim:
    arms = {name: arm(name, level, seeds=seeds) for name, level in levels.items()}
    roles = {name: "baseline" if name == "baseline" else "finalist" for name in arms}
    still = tuple(name for name in arms if name != "baseline")
    return interim(DESIGN, arms, roles, ACCOUNT, still=still, **options)  # type: ignore[arg-type]


def how(found: Interim) -> dict[str, str]:
    return {each.arm: each.how for each in found.decided}


def test_a_plain_difference_is_decided_and_a_hopeless_one_is_given_up() -> None:
    found = looked({"a": 2.0, "b": 1.0, "c": 0.0, "baseline": 1.0})
    assert how(found) == {"a": BETTER, "b": FUTILE, "c": WORSE}
    assert found.open == ()
    (given_up,) = (each for each in found.decided if each.how == FUTILE)
    assert given_up.chance is not None
    assert given_up.chance < ACCOUNT.futile_below


def test_what_is_likely_and_not_shown_goes_on() -> None:
    found = looked({"a": 1.03, "baseline": 1.0})
    assert (found.open, found.decided, found.number) == (("a",), (), 1)


def test_smaller_is_better_turns_it_round() -> None:
    assert how(looked({"a": 2.0, "c": 0.0, "baseline": 1.0}, mode="min")) == {"a": WORSE, "c": BETTER}


def test_who_cannot_be_better_by_what_is_worth_it_is_given_up() -> None:
    likely = {"a": 1.03, "baseline": 1.0}
    assert how(looked(likely, worth=0.001)) == {}
    assert how(looked(likely, worth=5.0)) == {"a": NOT_WORTH}


def test_the_best_of_several_is_sought_among_themselves() -> None:
    plain = looked({"a": 3.0, "b": 2.0, "c": 1.0, "baseline": 0.0}, question="each_other")
    assert how(plain) == {"a": BETTER, "b": WORSE, "c": WORSE}
    tied = looked({"a": 1.0, "b": 1.0, "c": -3.0, "baseline": 0.0}, question="each_other")
    assert tied.open == ()
    assert set(how(tied)) == {"a", "b", "c"}


def test_a_decision_stays_as_it_was_when_others_go_on() -> None:
    early = {"a": arm("a", 2.0, seeds=2), "b": arm("b", 1.03, seeds=2), "baseline": arm("baseline", 1.0, seeds=2)}
    late = {"a": early["a"], "b": arm("b", 1.03, seeds=5), "baseline": arm("baseline", 1.0, seeds=5)}
    roles = {"a": "finalist", "b": "finalist", "baseline": "baseline"}
    then, now = (verdict_of(DESIGN, arms, roles, interim=LOOKS) for arms in (early, late))
    first, again = then.against_baseline[0], now.against_baseline[0]
    assert (first.p_value, first.adjusted_p_value, first.interval) == (
        again.p_value,
        again.adjusted_p_value,
        again.interval,
    )
    assert first.level == again.level == pytest.approx(ACCOUNT.level(2))
    assert now.against_baseline[1].level == pytest.approx(ACCOUNT.level(5))
    assert not any("missing" in warning for warning in now.warnings)


def test_the_verdict_says_what_was_saved() -> None:
    arms = {name: arm(name, level, seeds=2) for name, level in {"a": 2.0, "b": 1.9, "baseline": 1.0}.items()}
    roles = {"a": "finalist", "b": "finalist", "baseline": "baseline"}
    text = sentence(verdict_of(DESIGN, arms, roles, interim=LOOKS))
    assert "The confirmation ended at look 1 of 3, with 2 of 5 seeds: 9 of 15 runs were not needed." in text


def test_one_look_is_the_verdict_without_looks() -> None:
    arms = {name: arm(name, level, seeds=5) for name, level in {"a": 1.03, "b": 1.0, "baseline": 1.0}.items()}
    roles = {"a": "finalist", "b": "finalist", "baseline": "baseline"}
    plain = verdict_of(DESIGN, arms, roles)
    once = verdict_of(DESIGN, arms, roles, interim=(5,))
    for each, other in zip(plain.against_baseline, once.against_baseline, strict=True):
        assert each.adjusted_p_value == other.adjusted_p_value
        assert each.interval == pytest.approx(other.interval)
        assert each.significant == other.significant


def test_equal_arms_are_claimed_to_differ_in_a_twentieth_at_most() -> None:
    claims, draws = 0, 400
    roles = {"a": "finalist", "baseline": "baseline"}
    for stream in range(draws):
        whole = {name: arm(name, 1.0, seeds=5, seed_sd=0.02, stream=stream) for name in roles}
        for look in LOOKS:
            arms = {name: each.of(list(range(look))) for name, each in whole.items()}
            found = interim(DESIGN, arms, roles, ACCOUNT, still=("a",))
            if any(each.how in (BETTER, WORSE) for each in found.decided):
                claims += 1
                break  # giving up is not obeyed: it must not be needed for the level
    assert claims / draws <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / draws)
