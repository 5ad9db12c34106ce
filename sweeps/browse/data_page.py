"""What the data of a sweep are, from what it noted when it began: sides, groups, and what was left out and why."""

from __future__ import annotations

import csv
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, render_template

from sweeps.browse.pages import found, objective_of
from sweeps.browse.watch import Watcher
from trainables.records import LEFT_OUT_FILE

SPLITS = "splits.parquet"
SHOWN_ROWS = 50


def add_data_page(app: Flask, watcher: Watcher) -> None:
    @app.get("/sweeps/<sweep_id>/data")
    def data(sweep_id: str) -> str:
        with watcher.lock:
            sweep = found(watcher, sweep_id)
            _, _, spec = objective_of(sweep)
            folder = sweep.workspace.folder
            reasons, rows = left_out(folder / LEFT_OUT_FILE)
            return render_template(
                "data.html",
                sweep=sweep,
                source=None if spec is None else spec.data.source,
                fingerprint=sweep.manifest.get("data_fingerprint", ""),
                sides=sides(folder / SPLITS),
                reasons=reasons,
                left_out=rows[:SHOWN_ROWS],
                left_out_count=len(rows),
            )


def sides(path: Path) -> tuple[tuple[str, str, int, int], ...]:
    """(outer fold, side, clips, groups), in the order of the file; empty where there is none."""
    return _sides(path, path.stat().st_mtime_ns) if path.is_file() else ()


@lru_cache(maxsize=32)
def _sides(path: Path, stamp: int) -> tuple[tuple[str, str, int, int], ...]:
    import pyarrow.parquet as pq

    columns = pq.read_table(path).to_pydict()
    folds = columns.get("fold") or [""] * len(columns["split"])
    clips: Counter[tuple[str, str]] = Counter()
    groups: dict[tuple[str, str], set[Any]] = {}
    for fold, split, group in zip(folds, columns["split"], columns["group"], strict=True):
        clips[str(fold), str(split)] += 1
        groups.setdefault((str(fold), str(split)), set()).add(group)
    return tuple((fold, split, count, len(groups[fold, split])) for (fold, split), count in clips.items())


def left_out(path: Path) -> tuple[list[tuple[str, int]], list[dict[str, str]]]:
    """((reason, clips), the commonest first; every row with source, where and problem)."""
    if not path.is_file():
        return [], []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return Counter(row["problem"] for row in rows).most_common(), rows
