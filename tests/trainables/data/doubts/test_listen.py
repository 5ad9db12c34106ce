"""What decoded sound says of clips, in numbers and in sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.trainables.data.doubts.clips import clip, noise
from trainables.data.doubts.listen import ClipFacts, clip_facts, listen
from trainables.data.doubts.sound import alike_doubts, facts_doubts
from trainables.data.examples import Example

RATE = 16_000
TIME = np.arange(2 * RATE) / RATE


def written(path: Path, samples: np.ndarray, **how: object) -> Example:
    soundfile.write(path, samples.astype(np.float32), RATE, **how)  # type: ignore[arg-type]
    return clip(path)


def test_numbers_of_a_sine_and_of_silence() -> None:
    facts = clip_facts((0.5 * np.sin(2 * np.pi * 1000 * TIME)).astype(np.float32), RATE)
    assert facts.level_db == pytest.approx(-9.03, abs=0.01)
    assert facts.peak_db == pytest.approx(-6.02, abs=0.01)
    assert facts.bandwidth_hz == pytest.approx(1000, abs=40)
    assert (facts.silent, facts.silent_share, facts.heard_energy) == (False, 0.0, 1.0)
    half = clip_facts(np.concatenate([np.zeros(RATE), 0.1 * np.sin(2000 * TIME[:RATE])]).astype(np.float32), RATE)
    assert half.silent_share == pytest.approx(0.5, abs=0.03)
    nothing = clip_facts(np.zeros(RATE, np.float32), RATE)
    assert (nothing.silent, nothing.bandwidth_hz) == (True, 0.0)


def test_one_sample_is_a_clip() -> None:
    assert clip_facts(np.ones(1, np.float32), RATE).peak_db == 0.0


def test_sound_behind_the_window() -> None:
    quiet = 0.02 * np.random.default_rng(0).standard_normal(20 * RATE)
    late = quiet.copy()
    late[13 * RATE :] += 0.3 * np.sin(2 * np.pi * 500 * np.arange(7 * RATE) / RATE)
    assert clip_facts(late.astype(np.float32), RATE, 10.0).heard_energy < 0.05
    assert clip_facts(late[::-1].astype(np.float32), RATE, 10.0).heard_energy > 0.95
    assert clip_facts(late.astype(np.float32), RATE, 30.0).heard_energy == 1.0
    assert clip_facts(quiet.astype(np.float32), RATE, 10.0).heard_energy > 0.1  # nothing stands out


def test_what_is_wrong_with_sound_is_counted_and_named(tmp_path: Path) -> None:
    sine = np.sin(2 * np.pi * 440 * TIME)
    rng = np.random.default_rng(0)
    own = [0.1 * rng.standard_normal(len(TIME)) for _ in range(3)]
    examples = [
        written(tmp_path / "fine.wav", 0.3 * sine),
        written(tmp_path / "silent.wav", 0 * sine),
        written(tmp_path / "cancel.wav", np.stack([own[0], -own[0]], axis=1)),
        written(tmp_path / "dead.wav", np.stack([own[1], 0 * sine], axis=1)),
        written(tmp_path / "clipped.wav", np.clip(3 * sine, -1, 1)),
        written(tmp_path / "offset.wav", 0.2 + 0.3 * sine),
        written(tmp_path / "click.wav", np.where(np.arange(len(TIME)) == 5000, 0.5, 0.0)),
    ]
    heard = listen(examples)
    assert facts_doubts(heard.facts) == [
        "1 of 7 clips is silent throughout (silent.wav).",
        "1 of 7 clips is silent for 95% or more of their length (click.wav).",
        "1 of 7 clips is of channels that cancel: only the first is heard (cancel.wav).",
        "1 of 7 clips is of a dead channel and live ones: the live ones are heard (dead.wav).",
        "1 of 7 clips is clipped in 1% or more of their samples (clipped.wav).",
        "1 of 7 clips is shifted from zero by 5% of full scale or more (a DC offset) (offset.wav).",
    ]
    assert facts_doubts({"fine.wav": heard.facts["fine.wav"]}) == []


def test_events_that_are_not_heard_are_said() -> None:
    late = ClipFacts(-20.0, -3.0, 0.0, 4000.0, heard_energy=0.02)
    (sentence,) = facts_doubts({"a": late, "b": ClipFacts(-20.0, -3.0, 0.0, 4000.0)})
    assert sentence.startswith("In 1 of 2 clips nine tenths or more of what stands out lies behind the part")


def test_broken_sound_is_left_to_those_who_say_so(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF no sound")
    fine = written(tmp_path / "fine.wav", noise(0, 2.0, RATE) / 32768)
    done: list[tuple[int, int]] = []
    heard = listen([clip(tmp_path / "broken.wav"), fine], progress=lambda *counts: done.append(counts))
    assert list(heard.facts) == list(heard.fingerprints) == ["fine.wav"]
    assert done[-1] == (2, 2)


def test_clips_that_sound_alike_are_said_where_their_groups_differ(tmp_path: Path) -> None:
    first = written(tmp_path / "first.wav", noise(0, 2.0, RATE) / 32768)
    louder = written(tmp_path / "louder.wav", noise(0, 2.0, RATE) / 65536)
    other = written(tmp_path / "other.wav", noise(1, 2.0, RATE) / 32768)
    examples = [first, louder, other]
    heard = listen(examples)
    splits = {"first.wav": "train", "louder.wav": "test", "other.wav": "test"}
    (sentence,) = alike_doubts(heard, examples, splits)
    assert sentence.startswith("1 pair of clips sounds alike")
    assert "1 of them on two sides of a split: first.wav and louder.wav." in sentence
    one_group = [clip(tmp_path / name, group="take1") for name in ("first.wav", "louder.wav")]
    assert alike_doubts(heard, [*one_group, other], splits) == []
