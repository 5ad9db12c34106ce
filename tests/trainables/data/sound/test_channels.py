"""The rule by which several channels become one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data.examples import AudioPiece, Example
from trainables.data.sound import channels
from trainables.data.sound.audio import Decoder, load_waveform

RATE_HZ = 16_000
X, Y = np.random.default_rng(0).normal(0, 0.1, (2, RATE_HZ)).astype(np.float32)
SILENCE = np.zeros_like(X)
HALF = np.sqrt(0.5)


def heard(path: Path, columns: list[np.ndarray], channel: int | None = None, **how: str) -> tuple[np.ndarray, int]:
    """The mono waveform and the rule that made it."""
    soundfile.write(path, np.stack(columns, axis=1), RATE_HZ, **({"subtype": "FLOAT"} | how))
    example = Example("x", (AudioPiece(str(path), channel=channel),), "g", "a")
    with Decoder() as decoder:
        (part,) = decoder.heard(example)
    np.testing.assert_array_equal(part.waveform, load_waveform(example, RATE_HZ))
    return part.waveform, part.rule


@pytest.mark.parametrize(
    ("columns", "expected", "rule"),
    [
        ([X], X, channels.PLAIN),
        ([X, Y], (X + Y) / 2, channels.PLAIN),
        ([X, X], X, channels.PLAIN),
        ([X, Y, X], (X + Y + X) / 3, channels.PLAIN),
        ([X, SILENCE], X, channels.DEAD),
        ([SILENCE, X], X, channels.DEAD),
        ([X, 1e-4 * Y], X, channels.DEAD),  # the hiss of an input that nothing is plugged into
        ([X, SILENCE, Y, SILENCE], (X + Y) / 2, channels.DEAD),
        ([X, -X], X, channels.CANCELLING),
        ([X, -X + 1e-3 * Y], X, channels.CANCELLING),
        ([SILENCE, X, -X], X, channels.CANCELLING),
        ([X, -0.5 * X], X / 4, channels.PLAIN),  # quieter, and still there
        ([SILENCE, SILENCE], SILENCE, channels.PLAIN),
        ([0.01 * X, 0.008 * Y], (0.01 * X + 0.008 * Y) / 2, channels.PLAIN),  # quiet, and both alive
    ],
)
def test_the_rule(tmp_path: Path, columns: list[np.ndarray], expected: np.ndarray, rule: int) -> None:
    waveform, found = heard(tmp_path / "x.wav", columns)
    assert found == rule
    np.testing.assert_allclose(waveform, expected, atol=1e-6)


def test_a_row_may_choose_its_channel(tmp_path: Path) -> None:
    for columns in ([X, Y], [X, -X], [SILENCE, Y], [X, Y, X, Y, X, Y]):
        for channel, column in enumerate(columns):
            waveform, rule = heard(tmp_path / "x.wav", columns, channel)
            np.testing.assert_array_equal(waveform, column)
            assert rule == channels.CHOSEN


@pytest.mark.parametrize(
    ("name", "how", "centre"),
    [
        ("x.wav", {"format": "WAVEX"}, 2),
        ("x.flac", {"format": "FLAC", "subtype": "PCM_24"}, 2),
        ("x.ogg", {"format": "OGG", "subtype": "VORBIS"}, 1),
        ("x.opus", {"format": "OGG", "subtype": "OPUS"}, 1),
    ],
)
def test_the_centre_of_a_film_is_as_loud_as_in_stereo(
    tmp_path: Path, name: str, how: dict[str, str], centre: int
) -> None:
    voice = (0.3 * np.sin(np.arange(RATE_HZ) / 10)).astype(np.float32)
    columns = [SILENCE] * 6
    columns[centre] = voice
    waveform, rule = heard(tmp_path / name, columns, **how)
    assert rule == channels.SPEAKERS
    level = np.sqrt(np.mean(waveform**2) / np.mean(voice**2))
    assert level == pytest.approx(HALF, rel=0.1 if name in ("x.ogg", "x.opus") else 1e-3)


def test_low_frequency_effects_are_left_out_and_surround_is_shared(tmp_path: Path) -> None:
    columns = [X, SILENCE, SILENCE, Y, X, Y]
    waveform, _ = heard(tmp_path / "x.wav", columns, format="WAVEX")
    np.testing.assert_allclose(waveform, 0.5 * X + HALF / 2 * (X + Y), atol=1e-6)


def test_six_channels_that_are_no_speakers_are_averaged(tmp_path: Path) -> None:
    columns = [(n + 1) * 0.1 * X for n in range(6)]
    waveform, rule = heard(tmp_path / "x.wav", columns, format="WAV")
    assert rule == channels.PLAIN
    np.testing.assert_allclose(waveform, 0.35 * X, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 2), st.integers(0, 1000), st.sampled_from(["PCM_16", "PCM_24", "FLOAT"]))
def test_ordinary_mono_and_stereo_are_the_plain_mean(
    tmp_path_factory: pytest.TempPathFactory, count: int, seed: int, subtype: str
) -> None:
    path = tmp_path_factory.mktemp("plain") / "x.wav"
    samples = np.random.default_rng(seed).normal(0, 0.1, (3000, count))
    soundfile.write(path, samples, RATE_HZ, subtype=subtype)
    expected = soundfile.read(path, dtype="float32", always_2d=True)[0].mean(axis=1, dtype=np.float32)
    np.testing.assert_array_equal(load_waveform(Example("x", (AudioPiece(str(path)),), "g", "a"), RATE_HZ), expected)


def test_the_rule_looks_at_what_is_heard_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    late = np.concatenate([SILENCE, Y])
    soundfile.write(path, np.stack([np.concatenate([X, X]), late], axis=1), RATE_HZ, subtype="FLOAT")
    whole = Example("x", (AudioPiece(str(path)),), "g", "a")
    np.testing.assert_array_equal(load_waveform(replace(whole, seconds=1.0), RATE_HZ), X)
    np.testing.assert_allclose(load_waveform(replace(whole, start_seconds=1.0), RATE_HZ), (X + Y) / 2, atol=1e-6)


def test_full_scale_is_counted_in_every_channel(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    loud = np.clip(40 * X, -1, 1)
    soundfile.write(path, np.stack([loud, X], axis=1), RATE_HZ, subtype="PCM_16")
    with Decoder() as decoder:
        (part,) = decoder.heard(Example("x", (AudioPiece(str(path)),), "g", "a"))
    assert part.levels.clipped_share == pytest.approx(np.mean(np.abs(40 * X) >= 1) / 2, abs=1e-3)
