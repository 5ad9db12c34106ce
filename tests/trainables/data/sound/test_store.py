from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from trainables.data.decoding.clips import as_floats, as_integers
from trainables.data.decoding.on_demand import samples_of
from trainables.data.examples import AudioPiece, Example
from trainables.data.sound.audio import load_waveform, probe
from trainables.data.sound.store import SplitStore, write_store
from trainables.data.storing import LAZY, STORES
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
        np.testing.assert_array_equal(store.waveform(index).view(np.int32), whole[:9_600].view(np.int32))
    with pytest.raises(IndexError):
        store.waveform(4)


def test_waveforms_are_read_only_float32_and_what_is_no_integer_is_mapped(tmp_path, examples):
    store = write(tmp_path / "store", [*examples, replace(examples[0], id="low", lowpass_hz=4000.0)])
    for index in range(len(store)):
        waveform = store.waveform(index)
        assert waveform.dtype == np.float32
        with pytest.raises(ValueError, match="read-only"):
            waveform[0] = 1.0
    assert isinstance(store.waveform(4), np.memmap)


def test_files_of_16_bits_take_two_bytes_a_sample_and_others_four(tmp_path):
    sound = np.random.default_rng(0).normal(0, 0.3, 16_000).clip(-1, 1)
    kinds = {"PCM_16": 2, "PCM_U8": 2, "ULAW": 2, "PCM_24": 4, "FLOAT": 4}
    paths = []
    for kind in kinds:
        paths.append(tmp_path / f"{kind}.wav")
        soundfile.write(paths[-1], sound, 16_000, subtype=kind)
    clips = [Example(str(path), (AudioPiece(str(path)),), "g", "a") for path in paths]
    store = write(tmp_path / "store", clips)
    assert (tmp_path / "store" / "samples.i2").stat().st_size == 3 * 2 * 9_600
    assert (tmp_path / "store" / "samples.f4").stat().st_size == 2 * 4 * 9_600
    for index, clip in enumerate(clips):
        expected = load_waveform(clip, 16_000, limit_seconds=0.6)
        np.testing.assert_array_equal(store.waveform(index).view(np.int32), expected.view(np.int32))


@given(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=50))
def test_integers_come_back_to_the_last_bit(values):
    waveform = np.array(values, dtype=np.float32) / np.float32(32_768)
    integers = as_integers(waveform)
    assert integers is not None
    np.testing.assert_array_equal(as_floats(integers).view(np.int32), waveform.view(np.int32))


@given(st.lists(st.floats(-2, 2, width=32), min_size=1, max_size=20))
def test_what_is_kept_as_integers_is_exact(values):
    waveform = np.array(values, dtype=np.float32)
    integers = as_integers(waveform)
    if integers is not None:
        np.testing.assert_array_equal(as_floats(integers).view(np.int32), waveform.view(np.int32))


def test_clips_of_one_recording_in_any_order_are_those_that_are_decoded_alone(tmp_path):
    soundfile.write(tmp_path / "long.mp3", np.random.default_rng(0).normal(0, 0.1, 80_000), 16_000)
    piece = AudioPiece(str(tmp_path / "long.mp3"))
    clips = [Example(f"{n}", (piece,), "g", "a", start_seconds=n % 7 * 0.61, seconds=0.5) for n in (3, 1, 6, 0, 5)]
    store = write(tmp_path / "store", clips)
    for index, clip in enumerate(clips):
        np.testing.assert_array_equal(store.waveform(index), load_waveform(clip, 16_000))


def test_a_store_of_an_earlier_version_is_read(tmp_path, examples):
    folder = tmp_path / "store"
    folder.mkdir()
    waveforms = [load_waveform(example, 16_000, limit_seconds=0.6) for example in examples]
    np.save(folder / "audio.npy", np.concatenate(waveforms))
    np.save(folder / "offsets.npy", np.cumsum([0, *map(len, waveforms)]))
    lines = [json.dumps(example.as_dict()) + "\n" for example in examples]
    (folder / "examples.jsonl").write_text("".join(lines))
    (folder / "store.json").write_text('{"sample_rate_hz": 16000}')
    store = write(folder, examples)
    assert (folder / "audio.npy").is_file()  # whole: left as it is
    assert list(store.examples) == examples
    assert store.facts is None
    for index, waveform in enumerate(waveforms):
        np.testing.assert_array_equal(store.waveform(index), waveform)


def test_a_store_travels_as_its_folder(tmp_path, examples):
    store = write(tmp_path / "store", examples)
    store.waveform(0)
    sent = pickle.dumps(store)
    assert len(sent) < 500
    np.testing.assert_array_equal(pickle.loads(sent).waveform(2), store.waveform(2))


def test_progress_counts_every_example(tmp_path, examples):
    seen: list[tuple[int, int]] = []
    write(tmp_path / "store", examples, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (4, 4)


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
    before = (tmp_path / "store" / "samples.i2").stat().st_mtime_ns
    write(tmp_path / "store", examples)
    assert (tmp_path / "store" / "samples.i2").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "name", ["samples.i2", "samples.f4", "places.npy", "facts.npy", "examples.jsonl.gz", "store.json"]
)
def test_a_store_that_lost_the_end_of_a_file_is_written_again(tmp_path, examples, name):
    examples = [*examples, replace(examples[0], id="low", lowpass_hz=4000.0)]
    whole = write(tmp_path / "store", examples)
    before = [np.array(whole.waveform(index)) for index in range(len(whole))]
    path = tmp_path / "store" / name
    path.write_bytes(path.read_bytes()[:-3])
    again = write(tmp_path / "store", examples)
    assert len(again) == len(examples)
    for index, waveform in enumerate(before):
        np.testing.assert_array_equal(again.waveform(index), waveform)


@given(
    rate_hz=st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100]),
    frames=st.integers(1, 30_000),
    start=st.floats(0, 0.5),
    seconds=st.none() | st.floats(0.001, 2.0),
    piece=st.none() | st.floats(0.01, 1.0),
    limit=st.floats(0.01, 3.0),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_headers_alone_tell_how_many_samples_are_heard(tmp_path, rate_hz, frames, start, seconds, piece, limit):
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.full(frames, 0.1, np.float32), rate_hz)
    audio = (AudioPiece(str(path), seconds=piece), AudioPiece(str(path)))
    example = Example("x", audio, "g", "a", start_seconds=start, seconds=seconds)
    assume(start < min(frames / rate_hz, piece or 9) + frames / rate_hz)
    known = samples_of(example, probe, 16_000, limit)
    assert known == len(load_waveform(example, 16_000, limit))


def test_the_same_samples_however_they_are_kept(tmp_path, examples):
    low = replace(examples[0], id="low", lowpass_hz=4000.0)
    stores = {kept: write(tmp_path / kept, [*examples, low], kept_as=kept) for kept in STORES}
    for index in range(len(examples) + 1):
        heard = [store.waveform(index) for store in stores.values()]
        assert all(np.array_equal(each.view(np.int32), heard[0].view(np.int32)) for each in heard)
        assert {store.samples(index) for store in stores.values()} == {len(heard[0])}
        assert not any(each.flags.writeable for each in heard)
    sizes = {kept: sum(file.stat().st_size for file in (tmp_path / kept).iterdir()) for kept in STORES}
    assert sizes["lazy"] < 1000 < sizes["int16"] < sizes["float32"]
    assert [store.as_floats for store in stores.values()] == [1, 5, 0]
    assert stores["lazy"].facts is None


def test_a_lazy_store_reads_files_when_they_are_heard_and_says_what_is_wrong_then(tmp_path, examples):
    store = write(tmp_path / "store", examples, kept_as=LAZY)
    write(tmp_path / "store", examples, kept_as=LAZY)  # it is whole, and stays
    again = pickle.loads(pickle.dumps(store))
    first = again.waveform(0)
    Path(examples[0].audio[0].path).unlink()
    assert np.array_equal(again.waveform(0), first)  # one of the last
    with pytest.raises(InputError, match="does not exist"):
        SplitStore(store.folder).waveform(0)


def test_a_lazy_store_is_refused_for_what_headers_show(tmp_path, examples):
    late = replace(examples[1], id="late", start_seconds=9.0)
    gone = replace(examples[1], id="gone", audio=(AudioPiece(str(tmp_path / "gone.wav")),))
    with pytest.raises(InputError) as caught:
        write(tmp_path / "store", [late, gone, *examples], kept_as=LAZY)
    assert len(caught.value.problems) == 2
    assert not (tmp_path / "store").exists()
