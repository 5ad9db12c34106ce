"""Lhotse's manifests: cuts (a stretch of a recording with what is said in it), and supervisions beside the recordings
that they are of (lhotse.readthedocs.io, "Cuts", "Representing a corpus"). Starts of a cut count in its recording, those
of its supervisions in the cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainables.data.formats.known import KnownTable
from trainables.data.reading import Account, Wanted
from trainables.data.tables.rows import read_rows
from trainables.data.tables.table import Row, Table
from trainables.errors import InputError


def _cuts(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    rows: list[Row] = []
    for where, cut in table.rows:
        try:
            rows.append((where, _clip(cut)))
        except InputError as error:
            account.leave_out(where, " ".join(error.problems))
    return _say(replace(table, rows=rows), account, wanted), wanted


def _clip(cut: Mapping[str, Any]) -> dict[str, Any]:
    """Raises InputError: a cut that is no stretch of one file as it is."""
    if cut.get("type") != "MonoCut":
        raise InputError(
            f"is a {cut.get('type')}, which is made of several sounds or channels: write it out with Lhotse."
        )
    supervisions = [said for said in _list(cut.get("supervisions")) if isinstance(said, Mapping)]
    voices = {str(said.get("speaker")) for said in supervisions}
    if len(voices) > 1:
        raise InputError("holds several voices: cut it with `lhotse cut trim-to-supervisions`.")
    supervisions = sorted(supervisions, key=lambda said: _number(said.get("start")))
    first = supervisions[0] if supervisions else {}
    texts = [str(said["text"]) for said in supervisions if said.get("text")]
    own = {**_own(cut), **_own(first)}
    clip = _values(first, cut.get("recording"), cut.get("channel"))
    clip |= {"id": cut.get("id"), "start_seconds": cut.get("start"), "seconds": cut.get("duration")}
    clip |= {"text": " ".join(texts) or None}
    return {**own, **clip}


def _values(said: Mapping[str, Any], recording: Any, channel: Any) -> dict[str, Any]:
    """What a supervision says and where its sound is. Raises InputError: not in a file as it is."""
    if not isinstance(recording, Mapping) or not isinstance(recording.get("sources"), list):
        raise InputError("has no recording, as cuts of features alone: sound is wanted.")
    changes = [change.get("name") for change in _list(recording.get("transforms")) if isinstance(change, Mapping)]
    if any(name != "Resample" for name in changes):
        raise InputError("is changed when it is loaded (speed, volume or the like): take the manifest before that.")
    channels = channel if isinstance(channel, list) else [0 if channel is None else channel]
    if len(channels) != 1:
        raise InputError("is of several channels: write it out with Lhotse.")
    sources = [source for source in recording["sources"] if isinstance(source, Mapping)]
    fits = [source for source in sources if channels[0] in (_list(source.get("channels")) or [0])]
    if len(fits) != 1 or fits[0].get("type") != "file":
        kinds = ", ".join(sorted({str(source.get("type")) for source in fits})) or "none"
        raise InputError(
            f"has its sound in no file of its own (but: {kinds}); commands and addresses are not followed."
        )
    inside = _list(fits[0].get("channels")) or [0]
    found = {"audio": fits[0].get("source"), "group": said.get("speaker") or recording.get("id")}
    found |= {"channel": inside.index(channels[0])} if len(inside) > 1 else {}
    return found | {name: said.get(name) for name in ("speaker", "language", "gender") if said.get(name)}


def _supervisions(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    """Every supervision is a clip of a recording, which the manifest of recordings beside it describes."""
    beside = path.with_name(path.name.replace("supervisions", "recordings"))
    if beside == path or not beside.is_file():
        raise InputError(
            f"{path}: holds supervisions of Lhotse, and the manifest of their recordings does not lie beside it"
            f"{f' as {beside.name}' if beside != path else ''}; `lhotse cut simple` joins the two."
        )
    recordings = {str(row.get("id")): row for _, row in read_rows(beside, {}, wanted.cache_folder).rows}
    rows: list[Row] = []
    for where, said in table.rows:
        try:
            clip = _values(said, recordings.get(str(said.get("recording_id"))), said.get("channel"))
        except InputError as error:
            account.leave_out(where, " ".join(error.problems))
            continue
        clip |= {"id": said.get("id"), "start_seconds": said.get("start"), "seconds": said.get("duration")}
        rows.append((where, {**_own(said), **clip, "text": said.get("text")}))
    return _say(replace(table, rows=rows), account, wanted), wanted


def _recordings(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    raise InputError(
        f"{path}: holds recordings of Lhotse, without what is said in them: name the manifest of supervisions or cuts."
    )


def _say(table: Table, account: Account, wanted: Wanted) -> Table:
    speakers = sum("speaker" in row for _, row in table.rows)
    if "speaker" not in wanted.columns.values():  # it is the group already
        bare: list[Row] = [(where, {k: row[k] for k in row if k != "speaker"}) for where, row in table.rows]
        table = replace(table, rows=bare)
    account.origins["group"] = f"the speaker ({speakers} of {len(table.rows)} rows name one), else the recording"
    return table


def _own(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What a person added to a cut or a supervision, as far as it may be a label."""
    custom = entry.get("custom")
    found = custom.items() if isinstance(custom, Mapping) else ()
    return {name: value for name, value in found if isinstance(value, str | int | float | list)}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _is_cut(row: Mapping[str, Any]) -> bool:
    return str(row.get("type")).endswith("Cut")


TABLES = (
    KnownTable("Lhotse's cuts", frozenset({"id", "type"}), {}, _cuts, _is_cut),
    KnownTable("Lhotse's supervisions", frozenset({"id", "recording_id", "start", "duration"}), {}, _supervisions),
    KnownTable("Lhotse's recordings", frozenset({"id", "sources", "sampling_rate", "num_samples"}), {}, _recordings),
)
