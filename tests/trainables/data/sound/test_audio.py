from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import welch

from trainables.data.examples import AudioPiece, Example
from trainables.data.sound.audio import load_waveform, probe
from trainables.data.sound.filters import lowpass, resample
from trainables.errors import InputError


def example(*paths: Path | AudioPiece, **rest: object) -> Example:
    audio = tuple(path if isinstance(path, AudioPiece) else AudioPiece(str(path)) for path in paths)
    return Example(id="clip", audio=audio, group="g", target="a", **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_probe_reads_the_header(tmp_path, write_tone, suffix):
    info = probe(write_tone(tmp_path / f"x.{suffix}", seconds=0.5, rate=16_000, channels=2))
    assert (info.sample_rate_hz, info.channels) == (16_000, 2)
    assert info.seconds == pytest.approx(0.5, abs=0.08)  # MP3 pads to whole frames


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_and_channels_become_the_same_tone(tmp_path, write_tone, rate, channels):
    waveform = load_waveform(example(write_tone(tmp_path / "x.wav", rate=rate, channels=channels)), 16_000)
    assert waveform.dtype == np.float32
    assert waveform.shape == (8_000,)
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(8_000) / 16_000)
    np.testing.assert_allclose(waveform[400:-400], expected[400:-400], atol=2e-3)


def test_channels_are_averaged(tmp_path):
    soundfile.write(tmp_path / "x.wav", np.tile([[0.5, -0.25]], (1000, 1)), 16_000, subtype="FLOAT")
    np.testing.assert_allclose(load_waveform(example(tmp_path / "x.wav"), 16_000), 0.125)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_a_crop_is_a_slice(tmp_path, suffix):
    noise = np.random.default_rng(0).normal(0, 0.1, 32_000)
    soundfile.write(tmp_path / f"x.{suffix}", noise, 16_000)
    whole = load_waveform(example(tmp_path / f"x.{suffix}"), 16_000)
    crop = load_waveform(example(tmp_path / f"x.{suffix}", start_seconds=0.75, seconds=0.5), 16_000)
    np.testing.assert_allclose(crop, whole[12_000:20_000], atol=1e-6)


def test_pieces_are_joined_and_a_crop_may_span_them(tmp_path):
    files = []
    for index in range(3):
        files.append(tmp_path / f"{index}.wav")
        soundfile.write(files[-1], np.arange(100) / 1000 + index / 10, 1000, subtype="FLOAT")
    pieces = [AudioPiece(str(files[0])), AudioPiece(str(files[1]), 0.02, 0.05), AudioPiece(str(files[2]))]
    joined = load_waveform(example(*pieces), 1000)
    expected = np.concatenate([np.arange(100), np.arange(120, 170), np.arange(200, 300)]) / 1000
    np.testing.assert_allclose(joined, expected, atol=1e-6)
    crop = load_waveform(example(*pieces, start_seconds=0.08, seconds=0.1), 1000)
    np.testing.assert_allclose(crop, expected[80:180], atol=1e-6)


def test_pieces_of_different_rates_are_joined(tmp_path, write_tone):
    first = write_tone(tmp_path / "a.wav", rate=8_000)
    second = write_tone(tmp_path / "b.wav", rate=44_100)
    assert load_waveform(example(first, second), 16_000).shape == (16_000,)


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100])
@pytest.mark.parametrize(("start", "seconds"), [(0.1003, 0.2501), (0.0, 1 / 3), (0.2, 0.1)])
def test_a_crop_has_exactly_the_length_that_was_asked_for(tmp_path, write_tone, rate, start, seconds):
    clip = example(write_tone(tmp_path / "x.wav", rate=rate), start_seconds=start, seconds=seconds)
    assert len(load_waveform(clip, 16_000)) == round(seconds * 16_000)


def test_the_limit_shortens_and_never_lengthens(tmp_path, write_tone):
    path = write_tone(tmp_path / "x.wav", seconds=0.5)
    assert len(load_waveform(example(path), 16_000, limit_seconds=0.2)) == 3_200
    assert len(load_waveform(example(path, seconds=0.1), 16_000, limit_seconds=0.2)) == 1_600
    assert len(load_waveform(example(path), 16_000, limit_seconds=9.0)) == 8_000


def test_the_low_pass_empties_the_band_above_it_and_keeps_time_and_the_band_below():
    noise = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    filtered = lowpass(noise, 16_000, 4_000)
    hz, before = welch(noise, 16_000, nperseg=1024)
    _, after = welch(filtered, 16_000, nperseg=1024)
    assert after[hz > 4_050].max() < 1e-8 * before.mean()
    np.testing.assert_allclose(after[hz < 3_000], before[hz < 3_000], rtol=0.05)
    assert np.argmax(np.correlate(filtered[:4000], noise[:4000], mode="full")) == 3999  # nothing moved
    assert lowpass(noise, 8_000, 4_000) is noise  # nothing to remove


def test_after_the_low_pass_nothing_tells_the_recording_rates_apart(tmp_path):
    for rate in (8_000, 44_100):
        soundfile.write(tmp_path / f"{rate}.wav", np.random.default_rng(0).normal(0, 0.1, 2 * rate), rate)
        waveform = load_waveform(example(tmp_path / f"{rate}.wav", lowpass_hz=3_500.0), 16_000)
        hz, power = welch(waveform, 16_000, nperseg=1024)
        assert power[hz > 3_550].max() < 1e-8 * power.max(), rate


def test_a_very_short_clip_can_be_low_passed(tmp_path, write_tone):
    clip = example(write_tone(tmp_path / "x.wav", seconds=0.002), lowpass_hz=4_000.0)
    assert np.isfinite(load_waveform(clip, 16_000)).all()


def test_resampling_keeps_the_length_rule():
    assert len(resample(np.zeros(441, dtype=np.float32), 44_100, 16_000)) == 160
    assert len(resample(np.zeros(442, dtype=np.float32), 44_100, 16_000)) == 161


def message(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_waveform(example(path), 16_000)
    assert len(caught.value.problems) == 1
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_bad_files_are_named_with_their_fault(tmp_path, write_tone):
    assert "does not exist" in message(tmp_path / "missing.wav")
    (tmp_path / "folder.wav").mkdir()
    assert "is a folder" in message(tmp_path / "folder.wav")
    (tmp_path / "empty.wav").touch()
    assert "0 bytes" in message(tmp_path / "empty.wav")
    (tmp_path / "text.wav").write_text("this is not audio\n" * 10)
    assert "is a text, not sound" in message(tmp_path / "text.wav")
    soundfile.write(tmp_path / "zero.wav", np.zeros(0), 16_000)
    assert "no samples" in message(tmp_path / "zero.wav")
    whole = write_tone(tmp_path / "whole.wav").read_bytes()
    (tmp_path / "header.wav").write_bytes(whole[:30])
    assert "no audio file" in message(tmp_path / "header.wav")
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) // 4])
    assert "cut off" in message(tmp_path / "cut.wav")
    flac = write_tone(tmp_path / "whole.flac", seconds=2.0).read_bytes()
    (tmp_path / "cut.flac").write_bytes(flac[: len(flac) // 2])
    assert "cut off" in message(tmp_path / "cut.flac")


def test_a_wav_file_from_a_pipe_is_whole(tmp_path, write_tone):
    data = bytearray(write_tone(tmp_path / "x.wav").read_bytes())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = struct.pack("<I", 0xFFFF_FFFF)  # the writer could not go back and fill these in
    (tmp_path / "pipe.wav").write_bytes(data)
    assert len(load_waveform(example(tmp_path / "pipe.wav"), 16_000)) == 8_000


def test_bad_samples_are_named_with_a_likely_cause(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.array([0.0, np.nan, 0.1]), 16_000, subtype="FLOAT")
    assert "NaN" in message(tmp_path / "nan.wav")
    soundfile.write(tmp_path / "integers.wav", np.array([0.0, 20_000.0]), 16_000, subtype="FLOAT")
    assert "integers written as floats?" in message(tmp_path / "integers.wav")
    soundfile.write(tmp_path / "khz.wav", np.zeros(100), 16)
    assert "kilohertz where hertz was meant?" in message(tmp_path / "khz.wav")


def test_absurd_lengths_are_refused_before_decoding(tmp_path):
    soundfile.write(tmp_path / "long.flac", np.zeros(3601 * 1000, dtype=np.int16), 1000)
    with pytest.raises(InputError, match="lasts 1 hours; at most 1 is heard of one clip"):
        load_waveform(example(tmp_path / "long.flac"), 16_000)
    late = example(tmp_path / "long.flac", start_seconds=3600.0)  # the limit is on what is heard, not on the file
    assert len(load_waveform(late, 1000)) == 1000


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"start_seconds": 0.5}, "start_seconds is 0.5"),
        ({"start_seconds": 250.0}, "milliseconds where seconds were meant?"),
    ],
)
def test_a_crop_outside_the_sound_is_refused(tmp_path, write_tone, fields, words):
    with pytest.raises(InputError, match=words.replace("?", r"\?")):
        load_waveform(example(write_tone(tmp_path / "x.wav"), **fields), 16_000)
