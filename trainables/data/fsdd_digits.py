"""Writes a manifest of spoken digit strings with their transcripts.

    python -m trainables.data.fsdd_digits FOLDER --output digits.jsonl

FOLDER holds `fsdd/recordings` (Free Spoken Digit Dataset, CC BY-SA 4.0: spoken digits, 6 speakers, 8 kHz). A string is
a few recordings of one speaker, quiet edges trimmed, joined; its text is their words ("four nine two"). Digits and
lengths are drawn evenly, and no recording is heard twice before every one of that speaker and digit was.

The group is the speaker, so that nobody is heard in two splits.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from trainables import command_line
from trainables.command_line import NOT_NEGATIVE, WHOLE
from trainables.data.manifest_command import manifest_parser, read_words, write_manifest
from trainables.data.recordings import Deck, by_group, trimmed
from trainables.errors import InputError

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def strings(folder: Path, *, count: int, fewest: int, most: int, seed: int, relative_to: Path) -> list[dict[str, Any]]:
    """`count` manifest rows of `fewest` to `most` digits, speakers in equal shares; the same for a seed.

    Raises InputError: numbers out of range, no recordings, or a speaker without a recording of every digit.
    """
    if count < 1 or not 1 <= fewest <= most:
        raise InputError(
            f"--strings must be at least 1 (is {count}), --fewest at least 1 (is {fewest}) and --most at least as much "
            f"(is {most})."
        )
    rng = np.random.default_rng(seed)
    speakers = by_group(folder / "fsdd" / "recordings", "*.wav", r"\d_(\w+)_\d+\.wav")
    decks = {name: _by_digit(name, paths, rng) for name, paths in speakers.items()}
    rows = []
    for number in range(count):
        speaker = list(speakers)[number % len(speakers)]
        digits = rng.integers(len(WORDS), size=int(rng.integers(fewest, most + 1))).tolist()
        pieces = [trimmed(decks[speaker][digit].next()) for digit in digits]
        for piece in pieces:
            piece["path"] = Path(os.path.relpath(piece["path"], relative_to)).as_posix()
        name = f"fsdd-{speaker}-{number // len(speakers):03d}"
        text = " ".join(WORDS[digit] for digit in digits)
        rows.append({"id": name, "audio": pieces, "text": text, "group": speaker})
    return rows


def _by_digit(speaker: str, paths: Sequence[Path], rng: np.random.Generator) -> list[Deck]:
    of_digit = [[path for path in paths if path.name.startswith(f"{digit}_")] for digit in range(len(WORDS))]
    lacking = [str(digit) for digit, found in enumerate(of_digit) if not found]
    if lacking:
        raise InputError(f"{paths[0].parent}: holds no recording of {', '.join(lacking)} by {speaker}.")
    return [Deck(found, rng) for found in of_digit]


PARSER = manifest_parser(
    "fsdd_digits",
    __doc__,
    holds="fsdd/recordings",
    options=" [--strings N] [--fewest N] [--most N] [--seed N]",
)
PARSER.value("--strings", "N", "how many strings (default: %(default)s)", read=WHOLE, default=480)
PARSER.value("--fewest", "N", "fewest digits in a string (default: %(default)s)", read=WHOLE, default=2)
PARSER.value("--most", "N", "most digits in a string (default: %(default)s)", read=WHOLE, default=5)
PARSER.value("--seed", "N", "of the choice of digits (default: %(default)s)", read=NOT_NEGATIVE, default=0)


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(partial(read_words, PARSER), write, arguments)


def write(options: argparse.Namespace) -> None:
    rows = strings(
        options.folder,
        count=options.strings,
        fewest=options.fewest,
        most=options.most,
        seed=options.seed,
        relative_to=options.output.absolute().parent,
    )
    write_manifest(options.output, rows)
    print(f"{options.output}: {len(rows)} digit strings, {len({row['group'] for row in rows})} speakers")


if __name__ == "__main__":
    sys.exit(main())
