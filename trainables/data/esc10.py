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
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainables.data.recordings import by_group
from trainables.errors import InputError

FILE = r"(\d+)-(\d+)-([A-Z]+)"  # fold, recording, take


def clips(folder: Path, *, relative_to: Path) -> list[dict[str, Any]]:
    """Manifest rows, kind by kind in the order of the files' names. InputError: none, or a name that says no fold."""
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


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m trainables.data.esc10", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds esc10")
    parser.add_argument("--output", type=Path, required=True, help="the manifest to write, a .jsonl file")
    options = parser.parse_args(arguments)
    output = options.output.absolute()
    try:
        rows = clips(options.folder.absolute(), relative_to=output.parent)
    except InputError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 2
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    groups, folds = ({row[name] for row in rows} for name in ("group", "fold"))
    print(f"{options.output}: {len(rows)} clips of {len(groups)} recordings in {len(folds)} folds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
