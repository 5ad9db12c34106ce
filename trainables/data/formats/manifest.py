"""Manifests: one clip per row of a table, of whatever form (`tables/rows.py`), a published one or one's own.

`audio` names the file, relative to the manifest or absolute. In JSON and Parquet it may also be a list of files that
are joined, each a name or an object `{path, start_seconds, seconds}`; in Parquet also a struct `{bytes, path}`, as hub
data sets embed their audio. The task's column (`label`, `targets` or `text`) holds the target. Optional: `id`, `group`,
`split`, `fold`, `start_seconds`, `seconds`, `end_seconds`, `lowpass_hz`, `channel`, `language`, `weight`.
"""

from __future__ import annotations

from pathlib import Path

from trainables.data.formats.published import as_published
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.clip_rows import examples_of
from trainables.data.tables.gathered import gathered
from trainables.data.tables.named_files import naming_files
from trainables.data.tables.rows import read_rows
from trainables.errors import InputError

SUFFIXES = tuple(
    [suffix + packed for suffix in (".jsonl", ".csv", ".tsv", ".ndjson", ".json") for packed in ("", ".gz")]
    + [".parquet", ".arrow", ".feather"]
)  # of files that are looked at as tables in a folder


def read_manifest(path: Path, wanted: Wanted, prefix: str = "") -> Reading:
    """The rows as examples, in order.

    Without `id`, the audio path as written is the id, with the start where several clips share a file; without `group`,
    every file is a group. `prefix` stands before paths that serve as such names. Embedded audio is written below
    `wanted.cache_folder`, named by content. Rows that cannot be read are left out, and stand in the account with their
    lines.
    Raises InputError: a file that is no table or has no whole row, and columns that are missing, with the nearest name.
    """
    path = Path(path)
    table = read_rows(path, wanted.columns, wanted.cache_folder)
    account = Account(layout=f"a table ({path.name}{', ' if table.form else ''}{table.form})")
    account.guesses += table.guesses
    for where, problem in table.broken:
        account.leave_out(where, problem)
    table = gathered(table, wanted, account)
    written = {name for _, row in table.rows for name in row}
    table, wanted = as_published(path, table, wanted, account)
    if not table.rows:
        account.refuse_beyond(wanted.skip, len(account.left_out))
        raise InputError(f"{path}: none of its {len(account.left_out)} rows can be used.")
    wanted = naming_files(path, table.rows, wanted, account)
    said = dict(account.origins)
    examples = examples_of(path, table.rows, wanted.audio_folder or path.parent, wanted, account, prefix)
    # a format's reader makes columns of ours, of which the table knows nothing
    made = {ours for ours, origin in account.origins.items() if origin == f"column {ours}" and ours not in written}
    account.origins = {ours: origin for ours, origin in account.origins.items() if ours not in made} | said
    return Reading(examples, account)
