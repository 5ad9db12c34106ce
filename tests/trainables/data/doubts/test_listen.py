"""What decoded sound says of clips, in numbers and in sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.trainables.data.doubts.clips import clip, noise
from trainables.data.doubts import listen as listening
from trainables.data.doubts.listen import kept_facts, listen
from trainables.data.doubts.sound import alike_doubts, facts_doubts
from trainables.data.examples import AudioPiece, Example
from trainables.data.sound import channels
from trainables.data.sound.clip_facts import FACTS, ClipFacts
from trainables.data.sound.store import SplitStore, write_store

RATE = 16_000
TIME = np.arange(2 * RATE) / RATE


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "cache"))


def written(path: Path, samples: np.ndarray, **how: object) -> Example:
    soundfile.write(path, samples.astype(np.float32), RATE, **how)  # type: ignore[arg-type]
    return clip(path)


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
    examples = [clip(tmp_path / "broken.wav"), fine]
    heard = listen(examples, fingerprints=True, progress=lambda *counts: done.append(counts))
    assert list(heard.facts) == list(heard.fingerprints) == ["fine.wav"]
    assert list(heard.problems) == ["broken.wav"]
    assert done[-1] == (2, 2)


def test_clips_that_sound_alike_are_said_where_their_groups_differ(tmp_path: Path) -> None:
    first = written(tmp_path / "first.wav", noise(0, 2.0, RATE) / 32768)
    louder = written(tmp_path / "louder.wav", noise(0, 2.0, RATE) / 65536)
    other = written(tmp_path / "other.wav", noise(1, 2.0, RATE) / 32768)
    examples = [first, louder, other]
    heard = listen(examples, fingerprints=True)
    splits = {"first.wav": "train", "louder.wav": "test", "other.wav": "test"}
    (sentence,) = alike_doubts(heard, examples, splits)
    assert sentence.startswith("1 pair of clips sounds alike")
    assert "1 of them on two sides of a split: first.wav and louder.wav." in sentence
    one_group = [clip(tmp_path / name, group="take1") for name in ("first.wav", "louder.wav")]
    assert alike_doubts(heard, [*one_group, other], splits) == []


@pytest.fixture
def clips(tmp_path: Path) -> list[Example]:
    sound = 0.1 * np.random.default_rng(0).standard_normal(RATE)
    low = written(tmp_path / "low.flac", np.sin(2 * np.pi * 1000 * TIME) / 2)
    return [
        written(tmp_path / "plain.wav", sound),
        written(tmp_path / "cancelling.wav", np.stack([sound, -sound], axis=1)),
        written(tmp_path / "clipped.wav", np.clip(30 * sound, -1, 1)),
        Example("low.flac", (AudioPiece(low.audio[0].path),), "g", "a", seconds=0.5),
    ]


def test_a_store_keeps_what_listening_finds(tmp_path: Path, clips: list[Example]) -> None:
    write_store(tmp_path / "store", clips, sample_rate_hz=RATE, window_seconds=2.0)
    of_store = kept_facts(SplitStore(tmp_path / "store")).facts
    for _ in range(2):  # decoded, then remembered
        heard = listen(clips, 2.0)
        assert list(heard.facts) == list(of_store) == [example.id for example in clips]
        for name, facts in heard.facts.items():
            assert [getattr(of_store[name], field) for field in FACTS.names or ()] == pytest.approx(
                [getattr(facts, field) for field in FACTS.names or ()], rel=1e-6, abs=1e-7
            )
    assert of_store["cancelling.wav"].rule == channels.CANCELLING
    assert of_store["low.flac"].bandwidth_hz == pytest.approx(1000, abs=60)


def test_what_an_earlier_version_kept_is_passed_over(tmp_path: Path, clips: list[Example]) -> None:
    write_store(tmp_path / "store", clips, sample_rate_hz=RATE, window_seconds=2.0)
    np.save(tmp_path / "store" / "facts.npy", np.zeros(len(clips), [("peak", "<f4"), ("mixing", "u1")]))
    write_store(tmp_path / "store", clips, sample_rate_hz=RATE, window_seconds=2.0)  # is whole, and left as it is
    assert kept_facts(SplitStore(tmp_path / "store")).facts == {}


def test_only_what_changed_is_decoded_again(
    tmp_path: Path, clips: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = listen(clips, 2.0)
    decoded: list[float] = []
    real = listening.facts_of
    monkeypatch.setattr(listening, "facts_of", lambda *given: decoded.append(1) or real(*given))
    written(tmp_path / "plain.wav", np.zeros(5000))
    again = listen(clips, 2.0)
    assert len(decoded) == 1
    assert again.facts == {**first.facts, "plain.wav": again.facts["plain.wav"]}
    assert again.facts["plain.wav"].silent
