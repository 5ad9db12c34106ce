"""Labels in lists without a header."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


def found(reading: Reading) -> dict[str, tuple[object, ...]]:
    return {Path(clip.audio[0].path).name: (clip.target, clip.group, clip.split) for clip in reading.examples}


def test_asvspoof_2019(lay: Lay, read_source: Read) -> None:
    sounds, texts = [], {"LA/README.LA.txt": "The database\n"}
    for part, ending, letter in (("train", "train.trn", "T"), ("dev", "dev.trl", "D"), ("eval", "eval.trl", "E")):
        lines = ""
        for number in range(4):
            sounds.append(f"LA/ASVspoof2019_LA_{part}/flac/LA_{letter}_{number}.flac")
            is_genuine = number % 2
            key = "- bonafide" if is_genuine else "A07 spoof"
            lines += f"LA_00{number // 2}{letter} LA_{letter}_{number} - {key}\n"
        texts[f"LA/ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.{ending}.txt"] = lines
    reading = read_source(lay(sounds, texts))
    assert len(reading.examples) == 12
    assert found(reading)["LA_T_0.flac"] == ("spoof", "LA_000T", "train")
    assert found(reading)["LA_D_1.flac"] == ("bonafide", "LA_000D", "validation")
    assert found(reading)["LA_E_2.flac"] == ("spoof", "LA_001E", "test")


def test_asvspoof_2021(lay: Lay, read_source: Read) -> None:
    keys = ["bonafide", "spoof"] * 3
    sounds = [f"ASVspoof2021_LA_eval/flac/LA_E_{number}.flac" for number in range(6)]
    lines = "".join(f"LA_000{n // 2} LA_E_{n} alaw ita_tx A07 {key} notrim eval\n" for n, key in enumerate(keys))
    reading = read_source(lay(sounds, {"keys/LA/CM/trial_metadata.txt": lines}))
    assert [clip.target for clip in reading.examples] == keys
    assert {clip.group for clip in reading.examples} == {"LA_0000", "LA_0001", "LA_0002"}


WAVS = [f"wav/a{number}.wav" for number in range(8)]
CATS = ["cat", "dog"] * 4


def lines(divider: str, names: list[str], *columns: list[str]) -> str:
    return "".join(divider.join(cells) + "\n" for cells in zip(names, *columns, strict=True))


@pytest.mark.parametrize("divider", [" ", "\t", ",", "|", ";", ", "])
@pytest.mark.parametrize("name", ["labels.txt", "meta.csv", "lists/all.lst"])
def test_one_list(lay: Lay, read_source: Read, divider: str, name: str) -> None:
    reading = read_source(lay(WAVS, {name: lines(divider, WAVS, CATS)}))
    assert [clip.target for clip in reading.examples] == CATS
    assert reading.account.layout.startswith("labels in lists")


def test_names_of_lists_are_splits(lay: Lay, read_source: Read) -> None:
    parts = {"train.txt": (0, 4), "val.txt": (4, 6), "test.txt": (6, 8)}
    reading = read_source(lay(WAVS, {name: lines(" ", WAVS[a:b], CATS[a:b]) for name, (a, b) in parts.items()}))
    assert [clip.target for clip in reading.examples] == CATS
    assert [clip.split for clip in reading.examples] == ["train"] * 4 + ["validation"] * 2 + ["test"] * 2


def test_folds_of_dcase(lay: Lay, read_source: Read) -> None:
    texts = {
        "meta.txt": lines("\t", WAVS, CATS),
        "evaluation_setup/fold1_train.txt": lines("\t", WAVS[:6], CATS[:6]),
        "evaluation_setup/fold1_test.txt": "".join(f"{name}\n" for name in WAVS[6:]),
    }
    reading = read_source(lay(WAVS, texts))
    assert [(clip.target, clip.split) for clip in reading.examples] == list(
        zip(CATS, ["train"] * 6 + ["test"] * 2, strict=True)
    )


def test_emotion_behind_a_text(lay: Lay, read_source: Read) -> None:
    sounds, texts = [], {}
    for speaker in ("0001", "0011"):
        of_list = ""
        for number, mood in enumerate(("Angry", "Happy", "Neutral")):
            for split in ("train", "evaluation", "test"):
                name = f"{speaker}_{350 * number + len(split):06d}"
                sounds.append(f"ESD/{speaker}/{mood}/{split}/{name}.wav")
                of_list += f"{name}\tThe words of {name}.\t{mood}\n"
        texts[f"ESD/{speaker}/{speaker}.txt"] = of_list
    folder = lay(sounds, texts)
    for column, right in (("label", {"Angry", "Happy", "Neutral"}), ("text", {"The words of 0001_000005."})):
        reading = read_source(folder, column)
        assert len(reading.examples) == 18
        assert right <= {clip.target for clip in reading.examples}
        assert {clip.split for clip in reading.examples} == {"train", "validation", "test"}
    assert len({clip.group for clip in reading.examples}) == 18  # its speakers stand in all splits


def test_of_several_columns_one_must_be_named(lay: Lay, read_source: Read) -> None:
    voices = [f"spk{number // 3}" for number in range(8)]
    folder = lay(WAVS, {"list.txt": lines(" ", WAVS, CATS, voices)})
    with pytest.raises(InputError, match=r"'2': cat, dog; '3': spk0, spk1, spk2"):
        read_source(folder)
    reading = read_source(folder, label="2", group="3")
    assert [clip.target for clip in reading.examples] == CATS
    assert [clip.group for clip in reading.examples] == voices
    with pytest.raises(InputError, match="have 3 columns, not 9"):
        read_source(folder, label="9")


@pytest.mark.parametrize(
    ("sounds", "texts", "right"),
    [
        # the folders are classes, and a list may say anything of the clips
        (["cat/1.wav", "cat/2.wav", "dog/3.wav", "dog/4.wav"], {"q.txt": "1 good\n2 bad\n3 good\n4 bad\n"}, "ccdd"),
        (["cat/1.wav", "cat/2.wav", "dog/3.wav", "dog/4.wav"], {"list.txt": "1 0\n2 0\n3 1\n4 1\n"}, "ccdd"),
        # folders that are numbers are rarely what is to be told apart
        (["01/1.wav", "01/2.wav", "02/3.wav", "02/4.wav"], {"moods.txt": "1 calm\n2 bad\n3 calm\n4 bad\n"}, "cbcb"),
        # lengths are no labels, and neither are names of their own
        (["cat/1.wav", "cat/2.wav", "dog/3.wav", "dog/4.wav"], {"s.txt": "1 0.5\n2 0.5\n3 0.7\n4 0.7\n"}, "ccdd"),
    ],
)  # fmt: skip
def test_lists_beside_folders(
    lay: Lay, read_source: Read, sounds: list[str], texts: Mapping[str, str], right: str
) -> None:
    reading = read_source(lay(sounds, texts))
    assert "".join(str(clip.target)[0] for clip in reading.examples) == right


def test_two_labels_of_one_sound_are_refused(lay: Lay, read_source: Read) -> None:
    texts = {"a.txt": lines(" ", WAVS, CATS), "b.txt": lines(" ", WAVS, CATS[::-1])}
    with pytest.raises(InputError, match=r"give wav/a0\.wav different labels"):
        read_source(lay(WAVS, texts))


CLIPS = [f"c{number}" for number in range(6)]


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("file,label,speaker\n{0}.wav,{1},s{2}\n", "labels in lists"),
        ("UtteranceID\tEmotion\tSpeakerID\n{0}\t{1}\ts{2}\n", "labels in lists"),
        ("file label speaker\n{0}.wav {1} s{2}\n", "labels in lists"),
        ("file\tlabel\tspeaker\tsplit\n{0}.wav\t{1}\ts{2}\ttrain\n", "a table"),
        ("speaker;filename;class;onset;offset\ns{2};{0}.wav;{1};0.1;0.2\n", "a table"),
    ],
)
def test_a_list_with_a_header(lay: Lay, read_source: Read, text: str, layout: str) -> None:
    header, line, _ = text.split("\n")
    lines = [line.format(name, ("dog", "cat")[number % 2], number % 3) for number, name in enumerate(CLIPS)]
    reading = read_source(lay([f"{name}.wav" for name in CLIPS], {"labels.txt": "\n".join([header, *lines])}))
    assert reading.account.layout.startswith(layout)
    assert [(clip.target, clip.group) for clip in reading.examples] == [
        (("dog", "cat")[number % 2], f"s{number % 3}") for number in range(6)
    ]
    assert {clip.split for clip in reading.examples} == ({"train"} if "split" in header else {None})
    assert {clip.start_seconds for clip in reading.examples} == ({0.1} if "onset" in header else {0.0})
