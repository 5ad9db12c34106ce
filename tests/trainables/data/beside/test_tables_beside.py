"""Lists of an official split that are not read are said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]
CLASSES = ["cat/1.wav", "cat/2.wav", "dog/3.wav", "dog/4.wav"]
TABLE = "file_name,label\n1.wav,a\n2.wav,b\n"


@pytest.mark.parametrize(
    ("sounds", "texts"),
    [
        (CLASSES, {"fold1_test.txt": "cat/1.wav\n./dog/3.wav\n", "fold2_test.txt": "cat/2\ndog/4\n"}),
        (CLASSES, {"train.txt": "cat/1.wav\ndog/3.wav\n"}),
        (CLASSES, {"iden_split.txt": "1 cat/1.wav\n3 dog/3.wav\n"}),
        (["1.wav", "2.wav"], {"metadata.csv": TABLE, "splits.csv": "file,split\n1.wav,train\n2.wav,test\n"}),
    ],
)
def test_a_list_of_clips_that_is_called_as_a_split(
    lay: Lay, read_source: Read, sounds: list[str], texts: dict[str, str]
) -> None:
    advice = read_source(lay(sounds, texts)).account.advice
    said = [sentence for sentence in advice if "splits are drawn anew" in sentence]
    assert len(said) == 1
    assert all(name in said[0] for name in texts if name not in ("metadata.csv", "t.csv"))


@pytest.mark.parametrize(
    "texts",
    [
        {"test.txt": "how the test was made\n"},
        {"classes.txt": "cat/1.wav\n"},
        {"metadata.csv": "file_name,label,split\ncat/1.wav,a,train\ndog/3.wav,b,test\n", "test.txt": "dog/3.wav\n"},
    ],
)
def test_other_texts_are_no_matter(lay: Lay, read_source: Read, texts: dict[str, str]) -> None:
    assert "splits are drawn anew" not in " ".join(read_source(lay(CLASSES, texts)).account.advice)


def test_a_table_that_says_what_the_folders_say(lay: Lay, read_source: Read) -> None:
    rows = "".join(f"{Path(name).name},0.1,{name[:3]}\n" for name in CLASSES)
    reading = read_source(lay(CLASSES, {"features_30_sec.csv": "filename,tempo,label\n" + rows}))  # GTZAN
    (said,) = reading.account.advice
    assert said.startswith("features_30_sec.csv names 4 of the clips in its column 'filename', and its column 'label'")
    assert said.endswith("says what their folders say; it is not read.")
    table = read_source(Path(reading.examples[0].audio[0].path).parents[1] / "features_30_sec.csv")
    for one, other in zip(reading.examples, table.examples, strict=True):
        assert (one.audio, one.target, one.split) == (other.audio, other.target, other.split)


def test_texts_for_sound_in_several_folders(lay: Lay, read_source: Read) -> None:
    texts = {"t.csv": "file,text\n1.wav,one\n2.wav,two\n"}
    reading = read_source(lay(["anna/1.wav", "bert/2.wav"], texts), "text")
    assert [clip.target for clip in reading.examples] == ["one", "two"]


@pytest.mark.parametrize("column", ["labels", "text", "targets"])
def test_a_table_that_names_the_sound_is_what_is_asked_for(lay: Lay, read_source: Read, column: str) -> None:
    table = "clip_id,guitar,rock,mp3_path\n1,0,1,cat/1.wav\n3,1,1,dog/3.wav\n4,0,0,dog/4.wav\n"
    with pytest.raises(InputError, match=r"more\.csv names 3 .* 'mp3_path'.*may be clip_id, guitar, rock"):
        read_source(lay(CLASSES, {"notes/more.csv": table}), column)


def test_a_table_may_name_sound_without_its_ending(lay: Lay, read_source: Read) -> None:
    table = "sample_key,instrument,relevance\n1,flute,0.5\n2,flute,0.5\n3,bass,0.4\n4,bass,0.6\n"
    advice = read_source(lay(CLASSES, {"notes/more.csv": table})).account.advice
    assert any("more.csv names 4 of the clips in its column 'sample_key'" in sentence for sentence in advice)


PEOPLE = [f"{person}/{take}.wav" for person in ("ann", "bob", "cy", "dee") for take in ("cough", "vowel")]
COHORT = "participant,age,diagnosis\nann,30,ill\nbob,31,well\ncy,32,ill\ndee,33,well\n"


def test_a_table_of_the_folders_is_named(lay: Lay, read_source: Read) -> None:
    (said,) = [one for one in read_source(lay(PEOPLE, {"cohort.csv": COHORT})).account.advice if "cohort.csv" in one]
    assert "in its column 'participant' and tells of each diagnosis" in said


@pytest.mark.parametrize(
    "table",
    ["name,latin\nann,A\nbob,B\ncy,C\ndee,D\n", "participant,diagnosis\nann,ill\nbob,well\n", "a,b\n1,2\n"],
)
def test_other_tables_say_nothing_of_folders(lay: Lay, read_source: Read, table: str) -> None:
    assert not [one for one in read_source(lay(PEOPLE, {"t.csv": table})).account.advice if "names the folders" in one]
