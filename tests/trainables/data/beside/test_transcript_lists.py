"""Transcripts in lists without a header."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


def found(reading: Reading) -> dict[str, tuple[object, ...]]:
    return {Path(clip.audio[0].path).name: (clip.target, clip.group, clip.split) for clip in reading.examples}


@pytest.mark.parametrize("ending", [".flac", ".ogg"])
@pytest.mark.parametrize("top", ["", "mls_german/"])
def test_mls(lay: Lay, read_source: Read, ending: str, top: str) -> None:
    splits = {"train": "11_22_00000", "dev": "33_44_00000", "test": "55_66_00000"}
    sounds = [
        f"{top}{split}/audio/{name.split('_')[0]}/{name.split('_')[1]}/{name}{n}{ending}"
        for split, name in splits.items()
        for n in (1, 2)
    ]
    texts = {
        f"{top}{split}/transcripts.txt": f"{name}1\tein satz\n{name}2\tnoch ein satz\n"
        for split, name in splits.items()
    }
    texts |= {f"{top}{split}/segments.txt": f"{name}1\thttp://a/b.mp3\t1.0\t2.0\n" for split, name in splits.items()}
    texts |= {f"{top}metainfo.txt": " SPEAKER | GENDER\n11 | M\n"}
    reading = read_source(lay(sounds, texts), "text")
    assert found(reading)[f"11_22_000001{ending}"] == ("ein satz", "11", "train")
    assert found(reading)[f"33_44_000002{ending}"] == ("noch ein satz", "33", "validation")
    assert found(reading)[f"55_66_000001{ending}"] == ("ein satz", "55", "test")
    assert len(reading.examples) == 6


def test_aishell_1(lay: Lay, read_source: Read) -> None:
    names = {"train": "BAC009S0002W0122", "dev": "BAC009S0724W0121", "test": "BAC009S0764W0121"}
    sounds = [f"data_aishell/wav/{split}/{name[6:11]}/{name}.wav" for split, name in names.items()]
    lines = "".join(f"{name} 而 对 楼市 {split}\n" for split, name in names.items()) + "BAC009S0916W0495 不在\n"
    texts = {"data_aishell/transcript/aishell_transcript_v0.8.txt": lines}
    reading = read_source(lay(sounds, texts), "text")
    assert found(reading) == {
        "BAC009S0002W0122.wav": ("而 对 楼市 train", "S0002", "train"),
        "BAC009S0724W0121.wav": ("而 对 楼市 dev", "S0724", "validation"),
        "BAC009S0764W0121.wav": ("而 对 楼市 test", "S0764", "test"),
    }
    assert "1 lines of the lists name no sound that is here, such as BAC009S0916W0495" in " ".join(
        reading.account.guesses
    )


def test_aishell_3_spells_every_character(lay: Lay, read_source: Read) -> None:
    lines = "SSB00050001.wav\t广 guang3 州 zhou1\nSSB00060002.wav\t你 ni3 好 hao3\n"
    sounds = ["train/wav/SSB0005/SSB00050001.wav", "train/wav/SSB0006/SSB00060002.wav"]
    reading = read_source(lay(sounds, {"train/content.txt": lines}), "text")
    assert [clip.target for clip in reading.examples] == ["广 州", "你 好"]
    assert [clip.group for clip in reading.examples] == ["SSB0005", "SSB0006"]


@pytest.mark.parametrize(
    ("name", "lines", "groups"),
    [
        ("line_index.tsv", "afr_0184_0123456789\ten\nafr_0185_0123456789\ttwee\nafr_0184_0123456790\tdrie\n", "185"),
        ("line_index.tsv", "a1\tone\na2\ttwo words\na3\tthree\n", None),
        ("line_index.tsv", 'a1\t"one"\na2\t"two ""words"""\na3\tthree\n', None),
        ("utt_spk_text.tsv", "a1\ts1\tone\na2\ts2\ttwo\na3\ts1\tthree\n", "s2"),
        ("filelist.txt", "wavs/a1.wav|s1|one\nwavs/a2.wav|s2|two\nwavs/a3.wav|s1|three\n", "s2"),
        ("filelist.txt", "DUMMY/a1.wav|one\nDUMMY/a2.wav|two\nDUMMY/a3.wav|three, or four\n", None),
        ("transcript.txt", "m/a1.wav|One|one|3.13\nm/a2.wav|Two|two|2.5\nm/a3.wav|Three|three|1\n", None),  # CSS10
        ("text.txt", "a1 one\r\na2  two\r\na3\r\n", None),
        ("trans.lst", "\ufeffa1 one\n\na2 two\na3 three\n", None),
        ("prompts.txt", "*/a1 one\n*/a2 two\n*/a3 three\n", None),
    ],
)
def test_other_lists(lay: Lay, read_source: Read, name: str, lines: str, groups: str | None) -> None:
    names = [line.lstrip("\ufeff").replace("|", " ").split()[0] for line in lines.splitlines() if line.strip()]
    stems = [Path(name).name.removesuffix(".wav") for name in names]
    reading = read_source(lay([f"wavs/{stem}.wav" for stem in stems], {name: lines}), "text")
    assert len(reading.examples) == 3
    assert [clip.id for clip in reading.examples][:1] == [f"wavs/{min(stems)}.wav"]
    assert not any('"one"' in str(clip.target) for clip in reading.examples)
    if groups is None:
        assert len({clip.group for clip in reading.examples}) == 3
    else:
        assert len({clip.group for clip in reading.examples}) == 2
        assert any(groups in clip.group for clip in reading.examples)


def test_names_of_lists_give_the_splits(lay: Lay, read_source: Read) -> None:
    texts = {f"filelists/ljs_audio_text_{s}_filelist.txt": f"wavs/{s}.wav|text of {s}\n" for s in ("train", "val")}
    texts |= {"filelists/ljs_audio_text_test_filelist.txt": "wavs/test.wav|text of test\nwavs/test2.wav|more\n"}
    reading = read_source(lay([f"wavs/{s}.wav" for s in ("train", "val", "test", "test2")], texts), "text")
    assert {name: split for name, (_, _, split) in found(reading).items()} == {
        "train.wav": "train",
        "val.wav": "validation",
        "test.wav": "test",
        "test2.wav": "test",
    }


def test_tables_by_split_without_a_header(lay: Lay, read_source: Read) -> None:
    texts = {"train.tsv": "a\tone\nb\ttwo\n", "test.tsv": "c\tthree\nd\tfour\n"}
    reading = read_source(lay([f"clips/{n}.wav" for n in "abcd"], texts), "text")
    assert {name: (text, split) for name, (text, _, split) in found(reading).items()} == {
        "a.wav": ("one", "train"),
        "b.wav": ("two", "train"),
        "c.wav": ("three", "test"),
        "d.wav": ("four", "test"),
    }


def test_one_name_in_two_folders_is_the_one_near_its_list(lay: Lay, read_source: Read) -> None:
    texts = {f"{who}/line_index.tsv": f"a\t{who} a\nb\t{who} b\n" for who in ("female", "male")}
    reading = read_source(lay([f"{who}/{n}.wav" for who in ("female", "male") for n in "ab"], texts), "text")
    assert {clip.id: clip.target for clip in reading.examples} == {
        f"{who}/{n}.wav": f"{who} {n}" for who in ("female", "male") for n in "ab"
    }


def test_two_texts_for_one_sound_are_refused(lay: Lay, read_source: Read) -> None:
    texts = {"a.txt": "x one\ny two\n", "b.txt": "x one\ny zwei\n"}
    with pytest.raises(InputError, match=r"a\.txt line 2 and b\.txt line 2 give y different texts"):
        read_source(lay(["wavs/x.wav", "wavs/y.wav"], texts), "text")


@pytest.mark.parametrize(
    "texts",
    [
        {"notes.txt": "x is a good one\nthe other is not\nnor are the others\n"},
        {"durations.txt": "x 1.25\ny 0.5\n"},
        {"x.txt": "x is what is said\n", "y.txt": "this is said\n"},
    ],
)
def test_other_texts_are_no_lists(lay: Lay, read_source: Read, texts: dict[str, str]) -> None:
    sounds = ["x.wav", "y.wav"]
    if "x.txt" in texts:
        assert read_source(lay(sounds, texts), "text").examples[0].target == "x is what is said"
    else:
        with pytest.raises(InputError, match="file_name and text"):
            read_source(lay(sounds, texts), "text")


def test_voxforge(lay: Lay, read_source: Read) -> None:
    submissions = ("anonymous-20080219-abc", "Aaron-20080318-kdl", "Aaron-20090101-xyz")
    sounds = [f"{name}/wav/a000{number}.wav" for name in submissions for number in (1, 2)]
    texts = {
        f"{name}/etc/PROMPTS": f"{name}/mfc/a0001 OF {at}\n{name}/mfc/a0002 THE {at}\n"
        for at, name in enumerate(submissions)
    }
    texts |= {f"{name}/etc/prompts-original": "a0001 Of that.\na0002 The one.\n" for name in submissions}
    reading = read_source(lay(sounds, texts), "text")
    assert [clip.target for clip in reading.examples] == ["OF 1", "THE 1", "OF 2", "THE 2", "OF 0", "THE 0"]
    assert [clip.group for clip in reading.examples] == ["Aaron"] * 4 + ["anonymous-20080219-abc"] * 2


def test_kss_writes_a_text_four_times(lay: Lay, read_source: Read) -> None:
    names = ["1/1_0000.wav", "1/1_0001.wav", "2/2_0000.wav"]
    lines = "".join(f"{name}|{at}개|{at} 개요|letters|3.5|{at} pieces\n" for at, name in enumerate(names))
    reading = read_source(lay(names, {"transcript.v.1.4.txt": lines}), "text")
    assert [clip.target for clip in reading.examples] == ["0 개요", "1 개요", "2 개요"]
    assert any("third column" in sentence for sentence in reading.account.guesses)
    reading = read_source(lay(names, {"transcript.v.1.4.txt": lines}), "text", text="6")
    assert [clip.target for clip in reading.examples] == ["0 pieces", "1 pieces", "2 pieces"]


def test_libritts_has_two_forms_of_a_text(lay: Lay, read_source: Read) -> None:
    names = [f"{reader}_198_00000{n}_000000" for reader in (19, 26) for n in (0, 1)]
    sounds = [f"train-clean-100/{name.split('_')[0]}/198/{name}.wav" for name in names]
    lines = {19: "", 26: ""}
    for name in names:
        lines[int(name.split("_")[0])] += f"{name}\tIt was Mr. Brown of {name}.\tIt was Mister Brown of {name}.\n"
    texts = {f"train-clean-100/{reader}/198/{reader}_198.trans.tsv": of for reader, of in lines.items()}
    reading = read_source(lay(sounds, texts), "text")
    assert {clip.target for clip in reading.examples} == {f"It was Mister Brown of {name}." for name in names}
    assert [clip.group for clip in reading.examples] == ["19", "19", "26", "26"]


@pytest.mark.parametrize("home", ["", "wav/"])
@pytest.mark.parametrize(
    "text",
    [
        "UtteranceID\tSpeakerID\tTranscription\n{0}.wav\ts{1}\tone {0}\n",
        "id|sentence|age|speaker\n{0}|one {0}|30|s{1}\n",
        "path|text|speaker|set\n{0}.wav|one {0}|s{1}|train\n",
    ],
)
def test_a_list_with_a_header(lay: Lay, read_source: Read, text: str, home: str) -> None:
    header, line, _ = text.split("\n")
    names = [f"m_{number}" for number in range(6)]
    lines = [line.format(name, number % 3) for number, name in enumerate(names)]
    reading = read_source(
        lay([f"{home}{name}.wav" for name in names], {"TRANS.txt": "\n".join([header, *lines])}), "text"
    )
    assert [(clip.target, clip.group) for clip in reading.examples] == [
        (f"one {name}", f"s{number % 3}") for number, name in enumerate(names)
    ]
    assert {clip.split for clip in reading.examples} == ({"train"} if "set" in header else {None})


def test_names_before_a_colon(lay: Lay, read_source: Read) -> None:
    lists = {f"jvs00{who}/transcripts_utf8.txt": f"VOICE_1:また{who}: はい\nVOICE_2:水を\n" for who in (1, 2)}
    sounds = [f"jvs00{who}/wav24kHz16bit/VOICE_{number}.wav" for who in (1, 2) for number in (1, 2)]
    reading = read_source(lay(sounds, lists), "text")
    assert [clip.target for clip in reading.examples] == ["また1: はい", "水を", "また2: はい", "水を"]
