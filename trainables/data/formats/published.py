"""Tables as well-known data sets and tools publish them: what their columns mean beyond their names.

A format has a file of its own beside this one, with the source of its definition; `KNOWN` lists them. A table is known
by its columns, whatever it is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trainables.data.formats import (
    audioset,
    chat,
    common_voice,
    fsd50k,
    gigaspeech,
    label_studio,
    lhotse,
    music,
    nemo,
    raven,
    sound_events,
    speechbrain,
    spoken_language,
)
from trainables.data.formats.known import KnownTable
from trainables.data.reading import Account, Wanted
from trainables.data.tables.table import Table

TARGETS = ("label", "labels", "text", "targets")  # of which a task learns one
KNOWN: Sequence[KnownTable] = (
    *nemo.TABLES,
    *common_voice.TABLES,
    *sound_events.TABLES,
    *music.TABLES,
    *fsd50k.TABLES,
    *audioset.TABLES,
    *raven.TABLES,
    *lhotse.TABLES,
    *gigaspeech.TABLES,
    *label_studio.TABLES,
    *chat.TABLES,
    *speechbrain.TABLES,
    *spoken_language.TABLES,
)


def as_published(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    """The rows of a known table with what its format means, and what is then wanted of them: names that the sweep file
    gives stand above those of the format. Any other table comes back as it is.

    Raises InputError: the format holds what no sweep can learn from.
    """
    known = next((known for known in KNOWN if known.knows(table.rows)), None)
    if known is None:
        return table, wanted
    found = {name for _, row in table.rows for name in row}
    account.layout = f"{known.name} ({path.name})"
    others = {*TARGETS} - {wanted.column}
    columns = {ours: name for ours, name in known.renamed.items() if name in found and ours not in others}
    meant = replace(wanted, columns={**columns, **wanted.columns})
    return known.read(path, table, meant, account)
