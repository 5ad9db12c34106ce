"""The list of what was left out of a sweep's data: one file beside its results."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from trainables.data.atomic import atomic_file
from trainables.records import LEFT_OUT_FILE, further_name

if TYPE_CHECKING:
    from sweeps.plan.prepare import Prepared

HEADER = ("source", "where", "problem")


def left_out_rows(prepared: Prepared) -> list[tuple[str, str, str]]:
    """(source, where in it, why) of every row and clip that the sweep does not use, further test data included."""
    data = prepared.spec.data
    parts = [(data.source, prepared.clips)]
    parts += [(data.evaluate[further_name(split)], clips) for split, clips in prepared.evaluations.items()]
    return [(source, row.where, row.problem) for source, clips in parts for row in clips.account.left_out]


def write_left_out(prepared: Prepared, folder: Path) -> Path | None:
    """Writes the list into the sweep's folder, whole or not at all; None, and no file, where nothing is left out."""
    rows = left_out_rows(prepared)
    if not rows:
        return None
    path = folder / LEFT_OUT_FILE
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path
