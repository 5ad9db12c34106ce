"""A bounded look: which clips, what is found, and that it is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables.data.doubts import listen, some
from trainables.data.doubts.some import listen_to_some
from trainables.data.examples import AudioPiece, Example


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "cache"))


def clip(path: Path, sound: np.ndarray) -> Example:
    soundfile.write(path, sound, 8000)
    return Example(path.name, (AudioPiece(str(path)),), path.name, "a")


def test_what_is_behind_the_window_and_what_is_broken(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    late = 0.001 * rng.standard_normal(16_000)
    late[12_000:] += 0.3 * rng.standard_normal(4000)
    examples = [clip(tmp_path / "late.wav", late), clip(tmp_path / "even.wav", 0.1 * rng.standard_normal(16_000))]
    flac = clip(tmp_path / "broken.flac", 0.1 * rng.standard_normal(60_000))
    content = bytearray((tmp_path / "broken.flac").read_bytes())
    content[20_000:24_000] = bytes(4000)
    (tmp_path / "broken.flac").write_bytes(content)
    found = listen_to_some([*examples, flac], [2.0, 2.0, 7.5], window_seconds=1.0)
    assert found.facts["late.wav"].heard_energy < 0.1 < 0.4 < found.facts["even.wav"].heard_energy
    assert found.problems == {"broken.flac": "cannot be decoded: is the file cut off or damaged?"}


def test_many_clips_and_much_sound_are_bounded_and_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    assert some._spread([1.0] * 7) == list(range(7))
    numbers = some._spread([1.0] * 1000)
    assert len(numbers) == some.MOST_CLIPS
    assert (numbers[0], numbers[-1]) == (0, 995)
    assert len(some._spread([60.0] * 200)) == 29  # of at most half an hour
    assert some._spread([]) == []


def test_what_was_found_is_kept_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = clip(tmp_path / "a.wav", 0.1 * np.ones(8000))
    first = listen_to_some([example], [1.0], 1.0)
    decoded: list[int] = []
    real = listen.facts_of
    monkeypatch.setattr(listen, "facts_of", lambda *given: decoded.append(1) or real(*given))
    assert listen_to_some([example], [1.0], 1.0) == first
    assert not decoded
    clip(tmp_path / "a.wav", 0.2 * np.ones(16_000))
    assert listen_to_some([example], [2.0], 1.0).facts["a.wav"].peak_db > first.facts["a.wav"].peak_db
    assert decoded
