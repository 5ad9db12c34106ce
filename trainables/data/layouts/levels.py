"""What the levels of folders above the sound mean: splits, classes, or speakers (any group of clips).

Names of folders are all there is to go by. Where they allow one reading it is taken and said; where they allow two, the
source is refused and both are named, with the key `data.layout` that chooses.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trainables.data.split_names import SplitNames, among_siblings, is_plain, split_names
from trainables.errors import InputError

Folders = tuple[str, ...]  # the names of the folders above a file, from the top down
SHOWN = 4
_MANY_NAMES = 2  # from here on names that repeat are classes, or parts, and not a folder that each of them has

_NUMBERED = re.compile(r"([^\W\d_]*)[\W_]*\d[\d\W_]*[a-z]?")
_PEOPLE = re.compile(
    r"(speaker|spk|actor|subject|participant|patient|person|user|session|recording|fold|part)[\W_]*[a-z]"
)
_CLASS_STEMS = ("class", "label", "category")


@dataclass(frozen=True)
class Levels:
    """Where in a file's folders its label, split and group stand."""

    layout: str  # one of LAYOUTS
    at: Mapping[str, int]  # "classes", "splits" and "speakers", as far as the layout has them -> index of the folder
    splits: Mapping[str, str]  # a folder's name -> train | validation | test
    said: tuple[str, ...] = ()  # what was decided without being told
    advice: tuple[str, ...] = ()

    def place(self, folders: Folders) -> Place | str:
        """What the folders of a file say; a text says why they say nothing."""
        label = self._name("classes", folders)
        split = self._name("splits", folders)
        if "splits" in self.at and split not in self.splits:
            return "in no folder of a split"
        if label is None:
            return "in no class folder"
        return Place(label, None if split is None else self.splits[split], self._name("speakers", folders))

    def _name(self, level: str, folders: Folders) -> str | None:
        index = self.at.get(level, len(folders))
        return folders[index] if index < len(folders) else None


@dataclass(frozen=True)
class Place:
    """The folders of one file."""

    label: str
    split: str | None
    group: str | None


class _View:
    """Folders above the sound, level by level, without levels at which there is one folder only."""

    def __init__(self, home: str, folders: Sequence[Folders], kept: Sequence[int]) -> None:
        self.home, self.kept = home, kept
        self.paths = [tuple(path[i] for i in kept if i < len(path)) for path in folders]

    def names(self, level: int) -> list[str]:
        return sorted({path[level] for path in self.paths if len(path) > level})

    def inside(self, level: int) -> dict[str, set[str]]:
        """Folder of a level -> the folders right below folders of this name."""
        found: dict[str, set[str]] = {name: set() for name in self.names(level)}
        for path in self.paths:
            if len(path) > level + 1:
                found[path[level]].add(path[level + 1])
        return found

    def directly_in(self, level: int) -> set[str]:
        """Folders of a level with sound that stands in no folder below."""
        return {path[level] for path in self.paths if len(path) == level + 1}

    def levels(self, layout: str, splits: SplitNames | None = None, *said: str, advice: Sequence[str] = ()) -> Levels:
        at = {name: self.kept[index] for index, name in enumerate(layout.split("/"))}
        splits = splits or SplitNames()
        return Levels(layout, at, splits.of, (*splits.said, *said), tuple(advice))


def find_levels(home: str, folders: Sequence[Folders], layout: str | None) -> Levels:
    """What the folders of the sounds in the folder `home` mean; `folders` has an entry for each file.

    Raises InputError: two readings are possible, or `layout` (the sweep file's) does not fit.
    """
    wanted = 1 if layout is None else layout.count("/") + 1
    view = _View(home, folders, _levels_that_differ(folders, wanted))
    return _guessed(view) if layout is None else _given(view, layout)


def _levels_that_differ(folders: Sequence[Folders], wanted: int) -> list[int]:
    """Levels that hold more than one folder, or a split's. `audio` in `train/audio/cat` says nothing."""
    depth = max(map(len, folders), default=0)
    kept = list(range(depth))
    for level in range(depth - 1):
        names = {path[level] for path in folders if len(path) > level}
        is_last = any(len(path) == level + 1 for path in folders)
        if len(names) == 1 and not is_last and not is_plain(*names) and len(kept) > wanted:
            kept.remove(level)
    return kept


def _given(view: _View, layout: str) -> Levels:
    parts = layout.split("/")
    splits = None
    problems = []
    if "splits" in parts:
        names = view.names(parts.index("splits"))
        splits = split_names(names)
        if not splits.of:
            problems.append("no folder there has the name of a split (train, validation, test)")
        for name in names:
            if name not in splits.of and (near := _nearest(name)):
                problems.append(f"{name} is the name of no split (did you mean {near}?)")
    if not view.names(len(parts) - 1):
        problems.append(f"no sound stands {len(parts)} folder{'s' * (len(parts) > 1)} deep")
    if problems:
        raise InputError(
            f"data.layout: {layout} does not fit {view.home}: {'; '.join(problems)}. Its folders with sound are "
            f"{shown(view.names(0)) or 'none'}{_below(view.names(1))}."
        )
    return view.levels(layout, splits)


def _below(names: Sequence[str]) -> str:
    return f", and below them {shown(names)}" if names else ""


def _guessed(view: _View) -> Levels:
    tops = view.names(0)
    splits = among_siblings(tops)
    if tops and len(splits.of) == len(tops):
        if view.names(1):
            return view.levels("splits/classes", splits, advice=_people(view, 1))
        raise InputError(
            f"{view.home}: the folders {shown(tops)} have the names of splits, and no class folders stand in them. Add "
            "a metadata.csv with the columns file_name and label, or class folders; where these are the classes, say "
            "data.layout: classes."
        )
    said = ""
    if splits.of:
        if any(view.inside(0)[name] for name in splits.of) or set(splits.of.values()) != {"train"}:
            raise _doubt(view, _split_readings(view, splits, tops), _split_hint(view, splits, tops))
        said = f"{shown(list(splits.of))} is taken for a class beside {shown([t for t in tops if t not in splits.of])}"
    else:
        below = among_siblings(view.names(1))
        if below.of and (len(below.of) == len(view.names(1)) or len(set(below.of.values())) > 1):
            return _splits_below(view, below)
    return view.levels("classes", None, *([said] if said else []), advice=_people(view, 0))


def _split_readings(view: _View, splits: SplitNames, tops: Sequence[str]) -> dict[str, str]:
    others = [top for top in tops if top not in splits.of]
    readings = {"classes": f"the classes are {shown(tops)}"}
    below = sorted({name for top in splits.of for name in view.inside(0)[top]})
    if below:
        readings["splits/classes"] = (
            f"{shown(list(splits.of))} are splits with the classes {shown(below)}, and {shown(others)} is left out"
        )
    return readings


def _split_hint(view: _View, splits: SplitNames, tops: Sequence[str]) -> str:
    hints = [_nearest(top) for top in tops if top not in splits.of]
    spelled = [f" Did you mean {hint}?" for hint in hints if hint][:1]
    if any(view.inside(0)[name] for name in splits.of):
        return "".join(spelled)
    named = shown(list(splits.of))
    return (
        f" Where {named} is a split, its clips need labels: class folders in it, or a metadata.csv with a column split."
    )


def _nearest(name: str) -> str | None:
    """What a name may have been meant for: `vallidation`."""
    near = difflib.get_close_matches(name.lower(), ("train", "training", "validation", "test"), n=1, cutoff=0.7)
    return near[0] if near else None


def _splits_below(view: _View, splits: SplitNames) -> Levels:
    """Classes with the splits inside."""
    others = [name for name in view.names(1) if name not in splits.of]
    direct = sorted(view.directly_in(0))
    again = [] if _numbered(view.names(2), with_stem=True) else _repeated(view, 1)
    if not others and not direct and not again:
        return view.levels("classes/splits", splits)
    raise _splits_or_not(view, splits, others, direct, again)


def _splits_or_not(
    view: _View, splits: SplitNames, others: Sequence[str], direct: Sequence[str], again: Sequence[str]
) -> InputError:
    tops = view.names(0)
    inside = f"the classes are {shown(tops)}, and the folders {shown(list(splits.of))} in them are splits"
    left = [f"{shown(others)} is left out"] * bool(others)
    left += [f"what stands in {shown(direct)} itself is left out"] * bool(direct)
    readings = {"classes/splits": "; ".join([inside, *left])}
    if not again:
        readings["classes"] = f"the classes are {shown(tops)}, and the folders below are no splits"
    sets = f" Where {shown(tops)} are data sets of their own, name the folder of one as data.source." if again else ""
    return _doubt(view, readings, sets)


def _people(view: _View, level: int) -> list[str]:
    """Advice about folders that look like people, recordings or sessions: as classes at `level`, or below them."""
    tops, inside = view.names(level), view.inside(level)
    before = "splits/" * level
    below = sorted(set().union(*inside.values()))
    again = _repeated(view, level)
    if again and not (_numbered(below, with_stem=True) and not _numbered(tops)):
        raise _doubt(
            view,
            {
                f"{before}speakers/classes": f"the classes are {shown(again)}, and each of the {len(tops)} folders "
                f"{shown(tops)} is a group (a speaker, a session)",
                f"{before}classes": f"the classes are {shown(tops)}",
                f"{before}classes/speakers": f"the classes are {shown(tops)}, and the folders below them are groups",
            },
            _deeper_splits(view, level + 2),
        )
    advice = []
    if _numbered(tops):
        advice.append(
            f"The classes are {shown(tops)}: is that what is to be told apart? Numbered folders are people, recordings "
            "or folds more often. If so, give the labels in a metadata.csv with the columns file_name, label and group."
        )
    if len(below) >= _MANY_NAMES:
        advice.append(
            f"{len(below)} folders stand below the classes ({shown(below)}) and are not used. Where they are "
            f"recordings, sessions or speakers, data.layout: {before}classes/speakers keeps the clips of one on one "
            f"side; where they are the classes, say data.layout: {before}speakers/classes."
        )
    return advice


def _deeper_splits(view: _View, level: int) -> str:
    """What to say of folders of splits that none of these layouts reads."""
    splits = among_siblings(view.names(level))
    if len(set(splits.of.values())) < 2:
        return ""
    return (
        f" The folders {shown(list(splits.of))} further below are then no splits: a metadata.csv with the columns "
        "file_name, label and split keeps them."
    )


def _repeated(view: _View, level: int) -> list[str]:
    """Names that stand below most folders of a level, where there are several and they hold most of the sound."""
    inside = {name: below for name, below in view.inside(level).items() if below}
    if len(inside) < 2:
        return []
    counts: dict[str, int] = {}
    for below in inside.values():
        for name in below:
            counts[name] = counts.get(name, 0) + 1
    again = sorted(name for name, count in counts.items() if count >= max(2, len(inside) / 2))
    reached = sum(len(path) > level + 1 and path[level + 1] in again for path in view.paths)
    paths = sum(len(path) > level for path in view.paths)
    return again if len(again) >= _MANY_NAMES and reached >= paths / 2 else []


def _numbered(names: Sequence[str], *, with_stem: bool = False) -> bool:
    """Whether names are numbers, one word or two with numbers (`F01`, `M01`), or `speaker_a`; a date has a stem."""
    if len(names) < 2:
        return False
    stems = set()
    for name in map(str.lower, names):
        found = _NUMBERED.fullmatch(name)
        if found:
            stems.add(found[1] or ("date" if re.search(r"\d\D+\d", name) else ""))
        elif _PEOPLE.fullmatch(name):
            stems.add("people")
        else:
            return False
    return len(stems) < min(3, len(names)) and not stems & {*_CLASS_STEMS} and not (with_stem and "" in stems)


def _doubt(view: _View, readings: Mapping[str, str], further: str = "") -> InputError:
    """The readings that are possible."""
    ways = "; ".join(f"`{layout}`: {meaning}" for layout, meaning in readings.items())
    count = "more than one way" if len(readings) > 1 else "a way that may not be meant"
    return InputError(
        f"{view.home}: its folders can be read in {count}. Say in the sweep file which data.layout is right - {ways}."
        f"{further}"
    )


def shown(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
