"""For the eye: how a source was read, what was not read, and what its sound is like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType

from sweeps.plan.parts import named_rows
from trainables.data.sound.facts import LengthBin, SoundFacts
from trainables.data.understood import Understood
from trainables.records import LEFT_OUT_FILE

ORDER = ("audio", "label", "targets", "text", "id", "group", "split", "fold")  # of what came from where; then the rest
MOST_COLUMNS, MOST_KINDS = 12, 8
MOST_VALUES = 4  # of sample rates, channels, endings
BAR = 40  # characters of the longest bar


def account_view(found: Understood) -> RenderableType:
    """Where everything came from, what was not read and left out, and what was guessed."""
    return named_rows([*_sources(found), *_unread(found), *_left_out(found), *_many("guessed", found.guesses)])


def sound_view(sound: SoundFacts) -> RenderableType:
    """Sample rates, channels and lengths."""
    last = (
        f"{sound.shortest_seconds:g} s each"
        if sound.shortest_seconds == sound.longest_seconds
        else f"{sound.shortest_seconds:g} to {sound.longest_seconds:g} s, median {sound.median_seconds:g} s"
    )
    rows = [
        ("files", _kinds([(ending or "no ending", files) for ending, files in sound.endings])),
        ("sample rate", _kinds([(f"{rate:,} Hz", files) for rate, files in sound.rates_hz])),
        ("channels", _kinds([(str(channels), files) for channels, files in sound.channels])),
        ("clips last", last),
        *(("", line) for line in _histogram(sound.lengths)),
    ]
    return named_rows(rows)


def left_over(found: Understood) -> str:
    """What the source has and the sweep does not use, and what was guessed, in a few words: for the start of a run."""
    counted = (
        (len(found.columns_unread), "column not read", "columns not read"),
        (sum(kind.files for kind in found.files_unread), "file not read", "files not read"),
        (found.rows_left_out, "clip left out", "clips left out"),
        (len(found.guesses), "guess", "guesses"),
    )
    return ", ".join(f"{count:,} {one if count == 1 else several}" for count, one, several in counted if count)


def sentences_view(sentences: Iterable[str], style: str = "") -> RenderableType:
    """A list, each sentence with its lines below each other."""
    return named_rows((("-", sentence) for sentence in sentences), style, gap=1)


def _sources(found: Understood) -> Iterator[tuple[str, str]]:
    if found.layout:
        yield "read as", found.layout
    named = [name for name in ORDER if name in found.origins]
    for name in (*named, *(name for name in found.origins if name not in ORDER)):
        yield name, found.origins[name]


def _unread(found: Understood) -> Iterator[tuple[str, str]]:
    lines = []
    if found.columns_unread:
        lines.append(f"columns (rows that fill them): {_columns(found)}")
    for kind in found.files_unread[:MOST_KINDS]:
        what = f"{kind.ending} file" if kind.ending else "file without an ending"
        if kind.files > 1:
            what = what.replace("file", "files", 1)
        lines.append(f"{kind.files:,} {what}: {kind.reason} ({_places(kind.shown, kind.files)})")
    if (more := len(found.files_unread) - MOST_KINDS) > 0:
        rest = sum(kind.files for kind in found.files_unread[MOST_KINDS:])
        lines.append(f"{_many_of(rest, 'file')} for {_many_of(more, 'further reason')}")
    return _many("not read", lines)


def _left_out(found: Understood) -> Iterator[tuple[str, str]]:
    if not found.rows_left_out:
        return iter(())
    lines = [f"{_many_of(found.rows_left_out, 'clip')}; a run lists them in {LEFT_OUT_FILE}"]
    lines += [f"{_places(kind.shown, kind.rows)}: {kind.reason.rstrip('.')}" for kind in found.left_out[:MOST_KINDS]]
    if (rest := found.rows_left_out - sum(kind.rows for kind in found.left_out[:MOST_KINDS])) > 0:
        lines.append(f"{_many_of(rest, 'clip')} more, for other reasons")
    return _many("left out", lines)


def _many(name: str, lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The name stands before the first line only."""
    for index, line in enumerate(lines):
        yield ("" if index else name), line


def _columns(found: Understood) -> str:
    named = [f"{name} ({rows:,})" for name, rows in list(found.columns_unread.items())[:MOST_COLUMNS]]
    more = len(found.columns_unread) - MOST_COLUMNS
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _places(shown: Sequence[str], count: int) -> str:
    more = count - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _kinds(counted: Sequence[tuple[str, int]]) -> str:
    """`44,100 Hz (24 files), 8,000 Hz (12 files)`, the commonest first."""
    shown = [f"{name} ({_many_of(files, 'file')})" for name, files in counted[:MOST_VALUES]]
    more = len(counted) - MOST_VALUES
    rest = sum(files for _, files in counted[MOST_VALUES:])
    return ", ".join(shown) + (f" and {more} others ({_many_of(rest, 'file')})" if more > 0 else "")


def _histogram(lengths: Sequence[LengthBin]) -> Iterator[str]:
    most = max((each.clips for each in lengths), default=0)
    edges = [f"{each.from_seconds:g} to {each.to_seconds:g} s" for each in lengths]
    wide = max(map(len, edges), default=0)
    digits = len(f"{most:,}")
    for edge, each in zip(edges, lengths, strict=True):
        bar = "█" * max(round(BAR * each.clips / most), 1 if each.clips else 0)
        yield f"{edge:<{wide}}  {each.clips:>{digits},}  {bar}".rstrip()


def _many_of(count: int, word: str) -> str:
    return f"{count:,} {word}" + ("" if count == 1 else "s")
