"""A sweep's report: one HTML file that needs no network, and Markdown; logged to the sweep's parent run.

python -m analysis.report SWEEP [--tracking-uri URI] [--output FOLDER]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainables import command_line
from trainables.command_line import Exit
from trainables.errors import InputError

if TYPE_CHECKING:
    from analysis.record.sweep import Recorded
    from analysis.report.document import Block, Document

DESCRIPTION = """\
Writes report.html (one file, no network needed), report.md and its pictures, and logs them to the sweep's parent run.
"""
EXAMPLES = """\
  python -m analysis.report qwen_lora
  python -m analysis.report results/qwen_lora-20260101-120000-ab12 --output report
"""

PARSER = command_line.Parser(
    "analysis.report",
    "SWEEP [--tracking-uri URI] [--output FOLDER]",
    DESCRIPTION,
    exits={Exit.DONE: "written"},
    sections={"examples": EXAMPLES},
)
PARSER.words({"SWEEP": "a sweep's id, the beginning of one, a name (its latest), or its results folder"})
PARSER.value("--tracking-uri", "URI", "MLflow's store (default: MLFLOW_TRACKING_URI, else results/mlflow.db)")
PARSER.value(
    "--output", "FOLDER", "where to write (default: SWEEP/report where SWEEP is a folder, else ./<sweep id>-report)"
)

HTML, MARKDOWN, PICTURES = "report.html", "report.md", "pictures"
MINIATURE_NOTE = (
    "This sweep ran on the miniature, a small stand-in: the numbers show that it works from end to end, and say "
    "nothing about the published models."
)


@dataclass(frozen=True)
class Command:
    sweep: str
    tracking_uri: str | None
    output: str | None


def write_report(tracking_uri: str, sweep_id: str, folder: Path) -> Path:
    """Writes the report of a sweep into `folder`, logs it to the sweep's parent run, and returns the HTML file's path.

    Raises InputError: no such sweep, one without runs, a folder or a store that cannot be written.
    """
    from analysis.record.publish import publish
    from analysis.record.sweep_reader import read_recorded

    recorded = read_recorded(tracking_uri, sweep_id)
    page = _write(document(recorded), folder)
    publish(tracking_uri, recorded.source.parent.info.run_id, folder)
    return page


def document(recorded: Recorded) -> Document:
    """Everything the report says, in its order."""
    from analysis.report.document import Document
    from analysis.report.examples import data_section, examples_section
    from analysis.report.further import further_section
    from analysis.report.methods import methods_section, reproduce_section
    from analysis.report.power import power_section
    from analysis.report.results import results_section
    from analysis.report.search import cost_section, importance_section, search_section, spend_section

    parts = (
        results_section,
        power_section,
        further_section,
        examples_section,
        search_section,
        importance_section,
        cost_section,
        data_section,
        spend_section,
        methods_section,
        reproduce_section,
    )
    sections = [section for section in (part(recorded) for part in parts) if section is not None]
    return Document(f"Sweep {recorded.name}", _opening(recorded), sections)


def _opening(recorded: Recorded) -> list[Block]:
    from analysis.report.document import Text

    blocks: list[Block] = []
    if recorded.miniature:
        blocks.append(Text(MINIATURE_NOTE, "warning"))
    if recorded.verdict is not None:
        blocks.append(Text(recorded.sentence, "verdict"))
    else:
        blocks.append(Text(f"No verdict: the sweep {recorded.state}.", "verdict"))
    runs = len(recorded.confirm_runs)
    blocks.append(
        Text(
            f"{len(recorded.trials)} trials, {runs} confirm runs; objective {recorded.objective}, "
            f"{'larger' if recorded.mode == 'max' else 'smaller'} is better.",
            "note",
        )
    )
    return blocks


def _write(report: Document, folder: Path) -> Path:
    try:
        (folder / PICTURES).mkdir(parents=True, exist_ok=True)
        page = folder / HTML
        page.write_text(report.as_html(), encoding="utf-8")
        (folder / MARKDOWN).write_text(report.as_markdown(PICTURES), encoding="utf-8")
        for picture in report.pictures():
            (folder / PICTURES / f"{picture.name}.svg").write_text(picture.svg, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"The report cannot be written to {str(folder)!r} ({error.strerror}); choose another folder with --output."
        ) from error
    return page


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    given, problems = PARSER.read(arguments)
    if len(given.words) != 1:
        found = f"got {', '.join(given.words)}" if given.words else "none was given; try --help"
        problems.append(f"One sweep at a time: {found}.")
    if problems:
        raise InputError(problems)
    return Command(given.words[0], given.tracking_uri, given.output)


def report(command: Command) -> None:
    """Writes the report that a command asks for and prints where it is. Raises InputError."""
    from analysis.record.reader import read_sweep
    from analysis.record.store import sweep_and_store

    sweep, store = sweep_and_store(command.sweep, command.tracking_uri)
    sweep_id = read_sweep(store, sweep).sweep_id
    beside = Path(command.sweep) / "report" if Path(command.sweep).is_dir() else Path(f"{sweep_id}-report")
    page = write_report(store, sweep_id, Path(command.output) if command.output else beside)
    print(f"Report: {page} (and {MARKDOWN} beside it; both are in MLflow, on the sweep's own run, under report/)")


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, report, arguments)
