"""Where the paths of a table begin, when its files are not where it says; files under slightly other names, and what is
said of those that are not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainables.data.doubts.check import check_examples
from trainables.data.examples import Example
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables import places
from trainables.data.tables.clip_rows import examples_of
from trainables.data.tables.places import other_home
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]
COMPOSED, APART = "\u00fcben.wav", "u\u0308ben.wav"


@pytest.mark.parametrize(
    ("table", "sound", "written", "how"),
    [
        ("t.csv", "clips/{}.wav", "{}.wav", "begin"),
        ("meta/t.csv", "audio/{}.wav", "{}.wav", "begin"),
        ("t.csv", "audio/wav/{}.wav", "{}.wav", "begin"),
        ("t.csv", "{}.flac", "{}", "suffix"),
        ("t.csv", "train/{}.ogg", "{}", "begin suffix"),
        ("data/lists/t.csv", "data/wav/{}.wav", "data/wav/{}.wav", "begin"),
        ("lists/t.csv", "audio/a/{}.wav", "a/{}.wav", "begin"),
        ("meta/t.csv", "audio/a/{}.wav", "a\\{}.WAV", "begin"),
    ],
)
def test_places_near_the_table(lay: Lay, read_source: Read, table: str, sound: str, written: str, how: str) -> None:
    rows = "".join(f"{written.format(n)},x\n" for n in range(3))
    folder = lay([sound.format(n) for n in range(3)], {table: "audio,label\n" + rows})
    reading = read_source(folder / table)
    assert [clip.audio[0].path for clip in reading.examples] == [str(folder / sound.format(n)) for n in range(3)]
    assert " ".join(reading.account.guesses).count("the files are there") == ("begin" in how)
    assert " ".join(reading.account.guesses).count("the suffix that is missing") == ("suffix" in how)


def test_where_the_files_are_nothing_is_guessed(lay: Lay, read_source: Read) -> None:
    folder = lay(["0.wav", "clips/0.wav", "clips/1.wav"], {"t.csv": "audio,label\n0.wav,x\n1.wav,y\n"})
    assert other_home(folder / "t.csv", folder, ["0.wav", "1.wav"]) is None
    assert read_source(folder / "t.csv").account.audio_homes == [folder]


def test_two_places_are_no_place(lay: Lay) -> None:
    folder = lay(["a/0.wav", "b/0.wav"])
    assert other_home(folder / "t.csv", folder, ["0.wav"]) is None
    assert other_home(folder / "b.csv", folder, ["0.wav"]) == folder / "b"


def test_a_place_of_the_first_files_alone_is_none(lay: Lay) -> None:
    first = [f"blues.{number:05d}.wav" for number in range(25)]
    folder = lay([f"genres/blues/{name}" for name in first])
    assert other_home(folder / "t.csv", folder, first) == folder / "genres" / "blues"
    assert other_home(folder / "t.csv", folder, [*first, *(f"rock.{number}.wav" for number in range(25))]) is None


def test_a_folder_that_the_sweep_file_gives_stands(lay: Lay) -> None:
    folder = lay(["given/0.wav", "clips/1.wav"], {"t.csv": ""})
    (there,) = read(folder, "1.wav", folder=folder / "given")[0]
    assert there.audio[0].path == str(folder / "given" / "1.wav")
    (found,) = read(folder, "0", folder=folder / "given")[0]
    assert found.audio[0].path == str(folder / "given" / "0.wav")


def test_very_many_names_in_one_folder_are_looked_up_and_not_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"C{number:05d}" for number in range(3000)]
    for name in names:
        (tmp_path / f"{name}.wav").touch()
    read_names: list[str] = []
    real = places.unicodedata.normalize
    monkeypatch.setattr(places.unicodedata, "normalize", lambda form, name: read_names.append(name) or real(form, name))
    examples, account = read(tmp_path, *(name.lower() + ".WAV" for name in names))
    assert [Path(example.audio[0].path).stem for example in examples] == names
    assert "(3000, such as" in account.guesses[0]
    assert len(read_names) <= 4 * len(names)


def test_absolute_paths_are_left_alone(lay: Lay) -> None:
    folder = lay(["clips/0.wav"])
    assert other_home(folder / "t.csv", folder, ["/elsewhere/0.wav"]) is None


@pytest.fixture
def clips(tmp_path: Path, write_tone: Any) -> Path:
    for name in ("clips/c0.wav", "clips/c1.wav", f"clips/{APART}", "both/c2.wav", "both/c2.flac", "other/c0.wav"):
        write_tone(tmp_path / name)
    (tmp_path / "clips/c0.txt").touch()
    return tmp_path


def read(home: Path, *names: str, folder: Path | None = None) -> tuple[list[Example], Account]:
    account = Account()
    rows = [(f"row {number}", {"audio": name, "label": "a"}) for number, name in enumerate(names, start=1)]
    wanted = Wanted("label", home, audio_folder=folder)
    return examples_of(home / "t.csv", rows, folder or home, wanted, account), account


@pytest.mark.parametrize(
    ("name", "file", "how"),
    [
        (f"clips/{COMPOSED}", f"clips/{APART}", "another form of Unicode"),
        ("clips\\c0.wav", "clips/c0.wav", "slashes for backslashes"),
        ("clips/c0", "clips/c0.wav", "the suffix that is missing"),
        (".\\clips\\c0.wav", "clips/c0.wav", "slashes for backslashes"),
        ("Clips/C0.WAV", "clips/c0.wav", "other capital letters"),
        ("clips\\c0", "clips/c0.wav", "slashes for backslashes and the suffix that is missing"),
    ],
)
def test_a_name_that_leads_to_one_file_is_read_and_said(clips: Path, name: str, file: str, how: str) -> None:
    (example,), account = read(clips, name)
    assert example.audio[0].path == str(clips / file)
    assert (example.id, example.group) == (name, name)
    assert account.guesses == [
        f"Names of files are read with {how} where one file fits (1, such as {name}, which is {file})."
    ]


def test_no_guess_where_a_file_is_there_or_several_are(clips: Path) -> None:
    examples, account = read(clips, "clips/c0.wav", "both/c2", "clips/c9", "../clips/c0")
    assert [Path(example.audio[0].path).name for example in examples] == ["c0.wav", "c2", "c9", "c0"]
    assert not account.guesses


def test_folders_of_another_machine_are_left_off_where_the_sweep_file_names_the_folder(clips: Path) -> None:
    names = ["/home/me/clips/c0.wav", "/home/me/clips/c1.wav", "/home/me/clips/c9.wav"]
    examples, account = read(clips, *names, folder=clips)
    assert [example.audio[0].path for example in examples] == [str(clips / "clips" / f"c{n}.wav") for n in (0, 1)] + [
        names[2]
    ]
    assert "with other folders before them where one file fits (2, " in account.guesses[0]
    for drive in ("D:\\data\\clips\\c0.wav", "\\\\server\\share\\clips\\c0.wav"):
        assert read(clips, drive, folder=clips)[0][0].audio[0].path == str(clips / "clips/c0.wav")
        assert read(clips, drive)[0][0].audio[0].path != str(clips / "clips/c0.wav")


def test_one_number_of_folders_is_left_off_for_all(clips: Path, write_tone: Any) -> None:
    """A file at the top that is called as one below it must not stand in for it."""
    write_tone(clips / "c9.wav")
    examples, _ = read(clips, "/x/clips/c0.wav", "/x/clips/c1.wav", "/x/clips/c9.wav", folder=clips)
    assert examples[2].audio[0].path == "/x/clips/c9.wav"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["c0.wav", "c1.wav"], ["its folder HOME is there; ", "c1.wav is there: say `data.audio_folder: HOME/clips`"]),
        (["c0.wav"], ["clips/c0.wav and other/c0.wav are there: say which with `data.audio_folder: "]),
        (["/away/clips/c1.wav"], ["of another machine: there is no folder /away", "`data.audio_folder: HOME`"]),
        (["C:\\x\\clips\\c1.wav"], ["a drive of Windows", "`data.audio_folder: HOME`"]),
        (
            ["wavs/c1.wav"],
            ["there is no folder 'wavs' in HOME; clips/c1.wav is there: say `data.audio_folder: HOME/clips`"],
        ),
        (["clips/c11.wav"], ["its folder HOME/clips is there; did you mean clips/c1.wav?"]),
        (["clips/c0.ogg"], ["HOME/clips is there; clips/c0.wav is, with another ending)"]),
        (["clips/zebra.wav"], ["its folder HOME/clips is there)."]),
    ],
)
def test_what_is_said_of_files_that_are_not_there(clips: Path, task: Any, names: list[str], words: list[str]) -> None:
    examples, account = read(clips, *names)
    with pytest.raises(InputError) as caught:
        check_examples(examples, task, None, account)
    said = " ".join(caught.value.problems).replace(str(clips), "HOME")
    assert all(word in said for word in words), said


def test_many_missing_files_are_one_sentence(clips: Path, task: Any) -> None:
    examples, account = read(clips, *(f"wavs/{number}.wav" for number in range(40)))
    with pytest.raises(InputError) as caught:
        check_examples(examples, task, None, account)
    (said,) = caught.value.problems
    assert said.startswith("wavs/0.wav, wavs/1.wav, wavs/2.wav and 37 more: does not exist (there is no folder 'wavs'")


def test_bare_names_of_files_that_lie_in_several_folders(
    lay: Callable[..., Path], read_source: Callable[..., Reading]
) -> None:
    sounds = [f"genres/{kind}/{kind}.{n}.wav" for kind in ("blues", "rock") for n in range(3)]
    rows = "".join(f"{Path(sound).name},{Path(sound).parent.name}\n" for sound in sounds)
    folder = lay(sounds, {"features.csv": "filename,label\n" + rows})
    reading = read_source(folder / "features.csv")
    assert [clip.audio[0].path for clip in reading.examples] == [str(folder / sound) for sound in sounds]
    assert "the folder below that they lie in where one file fits (6" in reading.account.guesses[-1]
    in_two = lay(["genres/other/rock.0.wav"])  # which of the two is meant?
    paths = [clip.audio[0].path for clip in read_source(in_two / "features.csv").examples]
    assert not any(Path(path).is_file() for path in paths)
