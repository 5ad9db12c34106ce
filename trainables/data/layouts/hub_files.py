"""The files of one configuration of a data set on the hub, as its card lists them, as a reading."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from trainables.data.formats.manifest import SUFFIXES, read_manifest
from trainables.data.hub_card import CARD, Configuration
from trainables.data.layouts.folders import read_folder
from trainables.data.layouts.several_tables import joined
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.split_names import split_names


def read_configuration(snapshot: Path, chosen: Configuration, wanted: Wanted) -> Reading | None:
    """None where no file of the snapshot belongs to it. The card's splits stand above those of names."""
    if not chosen.splits:
        homes = [snapshot / str(chosen.folder), snapshot / "data" / str(chosen.folder)]
        home = next((home for home in homes if home.is_dir()), None)
        return read_folder(home, wanted) if home else None
    written = {path: split for path in _files(snapshot) if (split := chosen.split_of(path)) is not None}
    if not written:
        return None
    account = Account()
    splits = _splits(written, account)
    if splits:
        account.origins["split"] = f"the card's configuration {chosen.name}"
    if all(path.lower().endswith(SUFFIXES) for path in written):
        kept = [path for path in written if not splits or path in splits]
        readings = {tuple(path.split("/")): read_manifest(snapshot / path, wanted) for path in kept}
        reading = joined(readings, {tuple(path.split("/")): split for path, split in splits.items()}, account)
    else:
        reading = _below(snapshot, written, splits, account, wanted)
    account.layout = f"configuration {chosen.name}: {account.layout}"
    return reading


def _below(
    snapshot: Path, written: Mapping[str, str], splits: Mapping[str, str], account: Account, wanted: Wanted
) -> Reading:
    """The folder that all files lie in, of which only these files are taken."""
    home = snapshot / os.path.commonpath([path.rpartition("/")[0] or "." for path in written])
    reading = read_folder(home, wanted)
    account.layout = reading.account.layout
    account.include(reading.account)
    examples = []
    for example in reading.examples:
        names = {os.path.relpath(piece.path, snapshot).replace(os.sep, "/") for piece in example.audio}
        if not names <= written.keys():
            account.not_read(min(names), "the card lists it under no split of this configuration")
        elif not splits or names <= splits.keys():
            split = next(iter({splits[name] for name in names}), None) if splits else example.split
            examples.append(replace(example, split=split))
    return Reading(examples, account)


def _splits(written: Mapping[str, str], account: Account) -> dict[str, str]:
    """The split of each file; files of splits that are none of ours are left out where others are."""
    found = split_names({split for split in written.values() if split})
    splits = {path: found.of[split] for path, split in written.items() if split in found.of}
    if "train" not in splits.values():
        return {}
    account.guesses += [f"{sentence}." for sentence in found.said]
    for path, split in written.items():
        if path not in splits:
            account.not_read(path, f"the card calls its split {split!r}" if split else "the card names no split for it")
    return splits


def _files(snapshot: Path) -> list[str]:
    paths = (path for path in sorted(snapshot.rglob("*")) if path.is_file())
    names = (path.relative_to(snapshot).as_posix() for path in paths)
    return [name for name in names if name != CARD and not name.startswith(".")]
