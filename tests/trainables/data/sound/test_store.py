from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from trainables.data.examples import AudioPiece, Example
from trainables.data.sound.audio import load_waveform
from trainables.data.sound.store import SplitStore, write_store
from trainables.errors import InputError


@pytest.fixture
def examples(tmp_path, write_tone) -> list[Example]:
    seconds = [0.5, 0.1, 0.9]
    paths = [write_tone(tmp_path / "audio" / f"{i}.wav", seconds=s, hz=300 + 100 * i) for i, s in enumerate(seconds)]
    clips = [Example(id=f"é{i}", audio=(AudioPiece(str(p)),), group="g", target="a") for i, p in enumerate(paths)]
    return [*clips, Example("crop", clips[2].audio, "h", [0.25, 0.5], start_seconds=0.4, seconds=0.2)]


def write(folder: Path, examples: list[Example], **rest: object) -> SplitStore:
    write_store(folder, examples, sample_rate_hz=16_000, window_seconds=0.6, **rest)  # type: ignore[arg-type]
    return SplitStore(folder)


def test_what_is_written_is_read_and_cropped_to_the_window(tmp_path, examples):
    store = write(tmp_path / "store", examples)
    assert store.sample_rate_hz == 16_000
    assert list(store.examples) == examples
    assert len(store) == 4
    assert [len(store.waveform(i)) for i in range(4)] == [8_000, 1_600, 9_600, 3_200]
    for index, example in enumerate(examples):
        whole = load_waveform(example, 16_000)
        np.testing.assert_array_equal(store.waveform(index), whole[:9_600])
    with pytest.raises(IndexError):
        store.waveform(4)


def test_the_audio_is_mapped_and_read_only(tmp_path, examples):
    waveform = write(tmp_path / "store", examples).waveform(0)
    assert isinstance(waveform, np.memmap)
    assert waveform.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        waveform[0] = 1.0


def test_a_store_travels_as_its_folder(tmp_path, examples):
    store = write(tmp_path / "store", examples)
    store.waveform(0)
    sent = pickle.dumps(store)
    assert len(sent) < 500
    np.testing.assert_array_equal(pickle.loads(sent).waveform(2), store.waveform(2))


def test_progress_counts_every_example(tmp_path, examples):
    seen: list[tuple[int, int]] = []
    write(tmp_path / "store", examples, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_bad_audio_is_said_at_once_and_leaves_nothing(tmp_path, examples, write_tone):
    flac = write_tone(tmp_path / "whole.flac", seconds=2.0).read_bytes()
    for name in ("one", "two"):
        (tmp_path / f"{name}.flac").write_bytes(flac[: len(flac) // 4])
    bad = [Example(n, (AudioPiece(str(tmp_path / f"{n}.flac")),), "g", "a") for n in ("one", "two")]
    with pytest.raises(InputError) as caught:
        write(tmp_path / "stores" / "store", [bad[0], *examples, bad[1]])
    assert len(caught.value.problems) == 2
    assert list((tmp_path / "stores").iterdir()) == []


def test_an_interrupted_writer_leaves_nothing(tmp_path, examples):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "stores" / "store", examples, progress=stop)
    assert list((tmp_path / "stores").iterdir()) == []


def test_writers_may_race(tmp_path, examples):
    folder = tmp_path / "stores" / "store"
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: write(folder, examples), range(8)))
    assert list((tmp_path / "stores").iterdir()) == [folder]
    assert all(len(store.waveform(3)) == 3_200 for store in stores)


def test_a_whole_store_stays(tmp_path, examples):
    write(tmp_path / "store", examples)
    before = (tmp_path / "store" / "audio.npy").stat().st_mtime_ns
    write(tmp_path / "store", examples)
    assert (tmp_path / "store" / "audio.npy").stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["audio.npy", "offsets.npy", "examples.jsonl", "store.json"])
def test_a_store_that_lost_the_end_of_a_file_is_written_again(tmp_path, examples, name):
    whole = write(tmp_path / "store", examples)
    before = [np.array(whole.waveform(index)) for index in range(len(whole))]
    path = tmp_path / "store" / name
    path.write_bytes(path.read_bytes()[:-3])
    again = write(tmp_path / "store", examples)
    assert len(again) == len(examples)
    for index, waveform in enumerate(before):
        np.testing.assert_array_equal(again.waveform(index), waveform)
