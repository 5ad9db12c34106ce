"""The command line: python -m sweeps.export SWEEP OUT [--arm] [--seed | --ensemble] [--merge] [--format] [--push]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.export.request import CLIPS, FORMATS, Request
from sweeps.predict.arm_options import add_arm_options
from sweeps.predict.quiet import quiet_bars, quiet_libraries
from sweeps.state.find import RESULTS_HELP, SWEEP_HELP
from trainables import command_line
from trainables.command_line import Exit
from trainables.errors import InputError

if TYPE_CHECKING:
    from sweeps.export.exported import Exported

DESCRIPTION = """\
Writes what a finished sweep has trained into the folder OUT, with a card (README.md) that tells what was compared and
what was found. Before OUT appears the export answers the sweep's test clips again, and has to answer as recorded.

Formats: peft (default), the adapter for PeftModel.from_pretrained; transformers (the same as --merge), the whole model
for AutoModel...; ctranslate2 for Whisper (faster-whisper); onnx for classifiers (onnxruntime).
`python -m sweeps.predict OUT FILES` answers with the first two.
"""
EXAMPLES = """\
  python -m sweeps.export qwen_lora winner/
  python -m sweeps.export qwen_lora winner/ --merge --dtype bf16
  python -m sweeps.export birds ensemble/ --arm finalist-1 --ensemble
  python -m sweeps.export birds winner/ --merge --push my-name/birds --dry-run
"""

PARSER = command_line.Parser(
    "sweeps.export",
    "SWEEP OUT [--arm ARM] [--seed N | --ensemble] [--merge] [--format FORMAT] [--push OWNER/NAME [--dry-run]]",
    DESCRIPTION,
    exits={Exit.FAILED: "the export answered a test clip otherwise than the sweep did (nothing was written)"},
    sections={"examples": EXAMPLES},
)
PARSER.words({"SWEEP": SWEEP_HELP, "OUT": "a folder that is not there yet, or an empty one"})
add_arm_options(PARSER, ensemble="the adapters of all seeds of the arm, each in a folder of its own")
PARSER.flag("--merge", "the adapter goes into the weights: a whole model, without PEFT")
PARSER.value("--format", "FORMAT", ", ".join(FORMATS), read=command_line.one_of(FORMATS))
PARSER.value("--dtype", "DTYPE", "of merged weights: fp32 (default) or bf16")
PARSER.value(
    "--clips", "N", f"how many test clips are answered again to check it (default: {CLIPS})", read=command_line.POSITIVE
)
PARSER.value("--push", "OWNER/NAME", "uploads the folder to the Hugging Face hub, as its own login allows")
PARSER.flag("--public", "the hub's repository is open to everybody (default: to its owner)")
PARSER.flag("--dry-run", "with --push: lists every file that would be uploaded, and uploads nothing")
PARSER.flag("--register", "puts it into MLflow's registry of models too, beside the sweep's record, under its name")
PARSER.value("--results", "FOLDER", RESULTS_HELP)


@dataclass(frozen=True)
class Command:
    request: Request
    push: str | None = None
    public: bool = False
    dry_run: bool = False
    register: bool = False


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    given, problems = PARSER.read(arguments)
    if len(given.words) != 2:
        problems.append(f"expected SWEEP and OUT, got {' '.join(given.words)[:80]!r}; see --help")
    if given.push is None and (given.dry_run or given.public):
        problems.append("--dry-run and --public belong to --push OWNER/NAME.")
    if problems:
        raise InputError(problems)
    request = Request(
        given.words[0],
        Path(given.words[1]),
        arm=given.arm,
        seed=given.seed,
        ensemble=given.ensemble,
        merge=given.merge,
        format=given.format,
        dtype=given.dtype,
        clips=given.clips or CLIPS,
        results=given.results,
    )
    return Command(request, given.push, given.public, given.dry_run, given.register)


def act(command: Command) -> None:
    """Raises InputError, SweepFailed."""
    quiet_libraries()
    from sweeps.export.push import Destination
    from sweeps.export.request import check_words

    check_words(command.request)
    # what is wrong with the destination is said before minutes of work
    to = None if command.push is None else Destination.checked(command.push, command.public, dry_run=command.dry_run)
    from sweeps.export.write import export

    quiet_bars()
    exported = export(command.request, lambda text: print(text, flush=True))
    for checked in exported.checked.values():
        print(f"Checked: {checked.in_words}")
    print(f"Exported to {command.request.out} (its card is README.md there)")
    if command.register:
        _register(exported)
    if to is not None:
        to.push(exported.folder)
    elif exported.manifest["format"] in ("peft", "transformers", "safetensors"):
        use = command_line.to_copy("sweeps.predict", str(command.request.out), "FILES", "--output", "answers.csv")
        print(f"Use it: {use}")


def _register(exported: Exported) -> None:
    from sweeps.predict.tuned import read_verdict
    from sweeps.record.store import default_uri
    from sweeps.registry.register import register

    found = exported.found
    uri = default_uri(found.workspace.results)
    verdict = read_verdict(found.workspace)
    done = register(exported.folder, exported.manifest, verdict, uri=uri, name=found.manifest.name)
    print(f"Registered as version {done.version} of {done.name}, alias {done.alias}; with MLFLOW_TRACKING_URI set to")
    print(f"{uri}: mlflow models serve -m '{done.address}' --env-manager local --host 127.0.0.1 --port 5002")


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, act, arguments)
