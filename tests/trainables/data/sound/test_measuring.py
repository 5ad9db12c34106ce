"""What decoding shows of clips, with a store and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables.data.examples import AudioPiece, Example
from trainables.data.sound import channels, measuring
from trainables.data.sound.measuring import measure
from trainables.data.sound.store import SplitStore, write_store

RATE_HZ = 16_000


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def clips(tmp_path: Path) -> list[Example]:
    noise = 0.1 * np.random.default_rng(0).standard_normal(RATE_HZ)
    files = {
        "plain": noise,
        "silent": 0 * noise,
        "cancelling": np.stack([noise, -noise], axis=1),
        "dead": np.stack([0 * noise, noise], axis=1),
        "clipped": np.clip(30 * noise, -1, 1),
    }
    found = []
    for name, samples in files.items():
        soundfile.write(tmp_path / f"{name}.wav", samples, RATE_HZ)
        found.append(Example(name, (AudioPiece(str(tmp_path / f"{name}.wav")),), "g", "a"))
    low = np.sin(2 * np.pi * 1000 * np.arange(RATE_HZ) / RATE_HZ) / 2
    soundfile.write(tmp_path / "low.flac", low, RATE_HZ)
    return [*found, Example("low", (AudioPiece(str(tmp_path / "low.flac")),), "g", "a", seconds=0.5)]


def test_a_store_keeps_what_measuring_finds(tmp_path: Path, clips: list[Example]) -> None:
    write_store(tmp_path / "store", clips, sample_rate_hz=RATE_HZ, window_seconds=2.0)
    facts = SplitStore(tmp_path / "store").facts
    assert facts is not None
    for _ in range(2):  # decoded, then remembered
        measured = measure(clips, 2.0)
        assert measured.problems == {}
        np.testing.assert_array_equal(measured.facts, facts)
    assert facts["mixing"].tolist() == [0, 0, channels.CANCELLING, channels.DEAD, 0, 0]
    assert facts["channels"].tolist() == [1, 1, 2, 2, 1, 1]
    assert facts["seconds"].tolist() == [1, 1, 1, 1, 1, 0.5]
    assert facts["peak"][1] == 0
    assert facts["level_db"][0] == pytest.approx(-20, abs=0.2)
    assert facts["bandwidth_hz"][0] == pytest.approx(8000, abs=50)
    assert facts["bandwidth_hz"][1] == 0
    assert facts["bandwidth_hz"][5] == pytest.approx(1000, abs=60)


def test_what_cannot_be_decoded_is_named_by_its_number(tmp_path: Path, clips: list[Example]) -> None:
    content = bytearray((tmp_path / "low.flac").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200] = bytes(200)
    (tmp_path / "low.flac").write_bytes(content)
    whole = [*clips[:5], Example("low", clips[5].audio, "g", "a")]
    for _ in range(2):
        measured = measure(whole)
        assert list(measured.problems) == [5]
        assert measured.problems[5].startswith("cannot be decoded")


def test_only_what_changed_is_decoded_again(
    tmp_path: Path, clips: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    measure(clips)
    decoded: list[int] = []
    monkeypatch.setattr(measuring, "facts_of", lambda heard: decoded.append(1) or tuple([1.0] * 8))
    soundfile.write(tmp_path / "plain.wav", np.zeros(5000), RATE_HZ)
    measure(clips)
    assert len(decoded) == 1
