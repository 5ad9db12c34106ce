"""The command line: python -m sweeps.browse [RESULTS] [--port N] [--token WORD], which serves the pages."""

from __future__ import annotations

import getpass
import re
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from sweeps.state.find import results_folder
from trainables import command_line
from trainables.command_line import Exit
from trainables.errors import InputError

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer

DESCRIPTION = """\
Shows the sweeps of a results folder in a browser: those that run and those that are over, their curves and trials, the
verdict and the report, test clips to listen to. A running sweep can be steered there, as by sweeps.control. The pages
are served on 127.0.0.1 alone and open with the link that is printed, which holds a token.
"""
EXAMPLES = """\
  python -m sweeps.browse
  python -m sweeps.browse results --port 8080
  ssh -L 5002:127.0.0.1:5002 MACHINE      on your own machine, where the sweeps are on another one
"""
HOST, PORT, PORTS_TRIED = "127.0.0.1", 5002, 20
TOKEN_FORM = re.compile(r"[A-Za-z0-9_-]{12,200}")

PARSER = command_line.Parser(
    "sweeps.browse",
    "[RESULTS] [--port N] [--token WORD]",
    DESCRIPTION,
    exits={Exit.INTERRUPTED: "ended with Ctrl-C; sweeps go on"},
    sections={"examples": EXAMPLES},
)
PARSER.words({"RESULTS": "the folder with the sweeps (default: beside MLFLOW_TRACKING_URI if a file, else ./results)"})
PARSER.value(
    "--port", "N", f"the port (default: {PORT}, or the next that is free)",
    read=command_line.whole_number("a port from 1 to 65535", lambda port: 0 < port < 65536),
)  # fmt: skip
PARSER.value("--token", "WORD", "what opens the pages, at least 12 letters, digits, _ or - (default: a new one)")


@dataclass(frozen=True)
class Command:
    results: str | None
    port: int | None
    token: str | None


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    given, problems = PARSER.read(arguments)
    if len(given.words) > 1:
        problems.append(f"one results folder at a time, got {', '.join(given.words)[:80]}.")
    if given.token is not None and not TOKEN_FORM.fullmatch(given.token):
        problems.append("--token: expected at least 12 letters, digits, _ or -; leave it away for a new one.")
    if problems:
        raise InputError(problems)
    return Command(given.words[0] if given.words else None, given.port, given.token)


def folder_of(command: Command) -> Path:
    """The results folder. Raises InputError where there is none."""
    folder = results_folder(command.results)
    if not folder.is_dir():
        raise InputError(
            f"RESULTS: {str(folder)!r} is no folder; name the one that a sweep was given as results=FOLDER, or start a "
            f"sweep first: {command_line.to_copy('sweeps.run', 'search_spaces/qwen_lora.yaml')}"
        )
    return folder


def server(folder: Path, port: int | None, token: str) -> BaseWSGIServer:
    """Listens on `port`, else on the first free one from PORT on. Raises InputError where it cannot."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    from sweeps.browse.app import make_app

    class Quiet(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: object) -> None:
            """Nothing: the first line of a request holds the token."""

    listening = _socket(port)
    try:
        return make_server(
            HOST,
            listening.getsockname()[1],
            make_app(folder, token),
            threaded=True,
            request_handler=Quiet,
            fd=listening.detach(),
        )
    except OSError as error:
        raise InputError(f"--port: cannot listen ({error.strerror}).") from None


def _socket(port: int | None) -> socket.socket:
    for tried in [port] if port else range(PORT, PORT + PORTS_TRIED):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, tried))
        except OSError:
            listening.close()
            continue
        listening.listen(128)
        return listening
    where = f"{port} is" if port else f"{PORT} to {PORT + PORTS_TRIED - 1} are"
    raise InputError(f"--port: {where} in use; give another one with --port N.")


def serve(command: Command) -> None:
    """Serves until Ctrl-C. Raises InputError."""
    from sweeps.browse.app import prepare
    from sweeps.state.workspace import private_files

    folder = folder_of(command)
    token = command.token or secrets.token_urlsafe(18)
    with private_files():  # what is asked of a sweep is written for its user alone, as sweeps.control does
        serving = server(folder, command.port, token)
        port = serving.port
        print(f"Sweeps of {folder}")
        print(f"  open        http://{HOST}:{port}/?token={token}")
        print(f"  from afar   ssh -L {port}:{HOST}:{port} {getpass.getuser()}@{socket.gethostname()}")
        print("Whoever has the link can steer the sweeps. Ctrl-C ends the pages; sweeps go on.", flush=True)
        Thread(target=prepare, args=[serving.app], daemon=True).start()
        try:
            serving.serve_forever()
        finally:
            serving.server_close()


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, serve, arguments, interrupted="the pages are closed; sweeps go on")
