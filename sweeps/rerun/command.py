"""The command line: python -m sweeps.rerun RUN_ID [--tolerance X] [--results FOLDER] [--tracking-uri URI] [--json]"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from trainables import command_line
from trainables.bucket.address import is_uri
from trainables.command_line import Exit
from trainables.doing import doing, done, silently
from trainables.errors import InputError
from trainables.records import PARAM_DATA

if TYPE_CHECKING:
    from sweeps.rerun.comparison import Deviation, Sameness

DESCRIPTION = """\
Trains a recorded run once more and says whether it is the same: identical (to the last bit), within tolerance (and how
far), or different (and what has changed: code, libraries, machine, data). Any run of a sweep will do: a trial of the
search, a finalist, the baseline, the untuned backbone; a run that was pruned is repeated as far as it went.

The command restores configuration, seed, data, splits and device from the record, and says which versions of code and
libraries differ. It compares every metric of every epoch, the answers to the validation and test clips with their
scores, and the parameter counts. It records nothing and leaves the record as it is.
"""

DEFAULT_TOLERANCE = 0.01

PARSER = command_line.Parser(
    "sweeps.rerun",
    "RUN_ID [--tolerance X] [--results FOLDER] [--tracking-uri URI | --bundle FILE] [--data FOLDER] [--json]",
    DESCRIPTION,
    exits={
        Exit.DONE: "identical or within tolerance",
        Exit.FAILED: "different or failed",
        Exit.BAD_INPUT: "bad input (nothing was trained)",
    },
)
PARSER.words({"RUN_ID": "an MLflow run, 32 hexadecimal digits: `mlflow ui` shows them, and so does a sweep's report"})
PARSER.value(
    "--tolerance",
    "X",
    "how far values may lie apart: |a - b| / max(1, |a|), and the share of labels or texts (default: %(default)s)",
    read=command_line.number("a number of at least 0", lambda value: 0 <= value < math.inf),
    default=DEFAULT_TOLERANCE,
)
PARSER.value("--results", "FOLDER", "where the sweep's folder is (default: beside the record, else ./results)")
PARSER.value(
    "--tracking-uri", "URI", "where the run is recorded (default: MLFLOW_TRACKING_URI, else results/mlflow.db)"
)
PARSER.value("--bundle", "FILE", "a file of sweeps.bundle that holds the run, in place of the record")
PARSER.value(
    "--data", "FOLDER", "where relative paths of the sweep's file start (default: where they did; of a bundle: here)"
)
PARSER.flag("--json", "the outcome as JSON on the standard output, all else on the standard error")

SHOWN = 8
DATA = "data"
# What makes numbers differ; where and when a sweep was started does not
MATTERS = ("python", "platform", "cpu.model", "gpu.", "device", "precision", "package.git.", "version.")


@dataclass(frozen=True)
class Command:
    run_id: str
    tolerance: float = DEFAULT_TOLERANCE
    results: str | None = None
    tracking_uri: str | None = None
    json: bool = False
    bundle: str | None = None
    data: str | None = None


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    given, problems = PARSER.read(arguments)
    if len(given.words) != 1:
        problems.append(f"one RUN_ID is needed, got {len(given.words)}; see --help")
    if problems:
        raise InputError(problems)
    return Command(
        given.words[0], given.tolerance, given.results, given.tracking_uri, given.json, given.bundle, given.data
    )


def rerun(command: Command) -> int:
    """Trains again and prints; the exit status. Raises InputError before anything starts, SweepFailed after."""
    import tempfile
    from pathlib import Path

    from rich.console import Console

    from analysis.record.bundled import SCHEME
    from analysis.record.from_bucket import bring_run
    from analysis.record.store import store_of
    from sweeps.rerun.comparison import compare
    from sweeps.rerun.recorded import assignment_of, facts_of, read_run
    from sweeps.rerun.retrain import restore, train_again
    from sweeps.state.find import find_workspace, results_folder
    from sweeps.state.manifest import Manifest

    with silently(command.json):
        doing(f"reading the record of {command.run_id}")
    console = Console(highlight=False, stderr=command.json, soft_wrap=True)
    uri = command.tracking_uri
    if is_uri(command.results):
        command = replace(command, results=str(bring_run(str(command.results), command.run_id)))
    if uri is None and command.results is not None and (database := Path(command.results) / "mlflow.db").is_file():
        from sweeps.record.store import default_uri

        uri = default_uri(database.parent)
    uri = store_of(uri) if command.bundle is None else f"{SCHEME}{Path(command.bundle).expanduser().absolute()}"
    run = read_run(uri, command.run_id)
    done()
    workspace = manifest = None
    try:
        if command.bundle is None:
            workspace = find_workspace(run.sweep_id, results_folder(command.results, uri))
            manifest = Manifest.read(workspace)
    except InputError:
        console.print(
            f"Note: the folder of {run.sweep_id} is not here; relative paths start in the current folder.", markup=False
        )
    before = facts_of(run, workspace)
    console.print(
        f"{run.name}: {run.role} of {run.sweep_id}, configuration {run.config_id}, {run.status}", markup=False
    )
    for left, text in enumerate(run.source_texts, start=1 - len(run.source_texts)):
        prepared = restore(run, text, command.data or (manifest.base_folder if manifest else "."), before.get("device"))
        try:
            assignment = assignment_of(run, prepared.spec)
            break
        except InputError:  # an extended sweep has another space than the one in which its first trials were drawn
            if not left:
                raise
    changes = changes_of(before, facts_now(prepared))
    data = data_change(run.sweep_params.get(PARAM_DATA), prepared)
    if data is not None:
        return say(command, console, None, [data, *changes], run.run_id)
    console.print("Configuration, seed, data and splits are as recorded; trains again:")
    parent = workspace.folder if workspace else None
    with tempfile.TemporaryDirectory(prefix=".rerun-", dir=parent, ignore_cleanup_errors=True) as folder:
        again = train_again(run, assignment, prepared, Path(folder), console)
        found = compare(
            run.curves,
            again.curves,
            run.answers,
            again.answers,
            {**run.params, "status": run.status, "reason of the failure": run.reason},
            {**again.facts, "status": _as_recorded(run.status, again.status), "reason of the failure": again.reason},
            tolerance=command.tolerance,
        )
    return say(command, console, found, changes, run.run_id)


def facts_now(prepared: Any) -> dict[str, Any]:
    from sweeps.machine.provenance import collect

    return collect() | {"device": prepared.profile.device, "precision": prepared.profile.precision}


def changes_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """`version.torch: 2.13 -> 2.14`, one for each fact that matters and was recorded."""
    from sweeps.state.resume import moved

    def matters(facts: Mapping[str, Any]) -> dict[str, Any]:
        return {name: facts[name] for name in facts if name.startswith(MATTERS)}

    return [change for change in moved(matters(before), matters(after)) if not change.startswith("package.git.dirty")]


def data_change(recorded: str | None, prepared: Any) -> str | None:
    """None where clips, targets and splits are those of the sweep."""
    now = prepared.data_fingerprint
    if recorded in (None, now):
        return None
    return (
        f"{DATA}: the clips, targets or splits of {prepared.spec.data.source!r} are not those of the sweep "
        f"(fingerprint {recorded[:12] if recorded else '-'} -> {now[:12]}); bring them back to train again"
    )


def say(command: Command, console: Any, found: Sameness | None, changes: Sequence[str], run_id: str) -> int:
    """`found` is None where the data changed, so that nothing was trained."""
    from sweeps.rerun.comparison import DIFFERENT

    outcome = DIFFERENT if found is None else found.outcome
    console.print(sentence(found), markup=False)
    for deviation in found.deviations[:SHOWN] if found else ():
        console.print(f"  {_line(deviation)}", markup=False)
    if found is not None and len(found.deviations) > SHOWN:
        console.print(f"  and {len(found.deviations) - SHOWN} more")
    if changes:
        console.print("What changed since:")
        for change in changes:
            console.print(f"  {change}", markup=False)
    elif outcome != "identical":
        console.print(
            "Nothing that was recorded has changed (code, versions, machine, data): what remains is uncommitted "
            "changes to the code, or a device that does not add in a fixed order."
        )
    if command.json:
        content = {
            "run_id": run_id,
            "outcome": outcome,
            "distance": found.distance if found and math.isfinite(found.distance) else None,
            "tolerance": command.tolerance,
            "compared": found.compared if found else 0,
            "deviations": [deviation.as_dict() for deviation in found.deviations] if found else [],
            "changed": list(changes),
        }
        print(json.dumps(content, indent=2, default=str))
    return Exit.FAILED if outcome == DIFFERENT else Exit.DONE


def sentence(found: Sameness | None) -> str:
    if found is None:
        return "different: nothing was trained, because the data is not the same."
    if not found.deviations:
        return f"identical: all {found.compared} values and answers are the same to the last bit."
    furthest = f"the furthest by {found.distance:.2g} (tolerance {found.tolerance:g})"
    return f"{found.outcome}: of {found.compared} values and answers, {len(found.deviations)} kinds differ, {furthest}."


def _as_recorded(recorded: str, repeated: str) -> str:
    """Whoever ended a run before its last epoch, it was repeated as far as it went."""
    ended_early = {"pruned", "stopped"}
    return recorded if {recorded, repeated} <= ended_early else repeated


def _line(deviation: Deviation) -> str:
    apart = f" ({deviation.distance:.2g} apart)" if math.isfinite(deviation.distance) else ""
    return f"{deviation.what}: {deviation.recorded} -> {deviation.repeated}{apart}"


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, _rerun_privately, arguments, interrupted="interrupted; nothing was recorded")


def _rerun_privately(command: Command) -> int:
    # on some CPUs it warns of an optional kernel that it would fetch from the hub
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    from sweeps.state.workspace import private_files

    with private_files():
        return rerun(command)
