"""Parquet files that embed their sound, as hub data sets are stored: `data/train-00000-of-00004.parquet`; or Arrow
files, as `datasets` saves them to disk: `train/data-00000-of-00001.arrow`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from trainables.data.examples import Example
from trainables.data.formats.manifest import read_manifest
from trainables.data.layouts.levels import shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.split_names import among_siblings, of_files
from trainables.data.tables.parquet_rows import schema_of
from trainables.errors import InputError

BINARY = (".parquet", ".arrow", ".feather")


def find_shards(tree: Tree, wanted: Wanted) -> list[Parts]:
    """The Parquet files that hold clips: beside class folders, those with the column of the sound."""
    found = [parts for parts in tree.tables if parts[-1].lower().endswith(BINARY)]
    found = [
        parts for parts in found if not parts[-1].startswith("cache-")
    ]  # of `datasets`: copies of what it computed
    audio = wanted.columns.get("audio", "audio")
    return [parts for parts in found if audio in _columns(tree.path(parts))] if tree.sound_tops() else found


def _columns(path: Path) -> list[str]:
    """Of a file that is no Parquet none."""
    try:
        return list(schema_of(path).names)
    except (InputError, OSError):
        return []


def read_shards(tree: Tree, shards: Sequence[Parts], wanted: Wanted) -> Reading:
    """The rows of all shards; their names, or those of their folders, give the splits of rows that have none.

    Raises InputError: shards of several data sets, names of which only some give a split, and as `read_manifest`.
    """
    folders = among_siblings({parts[-2] for parts in shards if len(parts) > 1}).of
    refuse_several(tree, [parts[:-2] if parts[-2:-1] and parts[-2] in folders else parts[:-1] for parts in shards])
    splits, said = _splits(shards, folders)
    examples: list[Example] = []
    account = Account(layout=f"{len(shards)} {_kind(shards)} ({shown(['/'.join(parts) for parts in shards])})")
    for parts in shards:
        prefix = "/".join(parts[:-1]) + "/" if parts[-2:-1] and parts[-2] in folders else ""
        part = read_manifest(tree.path(parts), wanted, prefix)
        examples += [replace(example, split=example.split or splits.get(parts)) for example in part.examples]
        account.include(part.account)
    without = [parts for parts in shards if parts not in splits]
    if splits and without and not all(example.split for example in examples):
        others = shown([f"{parts[-1]}: {split}" for parts, split in splits.items()])
        raise InputError(
            f"{tree.folder}: the name of {shown(['/'.join(parts) for parts in without])} gives no split and that of "
            f"others does ({others}). Rename it, or take it out."
        )
    account.guesses += [f"{sentence}." for sentence in said]
    if splits:
        named = sorted({f"{_head(parts, folders)} is {split}" for parts, split in splits.items()})
        account.origins["split"] = f"the names of the {_kind(shards)} ({shown(named)})"
    elif not any(example.split for example in examples):
        account.guesses.append(f"the names of the {_kind(shards)} give no split.")
    reading = Reading(examples, account)
    tree.note_unused(reading, shards)
    return reading


def _kind(shards: Sequence[Parts]) -> str:
    return "Parquet files" if all(parts[-1].lower().endswith(".parquet") for parts in shards) else "Arrow files"


def _head(parts: Parts, folders: Mapping[str, str]) -> str:
    """What names the split: the folder, or the file without its number."""
    if parts[-2:-1] and parts[-2] in folders:
        return parts[-2]
    return re.sub(r"[-_.]?\d+(-of-\d+)?$", "", parts[-1].rpartition(".")[0]) or parts[-1]


def refuse_several(tree: Tree, homes: Iterable[Parts]) -> None:
    """Raises InputError: tables stand in several folders, that of a split not counted."""
    names = sorted({"/".join(home) or "the folder itself" for home in homes})
    if len(names) > 1:
        raise InputError(
            f"{tree.folder}: holds several data sets ({', '.join(names)}); name the folder of one as data.source."
        )


def _splits(shards: Sequence[Parts], folders: Mapping[str, str]) -> tuple[dict[Parts, str], Sequence[str]]:
    """The split of each shard, as far as names tell. Raises InputError: folder and name say two."""
    stems = {parts: PurePath(parts[-1]).name.rpartition(".")[0] for parts in shards}
    names = of_files(sorted(set(stems.values())))
    splits: dict[Parts, str] = {}
    for parts, stem in stems.items():
        own, folder = names.of.get(stem), folders.get(parts[-2]) if len(parts) > 1 else None
        if own and folder and own != folder:
            raise InputError(f"{'/'.join(parts)}: its name says {own} and its folder {folder}; rename one of them.")
        if own or folder:
            splits[parts] = own or folder or ""
    return splits, names.said
