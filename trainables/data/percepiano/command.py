"""Writes a manifest of PercePiano, 1,202 piano performances with 19 ratings each, and renders their MIDI to sound.

    python -m trainables.data.percepiano FOLDER --output piano.jsonl

FOLDER is a copy of the authors' repository (https://github.com/JonghoKimSNU/PercePiano), or holds its labels as
`labels_mean.json` and its MIDI files in `midi`. FluidSynth plays them with a General MIDI SoundFont, on all cores, into
a folder beside the manifest: `piano_TimGM6mb/NAME.flac`, 16 kHz. What is there already is kept, so that an interrupted
command goes on. The silence at the end is cut: it tells which recording a clip was cut from.

The group is the music: segments of 8 and 16 bars that overlap are one. Other columns are `performer` (one name in all
pieces; `score` for deadpan renderings, in which nobody plays), `composer`, `piece`, `bars`, `segment`, `score` (true,
false), `midi` (the file), and one column for each rating, 0 to 1.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from trainables import command_line
from trainables.data.manifest_command import manifest_parser, read_words, write_manifest
from trainables.data.percepiano.overlaps import groups
from trainables.data.percepiano.performances import DIMENSIONS, Performance, performances, some, unlabelled
from trainables.data.percepiano.render import render_all, synthesiser

PARSER = manifest_parser(
    "percepiano", __doc__, holds="labels and MIDI files", options=" [--soundfont FILE] [--without-scores]"
)
PARSER.value(
    "--soundfont", "FILE", "a General MIDI SoundFont (default: TimGM6mb, from where systems keep it)", read=Path
)

PARSER.flag("--without-scores", "performances by people alone: listeners rate deadpan renderings unlike all others")


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(partial(read_words, PARSER), write, arguments)


def write(options: argparse.Namespace) -> None:
    program, soundfont = synthesiser(options.soundfont)
    published = performances(options.folder)
    found = [each for each in published if not (each.score and options.without_scores)]
    sounds = options.output.with_name(f"{options.output.stem}_{soundfont.stem}")
    paths = [sounds / f"{each.name}.flac" for each in found]
    rendered = render_all([(each.midi, path) for each, path in zip(found, paths, strict=True)], program, soundfont)
    rows = manifest_rows(found, paths, options.output.absolute().parent)
    write_manifest(options.output, rows)

    humans = sum(not each.score for each in found)
    print(
        f"{options.output}: {len(rows)} performances, {humans} of them by people, "
        f"{len({row['group'] for row in rows})} groups, {len(DIMENSIONS)} ratings; "
        f"{rendered} rendered now, {len(rows) - rendered} were there"
    )
    left = unlabelled(options.folder, published)
    if left:
        print(f"{len(left)} MIDI files have no ratings and are left out: {some(left)}")
    twice = repeats_across_groups(rows, found)
    if twice:
        print(f"{twice} files are the same, byte for byte, as one of another group: the music repeats there")


def manifest_rows(found: Sequence[Performance], sounds: Sequence[Path], above: Path) -> list[dict[str, Any]]:
    """A row for each performance and its sound file; paths relative to `above`, the manifest's folder."""
    return [
        {
            "id": each.name,
            "audio": _relative(sound, above),
            "group": group,
            "performer": each.performer,
            "composer": each.composer,
            "piece": each.piece,
            "bars": each.bars,
            "segment": each.segment,
            "score": each.score,
            "midi": _relative(each.midi, above),
            **dict(zip(DIMENSIONS, each.ratings, strict=True)),
        }
        for each, sound, group in zip(found, sounds, groups(found), strict=True)
    ]


def repeats_across_groups(rows: Sequence[dict[str, Any]], found: Sequence[Performance]) -> int:
    """How many MIDI files hold the same bytes as one of another group."""
    groups_of: dict[str, list[str]] = defaultdict(list)
    for row, each in zip(rows, found, strict=True):
        groups_of[hashlib.sha256(each.midi.read_bytes()).hexdigest()].append(row["group"])
    return sum(len(names) for names in groups_of.values() if len(set(names)) > 1)


def _relative(path: Path, above: Path) -> str:
    return Path(os.path.relpath(path.absolute(), above)).as_posix()
