"""Which sweep a command line means, found by its folder. Loads no mlflow."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from analysis.record.from_bucket import bring, bring_sweep, results_of
from sweeps.state.manifest import MANIFEST, Manifest
from sweeps.state.workspace import Workspace
from trainables.bucket.address import is_uri
from trainables.errors import InputError

# What commands say of the two words that are read here
SWEEP_HELP = "the sweep's id, the beginning of one, its name (the latest of that name), or its folder or URI"
RESULTS_HELP = (
    "where sweeps are kept, a folder or a URI (default: beside MLFLOW_TRACKING_URI where that is a file, else "
    "./results)"
)
SHOWN = 5
SQLITE = "sqlite:///"


def results_folder(results: str | None = None, tracking_uri: str | None = None) -> Path:
    """Where sweeps are kept: as given, beside the record if that is a local file, else ./results. Of a URI its local
    folder, with the heads of the sweeps that are there. Raises InputError where it cannot be read."""
    if is_uri(results):
        assert results is not None
        return results_of(results, field="--results")
    uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI", "")
    if results is None and uri.startswith(SQLITE):
        return Path(unquote(uri.removeprefix(SQLITE).partition("?")[0])).absolute().parent
    try:
        return Path(results or "results").expanduser().absolute()
    except RuntimeError:
        raise InputError(f"--results: {results!r} names the home folder of nobody here.") from None


def find_workspace(word: str, results: Path, *, whole: bool = True) -> Workspace:
    """The sweep that `word` names: its folder (also URI/SWEEP), its id, the beginning of one, or a name (its latest).
    Where it is kept in a bucket it is here afterwards; not `whole`: what says how far it is.

    Raises InputError: no such sweep, or the beginning of several.
    """
    if is_uri(word):
        folder = bring_sweep(word, whole=whole)
        return Workspace(folder.parent, folder.name)
    workspace = _found(word, results)
    bring(workspace.results, workspace.sweep_id, whole=whole)
    return workspace


def _found(word: str, results: Path) -> Workspace:
    try:
        given = Path(word).expanduser().absolute()
        if (given / MANIFEST).is_file():
            return Workspace(given.parent, given.name)
        found = sorted(results.glob(f"*/{MANIFEST}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    except (OSError, ValueError, RuntimeError):  # RuntimeError: `~` of nobody
        raise InputError(f"SWEEP: {word[:80]!r} is no sweep's folder, id or name.") from None
    ids = [path.parent.name for path in found]
    if word in ids:
        return Workspace(results, word)
    for sweep_id in ids:
        with suppress(InputError):  # a damaged neighbour is none of this sweep's business
            if Manifest.read(Workspace(results, sweep_id)).name == word:
                return Workspace(results, sweep_id)
    matches = [sweep_id for sweep_id in ids if word and sweep_id.startswith(word)]
    if len(matches) == 1:
        return Workspace(results, matches[0])
    if matches:
        raise InputError(
            f"SWEEP: {word!r} is the beginning of {len(matches)} sweeps: {', '.join(matches[:SHOWN])}. Write more."
        )
    latest = ", ".join(ids[:SHOWN]) or "none"
    raise InputError(f"SWEEP: {str(results)!r} holds no sweep {word[:80]!r}; the latest: {latest}. See --results.")


def sweeps_of(results: Path, name: str) -> list[Workspace]:
    """The sweeps of this name that can be taken up, oldest first."""
    found = []
    for path in results.glob(f"*/{MANIFEST}"):
        workspace = Workspace(results, path.parent.name)
        with suppress(InputError):  # what cannot be read cannot be taken up, and is in nobody's way
            if Manifest.read(workspace).name == name:
                found.append(workspace)
    return sorted(found, key=lambda workspace: (workspace.folder / MANIFEST).stat().st_mtime_ns)
