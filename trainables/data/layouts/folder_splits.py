"""Splits of a table's rows that only the folders of their files tell: `train/a.wav`, `test/b.wav`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trainables.data.layouts.levels import shown
from trainables.data.reading import Reading, Wanted
from trainables.data.split_names import among_siblings
from trainables.errors import InputError


def with_folder_splits(reading: Reading, wanted: Wanted) -> Reading:
    """The reading with the splits that the folders of the files give, where no row has one; said in its account.

    Raises InputError: some files stand in folders of several splits, and some in none.
    """
    examples = reading.examples
    if not examples or any(example.split for example in examples):
        return reading
    kept = str(wanted.cache_folder.absolute())
    paths = [Path(example.audio[0].path).parts[:-1] if example.audio else () for example in examples]
    if any(example.audio and example.audio[0].path.startswith(kept) for example in examples):
        return reading  # embedded sound has no folders of its own
    names, outside = _split_level(paths)
    if not names:
        return reading
    splits = among_siblings({name for name in names if name})
    if outside:
        raise InputError(
            f"{outside} of {len(examples)} rows name files outside the folders {shown(list(splits.of))}, which have "
            "the names of splits: give the table a column split."
        )
    reading.account.guesses += [f"{sentence}." for sentence in splits.said]
    reading.account.origins["split"] = f"the folders of the files ({', '.join(splits.of)})"
    found = [replace(example, split=splits.of[name]) for example, name in zip(examples, names, strict=True)]
    return replace(reading, examples=found)


def _split_level(paths: Sequence[tuple[str, ...]]) -> tuple[list[str], int]:
    """The folder of each path that names its split, and how many paths have none; nothing where no level of folders
    holds two splits."""
    for level in range(max(map(len, paths))):
        names = [path[level] if len(path) > level else "" for path in paths]
        splits = among_siblings(set(names) - {""})
        if len(set(splits.of.values())) > 1:
            return names, sum(name not in splits.of for name in names)
    return [], 0
