"""Folders of all shapes: a reading or an InputError, every file accounted for, and the same on another disk."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data.layouts.folders import read_folder
from trainables.data.reading import LAYOUTS, Reading, Wanted
from trainables.data.sound.endings import is_sound
from trainables.data.splits import draw_splits
from trainables.errors import InputError

FUZZ = settings(max_examples=150, deadline=None, derandomize=True)
FOLDERS = st.sampled_from(
    ["train", "Test", "dev", "eval", "test-other", "cat", "dog", "Dog", "bus", "speaker1", "speaker2", "01", "02",
     "yes", "no", "audio", "wav", "extras", "__MACOSX", ".git", "vallidation", "train whistle", "Bär", " ", "a\nb"]
)  # fmt: skip
FILES = st.sampled_from(
    ["1.wav", "2.WAV", "3.flac", "4.m4a", "5.wma", "readme.md", "notes.csv", "metadata.csv", "none",
     ".hidden.wav", "x.parquet"]
)  # fmt: skip
PATHS = st.tuples(st.lists(FOLDERS, max_size=4), FILES).map(lambda path: "/".join([*path[0], path[1]]))
# `tops` x `below` as people lay it out, and anything besides
GRIDS = st.builds(
    lambda tops, below, files: [f"{top}/{name}/{file}" for top in tops for name in below for file in files],
    st.lists(FOLDERS, min_size=1, max_size=3, unique=True),
    st.lists(FOLDERS, min_size=1, max_size=3, unique=True),
    st.lists(FILES, min_size=1, max_size=2, unique=True),
)
LINKS = st.lists(st.tuples(PATHS, PATHS | st.sampled_from(["", "cat", "nowhere"])), max_size=2)
TEXTS = st.sampled_from(
    ["", "file_name,label\n", "audio,label\ncat/1.wav,cat\n", "file_name,label\n1.wav,x\n", "a,b\n1,2"]
)


def build(folder: Path, paths: Sequence[str], links: Sequence[tuple[str, str]], text: str) -> None:
    folder.mkdir()
    for name in paths:
        path = folder / name
        if path.exists() or not _made(path.parent):
            continue
        path.write_text(text if path.suffix == ".csv" else "")
    for name, target in links:
        path = folder / name
        if not os.path.lexists(path) and _made(path.parent):
            path.symlink_to(os.path.relpath(folder / target, path.parent))


def _made(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a file, or a link to nothing, has that name already
        return False
    return True


def read(folder: Path, layout: str | None) -> Reading | tuple[str, ...]:
    try:
        return read_folder(folder, Wanted("label", folder.parent / "cache", layout=layout))
    except InputError as error:
        return tuple(problem.replace(str(folder), "FOLDER") for problem in error.problems)


def plain(reading: Reading | tuple[str, ...], folder: Path) -> Any:
    """What must not depend on where the folder lies."""
    if isinstance(reading, tuple):
        return reading
    examples = [(e.id, e.group, e.target, e.split, os.path.relpath(e.audio[0].path, folder)) for e in reading.examples]
    return examples, str(reading.account).replace(str(folder), "FOLDER")


def every_file(folder: Path) -> Iterator[str]:
    for above, _, names in os.walk(folder):
        yield from (os.path.relpath(os.path.join(above, name), folder) for name in names)


@FUZZ
@given(
    st.lists(PATHS, max_size=10), GRIDS | st.just([]), LINKS, TEXTS, st.none() | st.sampled_from(LAYOUTS), st.randoms()
)
def test_any_folder(
    paths: list[str], grid: list[str], links: list[tuple[str, str]], text: str, layout: str | None, order: Any
) -> None:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "clips"
        build(folder, [*paths, *grid], links, text)
        reading = read(folder, layout)
        with mock.patch("trainables.data.layouts.tree.os.scandir", _shuffled(order)):
            assert plain(read(folder, layout), folder) == plain(reading, folder)
        copy = Path(home) / "elsewhere" / "copy"
        shutil.copytree(folder, copy, symlinks=True)
        assert plain(read(copy, layout), copy) == plain(reading, folder)
        if isinstance(reading, tuple):
            assert all(problem.isprintable() for problem in reading)
            for named in re.findall(r"`([a-z/]+)`: ", " ".join(reading)):
                read(folder, named)
            return
        _hold(folder, reading)


def _shuffled(order: Any) -> Any:
    scandir = os.scandir

    class Shuffled(list[Any]):
        def __enter__(self) -> Shuffled:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    def listing(path: Path) -> Shuffled:
        entries = Shuffled(scandir(path))
        order.shuffle(entries)
        return entries

    return listing


def _hold(folder: Path, reading: Reading) -> None:
    examples = reading.examples
    assert len({example.id for example in examples}) == len(examples)
    clips = {os.path.relpath(example.audio[0].path, folder) for example in examples}
    unread = {path for paths in reading.account.files_unread.values() for path in paths}
    inner = next((s.split(", ")[1] for s in reading.account.guesses if s.startswith("the folder holds one folder")), "")
    unread |= {os.path.join(inner, path) for path in unread}
    for path in every_file(folder):
        above = [str(parent) for parent in Path(path).parents]
        is_table = path.endswith((".csv", ".parquet"))
        assert path in clips or path in unread or is_table or (not is_sound(path) and unread.intersection(above)), path
    groups = {}
    if "speakers" not in reading.account.layout:
        for example in examples:
            real = os.path.realpath(example.audio[0].path)
            assert groups.setdefault(real, example.group) == example.group
    try:
        sides = draw_splits(examples, validation=0.2, test=0.2, seed=0, stratify=True)
    except InputError:
        return
    by_group: dict[str, set[str]] = {}
    for example in examples:
        by_group.setdefault(example.group, set()).add(sides[example.id])
    assert all(len(found) == 1 for found in by_group.values())
