"""A column of names without endings, such as `id`, that are those of sound files near the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trainables.data.reading import Account, Wanted
from trainables.data.tables.contents import names_sound
from trainables.data.tables.places import leads_to_sound
from trainables.data.tables.spellings import meaning
from trainables.data.tables.table import Row
from trainables.data.tables.values import filled

LOOKED_AT = 20  # rows


def naming_files(path: Path, rows: Sequence[Row], wanted: Wanted, account: Account) -> Wanted:
    """With the one such column as the sound's, where no other column may be; said in the account."""
    if not rows or "audio" in wanted.columns:
        return wanted
    values = [row for _, row in rows]
    columns = list(dict.fromkeys(name for row in values for name in row))
    if any(meaning(name) == "audio" or names_sound(name, values) for name in columns):
        return wanted
    home = wanted.audio_folder or path.parent
    taken = {wanted.column, *wanted.columns.values(), *wanted.gathered}
    found = [name for name in columns if name not in taken and leads_to_sound(path, home, _names(name, rows))]
    if len(found) != 1:
        return wanted
    account.guesses.append(
        f"audio is read from the column {found[0]!r}, whose values are names of sound files without their endings; if "
        "that is wrong, say `data.columns: {audio: NAME}`."
    )
    return replace(wanted, columns={**wanted.columns, "audio": found[0]})


def _names(column: str, rows: Sequence[Row]) -> list[str]:
    """The first names; none where a cell is empty or no text."""
    values = [filled(row.get(column)) for _, row in rows[:LOOKED_AT]]
    names = [value.strip() for value in values if isinstance(value, str)]
    return names if len(names) == len(values) else []
