"""A clip of a store as a file that a browser plays."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sweeps.stage.listening import as_mp3
from trainables.data.examples import AudioPiece, Example
from trainables.data.sound.store import SplitStore, write_store


@pytest.mark.parametrize(("rate_hz", "seconds"), [(16_000, 1.0), (48_000, 2.0)])
def test_it_sounds_like_the_clip(rate_hz: int, seconds: float, tmp_path: Path) -> None:
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    soundfile.write(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 440 * time), rate_hz)
    example = Example("a", (AudioPiece(str(tmp_path / "a.wav"), 0.0, None),), "g", "x", None, None)
    write_store(tmp_path / "store", [example], sample_rate_hz=rate_hz, window_seconds=5.0)
    data = as_mp3(SplitStore(tmp_path / "store"), 0)
    assert data is not None
    assert len(data) < 2 * 2 * round(seconds * rate_hz) / 3  # smaller than the samples
    found, found_hz = soundfile.read(io.BytesIO(data))
    assert found_hz == rate_hz
    spectrum = np.abs(np.fft.rfft(found))
    assert np.fft.rfftfreq(len(found), 1 / rate_hz)[spectrum.argmax()] == pytest.approx(440, abs=2)
    short = as_mp3(SplitStore(tmp_path / "store"), 0, longest_seconds=0.25)
    assert short is not None
    assert len(short) < len(data)
