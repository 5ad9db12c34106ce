"""Kaldi's data folders: `wav.scp` (recording, path), `text` (utterance, words), `utt2spk`, `segments` (utterance,
recording, start, end in seconds); one folder, or train, dev and test folders side by side
(kaldi-asr.org/doc/data_prep.html). Commands in `wav.scp` are never run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainables.data.layouts.found import lines_of, part_splits, reading, require, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.places import is_file
from trainables.data.tables.table import Row
from trainables.errors import InputError

_PER_UTTERANCE = ("text", "utt2spk", "segments")
_COMMAND = "is a command, and commands out of data are not run: write its sound to files (in Kaldi: `wav-copy`)."
_ARCHIVE = "points into an archive of Kaldi, which is not read: write its sound to files (in Kaldi: `wav-copy`)."


@dataclass
class _Folder:
    """What the files of one data folder say, by utterance or recording: (line number, the rest of the line)."""

    home: Parts
    path: Path
    recordings: dict[str, tuple[int, str]] = field(default_factory=dict)
    columns: dict[str, dict[str, tuple[int, str]]] = field(default_factory=dict)  # by the file's name


def matches(tree: Tree) -> bool:
    return any(parts[-1] == "wav.scp" for parts in tree.others)


def read(tree: Tree, wanted: Wanted) -> Reading:
    """The speaker is the group, an utterance's name its id; `utt2lang` and the like serve as columns.

    Raises InputError: several data sets, no column that the task learns, rows that cannot be used.
    """
    account = Account(layout="Kaldi: wav.scp and the files beside it")
    homes = _homes(tree)
    names = {home: home[-1] if home else tree.folder.name for home in homes}
    splits = part_splits(names.values(), account) if len(homes) > 1 else {}
    if len(homes) > 1 and not splits:
        raise InputError(
            f"{tree.folder}: holds several data folders of Kaldi ({', '.join(names.values())}) whose names give no "
            "splits; name one of them as data.source."
        )
    rows: list[Row] = []
    for home in homes:
        if splits and not _is_meant(names[home], splits):
            account.not_read(shown((*home, "wav.scp")), "its folder's name gives no split, or is a copy of one")
            continue
        folder = _folder(tree, home, wanted)
        tree.taken |= {(*home, name) for name in ("wav.scp", "reco2file_and_channel", *folder.columns)}
        rows += _rows(tree, folder, splits.get(names[home]), wanted, account)
    return reading(tree.folder, rows, wanted, account)


def _homes(tree: Tree) -> list[Parts]:
    """The data folders nearest to the top: those that recipes cut up (`split4/1`) lie in them."""
    found = sorted(parts[:-1] for parts in tree.others if parts[-1] == "wav.scp")
    nearest = min(len(home) for home in found)
    homes = [home for home in found if len(home) == nearest]
    parents = sorted({home[:-1] for home in homes})
    if len(parents) > 1:
        names = ", ".join(shown(parent) for parent in parents[:8])
        raise InputError(f"{tree.folder}: holds data folders of Kaldi in {names}; name one of these as data.source.")
    return homes


def _is_meant(name: str, splits: Mapping[str, str]) -> bool:
    """Whether a folder is read: beside `train`, `train_sp` and `train_cleaned` are copies of it."""
    split = splits.get(name)
    plain = [other for other, of in splits.items() if of == split and name.startswith(f"{other}_")]
    return split is not None and not plain


def _folder(tree: Tree, home: Parts, wanted: Wanted) -> _Folder:
    path = tree.path(home)
    folder = _Folder(home, path, _listed(path / "wav.scp"))
    here = [parts[-1] for parts in tree.others if parts[:-1] == home]
    for name in here:
        if name in _PER_UTTERANCE or re.fullmatch(r"utt2(?!dur|num|uniq)\w+", name):
            folder.columns[name] = _listed(path / name)
    given = {"text", *folder.columns} - {"segments", "utt2spk"} if "text" in folder.columns else {*folder.columns}
    require("a data folder of Kaldi", path, wanted, sorted(given - {"segments"}))
    return folder


def _listed(path: Path) -> dict[str, tuple[int, str]]:
    """First word of a line -> (line number, what follows it)."""
    found: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines_of(path), start=1):
        if not (words := line.split(maxsplit=1)):
            continue
        if words[0] in found:
            raise InputError(
                f"{path} line {number}: names {words[0]!r}, as line {found[words[0]][0]} does; a name stands once."
            )
        found[words[0]] = (number, words[1].strip() if len(words) > 1 else "")
    return found


def _rows(tree: Tree, folder: _Folder, split: str | None, wanted: Wanted, account: Account) -> list[Row]:
    texts, speakers, segments = (folder.columns.get(name, {}) for name in _PER_UTTERANCE)
    base = _base(tree, folder, wanted, account)
    name = shown((*folder.home, "segments" if "segments" in folder.columns else "wav.scp"))
    utterances = segments or {utterance: (number, utterance) for utterance, (number, _) in folder.recordings.items()}
    channels = _channels(folder)
    rows: list[Row] = []
    for utterance, (number, rest) in utterances.items():
        where, words = f"{name} line {number}", rest.split()
        recording = words[0] if words else ""
        if problem := _problem(folder, recording, words, bool(segments)):
            account.leave_out(where, problem)
            continue
        row: dict[str, Any] = {"id": utterance, "audio": str(base / folder.recordings[recording][1])}
        row |= {column: values.get(utterance, (0, None))[1] for column, values in folder.columns.items()}
        row["group"] = speakers.get(utterance, (0, ""))[1] if speakers else recording
        row |= {"language": row["utt2lang"]} if "utt2lang" in row else {}
        row |= {"split": split} if split else {}
        row |= {"channel": channels[recording]} if recording in channels else {}
        row |= _times(words) if segments else {}
        for unneeded in ("segments", "utt2spk", "utt2lang"):
            if unneeded not in wanted.columns.values():
                row.pop(unneeded, None)
        rows.append((where, row))
    for utterance, (number, _) in texts.items():
        if utterance not in utterances:
            account.leave_out(
                f"{shown((*folder.home, 'text'))} line {number}", f"{name.split('/')[-1]} has no such line."
            )
    account.origins |= {"group": "utt2spk"} if speakers else {}
    account.origins |= {"text": "text"} if wanted.column == "text" and texts else {}
    if not speakers:
        account.guesses.append(f"{shown(folder.home)} has no utt2spk: every recording is a group of its own.")
    return rows


def _problem(folder: _Folder, recording: str, words: list[str], cut: bool) -> str | None:
    if recording not in folder.recordings:
        return f"wav.scp has no recording {recording!r}."
    path = folder.recordings[recording][1]
    if path.endswith("|") or path.startswith("|"):
        return _COMMAND
    if re.search(r"\.ark(:\d+)?(\[.*\])?$", path) or path == "-":
        return _ARCHIVE
    if not path:
        return "names no file."
    if cut and not (
        len(words) in (3, 4) and all(re.fullmatch(r"-?\d+(\.\d*)?([eE][+-]?\d+)?", word) for word in words[1:3])
    ):
        return "a line of segments is: utterance, recording, start and end in seconds."
    return None


def _times(words: list[str]) -> dict[str, Any]:
    """An end of -1 means the recording's own."""
    start, end = float(words[1]), float(words[2])
    return {"start_seconds": start, "end_seconds": None if end == -1 else end}


def _channels(folder: _Folder) -> dict[str, str]:
    """Recording -> channel, where several recordings are the channels of one file."""
    uses = Counter(path for _, path in folder.recordings.values())
    shared = {recording for recording, (_, path) in folder.recordings.items() if uses[path] > 1}
    listing = folder.path / "reco2file_and_channel"
    if not shared or not listing.is_file():
        return {}
    found = {recording: rest.split() for recording, (_, rest) in _listed(listing).items()}
    return {recording: words[-1] for recording, words in found.items() if recording in shared and words}


def _base(tree: Tree, folder: _Folder, wanted: Wanted, account: Account) -> Path:
    """Where relative paths begin: at the recipe's folder, two above the data folder, or three (`dump/raw/train`)."""
    if wanted.audio_folder is not None:
        return wanted.audio_folder
    relative = [path for _, path in folder.recordings.values() if path and not Path(path).is_absolute()]
    candidates = [folder.path, *folder.path.parents[:3]]
    base = next((base for base in candidates if relative and is_file(base, relative[0])), folder.path)
    if base != folder.path:
        account.guesses.append(f"The paths in wav.scp begin at {base}: the files are there.")
    return base
