"""Texts by the line, beside lists of sound: fairseq and MuST-C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]
NAMES = [f"wavs/{number}.wav" for number in range(4)]
TSV = "{root}\n" + "".join(f"{name}\t800\n" for name in NAMES)
WRD = "".join(f"HELLO {number}\n" for number in range(4))
LTR = "".join(f"H E L L O | {number} |\n" for number in range(4))
TALKS = {"train": ["a", "b"], "dev": ["c"], "tst-COMMON": ["d"]}


@pytest.mark.parametrize("root", ["/elsewhere/data", "."])
@pytest.mark.parametrize("home", ["", "lists/"])
@pytest.mark.parametrize("texts", [{"train.wrd": WRD}, {"train.ltr": LTR}, {"train.wrd": WRD, "train.ltr": LTR}])
def test_fairseq(lay: Lay, read_source: Read, root: str, home: str, texts: dict[str, str]) -> None:
    lists = {f"{home}train.tsv": TSV.format(root=root)} | {f"{home}{name}": text for name, text in texts.items()}
    reading = read_source(lay(NAMES, lists), "text")
    assert [(clip.id, clip.target) for clip in reading.examples] == [
        (name, f"HELLO {number}") for number, name in enumerate(NAMES)
    ]
    assert not reading.account.files_unread


def test_lists_of_several_splits(lay: Lay, read_source: Read) -> None:
    lists = {}
    for number, split in enumerate(("train", "dev_other", "test_clean")):
        lists[f"{split}.tsv"] = f"/x\nwavs/{number}.wav\t800\n"
        lists[f"{split}.wrd"] = f"HELLO {number}\n"
    reading = read_source(lay(NAMES[:3], lists), "text")
    assert {clip.target: clip.split for clip in reading.examples} == {
        "HELLO 0": "train",
        "HELLO 1": "validation",
        "HELLO 2": "test",
    }


def test_a_line_for_each_clip_is_wanted(lay: Lay, read_source: Read) -> None:
    folder = lay(NAMES, {"train.tsv": TSV.format(root="."), "train.wrd": WRD + "MORE\n"})
    with pytest.raises(InputError, match=r"train\.wrd: has 5 lines, and train\.tsv names 4 clips"):
        read_source(folder, "text")


def test_a_clip_that_is_not_here_can_be_left_out(lay: Lay, read_source: Read) -> None:
    folder = lay(NAMES[:3], {"train.tsv": TSV.format(root="."), "train.wrd": WRD})
    with pytest.raises(InputError, match=r"train\.tsv line 5: names a sound that is not here"):
        read_source(folder, "text")
    assert len(read_source(folder, "text", skip="unreadable").examples) == 3


def test_a_list_alone_is_refused_with_what_it_is(lay: Lay, read_source: Read) -> None:
    with pytest.raises(InputError, match="a list as fairseq has it"):
        read_source(lay(NAMES, {"train.tsv": TSV.format(root=".")}) / "train.tsv", "text")


def _must_c() -> tuple[list[str], dict[str, str]]:
    sounds, texts = [], {}
    for split, talks in TALKS.items():
        sounds += [f"en-de/data/{split}/wav/ted_{talk}.wav" for talk in talks]
        lines = "".join(
            f"- {{duration: 0.03, offset: 0.0{start}, rW: 2, speaker_id: spk.{talk}, wav: ted_{talk}.wav}}\n"
            for talk in talks
            for start in (1, 5)
        )
        texts[f"en-de/data/{split}/txt/{split}.yaml"] = lines
        for language in ("en", "de"):
            texts[f"en-de/data/{split}/txt/{split}.{language}"] = "".join(
                f"{talk} {start} {language}\n" for talk in talks for start in (1, 5)
            )
    return sounds, texts


@pytest.mark.parametrize("language", ["en", "de"])
def test_must_c(lay: Lay, read_source: Read, language: str) -> None:
    columns = {} if language == "en" else {"text": language}
    reading = read_source(lay(*_must_c()), "text", **columns)
    found = {
        clip.target: (Path(clip.audio[0].path).name, clip.group, clip.split, clip.start_seconds, clip.seconds)
        for clip in reading.examples
    }
    assert found == {
        f"{talk} {start} {language}": (
            f"ted_{talk}.wav",
            f"spk.{talk}",
            {"dev": "validation", "tst-COMMON": "test"}.get(split, split),
            start / 100,
            0.03,
        )
        for split, talks in TALKS.items()
        for talk in talks
        for start in (1, 5)
    }


def test_a_language_that_is_not_there(lay: Lay, read_source: Read) -> None:
    with pytest.raises(InputError, match=r"texts that end in \.de, \.en"):
        read_source(lay(*_must_c()), "text", text="fr")


def test_a_task_of_labels_is_refused(lay: Lay, read_source: Read) -> None:
    with pytest.raises(InputError, match="which has no 'label'"):
        read_source(lay(*_must_c()), "label")
