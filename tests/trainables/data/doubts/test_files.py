"""Which files hold the same sound, whatever they are called and however they are written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.trainables.data.doubts.clips import noise
from trainables.data.doubts.check import read_headers
from trainables.data.doubts.files import read_traits
from trainables.data.examples import AudioPiece, Example


def same(*paths: Path) -> bool:
    examples = [Example(str(path), (AudioPiece(str(path)),), str(path), "x") for path in paths]
    traits = read_traits(read_headers(examples))
    return len({traits[str(path)].content for path in paths}) == 1


def _float(path: Path) -> None:
    soundfile.write(path.with_suffix(".wav"), noise(0).astype(np.float32) / 32768, 8000, subtype="FLOAT")


def _tagged(path: Path) -> None:
    with soundfile.SoundFile(path, "w", 8000, 1, "PCM_16") as file:
        file.title = "a take"
        file.write(noise(0))


COPIES: dict[str, Callable[[Path, Path], Path]] = {
    "the same bytes": lambda first, other: Path(shutil.copy(first, other)),
    "a link": lambda first, other: (other.symlink_to(first), other)[1],
    "a hard link": lambda first, other: (os.link(first, other), other)[1],
    "another spelling": lambda first, other: first.parent / "." / "below" / ".." / first.name,
    "FLAC": lambda first, other: (soundfile.write(other.with_suffix(".flac"), noise(0), 8000), other)[1].with_suffix(
        ".flac"
    ),
    "24 bits": lambda first, other: (soundfile.write(other, noise(0), 8000, subtype="PCM_24"), other)[1],
    "floats": lambda first, other: (_float(other), other)[1],
    "a title in the header": lambda first, other: (_tagged(other), other)[1],
    "both channels alike": lambda first, other: (
        soundfile.write(other, np.stack([noise(0), noise(0)], axis=1), 8000),
        other,
    )[1],
}


@pytest.mark.parametrize("how", COPIES)
def test_it_is_the_same_sound(tmp_path: Path, how: str) -> None:
    first, third = tmp_path / "first.wav", tmp_path / "third.wav"
    (tmp_path / "below").mkdir()
    soundfile.write(first, noise(0), 8000)
    soundfile.write(third, noise(1), 8000)
    other = COPIES[how](first, tmp_path / "other.wav")
    assert same(first, other)
    assert not same(first, third)
    assert not same(third, other)


def test_other_sound_of_the_same_size_is_told_apart(tmp_path: Path) -> None:
    samples = noise(0)
    soundfile.write(tmp_path / "a.wav", samples, 8000)
    samples[17] += 1  # neither at an end nor in the middle
    soundfile.write(tmp_path / "b.wav", samples, 8000)
    soundfile.write(tmp_path / "c.flac", samples, 8000)
    assert not same(tmp_path / "a.wav", tmp_path / "b.wav")
    assert not same(tmp_path / "a.wav", tmp_path / "c.flac")
    assert same(tmp_path / "b.wav", tmp_path / "c.flac")


def test_the_same_samples_at_another_rate_are_other_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", noise(0), 8000)
    soundfile.write(tmp_path / "b.wav", noise(0), 16_000)
    assert not same(tmp_path / "a.wav", tmp_path / "b.wav")


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg"])
def test_silence_is_told_from_sound(tmp_path: Path, ending: str) -> None:
    quiet = np.zeros(80_000, np.int16)
    soundfile.write(tmp_path / f"silent.{ending}", quiet, 8000)
    quiet[79_000:79_400] = 20_000
    soundfile.write(tmp_path / f"late.{ending}", quiet, 8000)
    paths = [tmp_path / f"{name}.{ending}" for name in ("silent", "late")]
    traits = read_traits(read_headers([Example(p.name, (AudioPiece(str(p)),), p.name, "x") for p in paths]))
    assert [traits[str(path)].silent for path in paths] == [True, False]


def test_a_file_that_nobody_can_read_is_like_its_copy_alone(tmp_path: Path) -> None:
    for name, content in {"a": b"no sound", "b": b"no sound", "c": b"none too"}.items():
        (tmp_path / f"{name}.wav").write_bytes(content)
    assert same(tmp_path / "a.wav", tmp_path / "b.wav")
    assert not same(tmp_path / "a.wav", tmp_path / "c.wav")
