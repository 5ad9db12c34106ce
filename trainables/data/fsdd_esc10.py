"""Writes a manifest of real clips, speech against other sound.

    python -m trainables.data.fsdd_esc10 FOLDER --output clips.jsonl

FOLDER holds `fsdd/recordings` (Free Spoken Digit Dataset, CC BY-SA 4.0: spoken digits, 6 speakers, 8 kHz) and `esc10`
(ESC-10, Piczak 2015, CC BY 3.0: ten kinds of environmental sound, 44.1 kHz). As published the two differ in length and
bandwidth, so a model need not listen. Here they do not:

- every clip is one second, cut at a random offset;
- everything from 4 kHz up is removed, which is where FSDD ends;
- digits are shorter than a second: several of one speaker, quiet edges trimmed, are joined before the cut, so that no
  clip is padded;
- some ESC-10 clips are padded with digital silence, which no microphone records: a cut holds none (no 50 ms below
  -80 dBFS), and is at most 20 dB quieter than the clip's loudest second, so that there is something to hear.

The group is the speaker or the Freesound id. `--uncontrolled` lists the same clips without cut and low-pass, to see how
much length and bandwidth give away.
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
from trainables.data.recordings import FRAME_SECONDS, Deck, by_group, frame_levels, rounded, trimmed
from trainables.errors import InputError

CLIP_SECONDS = 1.0
LOWPASS_HZ = 4000.0
JOINED_SECONDS = 1.6  # of digits, before the cut
SILENCE_DBFS = -80.0
AUDIBLE_DB = 20.0  # below the loudest second


def clips(folder: Path, *, count: int, seed: int, controlled: bool, relative_to: Path) -> list[dict[str, Any]]:
    """`count` manifest rows, half of them speech, speakers and kinds of sound in equal shares; the same for a seed.

    `controlled=False` gives the same recordings without cut and low-pass. Raises InputError: a data set is not there.
    """
    speakers = by_group(folder / "fsdd" / "recordings", "*.wav", r"\d_(\w+)_\d+\.wav")
    kinds = by_group(folder / "esc10", "*/*.ogg", r"(.+)")
    if count < 2 or count % 2:
        raise InputError(f"--clips must be an even number of at least 2, is {count}.")
    speech = _speech(speakers, count // 2, np.random.default_rng([seed, 1]))
    rows = speech + _other(kinds, count // 2, np.random.default_rng([seed, 2]))
    for row in rows:
        for piece in row["audio"]:
            piece["path"] = Path(os.path.relpath(piece["path"], relative_to)).as_posix()
        if controlled:
            row |= {"seconds": CLIP_SECONDS, "lowpass_hz": LOWPASS_HZ}
        else:
            del row["start_seconds"]
    return rows


def _speech(speakers: dict[str, list[Path]], count: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    decks = {name: Deck(paths, rng) for name, paths in speakers.items()}
    rows = []
    for number in range(count):
        speaker = list(speakers)[number % len(speakers)]
        pieces: list[dict[str, Any]] = []
        while _seconds(pieces) < JOINED_SECONDS:
            pieces.append(trimmed(decks[speaker].next()))
        start = rounded(rng.uniform(0, _seconds(pieces) - CLIP_SECONDS))
        name = f"fsdd-{speaker}-{number // len(speakers):03d}"
        rows.append({"id": name, "audio": pieces, "label": "SPEECH", "group": speaker, "start_seconds": start})
    return rows


def _other(kinds: dict[str, list[Path]], count: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    starts = {path: _audible_starts(path) for paths in kinds.values() for path in paths}
    usable = {kind: [path for path in paths if len(starts[path])] for kind, paths in kinds.items()}
    usable = {kind: [paths[i] for i in rng.permutation(len(paths))] for kind, paths in usable.items() if paths}
    rows = []
    for number in range(count):
        kind = list(usable)[number % len(usable)]
        turn = number // len(usable)
        path = usable[kind][turn % len(usable[kind])]
        source = path.stem.split("-")[1]  # {fold}-{freesound id}-{take}
        start = rounded(starts[path][rng.integers(len(starts[path]))])
        name = f"esc10-{path.stem}" + (f"-{turn // len(usable[kind])}" if turn >= len(usable[kind]) else "")
        pieces = [{"path": str(path)}]
        rows.append({"id": name, "audio": pieces, "label": "NONSPEECH", "group": source, "start_seconds": start})
    return rows


def _audible_starts(path: Path) -> np.ndarray:
    """Where a clip may begin, in seconds on a grid of FRAME_SECONDS: see the module's text."""
    levels = frame_levels(path)
    frames = round(CLIP_SECONDS / FRAME_SECONDS)
    if len(levels) < frames:
        return np.array([])
    windows = np.lib.stride_tricks.sliding_window_view(levels, frames)
    power = windows.mean(axis=1)
    silent = np.pad(levels <= 10 ** (SILENCE_DBFS / 10), 1)
    near_silence = silent[:-2] | silent[1:-1] | silent[2:]  # Vorbis smears an edge into the frame beside it
    unbroken = ~np.lib.stride_tricks.sliding_window_view(near_silence, frames).any(axis=1)
    return np.flatnonzero(unbroken & (power >= power.max() * 10 ** (-AUDIBLE_DB / 10))) * FRAME_SECONDS


def _seconds(pieces: list[dict[str, Any]]) -> float:
    return float(sum(piece["seconds"] for piece in pieces))


PARSER = manifest_parser(
    "fsdd_esc10",
    __doc__,
    holds="fsdd/recordings and esc10",
    options=" [--clips N] [--seed N] [--uncontrolled]",
)
PARSER.value("--clips", "N", "how many clips, half of them speech (default: %(default)s)", read=WHOLE, default=480)
PARSER.value("--seed", "N", "of the choice of clips and offsets (default: %(default)s)", read=NOT_NEGATIVE, default=0)
PARSER.flag("--uncontrolled", "whole recordings at full bandwidth, to compare")


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(partial(read_words, PARSER), write, arguments)


def write(options: argparse.Namespace) -> None:
    rows = clips(
        options.folder,
        count=options.clips,
        seed=options.seed,
        controlled=not options.uncontrolled,
        relative_to=options.output.absolute().parent,
    )
    write_manifest(options.output, rows)
    groups = len({row["group"] for row in rows})
    print(f"{options.output}: {len(rows)} clips, half of them speech, {groups} groups")


if __name__ == "__main__":
    sys.exit(main())
