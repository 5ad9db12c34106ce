"""Files with times beside recordings: TextGrids, subtitles, labels of HTK, segments of NIST."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]
Intervals = Sequence[tuple[float, float, str]]


def grid(tiers: Mapping[str, Intervals], *, short: bool = False) -> str:
    """A TextGrid of 3 s in Praat's long or short form."""
    head = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
    quoted = {name: [(a, b, text.replace('"', '""')) for a, b, text in of] for name, of in tiers.items()}
    if short:
        lines = ["0", "3", "<exists>", str(len(tiers))]
        for name, intervals in quoted.items():
            lines += ['"IntervalTier"', f'"{name}"', "0", "3", str(len(intervals))]
            lines += [line for a, b, text in intervals for line in (str(a), str(b), f'"{text}"')]
        return head + "\n".join(lines) + "\n"
    text = head + f"xmin = 0 \nxmax = 3 \ntiers? <exists> \nsize = {len(tiers)} \nitem []: \n"
    for number, (name, intervals) in enumerate(quoted.items(), start=1):
        text += f'    item [{number}]:\n        class = "IntervalTier" \n        name = "{name}" \n'
        text += f"        xmin = 0 \n        xmax = 3 \n        intervals: size = {len(intervals)} \n"
        for at, (a, b, label) in enumerate(intervals, start=1):
            text += f"        intervals [{at}]:\n            xmin = {a} \n            xmax = {b} \n"
            text += f'            text = "{label}" \n'
    return text


SAID: Intervals = [(0, 1, 'he said "one"'), (1, 1.5, ""), (1.5, 3, "two three")]


def found(reading: Reading) -> list[tuple[object, ...]]:
    return [(Path(clip.audio[0].path).stem, clip.start_seconds, clip.seconds, clip.target) for clip in reading.examples]


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize("ending", ["TextGrid", "textgrid"])
@pytest.mark.parametrize(("sounds", "texts"), [("{}.wav", "{}."), ("wav/{}.wav", "grids/{}."), ("x/{}.wav", "x/{}.")])
def test_the_one_tier_of_text_grids(
    lay: Lay, read_source: Read, short: bool, ending: str, sounds: str, texts: str
) -> None:
    files = {texts.format(name) + ending: grid({"words": SAID}, short=short) for name in "ab"}
    reading = read_source(lay([sounds.format(name) for name in "ab"], files, seconds=3), "text")
    said = [(0, 1, 'he said "one"'), (1.5, 1.5, "two three")]
    assert found(reading) == [(name, *stretch) for name in "ab" for stretch in said]
    assert len({clip.group for clip in reading.examples}) == 2
    assert "TextGrid" in reading.account.layout
    assert not reading.account.files_unread


def test_of_several_tiers_utterances_or_the_one_that_is_named(lay: Lay, read_source: Read) -> None:
    words: Intervals = [(0, 0.5, "one"), (0.5, 1, "sil"), (1, 2, "two")]
    texts = {"a.TextGrid": grid({"utterances": SAID, "words": words})}
    folder = lay(["a.wav"], texts, seconds=3)
    reading = read_source(folder, "text")
    assert len(reading.examples) == 2
    assert "'utterances' is read" in reading.account.guesses[-1]
    reading = read_source(folder, "text", text="words")
    assert [clip.target for clip in reading.examples] == ["one", "two"]
    assert "1 stretches of silence are no clips." in reading.account.guesses
    assert [clip.target for clip in read_source(folder, label="words").examples] == ["one", "sil", "two"]
    with pytest.raises(InputError, match=r"several tiers, 'words' \(3 intervals\), 'utterances' \(2 intervals\)"):
        read_source(folder)
    with pytest.raises(InputError, match="no TextGrid has the tier 'phones'"):
        read_source(folder, "text", text="phones")


CUES = "{n}00:00:00{m}500 --> 00:00:01{m}250\nhello <i>there</i>\nyou\n\n{n}00:00:02{m}000 --> 00:00:02{m}900\n1984\n"


@pytest.mark.parametrize(
    "text",
    [
        "1\n" + CUES.format(n="", m=",").replace("\n\n", "\n\n2\n"),
        CUES.format(n="1\n", m=",").replace("\n", "\r\n"),
        "\ufeff" + CUES.format(n="1\n", m=","),
    ],
)
def test_subtitles_in_srt(lay: Lay, read_source: Read, text: str) -> None:
    reading = read_source(lay(["a.wav"], {"a.srt": text}, seconds=3), "text")
    assert found(reading) == [("a", 0.5, 0.75, "hello there you"), ("a", 2.0, 0.9, "1984")]


@pytest.mark.parametrize("name", ["a.en.srt", "a.pt-BR.srt", "a.deu.srt"])
def test_subtitles_that_name_their_language(lay: Lay, read_source: Read, name: str) -> None:
    reading = read_source(lay(["a.wav"], {name: CUES.format(n="1\n", m=",")}, seconds=3), "text")
    assert [clip.target for clip in reading.examples] == ["hello there you", "1984"]


def test_subtitles_in_vtt_with_notes_names_and_voices(lay: Lay, read_source: Read) -> None:
    text = "WEBVTT\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nfirst\n00:00.500 --> 00:01.250 align:start\n"
    text += "<v Ann>a &amp; b\n\nNOTE two\nlines\n\nsecond\n00:00:02.000 --> 00:00:02.900\n<v Bob>bye\n"
    reading = read_source(lay(["a.wav"], {"a.vtt": text}, seconds=3), "text")
    assert found(reading) == [("a", 0.5, 0.75, "a & b"), ("a", 2.0, 0.9, "bye")]
    assert [clip.group for clip in reading.examples] == ["Ann", "Bob"]


@pytest.mark.parametrize("form", ["0 5000000 {}\n5000000 12000000 {}\n", "0.0\t0.5\t{}\n0.5\t1.2\t{}\n"])
def test_labels_of_htk(lay: Lay, read_source: Read, form: str) -> None:
    texts = {f"{name}.lab": form.format("song", "call") for name in "ab"}
    reading = read_source(lay(["a.wav", "b.wav"], texts, seconds=2))
    assert found(reading)[:2] == [("a", 0.0, 0.5, "song"), ("a", 0.5, 0.7, "call")]
    assert len(reading.examples) == 4


def test_ted_lium(lay: Lay, read_source: Read) -> None:
    splits = {"train": "AlGore_2009", "dev": "BillGates_2010", "test": "BrianCox_2009U"}
    line = "{t} 1 {t} {a} {b} <o,f0,male> {text}\n"
    texts = {
        f"T/{split}/stm/{talk}.stm": ";; a remark\n"
        + line.format(t=talk, a="0.16", b="1.52", text="i did it <unk>")
        + line.format(t=talk, a=2, b=3, text="ignore_time_segment_in_scoring")
        for split, talk in splits.items()
    }
    reading = read_source(lay([f"T/{s}/sph/{t}.wav" for s, t in splits.items()], texts, seconds=3), "text")
    assert sorted((clip.split, clip.group, clip.start_seconds, clip.target) for clip in reading.examples) == [
        ("test", "BrianCox_2009U", 0.16, "i did it <unk>"),
        ("train", "AlGore_2009", 0.16, "i did it <unk>"),
        ("validation", "BillGates_2010", 0.16, "i did it <unk>"),
    ]


@pytest.mark.parametrize(("channels", "heard"), [(2, [0, 1]), (1, [None, None])])
def test_a_call_of_two_channels_or_mixed_into_one(
    lay: Lay, read_source: Read, write_tone: Callable[..., Path], channels: int, heard: Sequence[int | None]
) -> None:
    text = "call1 A call1-A 0.0 1.0 <O> hello\ncall1 B call1-B 0.5 1.5 <O> yes\n"
    folder = lay([], {"all.stm": text})
    write_tone(folder / "call1.wav", seconds=2, channels=channels)
    clips = read_source(folder, "text").examples
    assert [(clip.audio[0].channel, clip.group) for clip in clips] == list(
        zip(heard, ("call1-A", "call1-B"), strict=True)
    )


@pytest.mark.parametrize("ending", ["eaf", "trs", "ctm", "rttm", "lrc", "cha"])
def test_files_of_other_tools_are_refused_with_what_to_write(lay: Lay, read_source: Read, ending: str) -> None:
    folder = lay(["a.wav", "b.wav"], {f"a.{ending}": "x", f"b.{ending}": "y"})
    with pytest.raises(InputError, match=rf"2 \.{ending} files lie beside.*start_seconds, end_seconds and text"):
        read_source(folder, "text")


def test_beside_class_folders_they_are_said_and_not_read(lay: Lay, read_source: Read) -> None:
    sounds = [f"{label}/{n}.wav" for label in ("cat", "dog") for n in "12"]
    texts = {name.replace(".wav", ".TextGrid"): grid({"x": SAID}) for name in sounds}
    reading = read_source(lay(sounds, texts))
    assert [clip.target for clip in reading.examples] == ["cat", "cat", "dog", "dog"]
    assert "4 .textgrid files lie beside sound of their name and are not read" in " ".join(reading.account.advice)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.TextGrid", ""),
        ("a.TextGrid", grid({"x": SAID})[:200]),
        ("a.TextGrid", '{"tiers": 3}'),
        ("a.vtt", "no subtitles"),
        ("a.stm", "a 1 x\n"),
        ("a.lab", "0 100 a\nb\n"),
    ],
)
def test_damaged_files_are_refused_by_name(lay: Lay, read_source: Read, name: str, text: str) -> None:
    with pytest.raises(InputError, match=name):
        read_source(lay(["a.wav"], {name: text}))


def test_text_grids_in_utf_16(lay: Lay, read_source: Read) -> None:
    folder = lay(["a.wav"], seconds=3)
    (folder / "a.TextGrid").write_text(grid({"x": [(0, 1, "schön")]}), encoding="utf-16")
    assert [clip.target for clip in read_source(folder, "text").examples] == ["schön"]


@pytest.mark.parametrize("name", ["talk{}.vtt", "talk{}.en.vtt", "talk{}.wav.vtt", "talk{}.wav.en.vtt"])
def test_names_of_subtitles(lay: Lay, read_source: Read, name: str) -> None:
    texts = {name.format(n): "WEBVTT\n\n00:00.500 --> 00:02.000\nhello\n" for n in "12"}
    reading = read_source(lay(["talk1.wav", "talk2.wav"], texts, seconds=2), "text")
    assert found(reading) == [("talk1", 0.5, 1.5, "hello"), ("talk2", 0.5, 1.5, "hello")]
