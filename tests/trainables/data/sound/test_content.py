"""A file is what it holds, not what it is called."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables.data.sound import compressed
from trainables.data.sound.audio import probe
from trainables.data.sound.problems import SoundError

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 32044\n"
ROWS = [{"audio": "a.wav", "label": "dog"}] * 200


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("a.wav", b"x")
    return file.getvalue()


NOT_SOUND = {
    "empty": (b"", "is empty"),
    "lfs": (POINTER, "git lfs pull"),
    "annex": (b"/annex/objects/SHA256E-s32044--" + b"0" * 64 + b".wav\n", "git annex get"),
    "html": (b"<!DOCTYPE html>\n<html><head><title>Sign in</title>" + b"<p>" * 3000, "HTML page"),
    "html in capitals": (b"\xef\xbb\xbf \r\n<HTML>\n<BODY>404</BODY></HTML>", "HTML page"),
    "html after a remark": (b"<!-- saved --><!doctype html><html></html>", "HTML page"),
    "html in utf-16": ("<html><body>404</body></html>".encode("utf-16"), "HTML page"),
    "xml": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML"),
    "json": (b'{"error": "rate limit"}', "is JSON"),
    "json list": (json.dumps(ROWS).encode(), "is JSON"),
    "json, indented": (json.dumps(ROWS, indent=2).encode(), "is JSON"),
    "text": ("zwölf Hörner\n".encode() * 500, "is a text"),
    "zeros": (bytes(5000), "zero bytes"),
    "zip": (archive(), "ZIP"),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(range(200)), "gzip"),
    "midi": (b"MThd\x00\x00\x00\x06\x00\x01\x00\x02\x01\xe0", "MIDI"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(range(100)), "PNG"),
    "numpy": (b"\x93NUMPY\x01\x00" + bytes(range(100)), "NumPy"),
}
COMPRESSED = {
    "m4a": b"\x00\x00\x00\x1cftypM4A \x00\x00\x02\x00",
    "aac": b"\xff\xf1P\x80(\x9f\xfc\xdc",
    "wma": b"0&\xb2u\x8ef\xcf\x11\xa6\xd9",
    "webm": b"\x1aE\xdf\xa3\x9fB\x86\x81",
    "amr": b"#!AMR\n<\x04",
}


@pytest.mark.parametrize("suffix", ["wav", "mp3", "ogg", "flac"])
@pytest.mark.parametrize("name", NOT_SOUND)
def test_what_is_no_sound_is_called_what_it_is(tmp_path: Path, name: str, suffix: str) -> None:
    content, words = NOT_SOUND[name]
    problems = set()
    for number in range(2):
        path = tmp_path / f"{number}.{suffix}"
        path.write_bytes(content)
        with pytest.raises(SoundError, match=words) as caught:
            probe(path)
        problems.add(caught.value.problem)
    assert len(problems) == 1  # so that many such files can be counted


@pytest.mark.parametrize("suffix", ["m4a", "wav"])
@pytest.mark.parametrize("name", COMPRESSED)
def test_without_the_decoder_a_compressed_file_says_how_to_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, suffix: str
) -> None:
    monkeypatch.setattr(compressed, "is_installed", lambda: False)
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(COMPRESSED[name] + bytes(1000))
    with pytest.raises(SoundError, match=r"uv sync --extra compressed`, or convert: ffmpeg -i IN OUT\.flac"):
        probe(path)


def test_sound_is_read_under_any_name(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 16_000)
    for kind in ("WAV", "FLAC", "OGG", "MP3", "AIFF", "NIST", "W64", "CAF"):
        for name in ("x.wav", "x.mp3", "x", "x.txt"):
            soundfile.write(tmp_path / name, sound, 16_000, format=kind)
            assert probe(tmp_path / name).frames == pytest.approx(16_000, abs=10), (kind, name)
