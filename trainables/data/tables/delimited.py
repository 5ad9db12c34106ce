"""Rows of a text table: CSV, TSV, semicolons or `|`.

The header decides what divides the columns. Quotes are taken strictly (RFC 4180), since one that is not closed swallows
rows; where tabs or `|` divide every line alike, quotes are part of the text, as most programs write such tables.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from trainables.cell_limit import cells_up_to
from trainables.data.sound.endings import is_sound
from trainables.data.tables.spellings import meaning, plain
from trainables.data.tables.swallowed import swallowed_rows
from trainables.data.tables.table import Table
from trainables.errors import InputError

DIVIDERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "|"}
LONGEST_FIELD = 131_072  # characters

SPACES = " "
MOST_KEPT = 1 << 14

# The columns of FLEURS' tables, which have no header (Conneau et al. 2022, arXiv:2205.12446; its loader on the hub)
_FLEURS = ("sentence_number", "path", "raw_transcription", "transcription", "characters", "num_samples", "gender")

Record = tuple[int, list[str]]  # the line where it begins, and its cells


def delimited_rows(name: str, text: str, renamed: Collection[str] = ()) -> Table:
    """`name` is the file's, `renamed` are further names that a header may hold. Cells stay as they are written.

    Raises InputError: quotes that are not closed or swallow rows, a column named twice, no header.
    """
    lines = list(io.StringIO(text, newline=""))
    top, notes, divider = _above_header(lines)
    if top == len(lines):
        return Table()
    known = {plain(written) for written in renamed}
    title, top = top, _below_title(lines, known, top)
    divider = divider or _divider(lines[top:], known, name)
    table = Table(form=f"divided by {DIVIDERS.get(divider, 'spaces' if divider == SPACES else repr(divider))}")
    with cells_up_to(LONGEST_FIELD):
        records = list(_records(name, lines[top:], top, divider))
    if title != top:
        table.guesses.append(f"Line {title + 1} of {name} ({lines[title].strip()[:60]}) is a title, and no header.")
    lines.clear()
    header = [cell.strip() for cell in records[0][1]]
    if noted := _header_in_notes(notes, divider, known, header):
        table.guesses.append(f"The columns of {name} are named in a note above them: {', '.join(noted)}.")
        header = noted
    elif _is_fleurs(header):
        table.guesses.append(f"{name} has no header and is read as FLEURS has it: {', '.join(_FLEURS)}.")
        header = [*_FLEURS]
    else:
        del records[0]
    _refuse_bad_header(name, top + 1, header, known)
    if len(header) == 1 and records and all(_is_fairseq(cells) for _, cells in records[:20]):
        raise InputError(
            f"{name}: is a list as fairseq has it: its first line is the folder of the sound ({header[0][:60]}), and "
            "no header. Where texts lie beside it (.wrd, .ltr), give its folder as data.source; else write a table "
            "with the columns audio and text, and that folder as data.audio_folder."
        )
    if problem := swallowed_rows(header, records, divider):
        raise InputError(f"{name} {problem}")
    _fill(table, name, header, records, divider)
    return table


def _below_title(lines: Sequence[str], known: Collection[str], top: int) -> int:
    """The index of the header where the first line is a title: one cell that names no column, and columns that we know
    in the next line that is not empty. Else `top`."""
    below = next((at for at in range(top + 1, len(lines)) if lines[at].strip()), top)
    is_title = not any(divider in lines[top] for divider in DIVIDERS) and not _known_names([lines[top]], known)
    cells = max((_split(lines[below], divider) for divider in DIVIDERS), key=lambda of: _known_names(of, known))
    return below if is_title and len(cells) > 1 and _known_names(cells, known) > 1 else top


def _above_header(lines: Sequence[str]) -> tuple[int, list[str], str]:
    """(index of the first line of the table, the notes above it, the divider where a line `sep=;` names it)."""
    notes: list[str] = []
    for index, line in enumerate(lines):
        stripped = line.strip()
        if stripped.lower().startswith("sep=") and len(stripped) <= 5:
            return index + 1, notes, line.rstrip("\r\n")[4:5] or ","
        if stripped.startswith("#"):
            notes.append(stripped.lstrip("# "))
        elif stripped:
            return index, notes, ""
    return len(lines), notes, ""


def _divider(lines: Sequence[str], known: Collection[str], name: str) -> str:
    """What divides the header into most names that we know; among equals what the suffix says, then most columns.
    Spaces only where they divide every line alike."""
    header = lines[0]

    def merit(divider: str) -> tuple[int, bool, int]:
        cells = _split(header, divider)
        return _known_names(cells, known), name.lower().endswith(".tsv") and divider == "\t", len(cells)

    divider = max(DIVIDERS, key=merit)
    words = header.split()
    if _known_names(words, known) > max(1, merit(divider)[0]):
        return SPACES if all(len(line.split()) in (0, len(words)) for line in lines) else divider
    return divider


def _split(line: str, divider: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=divider, skipinitialspace=True), [])]
    except csv.Error:
        return []


def _known_names(cells: Sequence[str], known: Collection[str]) -> int:
    return sum(plain(cell) in known or meaning(cell) is not None for cell in cells)


def _header_in_notes(
    notes: Sequence[str], divider: str, known: Collection[str], first: Sequence[str]
) -> list[str] | None:
    """The last note above the table, where it names as many columns as the table has and the first line names none."""
    if not notes or _known_names(first, known):
        return None
    cells = _split(notes[-1], divider)
    return cells if len(cells) == len(first) and _known_names(cells, known) else None


def _refuse_bad_header(name: str, line: int, header: Sequence[str], known: Collection[str]) -> None:
    named = [cell for cell in header if cell]
    if repeated := sorted({cell for cell in named if named.count(cell) > 1}):
        raise InputError(
            f"{name} line {line}: names the column {repeated[0]!r} {named.count(repeated[0])} times; rename one of "
            "them."
        )
    paths = [cell for cell in named if is_sound(cell)]
    if paths and not _known_names(named, known):
        raise InputError(
            f"{name} line {line}: is no header, since {paths[0][:60]!r} looks like a file: write the names of the "
            "columns above it, such as audio,label."
        )


def _records(name: str, lines: Sequence[str], above: int, divider: str) -> Iterator[Record]:
    """The records of `lines`, which `above` lines precede, the header first; empty lines are none."""
    if divider == SPACES:
        yield from ((above + number, line.split()) for number, line in enumerate(lines, start=1) if line.strip())
        return
    if divider in "\t|" and (plainly := _undivided_by_quotes(lines, divider)):
        yield from ((above + number, cells) for number, cells in plainly)
        return
    spaced = any(f'{divider} "' in line for line in lines[:100])
    reader = csv.reader(lines, delimiter=divider, strict=True, skipinitialspace=spaced)
    kept: dict[str, str] = {}  # texts that rows near each other share
    while True:
        begins = above + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise InputError(f"{name} {_quote_problem(error, begins, above + reader.line_num)}") from None
        if cells is None:
            return
        if cells:
            if len(kept) > MOST_KEPT:
                kept.clear()
            yield begins, [kept.setdefault(cell, cell) for cell in cells]


def _undivided_by_quotes(lines: Sequence[str], divider: str) -> list[Record]:
    """Every line as a record, where all have as many columns as the first; [] otherwise. Cells that are quoted in the
    way of CSV lose their quotes."""
    found = [(number, line.rstrip("\r\n").split(divider)) for number, line in enumerate(lines, start=1) if line.strip()]
    width = len(found[0][1])
    if any(len(cells) != width for _, cells in found):
        return []
    return [(number, [unquoted(cell) for cell in cells]) for number, cells in found]


def unquoted(cell: str) -> str:
    inner = cell[1:-1]
    quoted = len(cell) >= 2 and cell[0] == cell[-1] == '"' and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if quoted else cell


def _is_fleurs(cells: Sequence[str]) -> bool:
    """A number, a file, what is said in three forms, the number of samples, and who speaks."""
    return len(cells) == len(_FLEURS) and is_sound(cells[1]) and cells[5].isdigit() and cells[6].isupper()


def _is_fairseq(cells: Sequence[str]) -> bool:
    """A file and how many samples it has."""
    return len(cells) == 2 and is_sound(cells[0].strip()) and cells[1].strip().isdigit()


def _quote_problem(error: csv.Error, begins: int, reached: int) -> str:
    reason = str(error)
    if "unexpected end of data" in reason:
        return f"line {begins}: opens a quote that no line closes; write a quote in a text twice."
    if "field larger" in reason:
        return (
            f"line {begins}: has a field of more than {LONGEST_FIELD:,} characters (up to line {reached}); is a quote "
            "not closed there?"
        )
    if "expected after" in reason:
        return (
            f"line {reached}: has text behind a closed quote (the row begins in line {begins}); put the whole field in "
            "quotes, and write a quote in it twice."
        )
    return f"line {begins}: is no row of CSV that can be read ({reason})."


def _fill(table: Table, name: str, header: Sequence[str], records: list[Record], divider: str) -> None:
    """Empties `records`: of a million rows one form of them is enough."""
    last = max((number for number, cell in enumerate(header, start=1) if cell), default=0)
    empty = longer = again = 0
    records.reverse()
    # MTG-Jamendo: a cell for each tag
    tags = divider == "\t" and header[-1].lower() == "tags" and any(len(row) > len(header) for _, row in records)
    while records:
        line, cells = records.pop()
        where = f"{name} line {line}"
        if tags and len(cells) >= len(header) > 1:
            several: dict[str, Any] = dict(zip(header, cells, strict=False))
            several[header[-1]] = [cell for cell in cells[len(header) - 1 :] if cell.strip()]
            table.rows.append((where, several))
            continue
        if not any(cell.strip() for cell in cells):
            empty += 1
        elif cells[0].strip() == header[0] and [cell.strip() for cell in cells] == header:
            again += 1
        elif len(cells) > len(header):
            longer += len(cells) == len(header) + 1
            sign = {"\t": "tab", ",": "comma", ";": "semicolon"}.get(divider, divider)
            table.broken.append((where, f"has more values than the header has columns (an unquoted {sign}?)."))
        elif len(cells) < last:
            table.broken.append((where, "has fewer values than the header has columns."))
        else:
            table.rows.append((where, dict(zip(header, cells, strict=False))))
    if empty:
        table.guesses.append(f"{empty} lines of {name} hold no value and are no rows.")
    if again:
        table.guesses.append(f"{again} lines of {name} repeat its header and are no rows.")
    if longer > 1 and longer == len(table.broken) and not table.rows:
        hint = "has more values than the header has columns, one more in every row: does the first column lack a name?"
        table.broken = [(where, hint) for where, _ in table.broken]
