"""A sweep's report: one HTML file that needs no network, and Markdown; logged to the sweep's parent run.

python -m analysis.report SWEEP... [--share] [--tracking-uri URI] [--output FOLDER]
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.report.sharing import Shared
from trainables import command_line
from trainables.command_line import Exit
from trainables.doing import doing, done
from trainables.errors import InputError

if TYPE_CHECKING:
    from analysis.record.sweep import Recorded
    from analysis.report.document import Block, Document
    from analysis.report.sharing import Sound

DESCRIPTION = """\
Writes report.html (one file, no network needed), report.md and its pictures, and logs them to the sweep's parent run.
Several sweeps of one data set are shown side by side, the best of each search compared; that report is not logged.
"""
EXAMPLES = """\
  python -m analysis.report qwen_lora
  python -m analysis.report results/qwen_lora-20260101-120000-ab12 --output report
  python -m analysis.report ast_lora beats_lora htsat_lora
"""

PARSER = command_line.Parser(
    "analysis.report",
    "SWEEP... [--share] [--tracking-uri URI] [--output FOLDER]",
    DESCRIPTION,
    exits={Exit.DONE: "written"},
    sections={"examples": EXAMPLES},
)
PARSER.words({"SWEEP": "a sweep's id, the beginning of one, a name (its latest), or its results folder"})
PARSER.flag("--share", "leaves out paths, the names of clips and groups (speakers), and sound; logs nothing")
PARSER.value("--tracking-uri", "URI", "MLflow's store (default: MLFLOW_TRACKING_URI, else results/mlflow.db)")
PARSER.value(
    "--output", "FOLDER", "where to write (default: SWEEP/report where SWEEP is a folder, else ./<sweep id>-report)"
)

HTML, MARKDOWN, PICTURES, CLIPS = "report.html", "report.md", "pictures", "clips"
SIDE_BY_SIDE = "side-by-side-report"  # the folder of a report on several sweeps
IN_FULL = {
    "wer": "word error rate, WER",
    "cer": "character error rate, CER",
    "exact_match": "exact match, the share of answers that are the wanted one",
    "token_f1": "F1 of the words of an answer, the mean over clips",
    "rouge_l": "ROUGE-L, F1 of the longest common subsequence of words, the mean over clips",
    "mae": "mean absolute error, MAE",
    "mse": "mean squared error, MSE",
    "rmse": "root of the mean squared error, RMSE",
    "ccc": "concordance correlation coefficient, CCC",
    "macro_f1": "F1, the mean over classes",
    "auroc": "area under the ROC curve, the mean over classes, each against all others",
    "average_precision": "average precision, the mean over classes",
    "brier": "Brier score",
    "ece": "expected calibration error, ECE",
}
MINIATURE_NOTE = (
    "This sweep ran on the miniature, a small stand-in: the numbers show that it works from end to end, and say "
    "nothing about the published models."
)


@dataclass(frozen=True)
class Command:
    sweeps: tuple[str, ...]
    tracking_uri: str | None
    output: str | None
    share: bool = False


def write_report(
    tracking_uri: str, sweep_id: str, folder: Path, *, sound: Sound | None = None, share: bool = False
) -> Path:
    """Writes the report of a sweep into `folder`, logs it to the sweep's parent run, and returns the HTML file's path.

    `sound` gives the sound of a test clip; without it that of an earlier report is taken. `share`: names of clips and
    groups, paths and sound are left out, and nothing is logged.

    Raises InputError: no such sweep, one without runs, a folder or a store that cannot be written.
    """
    from analysis.record.publish import publish
    from analysis.record.sweep_reader import read_recorded

    recorded = read_recorded(tracking_uri, sweep_id)
    parent = recorded.source.parent.info.run_id
    kept: dict[str, bytes] = {}
    shared = Shared(not share, kept_sound(tracking_uri, parent, sound, kept))
    page = _write(document(recorded, shared), folder, kept)
    if not share:
        publish(tracking_uri, parent, folder)
    return page


def kept_sound(tracking_uri: str, run_id: str, sound: Sound | None, kept: dict[str, bytes]) -> Sound:
    """The sound of a clip by `sound`, else as an earlier report has left it in the record; `kept` gets what was found,
    by file name."""
    from analysis.record.publish import published

    earlier = None if sound is not None else published(tracking_uri, run_id, CLIPS)

    def found(clip: str) -> bytes | None:
        name = f"{hashlib.sha256(clip.encode()).hexdigest()[:16]}.mp3"
        data = sound(clip) if sound is not None else earlier(name) if earlier is not None else None
        if data is not None:
            kept[name] = data
        return data

    return found


def document(recorded: Recorded, shared: Shared | None = None) -> Document:
    """Everything the report says, in its order; without `shared` the names of clips, and no sound."""
    shared = shared or Shared()
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
        lambda found: examples_section(found, shared),
        search_section,
        importance_section,
        cost_section,
        lambda found: data_section(found, shared),
        spend_section,
        methods_section,
        lambda found: reproduce_section(found, shared),
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
            f"{len(recorded.trials)} trials, {runs} confirm runs; objective {recorded.objective}{_in_full(recorded)}, "
            f"{'larger' if recorded.mode == 'max' else 'smaller'} is better.",
            "note",
        )
    )
    return blocks


def _in_full(recorded: Recorded) -> str:
    """The metric's name, where it is known by its letters."""
    found = IN_FULL.get(recorded.metric)
    return f" ({found})" if found else ""


def _write(report: Document, folder: Path, clips: Mapping[str, bytes]) -> Path:
    try:
        (folder / PICTURES).mkdir(parents=True, exist_ok=True)
        if clips:
            (folder / CLIPS).mkdir(exist_ok=True)
        for name, data in clips.items():
            (folder / CLIPS / name).write_bytes(data)
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
    if not given.words:
        problems.append("SWEEP: none was given; try --help.")
    if problems:
        raise InputError(problems)
    return Command(tuple(given.words), given.tracking_uri, given.output, given.share)


def report(command: Command) -> None:
    """Writes the report that a command asks for and prints where it is. Raises InputError."""
    if len(command.sweeps) > 1:
        _several(command)
    else:
        _one(command, command.sweeps[0])


def _one(command: Command, word: str) -> None:
    from analysis.record.reader import read_sweep
    from analysis.record.store import sweep_and_store

    doing(f"reading the record of {word}")
    sweep, store = sweep_and_store(word, command.tracking_uri)
    sweep_id = read_sweep(store, sweep).sweep_id
    kind = "report-to-share" if command.share else "report"
    beside = Path(word) / kind if Path(word).is_dir() else Path(f"{sweep_id}-{kind}")
    page = write_report(store, sweep_id, Path(command.output) if command.output else beside, share=command.share)
    done()
    if command.share:
        print(f"Report: {page}, without paths, names of clips and groups, and sound; read it before you pass it on")
        return
    print(f"Report: {page} (and {MARKDOWN} beside it; both are in MLflow, on the sweep's own run, under report/)")


def _several(command: Command) -> None:
    """Names of clips, paths and sound are in no such report, so that `--share` changes nothing."""
    import numpy as np

    from analysis.record.store import sweep_and_store
    from analysis.record.sweep_reader import read_recorded
    from analysis.report.side_by_side import side_by_side

    sweeps: list[Recorded] = []
    problems: list[str] = []
    for word in command.sweeps:
        doing(f"reading the record of {word}")
        try:
            sweep, store = sweep_and_store(word, command.tracking_uri)
            sweeps.append(read_recorded(store, sweep))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    doing("comparing the best of each search")
    page = _write(side_by_side(sweeps, rng=np.random.default_rng(0)), Path(command.output or SIDE_BY_SIDE), {})
    done()
    print(f"Report: {page} (and {MARKDOWN} beside it)")
    print(f"Every test of the comparison: {command_line.to_copy('analysis.compare', *command.sweeps)}")


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, report, arguments)
