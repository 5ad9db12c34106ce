"""Which column of a table is which of ours: as the sweep file says, else by our own name, else by a known spelling.

What is guessed from a spelling is said, with the number of rows that fill the column. Where two columns might be the
same and differ, nothing is guessed.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainables.data.reading import Account, Wanted
from trainables.data.split_names import split_name
from trainables.data.tables.channels import tells_channels
from trainables.data.tables.contents import group_hint, holds_addresses, names_sound, names_splits, target_hint
from trainables.data.tables.spellings import (
    LENGTH_NAMES,
    OPTIONAL,
    QUESTION,
    SAMPLE_NAMES,
    SPELLINGS,
    SPLIT_FLAG_NAMES,
    meaning,
    plain,
)
from trainables.data.tables.split_flags import SplitFlags, sentence, split_flags
from trainables.data.tables.stretches import OURS as TIMES
from trainables.data.tables.stretches import TimeColumns, time_columns
from trainables.data.tables.values import filled, number
from trainables.errors import InputError

MOST_NAMES = 30  # of columns in a sentence
MOST_SPLITS = 4
_NAMES_ITS_CELLS = re.compile(r"\.(json|jsonl|ndjson|parquet|arrow)(\.gz)?$", re.IGNORECASE)
UNIT_WORDS = {1e-3: "milliseconds", 60.0: "minutes"}
Values = Sequence[Mapping[str, Any]]
_CONTENTS = {"audio": names_sound, "split": names_splits}  # columns that are known by their values, too


@dataclass(frozen=True)
class Columns:
    """`names`: our name -> the table's, for every column that is read but times."""

    names: Mapping[str, str]
    times: TimeColumns = field(default_factory=TimeColumns)
    flags: SplitFlags | None = None  # in place of a column `split`

    def value(self, row: Mapping[str, Any], ours: str) -> Any:
        """None where there is no such column, or nothing in it."""
        if ours == "split" and self.flags is not None:
            return self.flags.of(row)
        return filled(row.get(self.names[ours])) if ours in self.names else None


def columns_of(path: Path, rows: Values, wanted: Wanted, account: Account) -> Columns:
    """The account learns where each column comes from, what was guessed and which columns are not read.

    Raises InputError: columns that are missing, with the nearest name, and columns that compete.
    """
    fills = Counter(name for row in rows for name, value in row.items() if filled(value) is not None)
    found = list(dict.fromkeys(name for row in rows for name in row))
    ours = ("audio", wanted.column, *OPTIONAL, *([QUESTION] if wanted.questions else []))
    given = dict(wanted.columns)
    problems = [
        f"data.columns: {name!r} is no column that can be renamed; those are {', '.join(ours)}."
        for name in given
        if name not in ours
    ]
    given |= {name: name for name in ours if name not in given and name in found and _fits(name, name, rows)}
    # a column without a name (the row numbers of pandas) could not be named in a sweep file either
    free = [name for name in found if name.strip() and name not in given.values() and fills[name]]
    guessed: dict[str, str] = {}
    asked: set[str] = set()  # which of several it is
    for name in (name for name in ours if name not in given and name not in TIMES):
        try:
            spelled = _spelled(path, name, [other for other in free if other not in guessed.values()], rows)
        except InputError as error:
            problems += error.problems
            asked.add(name)
            continue
        if spelled is not None:
            guessed[name] = spelled
    names = {name: written for name, written in (given | guessed).items() if written and name not in TIMES}
    needed = [name for name in ("audio", wanted.column) if name not in asked]
    problems += _missing(path, needed, given | guessed, found, rows)
    if problems:
        raise InputError(problems)
    times = time_columns(path, given, [name for name in free if name not in names.values()], rows)
    guessed |= {ours: column.name for ours, column in _by_name(times).items() if column.guessed}
    flags = _flags(path, names, given, free, rows)
    _tell(account, path, wanted, names, times, guessed, fills, rows, flags)
    return Columns(names | ({"split": " and ".join(flags.splits)} if flags else {}), times, flags)


def _flags(
    path: Path, names: Mapping[str, str], given: Mapping[str, str], free: Sequence[str], rows: Values
) -> SplitFlags | None:
    """Columns of yes and no that say the split, where no column of its names does; a sweep file may name one of them.

    Raises InputError: as `split_flags`."""
    if "split" in names:
        return split_flags(path, [names["split"]], rows)
    return None if "split" in given else split_flags(path, [name for name in free if name not in names.values()], rows)


def _by_name(times: TimeColumns) -> dict[str, Any]:
    pairs = zip(TIMES, (times.start, times.length, times.end), strict=True)
    return {ours: column for ours, column in pairs if column is not None}


def _fits(ours: str, name: str, rows: Values) -> bool:
    """Whether a column is what its name says. Ours are; but a `channel` may also be a station's, and a `weight` a text
    about it."""
    if ours == "weight":
        return all(number(value) is not None for value in (filled(row.get(name)) for row in rows) if value is not None)
    return ours != "channel" or tells_channels(name, (filled(row.get(name)) for row in rows))


def _spelled(path: Path, ours: str, free: Sequence[str], rows: Values) -> str | None:
    known = (plain(ours), *SPELLINGS.get(ours, ()))
    candidates = [name for name in sorted(free, key=lambda name: (_rank(name, known), name)) if plain(name) in known]
    candidates = [name for name in candidates if _may_be(ours, name, rows)]
    if ours == "audio" and len(candidates) > 1:
        candidates = [name for name in candidates if not holds_addresses(name, rows)] or candidates
    if not candidates and ours in _CONTENTS:
        candidates = [name for name in sorted(free) if meaning(name) is None and _CONTENTS[ours](name, rows)]
    if len(candidates) > 1 and not all(_say_the_same(ours, candidates[0], other, rows) for other in candidates[1:]):
        both = " and ".join(map(repr, candidates))
        raise InputError(
            f"{path}: the columns {both} may both be {ours!r}, and they differ; say which with "
            f"`data.columns: {{{ours}: {candidates[0]}}}`."
        )
    return candidates[0] if candidates else None


def _rank(name: str, known: Sequence[str]) -> int:
    return known.index(plain(name)) if plain(name) in known else len(known)


def _may_be(ours: str, name: str, rows: Values) -> bool:
    """Whether values are such as the column wants: a guess must not turn a good table into one that is refused."""
    values = [value for value in (filled(row.get(name)) for row in rows) if value is not None]
    if ours == "split":
        splits = {split_name(value) if isinstance(value, str) else None for value in values}
        return None not in splits or len(splits) > 2  # train and test beside one slip: the slip is refused
    if ours == "targets":
        return all(isinstance(value, list) or number(value) is not None for value in values)
    return _fits(ours, name, rows)


def _say_the_same(ours: str, first: str, other: str, rows: Values) -> bool:
    """Whether two columns hold the same; names of classes and groups may be others, as long as they divide alike."""
    pairs = {(str(filled(row.get(first))), str(filled(row.get(other)))) for row in rows}
    if ours in ("label", "group", "fold"):
        return len({mine for mine, _ in pairs}) == len({yours for _, yours in pairs}) == len(pairs)
    return all(mine == yours for mine, yours in pairs)


def _missing(
    path: Path, needed: Sequence[str], names: Mapping[str, str], found: Sequence[str], rows: Values
) -> list[str]:
    problems = []
    for ours in dict.fromkeys((*needed, *names)):
        written = names.get(ours, ours)
        if written in found or (not written and ours not in needed):
            continue
        near = difflib.get_close_matches(written, found, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        if not near and not any(map(meaning, found)) and not _NAMES_ITS_CELLS.search(path.name):
            hint = " Is its first row no header? Then write the names of the columns above it."
        hint += target_hint(ours, [name for name in found if name not in names.values()], rows)
        problems.append(
            f"{path}: has no column {written!r}; its columns are {_listed(found)}.{hint} "
            f"Rename it there or say `data.columns: {{{ours}: ITS_NAME}}`."
        )
    return problems


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def _tell(
    account: Account,
    path: Path,
    wanted: Wanted,
    names: Mapping[str, str],
    times: TimeColumns,
    guessed: Mapping[str, str],
    fills: Counter[str],
    rows: Values,
    flags: SplitFlags | None,
) -> None:
    used = {**names, **{ours: column.name for ours, column in _by_name(times).items()}}
    units = {c.name: UNIT_WORDS[c.unit_seconds] for c in times.named if c.unit_seconds in UNIT_WORDS}
    for ours, name in used.items():
        unit = f" in {units[name]}" if name in units else ""
        account.origins[ours] = f"column {name}{unit}{' (a guess)' if ours in guessed else ''}"
    for ours, name in guessed.items():
        unit = f", in {units[name]}" if name in units else ""
        other = "NAME" if ours in ("audio", wanted.column) else '""'
        account.guesses.append(
            f"{ours} is read from the column {name!r}{unit} ({fills[name]} rows fill it); if that is wrong, say "
            f"`data.columns: {{{ours}: {other}}}`."
        )
    if "fold" in names and "split" not in names:
        account.advice += _folds_of_splits(path, names["fold"], rows)
    if "weight" in names:
        account.guesses.append(
            f"The column {names['weight']!r} ({fills[names['weight']]} rows fill it) weighs the losses of clips in "
            'training, and nothing else; if it means something else, say `data.columns: {weight: ""}`.'
        )
    if flags is not None:
        account.origins["split"] = f"columns {', '.join(flags.splits)} of yes and no (a guess)"
        account.guesses.append(sentence(flags, rows))
    unread = [name for name in fills if name and name not in used.values() and not (flags and name in flags.splits)]
    account.columns_unread.update({name: fills[name] for name in unread})
    if "group" not in used and (hint := group_hint(unread, rows)):
        account.advice.append(f"{path.name}: {hint}")
    account.states_ends = account.states_ends or times.states_ends
    for name in unread:
        if plain(name) in SPLIT_FLAG_NAMES and "split" not in used and flags is None:
            account.advice.append(
                f"{path.name}: the column {name!r} looks like a split and is not read ({fills[name]} rows fill it): "
                "write a column `split` with train, validation or test."
            )
        if meaning(name) == "split" and "split" not in {*used, *wanted.columns} and flags is None:
            account.advice += _splits_without_names(path, name, rows)
        if plain(name) in SAMPLE_NAMES:
            account.advice.append(
                f"{path.name}: the column {name!r} counts samples or frames and is not read ({fills[name]} rows fill "
                "it); where it says which part of a file is heard, write start_seconds and end_seconds, in seconds."
            )
        like = meaning(name)
        alone = plain(name) in LENGTH_NAMES and times.start is None  # how long the file is
        if like in TIMES and not alone and like not in used and name not in wanted.columns.values():
            account.advice.append(
                f"{path.name}: the column {name!r} looks like a time and is not read ({fills[name]} rows fill it); "
                f"where it says which part of a file is heard, say `data.columns: {{{like}: {name}}}`."
            )


def _splits_without_names(path: Path, name: str, rows: Values) -> list[str]:
    """A sentence where a column is called as one of splits is, and holds numbers or letters for them."""
    values = Counter(str(value) for row in rows if (value := filled(row.get(name))) is not None)
    if not 1 < len(values) <= MOST_SPLITS:
        return []
    shown = ", ".join(f"{value!r} ({count} rows)" for value, count in sorted(values.items()))
    return [
        f"{path.name}: the column {name!r} may say the split and is not read, since nobody but you knows which value "
        f"is which: {shown}. Write train, validation or test there where it does."
    ]


def _folds_of_splits(path: Path, name: str, rows: Values) -> list[str]:
    """A sentence where a fold is called as a split is, or there are but two: the clips for the test may be meant."""
    values = Counter(str(value) for row in rows if (value := filled(row.get(name))) is not None)
    if len(values) == 2 and not any(map(split_name, values)):
        shown = ", ".join(f"{value!r} ({count} rows)" for value, count in sorted(values.items()))
        return [
            f"{path.name}: the column {name!r} has two values, {shown}, and is read as two folds; where it divides "
            "training from test clips, write a column `split` with train and test."
        ]
    named = {value: count for value, count in values.items() if split_name(value)}
    if not named:
        return []
    shown = ", ".join(f"{value!r} ({count} rows)" for value, count in sorted(named.items()))
    return [
        f"{path.name}: {shown} in the column {name!r} {'is the name of a split' if len(named) == 1 else 'name splits'} "
        "and is read as a fold; where it is a split, write it in a column `split`."
    ]
