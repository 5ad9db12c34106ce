"""Writes a manifest of ESC-10 with its official folds.

    python -m trainables.data.esc10 FOLDER --output esc10.jsonl

FOLDER holds `esc10` (Piczak 2015, CC BY 3.0: ten kinds of environmental sound, 40 clips of 5 seconds each), with files
`{NNN - kind}/{fold}-{freesound id}-{take}.ogg`. The group is the recording on Freesound that a clip was cut from; none
stands in two folds. Published accuracies over the five folds: 66.7 % (k nearest neighbours), 67.5 % (support vectors),
72.7 % (random forest), 95.7 % (people). A sweep that is to be compared with them takes every fold out in turn:

    python -m sweeps.run search_spaces/audio_backbones.yaml data.source=esc10.jsonl data.folds.outer=official
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from trainables import command_line
from trainables.data.manifest_command import manifest_parser, read_words, write_manifest
from trainables.data.recordings import by_group
from trainables.errors import InputError

FILE = r"(\d+)-(\d+)-([A-Z]+)"  # fold, recording, take


def clips(folder: Path, *, relative_to: Path) -> list[dict[str, Any]]:
    """Manifest rows, kind by kind in the order of the files' names.

    Raises InputError: none, or a name that says no fold.
    """
    rows = []
    for kind, paths in by_group(folder / "esc10", "*/*.ogg", r"\d+ - (.+)").items():
        for path in paths:
            match = re.fullmatch(FILE, path.stem)
            if match is None:
                raise InputError(f"{path}: its name is not FOLD-RECORDING-TAKE, so its fold cannot be told.")
            audio = Path(os.path.relpath(path, relative_to)).as_posix()
            label = kind.lower().replace(" ", "_")
            rows.append({"id": path.stem, "audio": audio, "label": label, "group": match[2], "fold": match[1]})
    return rows


PARSER = manifest_parser("esc10", __doc__, holds="esc10")


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(partial(read_words, PARSER), write, arguments)


def write(options: argparse.Namespace) -> None:
    rows = clips(options.folder, relative_to=options.output.absolute().parent)
    write_manifest(options.output, rows)
    groups, folds = ({row[name] for row in rows} for name in ("group", "fold"))
    print(f"{options.output}: {len(rows)} clips of {len(groups)} recordings in {len(folds)} folds")


if __name__ == "__main__":
    sys.exit(main())
