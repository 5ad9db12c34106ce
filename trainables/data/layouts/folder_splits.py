"""Splits of a table's rows that only the folders of their files tell: `train/a.wav`, `test/b.wav`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from trainables.data.layouts.levels import shown
from trainables.data.reading import Reading, Wanted
from trainables.data.split_names import among_siblings, are_splits
from trainables.errors import InputError


def with_folder_splits(reading: Reading, wanted: Wanted) -> Reading:
    """The reading with the splits that the folders of the files give, where no row has one; said in its account.

    Raises InputError: some files stand in folders of several splits, and some in none.
    """
    examples = reading.examples
    if not examples or any(example.split for example in examples):
        return reading
    kept = str(wanted.cache_folder.absolute())
    folders = [example.audio[0].path.rpartition("/")[0] if example.audio else "" for example in examples]
    if any(example.audio and example.audio[0].path.startswith(kept) for example in examples):
        return reading  # embedded sound has no folders of its own
    counts = Counter(folders)
    of_folder = _split_level({folder: PurePosixPath(folder).parts for folder in counts})
    if not of_folder:
        return reading
    splits = among_siblings({name for name in of_folder.values() if name})
    if outside := sum(counts[folder] for folder, name in of_folder.items() if name not in splits.of):
        raise InputError(
            f"{outside} of {len(examples)} rows name files outside the folders {shown(list(splits.of))}, which have "
            "the names of splits: give the table a column split."
        )
    reading.account.guesses += [f"{sentence}." for sentence in splits.said]
    reading.account.origins["split"] = f"the folders of the files ({', '.join(splits.of)})"
    found = [
        replace(example, split=splits.of[of_folder[folder]]) for example, folder in zip(examples, folders, strict=True)
    ]
    return replace(reading, examples=found)


def _split_level(folders: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """`folders` -> their parts; the part of each that names its split, "" where it has none; nothing where no level of
    folders holds two splits."""
    for level in range(max(map(len, folders.values()))):
        names = {folder: parts[level] if len(parts) > level else "" for folder, parts in folders.items()}
        splits = among_siblings(set(names.values()) - {""})
        if len(set(splits.of.values())) > 1:
            return names
    return {}


def folders_may_be_classes(sounds: Iterable[tuple[str, ...]]) -> bool:
    """Whether some level of the folders above the sound has several names that are neither splits nor numbers."""
    folders = {sound[:-1] for sound in sounds}
    depth = max(map(len, folders), default=0)
    levels = [{path[level] for path in folders if len(path) > level} for level in range(depth)]
    return any(len(of) > 1 and not are_splits(of) and not all(map(str.isdigit, of)) for of in levels)
