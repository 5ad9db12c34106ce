"""AAC, WebM, WMA, AMR and others through the optional decoder, in the levels and lengths of what was encoded."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainables.data.examples import AudioPiece, Example
from trainables.data.sound.audio import load_waveform, probe
from trainables.data.sound.endings import is_readable
from trainables.data.sound.problems import SoundError

av: Any = pytest.importorskip("av", reason="the optional decoder is not installed: uv sync --extra compressed")

# Ending -> encoder, rate
FORMATS = {
    "m4a": ("aac", 44_100),
    "mp4": ("aac", 48_000),
    "aac": ("aac", 16_000),
    "webm": ("libopus", 48_000),
    "amr": ("libopencore_amrnb", 8_000),
    "ac3": ("ac3", 48_000),
    "wv": ("wavpack", 16_000),
}
SECONDS = 3.0


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "cache"))


def tone(rate: int, hz: float = 440.0) -> np.ndarray:
    wave: np.ndarray = (0.3 * np.sin(2 * np.pi * hz * np.arange(round(SECONDS * rate)) / rate)).astype(np.float32)
    return wave


def encoded(path: Path, codec: str, rate: int, samples: np.ndarray, **options: str) -> Path:
    """(channels, frames) or (frames,) float32, written by PyAV."""
    samples = np.atleast_2d(samples)
    layout = "mono" if len(samples) == 1 else "stereo"
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            stream.codec_context.format, layout, rate, stream.codec_context.frame_size or 1024
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def example(path: Path, **rest: Any) -> Example:
    return Example("x", (AudioPiece(str(path)),), "g", "a", **rest)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_tone_comes_back(tmp_path: Path, ending: str) -> None:
    codec, rate = FORMATS[ending]
    try:
        path = encoded(tmp_path / f"x.{ending}", codec, rate, tone(rate))
    except (av.FFmpegError, ValueError) as error:
        pytest.skip(f"this FFmpeg cannot write {ending}: {error}")
    info = probe(path)
    assert (info.sample_rate_hz, info.channels) == (rate, 1)
    assert info.seconds == pytest.approx(SECONDS, abs=0.15)
    waveform = load_waveform(example(path), rate)
    assert len(waveform) == info.frames
    assert np.sqrt(np.mean(waveform**2)) == pytest.approx(0.3 * np.sqrt(0.5), rel=0.2 if ending == "amr" else 0.05)
    crop = load_waveform(example(path, start_seconds=1.0, seconds=0.5), rate)
    np.testing.assert_array_equal(crop, waveform[rate : rate + rate // 2])
    assert is_readable(path)
    if ffmpeg := shutil.which("ffmpeg"):
        command = [ffmpeg, "-v", "quiet", "-i", path, "-f", "f32le", "-"]
        theirs = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, dtype="<f4")
        assert len(theirs) == pytest.approx(len(waveform), abs=2048)
        np.testing.assert_allclose(waveform[: len(theirs)], theirs[: len(waveform)], atol=2e-3)


def test_channels_and_names_make_no_difference(tmp_path: Path) -> None:
    left = tone(44_100)
    path = encoded(tmp_path / "x.m4a", "aac", 44_100, np.stack([left, 0 * left]))
    path = path.rename(tmp_path / "x.wav")
    assert probe(path).channels == 2
    level = np.sqrt(np.mean(load_waveform(example(path), 44_100) ** 2))
    assert level == pytest.approx(0.3 * np.sqrt(0.5), rel=0.05)  # the dead channel is left out


def test_what_is_cut_off_or_holds_no_sound_is_refused(tmp_path: Path) -> None:
    whole = encoded(tmp_path / "x.m4a", "aac", 44_100, tone(44_100), movflags="faststart").read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) * 3 // 5])
    with pytest.raises(SoundError, match=r"cut off|cannot be decoded"):
        load_waveform(example(tmp_path / "cut.wav"), 44_100)
    whole = encoded(tmp_path / "x.m4a", "aac", 44_100, tone(44_100)).read_bytes()
    (tmp_path / "cut.m4a").write_bytes(whole[: len(whole) * 3 // 5])  # its table of contents stands at the end
    with pytest.raises(SoundError, match="cannot be opened"):
        probe(tmp_path / "cut.m4a")
    with av.open(str(tmp_path / "film.mkv"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(SoundError, match="holds no sound"):
        probe(tmp_path / "film.mkv")
