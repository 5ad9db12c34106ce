"""The command line: python -m sweeps.explain SWEEP, which says why a sweep says what it says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sweeps.state.find import RESULTS_HELP, SWEEP_HELP
from trainables import command_line
from trainables.command_line import Exit
from trainables.doing import doing, done, silently
from trainables.errors import InputError

if TYPE_CHECKING:
    from analysis.record.reader import SweepRuns
    from analysis.verdict.result import Verdict
    from sweeps.state.workspace import Workspace

DESCRIPTION = """\
Says in plain words how a sweep came to its verdict: where each trial came from, why it was pruned (the epoch, its value
there and the cut), how the finalists were chosen, and what the verdict rests on (clips, groups, seeds, tests), with the
ids of the runs in MLflow. Everything is read from the record; nothing is trained, asked or changed, so that a sweep may
run meanwhile.
"""
EXAMPLES = """\
  python -m sweeps.explain qwen_lora
  python -m sweeps.explain results/qwen_lora-20260101-120000-ab12 --json
"""
PARSER = command_line.Parser(
    "sweeps.explain",
    "SWEEP [--results FOLDER] [--tracking-uri URI] [--json]",
    DESCRIPTION,
    exits={Exit.DONE: "explained"},
    sections={"examples": EXAMPLES},
)
PARSER.words({"SWEEP": SWEEP_HELP})
PARSER.value("--results", "FOLDER", RESULTS_HELP)
PARSER.value("--tracking-uri", "URI", "MLflow's store (default: MLFLOW_TRACKING_URI, else beside the sweep's folder)")
PARSER.flag("--json", "the same as JSON: headings, each with its sentences")

Part = tuple[str, list[str]]  # a heading and its sentences


@dataclass(frozen=True)
class Command:
    sweep: str
    results: str | None
    tracking_uri: str | None
    json: bool


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    given, problems = PARSER.read(arguments)
    if len(given.words) != 1:
        found = f"got {', '.join(given.words)[:80]}" if given.words else "none was given; try --help"
        problems.append(f"One sweep at a time: {found}.")
    if problems:
        raise InputError(problems)
    return Command(given.words[0], given.results, given.tracking_uri, given.json)


def explain(command: Command) -> None:
    """Explains a sweep. Raises InputError: no such sweep, or a file that cannot be read."""
    from sweeps.state.find import find_workspace, results_folder
    from sweeps.state.workspace import relative

    with silently(command.json):
        doing(f"reading the record of {command.sweep}")
        workspace = find_workspace(command.sweep, results_folder(command.results, command.tracking_uri))
        found = parts(workspace, recorded_runs(workspace, command.tracking_uri))
        done()
    if command.json:
        content: dict[str, Any] = {
            "sweep_id": workspace.sweep_id,
            "parts": [dict(zip(("heading", "said"), p, strict=True)) for p in found],
        }
        print(json.dumps(content, indent=2))
        return
    for heading, sentences in found:
        print(f"\n{heading}")
        for sentence in sentences:
            print(f"  {sentence}")
    print(f"\nMore: {command_line.to_copy('analysis.report', relative(workspace.folder))}")


def recorded_runs(workspace: Workspace, tracking_uri: str | None) -> SweepRuns | None:
    """The sweep in MLflow; None where no record can be read: the journals still tell everything but the runs' ids."""
    from analysis.record.reader import read_sweep
    from analysis.record.store import sweep_and_store

    try:
        sweep, store = sweep_and_store(str(workspace.folder), tracking_uri)
        return read_sweep(store, sweep)
    except InputError:
        return None


def parts(workspace: Workspace, record: SweepRuns | None) -> list[Part]:
    """Everything there is to say, in order. Raises InputError: a file of the sweep that cannot be read."""
    from sweeps.explain.search import came_about, chosen, ends
    from sweeps.explain.verdict import confirm_lines, looks, rests_on
    from sweeps.state.extend import recorded_spec
    from sweeps.state.manifest import state_of
    from sweeps.state.progress import StageProgress
    from sweeps.state.workspace import EXPLORE

    state = state_of(workspace)
    spec = recorded_spec(workspace, state)
    found: list[Part] = []
    if record is None:
        found.append(("Note", ["No MLflow store could be read, so that runs have no ids here; see --tracking-uri."]))
    verdict = read_verdict(workspace)
    labels = {} if verdict is None else verdict[1].labels
    searches = [stage for stage in workspace.stages() if stage.name == EXPLORE]
    for stage in searches:
        where = f", {stage.parent.name}" if len(searches) > 1 else ""
        progress = StageProgress(stage, spec, watching=True)
        found.append((f"Where the trials came from{where}", came_about(progress, spec)))
        found.append((f"Why each trial ended{where}", ends(progress, spec, _ids(record))))
        over = any(other.name != EXPLORE and other.parent == stage.parent for other in workspace.stages())
        found.append(
            (f"How the finalists {'were' if over else 'are'} chosen{where}", chosen(progress, spec, labels, over))
        )
    looked = [line for stage in workspace.stages() if stage.name != EXPLORE for line in looks(stage, labels)]
    if looked:
        found.append(("When stage 2 was looked at", looked))
    if verdict is None:
        found.append(("The verdict", ["There is none yet: the sweep is not finished."]))
    else:
        sentence, judged = verdict
        found.append(("The verdict", [sentence]))
        found.append(("What it rests on", rests_on(judged)))
    if record is not None and record.confirm_runs:
        heading = "The runs of stage 2" + (f" (look {record.look} at the test data)" if record.look > 1 else "")
        found.append((heading, confirm_lines(None if verdict is None else verdict[1], record.confirm_runs)))
    return found


def read_verdict(workspace: Workspace) -> tuple[str, Verdict] | None:
    """The latest verdict and its sentence; None before there is one. Raises InputError where it cannot be read."""
    from analysis.verdict.result import Verdict
    from sweeps.state.workspace import VERDICT

    path = workspace.folder / VERDICT
    if not path.is_file():
        return None
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return str(plain["sentence"]), Verdict.from_dict(plain)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: cannot be read ({str(error)[:80]}).") from None


def _ids(record: SweepRuns | None) -> Mapping[str, list[str]]:
    """Trial -> ids of its runs of stage 1."""
    from trainables.records import TAG_STAGE, TAG_TRIAL_ID

    found: dict[str, list[str]] = {}
    if record is None or record.runs.empty:
        return found
    for row in record.runs.to_dict("records"):
        if row[f"tags.{TAG_STAGE}"] == "explore":
            found.setdefault(str(row[f"tags.{TAG_TRIAL_ID}"]), []).append(str(row["run_id"]))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, explain, arguments)
