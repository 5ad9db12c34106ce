"""Columns of names without endings that are those of sound files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


def rows(column: str, names: list[str]) -> str:
    return f"{column},label,note\n" + "".join(f"{name},{'xy'[n % 2]},a\n" for n, name in enumerate(names))


@pytest.mark.parametrize("column", ["id", "ID", "uuid", "itemid", "sample_key", "recording_id"])
@pytest.mark.parametrize("where", ["{}.wav", "train/{}.wav", "audio/{}.ogg"])
@pytest.mark.parametrize("as_file", [True, False])
def test_ids_are_names_of_files(lay: Lay, read_source: Read, column: str, where: str, as_file: bool) -> None:
    names = ["8f-1", "8f-2", "9a-3"]
    folder = lay([where.format(name) for name in names], {"t.csv": rows(column, names)})
    reading = read_source(folder / "t.csv" if as_file else folder)
    assert [(Path(clip.audio[0].path).stem, clip.target) for clip in reading.examples] == [
        ("8f-1", "x"),
        ("8f-2", "y"),
        ("9a-3", "x"),
    ]
    assert (
        f"audio is read from the column {column!r}, whose values are names of sound files" in reading.account.guesses[0]
    )


def test_numbers_in_a_csv_are_names(lay: Lay, read_source: Read) -> None:
    reading = read_source(lay(["clips/7.wav", "clips/12.wav"], {"t.csv": rows("nr", ["7", "12"])}))
    assert [Path(clip.audio[0].path).name for clip in reading.examples] == ["7.wav", "12.wav"]


def test_voxpopuli(lay: Lay, read_source: Read) -> None:
    """Tables by split, sound in folders of years, ids without endings (github.com/facebookresearch/voxpopuli)."""
    header = "id\traw_text\tnormalized_text\tspeaker_id\tsplit\tgender\n"
    said = {"train": "2010-1", "dev": "2010-2", "test": "2011-1"}
    texts = {f"asr_{s}.tsv": f"{header}{name}\tRaw.\tnorm {s}\tv{s}\t{s}\tmale\n" for s, name in said.items()}
    reading = read_source(lay([f"{name[:4]}/{name}.ogg" for name in said.values()], texts), "text")
    assert sorted((clip.target, clip.group, clip.split) for clip in reading.examples) == [
        ("norm dev", "vdev", "validation"),
        ("norm test", "vtest", "test"),
        ("norm train", "vtrain", "train"),
    ]


def test_other_columns_are_no_names(lay: Lay, read_source: Read) -> None:
    folder = lay(["1.wav", "2.wav"], {"t.csv": rows("id", ["8", "9"]), "u.csv": "id,nr,label\n1,1,x\n2,2,y\n"})
    for table in ("t.csv", "u.csv"):  # no such files; two columns that may be
        with pytest.raises(InputError, match="has no column 'audio'"):
            read_source(folder / table)
    named = read_source(folder / "u.csv", audio="nr")
    assert [Path(clip.audio[0].path).name for clip in named.examples] == ["1.wav", "2.wav"]
