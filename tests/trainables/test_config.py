"""A configuration's id is what a record knows it by: the same for the same training, on every machine."""

from __future__ import annotations

from dataclasses import replace

from trainables.config import TrialConfig

CONFIG = TrialConfig("ast", "base", rank=16, alpha=32, learning_rate=2e-4)


def test_the_id_stays_what_records_hold() -> None:
    assert CONFIG.config_id == "17c5b7ad"


def test_every_field_is_part_of_it() -> None:
    others = {
        name: replace(CONFIG, **{name: "another" if isinstance(value, str) else (value or 0) + 1})
        for name, value in CONFIG.as_dict().items()
    }
    ids = {other.config_id for other in others.values()}
    assert len(ids) == len(others)
    assert CONFIG.config_id not in ids


def test_it_comes_back_from_plain_values() -> None:
    assert TrialConfig.from_dict({**CONFIG.as_dict(), "a_key_of_a_later_version": 1}) == CONFIG


def test_a_later_field_changes_no_id_of_before_where_it_is_not_used() -> None:
    assert replace(CONFIG, window_seconds="full").config_id == CONFIG.config_id
    assert len({replace(CONFIG, window_seconds=value).config_id for value in ("full", "fit", 5.0)}) == 3
