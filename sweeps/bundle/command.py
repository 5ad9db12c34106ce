"""The command line: python -m sweeps.bundle SWEEP OUT.zip | --check OUT.zip"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeps.state.find import RESULTS_HELP, SWEEP_HELP
from trainables import command_line
from trainables.command_line import Exit
from trainables.errors import InputError

DESCRIPTION = """\
Packs the evidence of a finished sweep into one file, for a reviewer or an appendix: report, sweep file, splits, the
record of every run, every prediction, the adapters of stage 2, versions, and the hash of each of these. No sound.

--check needs the file alone, on any machine: it compares every hash and computes the verdict again from the
predictions.
"""
EXAMPLES = """\
  python -m sweeps.bundle qwen_lora evidence.zip
  python -m sweeps.bundle --check evidence.zip
  python -m sweeps.rerun RUN_ID --bundle evidence.zip --data FOLDER
"""

PARSER = command_line.Parser(
    "sweeps.bundle",
    ("SWEEP OUT.zip [--results FOLDER]", "--check OUT.zip"),
    DESCRIPTION,
    exits={Exit.FAILED: "--check: a file is not what it was, or the verdict comes out otherwise"},
    sections={"examples": EXAMPLES},
)
PARSER.words({"SWEEP": SWEEP_HELP, "OUT.zip": "a file that is not there yet"})
PARSER.value("--check", "OUT.zip", "checks a file that was written before", read=Path)
PARSER.value("--results", "FOLDER", RESULTS_HELP)


@dataclass(frozen=True)
class Command:
    check: Path | None = None
    sweep: str = ""
    out: Path = Path()
    results: str | None = None


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    given, problems = PARSER.read(arguments)
    wanted = 0 if given.check else 2
    if len(given.words) != wanted:
        expected = "--check FILE and nothing else" if given.check else "SWEEP and OUT.zip"
        problems.append(f"expected {expected}, got {' '.join(given.words)[:80]!r}; see --help")
    elif not given.check and not given.words[1].lower().endswith(".zip"):
        problems.append(f"OUT.zip: {given.words[1]!r} must end in .zip.")
    if problems:
        raise InputError(problems)
    if given.check:
        return Command(check=given.check)
    return Command(sweep=given.words[0], out=Path(given.words[1]), results=given.results)


def act(command: Command) -> int:
    """Raises InputError."""
    if command.check is None:
        from sweeps.bundle.write import write_bundle

        count, size = write_bundle(command.sweep, command.out, command.results)
        print(f"Bundled {count} files, {size / 1e6:.2f} MB: {command.out}")
        print(f"Check it anywhere: {command_line.to_copy('sweeps.bundle', '--check', str(command.out))}")
        return Exit.DONE
    from sweeps.bundle.check import check_bundle

    found = check_bundle(command.check)
    for line in found.lines:
        print(line)
    return Exit.DONE if found.good else Exit.FAILED


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, act, arguments)
