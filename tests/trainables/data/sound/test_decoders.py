"""Valid files whose headers do not say how much sound they hold, and files that are cut off: what a decoder gives is
read, or the file is refused; never a part of it without a word."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data.examples import AudioPiece, Example
from trainables.data.sound import recording
from trainables.data.sound.audio import load_waveform, probe
from trainables.data.sound.problems import SoundError

RATE_HZ = 16_000


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "cache"))


def noise(seconds: float = 1.0, channels: int = 1, rate: int = RATE_HZ, seed: int = 0) -> np.ndarray:
    shape = (round(seconds * rate), channels)
    return np.random.default_rng(seed).normal(0, 0.1, shape).astype(np.float32)


def encoded(samples: np.ndarray, kind: str, subtype: str | None = None, rate: int = RATE_HZ, **rest: object) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind, subtype=subtype, **rest)  # type: ignore[arg-type]
    return file.getvalue()


def untold(mp3: bytes) -> bytes:
    """An MP3 as it comes out of a pipe: without the frame that counts the others."""
    table = max(mp3.find(b"Xing"), mp3.find(b"Info"))
    return mp3[mp3.index(mp3[:2], table) :]


def resized(wav: bytes, data_bytes: int, riff_bytes: int | None = None) -> bytes:
    content = bytearray(wav)
    at = content.index(b"data") + 4
    content[at : at + 4] = struct.pack("<I", data_bytes)
    content[4:8] = struct.pack("<I", data_bytes if riff_bytes is None else riff_bytes)
    return bytes(content)


def in_wav(mp3: bytes, rate: int, channels: int) -> bytes:
    """MPEG audio as Windows programs keep it inside WAV (format 0x55)."""
    fmt = struct.pack("<HHIIHHHHIHHH", 0x55, channels, rate, 16_000, 1, 0, 12, 1, 2, 418, 1, 1393)
    body = b"fmt " + struct.pack("<I", len(fmt)) + fmt + b"fact" + struct.pack("<II", 4, 0)
    body += b"data" + struct.pack("<I", len(mp3)) + mp3
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def tagged(mp3: bytes, tag_bytes: int) -> bytes:
    sizes = [tag_bytes >> shift & 127 for shift in (21, 14, 7, 0)]
    return b"ID3\3\0\0" + bytes(sizes) + bytes(tag_bytes) + mp3


def without_total(flac: bytes) -> bytes:
    """FLAC as it comes out of a pipe: the number of samples, 36 bits of STREAMINFO, is 0."""
    content = bytearray(flac)
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    return bytes(content)


def at_variable_rate() -> bytes:
    """Nearly silent first: its small frames make libsndfile expect more than there is; loud first, less."""
    loud = noise(2.0)
    return encoded(np.concatenate([loud, 1e-4 * loud, loud]), "MP3", bitrate_mode="VARIABLE", compression_level=0.4)


def quiet_first() -> bytes:
    loud = noise(2.0)
    return encoded(np.concatenate([1e-4 * loud, loud, loud]), "MP3", bitrate_mode="VARIABLE", compression_level=0.4)


def constant(rate: int) -> bytes:
    return encoded(noise(3.0, rate=rate), "MP3", rate=rate, bitrate_mode="CONSTANT", compression_level=0.5)


WAV = encoded(noise(), "WAV", "PCM_16")
FLAC = encoded(noise(), "FLAC", "PCM_16")
VORBIS = encoded(noise(3.0), "OGG", "VORBIS")
OPUS = encoded(noise(3.0), "OGG", "OPUS")
MP3 = encoded(noise(3.0), "MP3")

# Name -> what stands in the file, and how many seconds of sound a decoder finds in it
WHOLE: dict[str, tuple[Callable[[], bytes], float]] = {
    "wav": (lambda: WAV, 1.0),
    "wav of size 0": (lambda: resized(WAV, 0), 1.0),
    "wav of size 0 in a sized file": (lambda: resized(WAV, 0, len(WAV) - 8), 1.0),
    "wav of size 0xFFFFFFFF": (lambda: resized(WAV, 0xFFFFFFFF), 1.0),
    "wav of size 0x7FFFFFFF": (lambda: resized(WAV, 0x7FFFFFFF), 1.0),
    "wav with the file's size": (lambda: resized(WAV, len(WAV)), 1.0),
    "wav with the riff's size": (lambda: resized(WAV, len(WAV) - 8), 1.0),
    "wav 1 byte too large": (lambda: resized(WAV, len(WAV) - 43), 1.0),
    "wav with a wrong riff size": (lambda: resized(WAV, len(WAV) - 44, 123_456_789), 1.0),
    "float wav of size 0": (lambda: resized(encoded(noise(), "WAV", "FLOAT"), 0), 1.0),
    "24 bit stereo wav of size 0": (lambda: resized(encoded(noise(channels=2), "WAV", "PCM_24"), 0), 1.0),
    "flac without total": (lambda: without_total(FLAC), 1.0),
    "flac behind an id3 tag": (lambda: tagged(FLAC, 3000), 1.0),
    "mp3": (lambda: MP3, 3.0),
    "mp3 of variable rate": (at_variable_rate, 6.0),
    "mp3 of variable rate, untold": (lambda: untold(at_variable_rate()), 6.1),
    "mp3 of variable rate, untold, quiet first": (lambda: untold(quiet_first()), 6.1),
    "mp3 untold with a large tag": (lambda: tagged(untold(constant(16_000)), 60_000), 3.07),
    "mp3 told with a large tag": (lambda: tagged(MP3, 60_000), 3.0),
    "mp3 told with a tag at its end": (lambda: MP3 + b"TAG" + bytes(125), 3.0),
    "mp3 of 44.1 kHz, untold": (lambda: untold(constant(44_100)), 3.03),
    "mp3 of 22.05 kHz, untold": (lambda: untold(constant(22_050)), 3.06),
    "mp3 of 44.1 kHz inside wav": (lambda: in_wav(untold(constant(44_100)), 44_100, 1), 3.03),
    "two mp3": (lambda: MP3 + MP3, 6.0),
    "two tagged mp3": (lambda: tagged(MP3, 100) + tagged(MP3, 5000), 6.0),
    "mp3 told and untold": (lambda: MP3 + untold(MP3), 6.06),
    "two untold mp3": (lambda: untold(constant(44_100)) * 2, 6.06),
    "vorbis": (lambda: VORBIS, 3.0),
    "opus": (lambda: OPUS, 3.0),
    "two vorbis": (lambda: VORBIS + encoded(noise(2.0, seed=1), "OGG", "VORBIS"), 5.0),
    "three opus": (lambda: OPUS * 3, 9.0),
    "aiff": (lambda: encoded(noise(), "AIFF", "PCM_16"), 1.0),
    "au": (lambda: encoded(noise(), "AU", "PCM_16"), 1.0),
    "au of unknown size": (lambda: (a := encoded(noise(), "AU"))[:8] + b"\xff" * 4 + a[12:], 1.0),
    "w64": (lambda: encoded(noise(), "W64", "PCM_16"), 1.0),
    "rf64": (lambda: encoded(noise(), "RF64", "PCM_16"), 1.0),
    "sphere": (lambda: encoded(noise(), "NIST", "PCM_16"), 1.0),
    "alac": (lambda: encoded(noise(), "CAF", "ALAC_16"), 1.0),
    "adpcm": (lambda: encoded(noise(), "WAV", "IMA_ADPCM"), 1.0),
}  # fmt: skip
FRAME_SECONDS = 0.15  # what encoders add to whole frames


def written(folder: Path, content: bytes, name: str = "x.bin") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def example(path: Path, **rest: object) -> Example:
    return Example("clip", (AudioPiece(str(path)),), "g", "a", **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", WHOLE)
def test_all_of_the_sound_is_read_and_its_length_is_known_before(tmp_path: Path, name: str) -> None:
    make, seconds = WHOLE[name]
    path = written(tmp_path, make())
    for _ in range(2):  # counted, then remembered
        info = probe(path)
        assert len(load_waveform(example(path), info.sample_rate_hz)) == info.frames
        assert info.seconds == pytest.approx(seconds, abs=FRAME_SECONDS if seconds != round(seconds) else 0.05)


@pytest.mark.parametrize("name", WHOLE)
def test_as_much_as_ffmpeg_finds(tmp_path: Path, name: str) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("ffmpeg is not installed: nothing to compare with")
    if name.startswith("two vorbis"):
        pytest.skip("ffmpeg drops the first block of a second stream")
    path = written(tmp_path, WHOLE[name][0]())
    info = probe(path)
    command = [ffmpeg, "-v", "quiet", "-i", path, "-ar", str(info.sample_rate_hz), "-f", "f32le", "-"]
    samples = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, dtype="<f4")
    heard = load_waveform(example(path), info.sample_rate_hz)
    # an untold MP3 begins and ends with the encoder's delay, of which ffmpeg drops a part; it keeps what fills the last
    # frame of each of several
    tolerance = 0.2 if name.startswith("two ") or "and" in name else 0.08
    assert len(samples) / info.channels == pytest.approx(len(heard), abs=tolerance * info.sample_rate_hz)


def test_the_sound_of_a_pipe_is_that_of_the_file(tmp_path: Path) -> None:
    for whole, piped in ((WAV, resized(WAV, 0)), (WAV, resized(WAV, 0xFFFFFFFF)), (FLAC, without_total(FLAC))):
        expected = load_waveform(example(written(tmp_path, whole, "whole")), RATE_HZ)
        np.testing.assert_array_equal(load_waveform(example(written(tmp_path, piped, "piped")), RATE_HZ), expected)


def test_what_follows_one_another_is_heard_in_order(tmp_path: Path) -> None:
    for kind in ("VORBIS", "OPUS"):
        parts = [encoded(noise(1.0, seed=seed), "OGG", kind) for seed in range(3)]
        single = [load_waveform(example(written(tmp_path, part)), RATE_HZ) for part in parts]
        both = load_waveform(example(written(tmp_path, b"".join(parts))), RATE_HZ)
        np.testing.assert_array_equal(both, np.concatenate(single))


CUT = {
    "wav": WAV,
    "float wav": encoded(noise(), "WAV", "FLOAT"),
    "flac": FLAC,
    "vorbis": VORBIS,
    "opus": OPUS,
    "mp3": MP3,
    "aiff": encoded(noise(), "AIFF"),
    "au": encoded(noise(), "AU"),
    "w64": encoded(noise(), "W64"),
    "rf64": encoded(noise(), "RF64"),
    "caf": encoded(noise(), "CAF"),
    "sphere": encoded(noise(), "NIST"),
    "adpcm": encoded(noise(), "WAV", "MS_ADPCM"),
    "8svx": encoded(noise(), "SVX", "PCM_16"),
    "second of two vorbis": VORBIS + VORBIS[: len(VORBIS) * 3 // 5],
    "second of two mp3": MP3 + MP3[: len(MP3) * 3 // 5],
}


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("share", [0.6, 0.9])
def test_a_file_that_is_cut_off_is_refused_whatever_its_format(tmp_path: Path, name: str, share: float) -> None:
    content = CUT[name] if "second" in name else CUT[name][: int(share * len(CUT[name]))]
    with pytest.raises(SoundError, match=r"cut off|malformed|cannot be decoded"):
        load_waveform(example(written(tmp_path, content)), RATE_HZ)


def test_two_wav_files_in_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match="holds two WAV files"):
        probe(written(tmp_path, WAV + WAV))


def test_recordings_of_different_rates_in_one_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, VORBIS + encoded(noise(1.0, rate=22_050), "OGG", "VORBIS", 22_050))
    with pytest.raises(SoundError, match="different sample rates"):
        load_waveform(example(path), RATE_HZ)


EXACT = {
    "wav": ("WAV", "PCM_16"), "float": ("WAV", "FLOAT"), "flac": ("FLAC", "PCM_16"), "flac24": ("FLAC", "PCM_24"),
    "mp3": ("MP3", None), "vorbis": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS"), "adpcm": ("WAV", "IMA_ADPCM"),
    "alac": ("CAF", "ALAC_16"), "ulaw": ("AU", "ULAW"), "gsm": ("WAV", "GSM610"),
}  # fmt: skip


@pytest.fixture(scope="module")
def decoded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, np.ndarray]]:
    folder = tmp_path_factory.mktemp("exact")
    found = {}
    for name, (kind, subtype) in EXACT.items():
        rate = 8000 if name == "gsm" else RATE_HZ
        path = written(folder, encoded(noise(6.0, rate=rate), kind, subtype, rate), name)
        found[name] = (path, load_waveform(example(path), rate))
    untold_path = written(folder, untold(MP3), "untold")
    return found | {"untold": (untold_path, load_waveform(example(untold_path), RATE_HZ))}


@settings(max_examples=60, deadline=None)
@given(data=st.data(), name=st.sampled_from([*EXACT, "untold"]))
def test_a_crop_is_the_same_samples_as_in_the_whole_file(
    decoded: dict[str, tuple[Path, np.ndarray]], data: st.DataObject, name: str
) -> None:
    path, whole = decoded[name]
    rate = 8000 if name == "gsm" else RATE_HZ
    start = data.draw(st.integers(0, len(whole) - 2))
    frames = data.draw(st.integers(1, len(whole) - start))
    crop = load_waveform(example(path, start_seconds=start / rate, seconds=frames / rate), rate)
    np.testing.assert_array_equal(crop, whole[start : start + frames])


@pytest.mark.parametrize("name", ["mp3", "untold", "vorbis", "opus", "flac", "adpcm"])
def test_blocks_are_the_samples_of_the_whole(
    decoded: dict[str, tuple[Path, np.ndarray]], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path, whole = decoded[name]
    monkeypatch.setattr(recording, "BLOCK_SAMPLES", 5000)
    np.testing.assert_array_equal(load_waveform(example(path), RATE_HZ), whole)
