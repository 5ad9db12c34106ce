"""What the commands that write a manifest of published recordings share: FOLDER, --output, and the file itself."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from trainables import command_line
from trainables.data.atomic import atomic_file
from trainables.errors import InputError


def manifest_parser(name: str, description: str, *, holds: str, options: str = "") -> command_line.Parser:
    """A parser for `python -m trainables.data.NAME FOLDER --output FILE`; `holds` says what FOLDER holds."""
    parser = command_line.Parser(f"trainables.data.{name}", f"FOLDER --output FILE{options}", description)
    parser.words({"FOLDER": f"holds {holds}"})
    parser.value("--output", "FILE", "the manifest to write, a .jsonl file", read=Path)
    return parser


def read_words(parser: command_line.Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """The options, with `folder` as an absolute path and `output` as given.

    Raises InputError: no FOLDER or several, no --output, or an option that cannot be understood.
    """
    given, problems = parser.read(arguments)
    if len(given.words) != 1:
        problems.append(f"one FOLDER is needed, got {len(given.words)}; see --help")
    if given.output is None and not any(problem.startswith("--output") for problem in problems):
        problems.append("--output is missing; write --output FILE.jsonl")
    if problems:
        raise InputError(problems)
    given.folder = Path(given.words[0]).absolute()
    return given


def write_manifest(output: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes rows as JSON lines and makes the folder above. Raises InputError where that cannot be written."""
    try:
        with atomic_file(output) as temporary:
            temporary.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{output}: cannot be written ({error.strerror or error}).") from error
