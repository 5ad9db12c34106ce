"""`task.replacements`: words of one's own that count as equal, such as `okay -> ok` or `uh ->`. Loads no torch."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from trainables.errors import InputError

ARROW = "->"
ENDINGS = (".json", ".csv", ".tsv")
MOST_BYTES = 1 << 20
PATTERN = rf"[^\n]*\S[^\n]*{ARROW}[^\n]*"  # an entry of a list
_ENTRY = re.compile(r"(.*\S.*?)->(.*)")
_HEADER = ("from", "to")


def read_replacements(path: Path) -> tuple[str, ...]:
    """Entries `FROM -> TO` of a file: a JSON object {FROM: TO}, or a table of two columns (.csv, .tsv), whose first
    row may be `from,to`. Raises InputError: no such file, another format, values that are no texts."""
    try:
        if path.suffix.lower() not in ENDINGS:
            raise InputError(f"task.replacements: {path} must be a {', '.join(ENDINGS)} file.")
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"task.replacements: {path} is larger than {MOST_BYTES >> 20} MiB; is it another file?")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"task.replacements: {path} is not written in UTF-8 (byte {error.start}).") from None
    except OSError as error:
        raise InputError(f"task.replacements: {path} cannot be read ({error.strerror}).") from None
    pairs = _of_json(path, text) if path.suffix.lower() == ".json" else _of_table(path, text)
    if not pairs:
        raise InputError(f"task.replacements: {path} holds no replacement.")
    return tuple(f"{old.strip()} {ARROW} {new.strip()}".rstrip() for old, new in pairs)


def entry_problems(entries: Sequence[str], form: Callable[[str], str]) -> list[str]:
    """One sentence for each entry that is none, that replaces nothing, or that contradicts another one."""
    problems, known = [], dict[str, str]()
    for entry in entries:
        found = _ENTRY.fullmatch(entry)
        if found is None:
            problems.append(f"task.replacements: {entry!r} must be FROM {ARROW} TO, such as 'okay {ARROW} ok'.")
            continue
        old, new = (form(part) for part in found.groups())
        if not old:
            problems.append(f"task.replacements: {entry!r} replaces nothing: {found[1].strip()!r} holds no word.")
        elif known.setdefault(old, new) != new:
            problems.append(f"task.replacements: {old!r} becomes {known[old]!r} and {new!r}; keep one of the two.")
    return problems


def replaced(text: str, entries: Sequence[str], form: Callable[[str], str]) -> str:
    """`text`, in its form, with every whole-word FROM as TO, once, the longest first; both are brought to that form."""
    if not entries:
        return text
    pairs = {form(old): form(new) for old, new in (_parts(entry) for entry in entries)}
    longest_first = sorted(pairs, key=len, reverse=True)
    pattern = rf"(?<!\S)(?:{'|'.join(map(re.escape, longest_first))})(?!\S)"
    return " ".join(re.sub(pattern, lambda found: pairs[found[0]], text).split())


def _parts(entry: str) -> tuple[str, str]:
    old, _, new = entry.partition(ARROW)
    return old, new


def _of_json(path: Path, text: str) -> list[tuple[str, str]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"task.replacements: {path} is no JSON ({str(error).splitlines()[0]}).") from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise InputError(f'task.replacements: {path} must be one JSON object of texts, such as {{"okay": "ok"}}.')
    return list(found.items())


def _of_table(path: Path, text: str) -> list[tuple[str, str]]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter, strict=True) if any(row)]
    except csv.Error as error:
        raise InputError(f"task.replacements: {path} is no table that can be read ({error}).") from None
    if rows and tuple(cell.strip().lower() for cell in rows[0]) == _HEADER:
        rows = rows[1:]
    if wrong := [number for number, row in enumerate(rows, start=1) if len(row) != 2]:
        raise InputError(f"task.replacements: {path} must have two columns, FROM and TO; row {wrong[0]} has others.")
    return [(row[0], row[1]) for row in rows]
