"""A data set as it was understood, written as one plain manifest: whoever reads it gets the same examples.

Every example has a row with its id, group and target, so that nothing is guessed again; a split, a fold, a crop and the
like stand there where the example has one. A sound file is named relative to the manifest where it lies in the
manifest's folder or below it, so that the folder can be moved; anywhere else by its absolute path.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from trainables.data.atomic import atomic_file
from trainables.data.examples import AudioPiece, Example
from trainables.data.formats.manifest import read_manifest
from trainables.data.reading import Wanted
from trainables.errors import InputError

_ELSEWHERE = ("audio", "target")  # fields of an example that stand in the manifest in another form
_ALWAYS = ("id", "group")


def write_clean(output: Path, examples: Sequence[Example], column: str, *, cache_folder: Path) -> bool:
    """Writes the manifest; `column` is the task's: label, targets or text. False where it is there already, the same.

    The file appears whole or not at all, and only after it was read again and gave the same examples.
    Raises InputError: another file of that name is there (nothing is overwritten), it cannot be written, or a manifest
    cannot hold an example.
    """
    output = Path(os.path.abspath(output))
    if output.suffix != ".jsonl":
        raise InputError(f"--output: {output.name} must end in .jsonl.")
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in clean_rows(examples, column, output.parent))
    try:
        if output.is_dir():
            raise InputError(f"--output: {output} is a folder; name a .jsonl file.")
        if output.exists():
            if output.read_bytes() == text.encode():
                return False
            raise InputError(
                f"--output: {output} is there already and holds something else; remove it, or name another."
            )
        with atomic_file(output) as temporary:
            temporary.write_text(text, encoding="utf-8")
            _check(temporary, examples, column, cache_folder)
    except OSError as error:
        raise InputError(f"--output: {output} cannot be written ({error.strerror or error}).") from None
    return True


def clean_rows(examples: Sequence[Example], column: str, folder: Path) -> list[dict[str, Any]]:
    """The rows of a manifest in `folder`, which is absolute."""
    return [_row(example, column, folder) for example in examples]


def _row(example: Example, column: str, folder: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"audio": _audio(example.audio, folder), column: example.target}
    for field in fields(Example):
        value = getattr(example, field.name)
        if field.name in _ALWAYS or (field.name not in _ELSEWHERE and value != field.default):
            row[field.name] = value
    channels = {piece.channel for piece in example.audio} - {None}
    return {**row, **({"channel": channels.pop()} if channels else {})}


def _audio(pieces: Sequence[AudioPiece], folder: Path) -> str | list[str | dict[str, Any]]:
    named = [_piece(piece, folder) for piece in pieces]
    return named[0] if len(named) == 1 and isinstance(named[0], str) else named


def _piece(piece: AudioPiece, folder: Path) -> str | dict[str, Any]:
    path = _path(piece.path, folder)
    crop = {"start_seconds": piece.start_seconds} if piece.start_seconds else {}
    crop |= {} if piece.seconds is None else {"seconds": piece.seconds}
    return {"path": path, **crop} if crop else path


def _path(path: str, folder: Path) -> str:
    if not Path(path).is_relative_to(folder):
        return path
    relative = Path(path).relative_to(folder).as_posix()
    return path if relative.startswith("~") else relative  # `~` at the beginning would be somebody's home


def _check(path: Path, examples: Sequence[Example], column: str, cache_folder: Path) -> None:
    """Raises InputError where the manifest does not give the examples that it was written of."""
    found = read_manifest(path, Wanted(column=column, cache_folder=cache_folder)).examples
    changed = [mine.id for mine, again in zip(examples, found, strict=False) if mine != again]
    if len(found) != len(examples) or changed:
        which = f"; the first is {changed[0]!r}" if changed else ""
        raise InputError(
            f"--output: a manifest cannot hold {max(len(changed), abs(len(found) - len(examples)))} of "
            f"{len(examples)} clips as they were understood{which}. Nothing was written."
        )
