"""The command line: python -m sweeps.clean SWEEP [--dry-run], which frees what a sweep no longer needs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from sweeps.stage.place import alone_at
from sweeps.state.find import RESULTS_HELP, SWEEP_HELP, find_workspace, results_folder
from sweeps.state.manifest import held, state_of
from sweeps.state.progress import FAILED, StageProgress
from sweeps.state.workspace import EXPLORE, Workspace, remove, size_bytes
from trainables import command_line
from trainables.command_line import Exit
from trainables.errors import InputError
from trainables.training.resume_points import FINAL, points

DESCRIPTION = """\
Removes the files that a sweep no longer needs. Of a finished sweep that is the decoded sound (made again where it is
extended), resume points and the adapters of the search; of one that was interrupted, what it does not need to go on.
Kept: the record in MLflow, journals, splits, predictions, the report, and the adapters that stage 2 confirmed.
"""

PARSER = command_line.Parser(
    "sweeps.clean",
    "SWEEP [--dry-run] [--results FOLDER]",
    DESCRIPTION,
    exits={Exit.BAD_INPUT: "bad input, or the sweep is running (nothing was removed)"},
)
PARSER.words({"SWEEP": SWEEP_HELP})
PARSER.flag("--dry-run", "lists what would be removed, and removes nothing")
PARSER.value("--results", "FOLDER", RESULTS_HELP)


@dataclass(frozen=True)
class Command:
    sweep: str
    dry_run: bool
    results: str | None


def superfluous(workspace: Workspace) -> list[Path]:
    """The folders that can go, none within another."""
    finished = state_of(workspace).finished
    found = [*_stages(workspace, finished), *(_sound(workspace) if finished else ())]
    return sorted(path for path in found if path.is_dir())


def _stages(workspace: Workspace, finished: bool) -> Iterator[Path]:
    for stage in workspace.stages():
        yield stage / "tune"
        for trial in StageProgress(stage, watching=True).trials.values():
            # a write that was cut off; a trial that has yet to end clears its own away
            yield from trial.folder.glob(".*")
            if finished or (trial.over and trial.status != FAILED):
                yield from points(trial.folder)
            if finished and stage.name == EXPLORE:
                yield from trial.folder.glob(f"{FINAL}/*/adapter")


def _sound(workspace: Workspace) -> Iterator[Path]:
    yield workspace.folder / "data"
    yield from workspace.folder.glob("fold-*/data")


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    given, problems = PARSER.read(arguments)
    if len(given.words) != 1:
        problems.append(f"expected one SWEEP, got {' '.join(given.words)[:80]!r}; see --help")
    if problems:
        raise InputError(problems)
    return Command(given.words[0], given.dry_run, given.results)


def clean(word: str, results: str | None, *, dry_run: bool) -> int:
    """Frees, or says what would be freed; the bytes. Raises InputError: no such sweep, or it is running."""
    workspace = find_workspace(word, results_folder(results))
    # a dry run changes nothing, so it may look at a sweep that runs
    with nullcontext(remove) if dry_run else _alone(workspace) as removed:
        going = [(path, size_bytes(path)) for path in superfluous(workspace)]
        for path, size in going:
            print(f"  {size / 1e6:9.2f} MB  {path.relative_to(workspace.folder)}")
        if not dry_run:
            removed([path for path, _ in going])
    total = sum(size for _, size in going)
    done = "would be freed" if dry_run else "freed"
    print(f"{workspace.sweep_id}: {total / 1e6:.2f} MB {done}, {size_bytes(workspace.folder) / 1e6:.2f} MB are there")
    if not state_of(workspace).finished and (kept := sum(map(size_bytes, _sound(workspace)))):
        print(f"{kept / 1e6:.2f} MB of decoded sound stay: the sweep is not finished, and goes on with them")
    return total


@contextmanager
def _alone(workspace: Workspace) -> Iterator[Callable[[Sequence[Path]], None]]:
    """What removes folders here and in the bucket, while no driver works on the sweep."""
    otherwise = "wait for it, or see what could go with --dry-run"
    with alone_at(workspace.results) as removed, held(workspace, otherwise):
        yield removed


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, _free, arguments)


def _free(command: Command) -> None:
    clean(command.sweep, command.results, dry_run=command.dry_run)


if __name__ == "__main__":
    sys.exit(main())
