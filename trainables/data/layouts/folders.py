"""Folders of audio as Hugging Face's `AudioFolder` lays them out, and as its hub stores data sets.

One of: `metadata.csv`, `metadata.jsonl` or `metadata.parquet` with a column `file_name`; Parquet files that embed the
audio (`data/train-00000-of-00004.parquet`); class sub-folders that hold the files of a label; a single manifest. Top
folders that are called train, validation and test (or as people also write them) give the split.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import soundfile

from trainables.data.examples import AudioPiece, Example, split_name
from trainables.data.layouts.published import read_published
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.manifest import SUFFIXES, read_manifest
from trainables.errors import InputError

METADATA = tuple(f"metadata{suffix}" for suffix in SUFFIXES)


def read_folder(folder: Path, wanted: Wanted) -> Reading:
    """The folder's examples in the order of their paths; a file's path inside the folder is its id.

    Raises InputError: no layout fits, or class folders where the task wants no labels.
    """
    published = read_published(folder, wanted)
    if published is not None:
        return published
    metadata = _found(folder, METADATA)
    if metadata:
        renamed = {"audio": "file_name", **wanted.columns}
        return _manifests(folder, metadata, replace(wanted, columns=renamed))
    shards = sorted(_visible(folder, "*.parquet"))
    if shards:
        return _manifests(folder, shards, wanted)
    single = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES and path.is_file()]
    if len(single) == 1:
        return read_manifest(single[0], wanted)
    return _class_folders(folder, wanted)


def _found(folder: Path, names: tuple[str, ...]) -> list[Path]:
    here = [folder / name for name in names if (folder / name).is_file()]
    tops = [path for path in sorted(folder.iterdir()) if path.is_dir() and split_name(path.name)]
    return here or [top / name for top in tops for name in names if (top / name).is_file()]


def _manifests(folder: Path, paths: list[Path], wanted: Wanted) -> Reading:
    """Several manifests as one data set; a file's or folder's name may give the split of its rows."""
    homes = {path.parent for path in paths if not split_name(path.parent.name)}
    if len(homes) > 1:
        names = ", ".join(sorted(str(home.relative_to(folder)) for home in homes))
        raise InputError(f"{folder}: holds several data sets ({names}); name the folder of one as data.source.")
    examples: list[Example] = []
    account = Account(layout=f"tables ({', '.join(path.relative_to(folder).as_posix() for path in paths)})")
    for path in paths:
        split = split_name(path.stem.split("-")[0]) or split_name(path.parent.name)
        prefix = "" if homes else f"{path.parent.relative_to(folder).as_posix()}/"
        part = read_manifest(path, wanted, prefix)
        examples += [replace(example, split=example.split or split) for example in part.examples]
        account.include(part.account)
    return Reading(examples, account)


def _class_folders(folder: Path, wanted: Wanted) -> Reading:
    suffixes = _audio_suffixes()
    tops = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    split_tops = bool(tops) and all(split_name(top.name) for top in tops)
    depth = 1 if split_tops else 0
    examples = []
    for path in sorted(_visible(folder, "*")):
        parts = path.relative_to(folder).parts
        if path.suffix.lower() not in suffixes or len(parts) < depth + 2:
            continue
        name = "/".join(parts)
        piece = AudioPiece(os.path.abspath(path))
        split = split_name(parts[0]) if split_tops else None
        examples.append(Example(id=name, audio=(piece,), group=name, target=parts[depth], split=split))
    if not examples:
        raise InputError(
            f"{folder}: holds neither {', '.join(METADATA)}, nor Parquet files, nor one manifest, nor class folders "
            "with audio files in them."
        )
    if wanted.column != "label":
        raise InputError(
            f"{folder}: class folders give labels and the task needs a column {wanted.column!r}; add a metadata.csv "
            f"with the columns file_name and {wanted.column}."
        )
    below = "below split folders" if split_tops else "in class folders"
    return Reading(examples, Account(layout=f"class folders {below}" if split_tops else below))


def _visible(folder: Path, pattern: str) -> list[Path]:
    return [
        path
        for path in folder.rglob(pattern)
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def _audio_suffixes() -> set[str]:
    return {f".{name.lower()}" for name in soundfile.available_formats()} | {".opus", ".oga", ".aif"}
