"""The command line: python -m sweeps.list [RESULTS], the sweeps of a folder: when, on what, what was found, disk."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from sweeps.machine.provenance import private
from sweeps.state.find import RESULTS_HELP, results_folder
from sweeps.state.manifest import MANIFEST, Manifest, running_elsewhere, state_of, sweep_events
from sweeps.state.workspace import VERDICT, Workspace, size_bytes
from trainables import command_line
from trainables.errors import InputError

TABLE_COLUMNS = 120  # below, a sweep takes a few lines
DESCRIPTION = """\
Lists the sweeps of a results folder, the latest first: when each was begun, its data, how it stands, the best arm with
its test value, what the verdict says, and what it takes on the disk.
"""
PARSER = command_line.Parser("sweeps.list", "[RESULTS] [--json]", DESCRIPTION)
PARSER.words({"RESULTS": RESULTS_HELP})
PARSER.flag("--json", "one JSON list on the standard output, with the whole sentence of each verdict")


@dataclass(frozen=True)
class Command:
    results: str | None
    json: bool


@dataclass(frozen=True)
class Row:
    """A sweep, as it is listed."""

    sweep_id: str
    name: str
    begun: str  # UTC
    data: str
    state: str  # finished | running | interrupted | damaged
    miniature: bool
    best: str | None  # the arm with the best mean, as the verdict's sentence calls it
    metric: str | None
    value: float | None  # the best arm's mean on test data
    winner: str | None  # an arm that was shown to be better
    beats_constant: bool | None  # whether the best arm is better than one answer to every test clip would be
    verdict: str | None  # the sentence
    disk_bytes: int


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    given, problems = PARSER.read(arguments)
    if len(given.words) > 1:
        problems.append(f"one RESULTS folder at a time, got {' '.join(given.words)[:80]!r}")
    if problems:
        raise InputError(problems)
    return Command(given.words[0] if given.words else None, given.json)


def rows(results: Path) -> list[Row]:
    """Every sweep below the folder, the latest first. Raises InputError where there is no such folder."""
    if not results.is_dir():
        raise InputError(f"RESULTS: there is no folder {str(results)!r}.")
    found = sorted(results.glob(f"*/{MANIFEST}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [row_of(Workspace(results, path.parent.name)) for path in found]


def row_of(workspace: Workspace) -> Row:
    """One that cannot be read is listed as damaged: it is in nobody's way, and takes room."""
    path, size = workspace.folder / MANIFEST, size_bytes(workspace.folder)
    begun = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    try:
        manifest = Manifest.read(workspace)
        state = state_of(workspace)
        times = [event["time"] for event in sweep_events(workspace) if event["event"] == "session"]
        source = yaml.safe_load(state.source_text)["data"]["source"]
    except (InputError, OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return Row(workspace.sweep_id, "?", begun, "?", "damaged", False, None, None, None, None, None, None, size)
    if times:
        begun = datetime.fromtimestamp(min(times), UTC).isoformat(timespec="seconds")
    how = "finished" if state.finished else "running" if running_elsewhere(workspace) else "interrupted"
    verdict = _verdict(workspace)
    best, winner = verdict.get("best"), verdict.get("winner")
    value = next((row["mean"] for row in verdict.get("rows", ()) if row["name"] == best), None)
    labels = verdict.get("labels", {})
    return Row(
        sweep_id=workspace.sweep_id,
        name=manifest.name,
        begun=begun,
        data=private(str(source)),
        state=how,
        miniature=manifest.miniature,
        best=labels.get(best, best),
        metric=verdict.get("metric"),
        value=value,
        winner=labels.get(winner, winner),
        beats_constant=_beats_constant(verdict, value),
        verdict=verdict.get("sentence"),
        disk_bytes=size,
    )


def _beats_constant(verdict: Mapping[str, Any], value: float | None) -> bool | None:
    constant = verdict.get("constant")
    if not constant or value is None:
        return None
    return bool(value > constant["value"] if verdict["mode"] == "max" else value < constant["value"])


def _verdict(workspace: Workspace) -> dict:  # type: ignore[type-arg]
    try:
        found = json.loads((workspace.folder / VERDICT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def show(command: Command) -> None:
    """Raises InputError: no such folder."""
    results = results_folder(command.results)
    found = rows(results)
    if command.json:
        print(json.dumps([asdict(row) for row in found], indent=1))
        return
    from rich.table import Table
    from rich.text import Text

    from sweeps.plan.parts import make_console, table

    if not found:
        start = command_line.to_copy("sweeps.run", "search_spaces/ast_lora.yaml", "data.source=CLIPS")
        print(f"No sweep in {results}. Start one: {start}")
        return
    console = make_console()
    if console.width < TABLE_COLUMNS:
        for row in found:
            console.print(Text(row.sweep_id, style="bold"), soft_wrap=True)
            console.print(Text("  " + "; ".join(text for text in _cells(row)[1:] if text != "-")))
    else:
        shown: Table = table(("sweep", "begun (UTC)", "data", "state", "best", "verdict", "disk"), map(_cells, found))
        shown.columns[0].no_wrap = shown.columns[-1].no_wrap = True  # an id is there to be copied
        console.print(shown)
    total = sum(row.disk_bytes for row in found)
    clean = command_line.to_copy("sweeps.clean", "SWEEP")
    console.print(Text(f"{len(found)} sweeps, {total / 1e6:.1f} MB. What one no longer needs: {clean}"), soft_wrap=True)


def _cells(row: Row) -> tuple[str, ...]:
    begun = row.begun[:16].replace("T", " ")
    return row.sweep_id, begun, row.data, _state(row), _best(row), _said(row), _size(row)


def _state(row: Row) -> str:
    return f"{row.state}{', miniature' if row.miniature else ''}"


def _best(row: Row) -> str:
    return "-" if row.best is None or row.value is None else f"{row.best}: {row.metric} {row.value:.3f}"


def _said(row: Row) -> str:
    if row.beats_constant is False:
        return "no better than a constant answer"
    if row.winner is not None:
        return f"{row.winner} is better"
    return "-" if row.verdict is None else "no finalist is shown to be better"


def _size(row: Row) -> str:
    return f"{row.disk_bytes / 1e6:.1f} MB"


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, show, arguments)


if __name__ == "__main__":
    sys.exit(main())
