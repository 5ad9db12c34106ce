"""The command line: python -m sweeps.demo SWEEP [--port N]"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sweeps.predict.quiet import quiet_bars, quiet_libraries
from sweeps.state.find import RESULTS_HELP, SWEEP_HELP
from trainables import command_line
from trainables.errors import InputError

if TYPE_CHECKING:
    from sweeps.predict.loadable import Tuned

HOST, PORT = "127.0.0.1", 7860
DESCRIPTION = """\
Serves a page, on this machine alone, on which a clip is recorded or dropped; the answers of the verdict's best arm, of
the baseline and of the untuned backbone stand beside one another. Each of the three is loaded with its backbone.
"""
PARSER = command_line.Parser("sweeps.demo", "SWEEP [--port N] [--results FOLDER]", DESCRIPTION)
PARSER.words({"SWEEP": f"{SWEEP_HELP}; or a folder that sweeps.export wrote"})
PARSER.value(
    "--port",
    "N",
    f"where the page is served (default: {PORT})",
    read=command_line.whole_number("a port, 1024 to 65535", lambda value: 1024 <= value <= 65535),
    default=PORT,
)
PARSER.value("--results", "FOLDER", RESULTS_HELP)


@dataclass(frozen=True)
class Command:
    sweep: str
    port: int
    results: str | None


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    given, problems = PARSER.read(arguments)
    if len(given.words) != 1:
        problems.append(f"expected one SWEEP, got {' '.join(given.words)[:80]!r}; see --help")
    if problems:
        raise InputError(problems)
    return Command(given.words[0], given.port, given.results)


def serve(command: Command) -> None:
    """Serves until Ctrl-C. Raises InputError: gradio is not installed, no such sweep, no free port."""
    quiet_libraries()
    from sweeps.predict.tuned import find_tuned

    if find_spec("gradio") is None:
        raise InputError("sweeps.demo: gradio is not installed; `uv sync --extra demo` brings it.")
    found: dict[str, Tuned] = {}
    best = find_tuned(command.sweep, command.results)
    found[f"{best.arm} (the verdict's best)"] = best
    if not best.origin:
        for arm in ("baseline", "untuned"):
            if arm != best.arm and (other := _arm(command, arm)) is not None:
                found[arm] = other
    print(f"Loads {', '.join(found)} of {best.sweep_id}", flush=True)
    from sweeps.demo.page import page
    from sweeps.predict.model import Model

    quiet_bars()
    models = {name: Model(tuned) for name, tuned in found.items()}
    window = next(iter(models.values())).hearing.window_seconds
    note = f"Of a clip the first {window:g} s are heard." + (
        " This is a miniature: what it says is nothing about the published model." if best.miniature else ""
    )
    blocks = page(models, best.sweep_id, note)
    print(f"Open http://{HOST}:{command.port} on this machine; Ctrl-C ends it.", flush=True)
    try:
        blocks.launch(server_name=HOST, server_port=command.port, share=False, quiet=True, inbrowser=False)
    except OSError as error:
        raise InputError(f"--port: {command.port} cannot be served ({error}); choose another one.") from None


def _arm(command: Command, arm: str) -> Tuned | None:
    from sweeps.predict.tuned import find_tuned

    try:
        return find_tuned(command.sweep, command.results, arm=arm)
    except InputError:  # a sweep whose task cannot be answered untuned has no such arm
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, serve, arguments, interrupted="the page is closed")
