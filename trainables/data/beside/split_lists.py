"""Lists of clips that are called as splits are, beside sound whose table or folders say nothing of splits: `train.txt`,
`validation_list.txt`, `test_split.csv`, with a path, a name or an id of a clip in each line.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from trainables.data.examples import Example
from trainables.data.layouts.found import first_line, lines_of, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Reading, Wanted
from trainables.data.sound.endings import is_sound
from trainables.data.split_names import of_files
from trainables.errors import InputError

ENDINGS = (".txt", ".lst", ".list", ".csv", ".tsv")
MOST_BYTES, MOST_LISTS = 64 << 20, 50
LEAST_SHARE = 0.5  # of a list's lines name clips
_DIVIDERS = re.compile(r"[\t,;|]")


@dataclass(frozen=True)
class _List:
    parts: Parts
    split: str
    clips: frozenset[str]  # ids
    strange: int  # lines that name no clip


def with_listed_splits(tree: Tree, reading: Reading, wanted: Wanted) -> Reading:
    """The reading with the splits of the lists, where no row has one; said in its account. Clips of no list are for
    training where no list is, else left out, with a count. `data.columns: {split: ""}` reads no list.

    Raises InputError: a clip stands in the lists of two splits.
    """
    examples = reading.examples
    if not examples or any(example.split for example in examples) or "split" in wanted.columns:
        return reading
    unread = {path for paths in reading.account.files_unread.values() for path in paths}
    lists = _lists(tree, examples, [*tree.others, *(parts for parts in tree.tables if shown(parts) in unread)])
    splits = {of.split for of in lists}
    if not splits & {"validation", "test"} or len(lists) > len(splits):  # none, or a split for each of several folds
        return reading
    sides: dict[str, set[str]] = defaultdict(set)
    for of in lists:
        for name in of.clips:
            sides[name].add(of.split)
    names = ", ".join(shown(of.parts) for of in lists)
    if twice := sorted(name for name, of_clip in sides.items() if len(of_clip) > 1):
        raise InputError(
            f"{tree.folder}: the lists {names} put {len(twice)} clips into several splits, such as {twice[0]}; mend "
            'them, or say `data.columns: {split: ""}`, and splits are drawn.'
        )
    return _divided(tree, reading, lists, {name: of_clip.pop() for name, of_clip in sides.items()})


def with_splits_beside(table: Path, reading: Reading, wanted: Wanted) -> Reading:
    """As `with_listed_splits`, with the lists that lie in the folder of a table. Raises InputError: as it does."""
    with suppress(OSError):
        names = sorted(entry.name for entry in os.scandir(table.parent) if entry.is_file() and entry.name != table.name)
        lists: list[Parts] = [
            (name,) for name in names if name.lower().endswith(ENDINGS) and is_list(table.with_name(name))
        ]
        return with_listed_splits(Tree(table.parent.absolute(), others=lists), reading, wanted)
    return reading


def is_list(path: Path) -> bool:
    """Whether a text is no table of several columns."""
    return not path.name.lower().endswith((".csv", ".tsv")) or not _DIVIDERS.search(first_line(path))


def _divided(tree: Tree, reading: Reading, lists: Sequence[_List], sides: Mapping[str, str]) -> Reading:
    account, names = reading.account, ", ".join(shown(of.parts) for of in lists)
    lacking = [example for example in reading.examples if example.id not in sides]
    trained = not any(of.split == "train" for of in lists)
    kept = [
        replace(example, split=sides.get(example.id, "train"))
        for example in reading.examples
        if trained or example.id in sides
    ]
    account.origins["split"] = ", ".join(f"{shown(of.parts)} is {of.split}" for of in lists)
    counts = Counter(example.split for example in kept)
    rest = f"; {len(lacking)} clips of no list are for training" if trained else ""
    account.guesses.append(
        f"the splits are those of {names} ({', '.join(f'{split} {counts[split]}' for split in counts)}){rest}; if they "
        'are not, say `data.columns: {split: ""}`.'
    )
    if lacking and not trained:
        account.guesses.append(f"{len(lacking)} clips stand in none of {names} and are left out.")
        for example in lacking:
            for piece in example.audio:
                account.not_read(os.path.relpath(piece.path, tree.folder), "in the list of no split")
    if strange := sum(of.strange for of in lists):
        account.guesses.append(f"{strange} lines of {names} name no clip that is read.")
    read = {of.parts for of in lists}
    tree.taken |= read
    for key, paths in account.files_unread.items():  # a table, which was noted as one that is not read
        account.files_unread[key] = [path for path in paths if tuple(path.split("/")) not in read]
    return Reading(kept, account)


def _lists(tree: Tree, examples: Sequence[Example], files: Sequence[Parts]) -> list[_List]:
    """Those of `files` whose names give a split, and most of whose lines name clips."""
    found = [parts for parts in files if parts[-1].lower().endswith(ENDINGS)]
    found = [parts for parts in found if parts not in tree.taken]
    stems = {parts[-1].rpartition(".")[0] for parts in found}
    try:
        splits = of_files(sorted(stems)).of
    except InputError:
        return []
    found = [parts for parts in found if parts[-1].rpartition(".")[0] in splits][:MOST_LISTS]
    if not found:
        return []
    clips = _by_name(tree, examples)
    lists = []
    for parts in found:
        with suppress(OSError, InputError):
            if tree.path(parts).stat().st_size > MOST_BYTES:
                continue
            lines = [line.strip() for line in lines_of(tree.path(parts)) if line.strip()]
            named = [_named(line, clips) for line in lines]
            hits = {name for of_line in named for name in of_line}
            strange = sum(not of_line for of_line in named[1:]) + (not named[0] if len(lines) == 1 else 0)
            if hits and len(lines) - strange >= LEAST_SHARE * len(lines):
                lists.append(_List(parts, splits[parts[-1].rpartition(".")[0]], frozenset(hits), strange))
    return lists


def _by_name(tree: Tree, examples: Iterable[Example]) -> Mapping[str, frozenset[str]]:
    """What a line may call a clip - its id, its path or the end of it, with its ending or not -> ids of the clips of
    one file; a name of several files is none."""
    files: dict[str, set[str]] = defaultdict(set)
    ids: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        path = example.audio[0].path if len(example.audio) == 1 else ""
        ids[path or example.id].add(example.id)
        files[example.id].add(path or example.id)
        if not path:
            continue
        inside = path.removeprefix(f"{tree.folder}{os.sep}").split(os.sep)
        for at in range(len(inside)):
            name = "/".join(inside[at:])
            files[name].add(path)
            files[name.rpartition(".")[0] or name].add(path)
    return {name: frozenset(ids[next(iter(paths))]) for name, paths in files.items() if len(paths) == 1}


def _named(line: str, clips: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The clips that the longest of these names which names any: the whole line, cells of a table, words."""
    cells = {_plain(cell) for cell in (line, *_DIVIDERS.split(line), *line.split())}
    cells |= {cell.rpartition(".")[0] for cell in cells if is_sound(cell)}  # of a set that was converted since
    names = {name for cell in cells for name in _ends(cell)}
    return clips.get(max((name for name in names if name in clips), key=len, default=""), frozenset())


def _ends(path: str) -> list[str]:
    """A path and what follows its first folders, which may be those of another machine."""
    parts = path.split("/")
    return ["/".join(parts[at:]) for at in range(len(parts))]


def _plain(cell: str) -> str:
    return cell.strip().strip("\"'").strip().replace("\\", "/").removeprefix("./")
