"""How a data source is to be read, and what was understood of it: the account that a person sees before any training.

Readers fill the account while they read. What they do not use - a row, a file, a column - is noted there with a reason
and never dropped in silence. Rows that cannot be used are left out up to a bound (`data.skip`); beyond it the source
is refused, with equal problems said once.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trainables.data.examples import Example
from trainables.errors import InputError

# Of sub-folders, from the top down; "speakers" stands for whatever keeps clips together: people, sessions, recordings
LAYOUTS = (
    "classes",
    "splits/classes",
    "classes/splits",
    "speakers/classes",
    "classes/speakers",
    "splits/speakers/classes",
    "splits/classes/speakers",
)
SHOWN = 3  # places named for each reason
MOST_PROBLEMS = 20
_FILLED = re.compile(r"\(([\d,]+) rows fill it\)")


@dataclass(frozen=True)
class Skip:
    """`data.skip`: which rows that cannot be used may be left out instead of refusing the source."""

    most: int = 0  # rows
    most_percent: float | None = None  # of all rows, where the file says a share; `most` does not count then
    unreadable_sound: bool = False  # rows whose sound cannot be decoded, however many

    @classmethod
    def from_text(cls, written: int | str) -> Skip:
        """A number, `none`, `unreadable`, or a share such as `2%`."""
        if isinstance(written, int):
            return cls(most=written)
        if written.endswith("%"):
            return cls(most_percent=float(written.removesuffix("%")))
        return cls(unreadable_sound=written == "unreadable")

    def allowed(self, rows: int) -> int:
        """How many of `rows` may be left out."""
        return self.most if self.most_percent is None else int(rows * self.most_percent / 100)


@dataclass(frozen=True)
class Wanted:
    """What a sweep file says about a source."""

    column: str  # the task's: label, labels, targets or text
    cache_folder: Path  # for sound that a source embeds
    columns: Mapping[str, str] = field(default_factory=dict)  # our name -> the file's
    gathered: tuple[str, ...] = ()  # the file's columns that together are the task's
    separator: str | None = None  # between the labels of a cell
    layout: str | None = None  # of folders, where the file says it; else it is guessed
    audio_folder: Path | None = None  # absolute; where the paths of a table begin, else at the table
    skip: Skip = field(default_factory=Skip)
    questions: bool = False  # whether clips may bring a question of their own


@dataclass(frozen=True)
class LeftOut:
    """A row that cannot be used."""

    where: str  # "clips.csv line 3"
    problem: str  # one sentence, without the place
    sound: bool = False  # whether the sound is at fault (missing, not audio, cut off), and not the row


@dataclass
class Account:
    """What was understood of a source. `advice` is for a person to look at; nothing is refused for it."""

    layout: str = ""  # how the source was read, and why: "class folders below the split folders train, test"
    origins: dict[str, str] = field(default_factory=dict)  # split, group, label, text, start_seconds -> where from
    columns_unread: Counter[str] = field(default_factory=Counter)  # column -> rows that fill it
    files_unread: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    left_out: list[LeftOut] = field(default_factory=list)
    guesses: list[str] = field(default_factory=list)  # one sentence each: what was decided without being told
    advice: list[str] = field(default_factory=list)
    audio_homes: list[Path] = field(default_factory=list)  # where relative paths of its tables begin
    states_ends: bool = False  # a stretch that reaches beyond the end of its file is then a mistake

    def leave_out(self, where: str, problem: str, *, sound: bool = False) -> None:
        self.left_out.append(LeftOut(where, problem, sound))

    def not_read(self, path: str, reason: str) -> None:
        """A file of the source that no example comes of; `path` is relative to the source."""
        self.files_unread[Path(path).suffix.lower(), reason].append(path)

    def include(self, other: Account) -> None:
        """Adds the account of a part, such as one of several tables; the layout stays."""
        self.origins = {**other.origins, **self.origins}
        self.columns_unread += other.columns_unread
        for key, paths in other.files_unread.items():
            self.files_unread[key] += paths
        self.left_out += other.left_out
        for mine, others in ((self.guesses, other.guesses), (self.advice, other.advice)):
            for sentence in others:
                _add_once(mine, sentence)
        self.audio_homes += [home for home in other.audio_homes if home not in self.audio_homes]
        self.states_ends = self.states_ends or other.states_ends

    def refuse_beyond(self, skip: Skip, rows: int) -> None:
        """Raises InputError where more of `rows` are left out than `skip` allows, or all: each problem once, with its
        places and how many more there are."""
        counted = [row for row in self.left_out if not (row.sound and skip.unreadable_sound)]
        allowed = skip.allowed(rows)
        if len(counted) <= allowed and (not self.left_out or len(self.left_out) < rows):
            return
        counted = counted or self.left_out
        places: dict[str, list[str]] = defaultdict(list)
        for row in counted:
            places[row.problem].append(row.where)
        problems = [f"{_shown(where)}: {problem}" for problem, where in places.items()]
        if len(problems) > MOST_PROBLEMS:
            rest = len(problems) - MOST_PROBLEMS
            problems = [*problems[:MOST_PROBLEMS], f"... and {rest} more problems in the data."]
        if allowed:
            problems.append(f"data.skip: {len(counted)} of {rows} rows cannot be used, and {allowed} may be left out.")
        elif all(row.sound for row in counted) and 2 * len(counted) < rows:
            problems.append("With data.skip: unreadable, clips whose sound cannot be read are left out and listed.")
        raise InputError(problems)


@dataclass(frozen=True)
class Reading:
    """The clips of a source and how they were understood."""

    examples: list[Example]
    account: Account


def _shown(places: list[str]) -> str:
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return ", ".join(places[:SHOWN]) + more


def _add_once(sentences: list[str], further: str) -> None:
    """The same of two tables is said once, with the rows of both."""
    for index, sentence in enumerate(sentences):
        counts = [_FILLED.search(each) for each in (sentence, further)]
        if counts[0] and counts[1] and _FILLED.sub("", sentence) == _FILLED.sub("", further):
            rows = sum(int(count[1].replace(",", "")) for count in counts if count)
            sentences[index] = _FILLED.sub(f"({rows} rows fill it)", sentence)
            return
    if further not in sentences:
        sentences.append(further)
