"""Numbers of one clip against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from trainables.data.sound.clip_facts import FACTS, ClipFacts, facts_of

RATE = 16_000
TIME = np.arange(2 * RATE) / RATE


def test_a_store_has_a_place_for_every_fact() -> None:
    assert FACTS.names == tuple(ClipFacts.__dataclass_fields__)


def test_numbers_of_a_sine_and_of_silence() -> None:
    facts = facts_of((0.5 * np.sin(2 * np.pi * 1000 * TIME)).astype(np.float32), RATE)
    assert facts.level_db == pytest.approx(-9.03, abs=0.01)
    assert facts.peak_db == pytest.approx(-6.02, abs=0.01)
    assert facts.bandwidth_hz == pytest.approx(1000, abs=40)
    assert (facts.silent, facts.silent_share, facts.heard_energy) == (False, 0.0, 1.0)
    half = facts_of(np.concatenate([np.zeros(RATE), 0.1 * np.sin(2000 * TIME[:RATE])]).astype(np.float32), RATE)
    assert half.silent_share == pytest.approx(0.5, abs=0.03)
    nothing = facts_of(np.zeros(RATE, np.float32), RATE)
    assert (nothing.silent, nothing.bandwidth_hz) == (True, 0.0)


def test_one_sample_is_a_clip() -> None:
    assert facts_of(np.ones(1, np.float32), RATE).peak_db == 0.0


def test_sound_behind_the_window() -> None:
    quiet = 0.02 * np.random.default_rng(0).standard_normal(20 * RATE)
    late = quiet.copy()
    late[13 * RATE :] += 0.3 * np.sin(2 * np.pi * 500 * np.arange(7 * RATE) / RATE)
    assert facts_of(late.astype(np.float32), RATE, (), 10.0).heard_energy < 0.05
    assert facts_of(late[::-1].astype(np.float32), RATE, (), 10.0).heard_energy > 0.95
    assert facts_of(late.astype(np.float32), RATE, (), 30.0).heard_energy == 1.0
    assert facts_of(quiet.astype(np.float32), RATE, (), 10.0).heard_energy > 0.1  # nothing stands out
