"""Kaldi's data folders: alone, side by side as splits, with segments, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]
SOUNDS = ("wav/a.wav", "wav/b.wav", "wav/c.wav")
SCP = "u1 wav/a.wav\nu2 wav/b.wav\n"
TEXT = "u1 one\nu2 two words\n"
SPEAKERS = "u1 s1\nu2 s2\n"


def test_one_folder(lay: Lay, read_source: Read) -> None:
    folder = lay(SOUNDS, {"wav.scp": SCP, "text": TEXT, "utt2spk": SPEAKERS})
    reading = read_source(folder, "text")
    found = [(clip.id, clip.target, clip.group, clip.audio[0].path) for clip in reading.examples]
    assert found == [
        ("u1", "one", "s1", str(folder / "wav/a.wav")),
        ("u2", "two words", "s2", str(folder / "wav/b.wav")),
    ]
    assert "Kaldi" in reading.account.layout
    assert reading.account.origins["group"] == "utt2spk"


def test_folders_side_by_side_are_splits_and_paths_begin_at_the_recipe(lay: Lay, read_source: Read) -> None:
    texts = {}
    for name, sound in (("train", "a"), ("dev", "b"), ("test", "c"), ("train_sp", "a")):
        texts |= {f"data/{name}/wav.scp": f"{name}1 wav/{sound}.wav\n", f"data/{name}/text": f"{name}1 words\n"}
    texts["data/train/split4/1/wav.scp"] = "train1 wav/a.wav\n"
    reading = read_source(lay(SOUNDS, texts) / "data", "text")
    found = {clip.id: (clip.split, Path(clip.audio[0].path).name) for clip in reading.examples}
    assert found == {"train1": ("train", "a.wav"), "dev1": ("validation", "b.wav"), "test1": ("test", "c.wav")}
    account = str(reading.account)
    assert "train_sp/wav.scp" in account
    assert "begin at" in account
    assert "no utt2spk" in account


def test_segments_are_stretches_of_recordings(lay: Lay, read_source: Read) -> None:
    texts = {
        "wav.scp": "rec1 wav/a.wav\n",
        "segments": "u1 rec1 0.00 0.05\nu2 rec1 0.05 -1\n",
        "text": TEXT,
        "utt2spk": "u1 s1\nu2 s1\n",
        "utt2lang": "u1 en\nu2 de\n",
    }
    reading = read_source(lay(SOUNDS, texts), "text")
    found = [(clip.id, clip.start_seconds, clip.seconds, clip.language) for clip in reading.examples]
    assert found == [("u1", 0.0, 0.05, "en"), ("u2", 0.05, None, "de")]
    labels = read_source(lay(SOUNDS, texts), "label", label="utt2lang")
    assert [clip.target for clip in labels.examples] == ["en", "de"]


def test_the_channels_of_a_call(lay: Lay, read_source: Read) -> None:
    texts = {
        "wav.scp": "call-A wav/a.wav\ncall-B wav/a.wav\n",
        "reco2file_and_channel": "call-A call A\ncall-B call B\n",
        "segments": "u1 call-A 0.00 0.05\nu2 call-B 0.00 0.05\n",
        "text": TEXT,
        "utt2spk": SPEAKERS,
    }
    examples = read_source(lay(SOUNDS, texts), "text").examples
    assert [clip.audio[0].channel for clip in examples] == [0, 1]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (
            {"wav.scp": "u1 flac -c -d -s a.flac |\nu2 sox b.wav -t wav - |\n"},
            r"lines? .*commands out of data are not run",
        ),
        ({"wav.scp": "u1 wav/a.wav\nu2 raw_wav.ark:1034\n"}, "line 2: points into an archive"),
        ({"wav.scp": SCP, "text": "u1 one\n"}, "text.* is empty"),
        ({"wav.scp": SCP, "text": TEXT + "u3 three\n"}, "text line 3: wav.scp has no such line"),
        ({"wav.scp": SCP, "segments": "u1 rec9 0 1\nu2 u2 0 1\n"}, "no recording 'rec9'"),
        ({"wav.scp": SCP, "segments": "u1 u1 0\nu2 u2 0 1\n"}, "line 1: a line of segments is"),
        ({"wav.scp": SCP + "u1 wav/c.wav\n"}, "names 'u1', as line 1 does"),
    ],
)
def test_what_cannot_be_read(lay: Lay, read_source: Read, texts: dict[str, str], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        read_source(lay(SOUNDS, {"text": TEXT, "utt2spk": SPEAKERS, **texts}), "text")


def test_no_text_says_what_is_there(lay: Lay, read_source: Read) -> None:
    folder = lay(SOUNDS, {"wav.scp": SCP, "utt2spk": SPEAKERS, "utt2gender": "u1 f\nu2 m\n"})
    with pytest.raises(InputError, match=r"Kaldi.* has no 'text'.*utt2gender"):
        read_source(folder, "text")


def test_folders_whose_names_give_no_split(lay: Lay, read_source: Read) -> None:
    texts = {f"{name}/wav.scp": f"{name} wav/a.wav\n" for name in ("north", "south")}
    with pytest.raises(InputError, match=r"north, south.*name one of them"):
        read_source(lay(SOUNDS, texts), "text")
