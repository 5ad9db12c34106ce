"""Work in other processes gives what it gives here, and says what is wrong in the same words."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables.data.decoding import files, processes
from trainables.data.decoding.jobs import headers_in, pieces_in
from trainables.data.decoding.pieces import pieces_of
from trainables.data.decoding.processes import in_processes
from trainables.data.examples import AudioPiece, Example
from trainables.data.sound import store_writer
from trainables.data.sound.audio import headers_of
from trainables.data.sound.store import SplitStore, write_store
from trainables.errors import InputError, SweepFailed


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes for few clips too."""
    for module in (processes, files, store_writer):
        monkeypatch.setattr(module, "pays", lambda items: True)


@pytest.fixture
def recordings(tmp_path: Path) -> list[Path]:
    """16 bits, floats, stereo, FLAC and a file that is cut off in the middle of its frames."""
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.standard_normal((8000, 2))
    kinds = [("a.wav", 1, "PCM_16"), ("b.wav", 1, "FLOAT"), ("c.wav", 2, "PCM_16"), ("d.flac", 1, "PCM_24")]
    for name, channels, subtype in kinds:
        soundfile.write(tmp_path / name, noise[:, :channels], 8000, subtype=subtype)
    return [tmp_path / name for name, *_ in kinds]


def examples_of(recordings: list[Path]) -> list[Example]:
    whole = [Example(path.name, (AudioPiece(str(path)),), path.name, "a") for path in recordings]
    first, last = (str(recordings[index]) for index in (0, -1))
    return [
        *whole,
        Example("joined", (AudioPiece(first), AudioPiece(last, 0.25, 0.5)), "g", "é", lowpass_hz=1000.0),
        Example("cut", (AudioPiece(str(recordings[2]), channel=1),), "g", "b", start_seconds=0.1, seconds=0.3),
    ]


def test_a_store_written_by_processes_is_the_one_that_threads_write(tmp_path, recordings, monkeypatch, always):
    examples = examples_of(recordings)
    seen: list[tuple[int, int]] = []
    write_store(
        tmp_path / "other",
        examples,
        sample_rate_hz=8000,
        window_seconds=0.9,
        progress=lambda done, total: seen.append((done, total)),
    )
    monkeypatch.setattr(store_writer, "pays", lambda items: False)
    write_store(tmp_path / "own", examples, sample_rate_hz=8000, window_seconds=0.9)
    other, own = SplitStore(tmp_path / "other"), SplitStore(tmp_path / "own")
    for index in range(len(examples)):
        assert np.array_equal(other.waveform(index), own.waveform(index))
    assert other.facts is not None
    assert own.facts is not None
    assert np.array_equal(other.facts, own.facts)
    assert seen[-1] == (len(examples), len(examples))


def test_files_are_looked_at_as_they_are_here(recordings, tmp_path, always):
    (tmp_path / "text.wav").write_text("no sound at all, but words")
    paths = [*map(str, recordings), str(tmp_path / "text.wav"), str(tmp_path / "missing.wav")]
    assert files.for_each_file("headers", headers_of, headers_in, paths) == headers_of(paths)
    there = paths[:-1]
    assert files.for_each_file("pieces", pieces_of, pieces_in, there) == pieces_of(there)


def test_broken_sound_is_said_in_the_same_words(tmp_path, recordings, monkeypatch, always):
    flac = recordings[-1].read_bytes()
    recordings[-1].write_bytes(flac[: len(flac) // 2])
    said = []
    for pays in (True, False):
        monkeypatch.setattr(store_writer, "pays", lambda items, pays=pays: pays)
        with pytest.raises(InputError) as caught:
            write_store(tmp_path / "store", examples_of(recordings), sample_rate_hz=8000, window_seconds=9.0)
        said.append(caught.value.problems)
    assert said[0] == said[1]
    assert "d.flac" in said[0][0]
    assert not (tmp_path / "store").exists()


def test_a_process_that_dies_is_named_with_its_part(recordings, monkeypatch):
    answers = processes._Process._answers

    def killed(self, part):
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        yield from answers(self, part)

    monkeypatch.setattr(processes._Process, "_answers", killed)
    with pytest.raises(SweepFailed, match=r"signal 9.*a\.wav"):
        in_processes("headers", {}, [[str(recordings[0])]], lambda part: part, lambda part, reply: True)


def test_without_processes_threads_do_it(recordings, monkeypatch, always):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    paths = [str(path) for path in recordings]
    assert files.for_each_file("headers", headers_of, headers_in, paths) == headers_of(paths)
