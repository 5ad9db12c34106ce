"""Manifests and audio from strangers: an InputError or examples, nothing else, in bounded time, nothing written.

Covers `manifest`, `folders`, `sources`, `audio`, `check` and `store` together.
"""

from __future__ import annotations

import json
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainables.data import hub
from trainables.data.doubts.check import check_examples
from trainables.data.examples import AudioPiece, Example
from trainables.data.formats.manifest import read_manifest
from trainables.data.hub import hub_revision
from trainables.data.reading import Wanted
from trainables.data.sound.audio import load_waveform, probe
from trainables.data.sound.recording import MOST_CHANNELS
from trainables.data.sources import open_source
from trainables.errors import InputError

SLOWEST_SECONDS = 30.0  # what hangs takes longer; a few milliseconds otherwise
COLUMNS = ("audio", "label", "id", "group", "split", "fold", "start_seconds", "seconds", "lowpass_hz", "path", "x")
FUZZ = settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NASTY = st.sampled_from(
    ["../../../etc/passwd", "/dev/zero", "~nobody-here/x.wav", "a\0b", "\ud800", "\x1b[2J", "NaN", "1e999", "[" * 900,
     "9" * 5000, "", " ", "tone.wav", "../tone.wav", "file:///etc/passwd", "train", "x" * 300_000]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | NASTY
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(COLUMNS), inner, max_size=3),
    max_leaves=6,
)
ROWS = st.lists(st.dictionaries(st.sampled_from(COLUMNS), VALUES, max_size=6), max_size=4)


class Anything:
    column = "label"

    def check_target(self, value: Any) -> str | None:
        return None if isinstance(value, str) else "a label is a text"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    soundfile.write(folder / "tone.wav", 0.5 * np.sin(np.arange(8000) / 5), 16_000)
    return folder


def read(path: Path, column: str = "label") -> None:
    """What prepare does with a manifest, and the decoding of what it let pass."""
    before = {file: file.stat().st_mtime_ns for file in path.parent.rglob("*")}
    started = time.process_time()
    problems: tuple[str, ...] = ()
    try:
        examples = read_manifest(path, Wanted(column, path.parent / "cache")).examples
        check_examples(examples, Anything())  # type: ignore[arg-type]
        for example in examples:
            json.dumps(example.as_dict(), ensure_ascii=False).encode()
            load_waveform(example, 16_000, limit_seconds=2.0)
    except InputError as error:
        problems = error.problems
        assert problems
    assert all(problem.isprintable() and len(problem) < 50_000 for problem in problems)
    assert time.process_time() - started < SLOWEST_SECONDS
    after = {file: file.stat().st_mtime_ns for file in path.parent.rglob("*") if "cache" not in file.parts}
    assert after == {file: before[file] for file in after}


def dumped(value: Any) -> str:
    return json.dumps(value, default=str)


@FUZZ
@given(ROWS, st.sampled_from(["label", "targets", "text"]))
def test_any_rows_as_json_lines(folder: Path, rows: list[dict[str, Any]], column: str) -> None:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(dumped, rows)))
    read(path, column)


@FUZZ
@given(
    st.binary(max_size=200)
    | st.text(alphabet='{}[]",:audiolbe0123\\u \n\0', max_size=120).map(str.encode)
    | st.integers(1, 200_000).map(lambda depth: b'{"audio": ' + b"[" * depth)
    | st.integers(4_000, 20_000).map(lambda digits: b'{"audio": "tone.wav", "label": ' + b"9" * digits + b"}")
)
def test_any_bytes_as_a_manifest(folder: Path, content: bytes) -> None:
    for suffix in (".jsonl", ".csv", ".parquet"):
        path = folder / f"bytes{suffix}"
        path.write_bytes(content)
        read(path)


@FUZZ
@given(st.lists(st.lists(st.text(max_size=6) | NASTY, min_size=1, max_size=5), min_size=1, max_size=4))
def test_any_cells_as_csv(folder: Path, rows: list[list[str]]) -> None:
    path = folder / "cells.csv"
    text = "audio,label,id,group,seconds\n" + "\n".join(",".join(row) for row in rows)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    read(path)


@settings(FUZZ, max_examples=100)
@given(st.binary(max_size=64), st.text(max_size=12) | st.sampled_from(["../../x.wav", "a.b\0c", "x./../y", ".\n"]))
def test_embedded_audio_is_written_under_its_hash_alone(folder: Path, content: bytes, name: str) -> None:
    path = folder / "embedded.parquet"
    name = name.encode("utf-8", "ignore").decode()
    pq.write_table(pa.Table.from_pylist([{"audio": {"bytes": content, "path": name}, "label": "a"}]), path)
    read(path)
    for written in (folder / "cache").rglob("*"):
        assert written.is_dir() or len(written.name.partition(".")[0]) == 32


@settings(FUZZ, max_examples=150)
@given(st.integers(0, 3000), st.binary(min_size=1, max_size=40))
def test_a_damaged_parquet_file(folder: Path, place: int, noise: bytes) -> None:
    whole = folder / "whole.parquet"
    if not whole.is_file():
        rows = [{"audio": {"bytes": b"RIFF" * 40, "path": f"{n}.wav"}, "label": "a", "group": "g"} for n in range(5)]
        pq.write_table(pa.Table.from_pylist(rows), whole)
    content = bytearray(whole.read_bytes())
    place %= len(content)
    content[place : place + len(noise)] = noise
    damaged = folder / "damaged.parquet"
    damaged.write_bytes(content)
    read(damaged)


SEEDS = {
    "wav": ("WAV", "PCM_16"), "float": ("WAV", "FLOAT"), "flac": ("FLAC", "PCM_16"), "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"), "mp3": ("MP3", "MPEG_LAYER_III"), "aiff": ("AIFF", "PCM_16"), "au": ("AU", "ULAW"),
    "caf": ("CAF", "ALAC_16"), "w64": ("W64", "PCM_16"),
}  # fmt: skip


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("seeds")
    samples = np.random.default_rng(0).standard_normal((1600, 2)) * 0.1
    found = {}
    for name, (kind, subtype) in SEEDS.items():
        soundfile.write(folder / name, samples, 16_000, format=kind, subtype=subtype)
        found[name] = (folder / name).read_bytes()
    return found


@settings(FUZZ, max_examples=1200)
@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(st.tuples(st.integers(0, 160), st.binary(min_size=1, max_size=8)), max_size=3),
    st.none() | st.integers(0, 400),
)
def test_audio_with_a_damaged_header(
    folder: Path, recordings: dict[str, bytes], kind: str, changes: list[tuple[int, bytes]], kept_bytes: int | None
) -> None:
    content = bytearray(recordings[kind])
    for place, noise in changes:
        content[place : place + len(noise)] = noise
    path = folder / "damaged.audio"
    path.write_bytes(content[:kept_bytes])
    started = time.process_time()
    with suppress(InputError):
        waveform = load_waveform(Example("x", (AudioPiece(str(path)),), "g", "a"), 16_000, limit_seconds=2.0)
        assert np.isfinite(waveform).all()
        assert 0 < len(waveform) <= 32_000
    assert time.process_time() - started < SLOWEST_SECONDS


def wav_header(*, channels: int, rate: int, data_bytes: int) -> bytes:
    block = 2 * channels
    fmt = struct.pack("<HHIIHH", 1, channels, rate, (rate * block) & 0xFFFFFFFF, block & 0xFFFF, 16)
    body = b"fmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", data_bytes)
    return b"RIFF" + struct.pack("<I", 4 + len(body) + data_bytes) + b"WAVE" + body


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"channels": 1, "rate": 4_000_000}, "at most 768000"),
        ({"channels": 1, "rate": 16}, "sample rate of 16"),
        ({"channels": MOST_CHANNELS + 1, "rate": 16_000}, "channels; at most 64"),
    ],
)
def test_what_no_recording_is_gets_refused_before_it_is_decoded(
    tmp_path: Path, header: dict[str, int], message: str
) -> None:
    path = tmp_path / "bomb.wav"
    path.write_bytes(wav_header(**header, data_bytes=26_000) + bytes(26_000))
    with pytest.raises(InputError, match=message):
        probe(path)


def test_many_channels_are_decoded_in_blocks(tmp_path: Path) -> None:
    """64 channels for ten minutes would be 10 GB at once; what is asked for decides."""
    import tracemalloc

    path = tmp_path / "wide.wav"
    noise = np.random.default_rng(1).standard_normal((200_000, 32)).astype(np.float32) * 0.1
    soundfile.write(path, noise, 100_000, subtype="FLOAT")
    tracemalloc.start()
    waveform = load_waveform(Example("x", (AudioPiece(str(path)),), "g", "a"), 100_000, limit_seconds=2.0)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(waveform, noise.mean(axis=1, dtype=np.float32))
    assert peak_bytes < noise.nbytes / 2


def downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[str]) -> Path:
    """A hub data set as its cache lays it out: a snapshot of links into blobs."""
    repository = tmp_path / "hub" / "datasets--owner--clips"
    snapshot = repository / "snapshots" / ("0" * 39 + "a")
    (repository / "blobs").mkdir(parents=True)
    snapshot.mkdir(parents=True)
    soundfile.write(repository / "blobs" / "b1.wav", np.zeros(8000), 16_000)
    (snapshot / "inside.wav").symlink_to(repository / "blobs" / "b1.wav")
    (snapshot / "metadata.csv").write_text("file_name,label\n" + "".join(f"{row},a\n" for row in rows))
    monkeypatch.setattr(hub, "_fetched", lambda source, name, revision, patterns: snapshot)
    return snapshot


def opened(tmp_path: Path) -> list[Example]:
    return open_source("hf://owner/clips", Wanted("label", tmp_path / "cache"), base_folder=tmp_path, seed=0).examples


def test_a_hub_data_set_names_its_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloaded(tmp_path, monkeypatch, ["inside.wav"])
    (example,) = opened(tmp_path)
    assert probe(example.audio[0].path).frames == 8000
    assert hub_revision("hf://owner/clips", [example]) == "0" * 39 + "a"
    assert hub_revision("clips.csv", [example]) is None


@pytest.mark.parametrize("name", ["../../../../private.wav", "PRIVATE", "link.wav", "~/private.wav"])
def test_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    soundfile.write(tmp_path / "private.wav", np.zeros(8000), 16_000)
    monkeypatch.setenv("HOME", str(tmp_path))
    name = str(tmp_path / "private.wav") if name == "PRIVATE" else name
    snapshot = downloaded(tmp_path, monkeypatch, ["inside.wav", name])
    if name == "link.wav":
        (snapshot / name).symlink_to(tmp_path / "private.wav")
    with pytest.raises(InputError, match="no part of the download"):
        opened(tmp_path)
