"""Every file of a folder, sorted by what it is: sound, a table, or something else.

Links are followed, so that class folders may be links; a link that leads back to a folder above it is not. Hidden
files and the folders that systems leave behind (`__MACOSX`) are not looked into, and noted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

from trainables.data.formats.manifest import SUFFIXES
from trainables.data.reading import Account, Reading
from trainables.data.sound.endings import is_readable, is_sound
from trainables.data.split_names import is_plain
from trainables.errors import InputError

Parts = tuple[str, ...]  # a path below the folder, name by name

NOT_DECODED = "sound of a format that is not read"
BROKEN_LINK = "a link to nothing"
EMPTY = "an empty folder"
MOST_FILES = 5_000_000
_OF_DATASETS = ("state.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json")  # beside its tables
_LEFT_BEHIND = ("__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found", "__pycache__")


@dataclass
class Tree:
    """The files below a folder, each list in the order of the paths: the order of the disk changes nothing."""

    folder: Path
    sounds: list[Parts] = field(default_factory=list)  # that can be read
    unread: dict[Parts, str] = field(default_factory=dict)  # sound that cannot be read, and why
    tables: list[Parts] = field(default_factory=list)
    others: list[Parts] = field(default_factory=list)
    left: list[tuple[Parts, str]] = field(default_factory=list)  # not looked at, and why
    linked: set[Parts] = field(default_factory=set)  # sounds that a link leads to
    taken: set[Parts] = field(default_factory=set)  # of the others: lists that a published format has read

    def path(self, parts: Parts) -> Path:
        return self.folder.joinpath(*parts)

    def real_path(self, parts: Parts) -> str:
        """One path for all names of the same file: a link is no second recording."""
        return os.path.realpath(self.path(parts)) if parts in self.linked else os.path.join(self._real, *parts)

    def tops(self) -> list[str]:
        """Folders at the top that hold sound or tables somewhere below."""
        return sorted({parts[0] for parts in (*self.sounds, *self.unread, *self.tables) if len(parts) > 1})

    def sound_tops(self) -> list[str]:
        """Folders at the top that hold sound somewhere below."""
        return sorted({parts[0] for parts in (*self.sounds, *self.unread) if len(parts) > 1})

    def unwrapped(self, levels: int = 1) -> Tree:
        """The tree without the folders around it: a folder that holds nothing but one folder more, as archives unpack,
        is gone down. A split's folder stays, and so do `levels` of folders above the sound."""
        tops = self.tops()
        at_top = any(len(parts) == 1 for parts in (*self.sounds, *self.unread, *self.tables))
        if len(tops) != 1 or at_top or is_plain(tops[0]):
            return self
        below = self._below(tops[0])
        deepest = max((len(parts) - 1 for parts in (*below.sounds, *below.unread)), default=levels)
        return below.unwrapped(levels) if deepest >= levels or below.tables else self

    def _below(self, name: str) -> Tree:
        def inside(paths: Iterable[Parts]) -> list[Parts]:
            return [parts[1:] for parts in paths if parts[0] == name and len(parts) > 1]

        left = [(parts[1:], reason) for parts, reason in self.left if parts[0] == name and len(parts) > 1]
        sounds, tables, others = map(inside, (self.sounds, self.tables, self.others))
        unread = {parts[1:]: self.unread[parts] for parts in self.unread if parts[0] == name and len(parts) > 1}
        return Tree(self.folder / name, sounds, unread, tables, others, left, set(inside(self.linked)))

    @cached_property
    def _real(self) -> str:
        return os.path.realpath(self.folder)

    def note_left(self, account: Account) -> None:
        """Notes every file that no layout makes an example of; sound and tables are noted by who reads them."""
        for parts, reason in self.left:
            account.not_read("/".join(parts), reason)
        for parts in self.others:
            if parts not in self.taken:
                account.not_read("/".join(parts), "no sound and no table")

    def note_tables(self, account: Account, reason: str, *, but: Collection[Parts] = ()) -> None:
        """Notes the tables that nothing has taken, `but` those that are read otherwise."""
        for parts in self.tables:
            if parts not in self.taken and parts not in but:
                account.not_read("/".join(parts), reason)

    def note_unused(self, reading: Reading, tables: Sequence[Parts]) -> None:
        """Notes the sound that no row of the `tables` names, and the tables that are not among them."""
        named = {os.path.realpath(piece.path) for example in reading.examples for piece in example.audio}
        for parts in (*self.sounds, *self.unread):
            if os.path.realpath(self.path(parts)) not in named:
                reading.account.not_read("/".join(parts), self.unread.get(parts, "no row that is read names it"))
        for parts in self.tables:
            if parts not in tables:
                reading.account.not_read("/".join(parts), "a table that is not read")


def walk(folder: Path) -> Tree:
    """Raises InputError: the folder cannot be opened, or holds more files than any data set."""
    tree = Tree(Path(os.path.abspath(folder)))
    entries = list(islice(_entries(tree.folder), MOST_FILES + 1))
    if len(entries) > MOST_FILES:
        raise InputError(f"{folder}: holds more than {MOST_FILES:,} files; name the folder of the data set.")
    for parts, is_linked, problem in sorted(entries):
        if problem == BROKEN_LINK and is_sound(parts[-1]):
            tree.unread[parts] = problem
        elif problem:
            tree.left.append((parts, problem))
        elif is_readable(parts[-1]):
            tree.sounds.append(parts)
            if is_linked:
                tree.linked.add(parts)
        elif is_sound(parts[-1]):
            tree.unread[parts] = NOT_DECODED
        elif parts[-1].lower().endswith(SUFFIXES) and parts[-1] not in _OF_DATASETS:
            tree.tables.append(parts)
        else:
            tree.others.append(parts)
    return tree


@dataclass(frozen=True)
class _Folder:
    parts: Parts
    real: str
    real_above: frozenset[str] = frozenset()
    linked: bool = False
    unseen: str = ""  # why it is not looked into: only sound is counted, of the rest the folder's own entry speaks


def _entries(top: Path) -> Iterator[tuple[Parts, bool, str]]:
    """(path, whether a link leads there, why it is not looked at) of every file, in no order."""
    waiting = [_Folder((), os.path.realpath(top))]
    while waiting:
        folder = waiting.pop()
        path = top.joinpath(*folder.parts)
        if folder.real in folder.real_above:
            yield folder.parts, folder.linked, "a link to a folder above it"
            continue
        try:
            with os.scandir(path) as listing:
                entries = list(listing)
        except OSError as error:
            if not folder.parts:
                raise InputError(f"{top}: cannot be opened ({error.strerror}).") from None
            yield folder.parts, folder.linked, f"a folder that cannot be opened ({error.strerror})"
            continue
        if not entries and folder.parts and not folder.unseen:
            yield folder.parts, folder.linked, EMPTY
        for entry in entries:
            parts, linked = (*folder.parts, entry.name), folder.linked or entry.is_symlink()
            is_folder = _is(entry.is_dir)
            reason = folder.unseen or _hidden(entry.name, "hidden, or left behind by a system")
            if is_folder:
                real = os.path.realpath(entry.path) if entry.is_symlink() else os.path.join(folder.real, entry.name)
                waiting.append(_Folder(parts, real, folder.real_above | {folder.real}, linked, reason))
            if reason:
                if not folder.unseen or (is_sound(entry.name) and not is_folder):
                    yield parts, linked, reason
            elif not is_folder:
                kind = BROKEN_LINK if entry.is_symlink() else "no regular file"
                yield parts, linked, "" if _is(entry.is_file) else kind


def _is(test: Callable[[], bool]) -> bool:
    """A link in a circle is neither file nor folder, and some systems raise for it."""
    try:
        return test()
    except OSError:
        return False


def _hidden(name: str, reason: str) -> str:
    return reason if name.startswith(".") or name.lower() in _LEFT_BEHIND else ""
