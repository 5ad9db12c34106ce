"""How often does the verdict find a winner where there is none, and how often one that is there?

    python -m benchmarks.false_winners [--quick] [--json] [--sweeps N] [--processes N] [--cells CSV] [--keep FOLDER]

Simulated sweeps (`benchmarks.simulation.sweeps`) go through the shipped scheduler, choice of finalists and verdict
(`benchmarks.simulation.verdicts`). Prints Markdown, or JSON. The whole grid takes more than an hour on one core, the
quick form under a minute.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.simulation.grid import SEEDS, Cell, grid
from benchmarks.simulation.report import as_json, markdown
from benchmarks.simulation.verdicts import Setting, simulate

SWEEPS, QUICK_SWEEPS = 2000, 60
CHUNK = 250
STREAM = 20_221


def run(
    settings: Sequence[Setting],
    sweeps: int,
    *,
    processes: int,
    seeds: Sequence[int] = SEEDS,
    keep: Path | None = None,
) -> list[Cell]:
    """Every setting's cells, the same for any number of processes; parts found in `keep` are not computed again."""
    sizes = [min(CHUNK, sweeps - start) for start in range(0, sweeps, CHUNK)]
    tasks = [
        (setting, size, (STREAM, s, c), seeds, keep)
        for s, setting in enumerate(settings)
        for c, size in enumerate(sizes)
    ]
    if processes == 1:
        parts = [_chunk(task) for task in tasks]
    else:
        with ProcessPoolExecutor(processes) as pool:
            parts = list(pool.map(_chunk, tasks, chunksize=1))
    cells = []
    for s, setting in enumerate(settings):
        own = parts[s * len(sizes) : (s + 1) * len(sizes)]
        names = own[0][0]
        values = np.concatenate([part[1] for part in own])  # (sweeps, seeds, names)
        false = values[:, :, names.index("false_claim")].mean(axis=1)
        with np.errstate(invalid="ignore"):
            means = np.nansum(values, axis=0) / np.isfinite(values).sum(axis=0)
        for column, count in enumerate(seeds):
            cells.append(
                Cell(setting, count, sweeps, dict(zip(names, means[column], strict=True)), float(false.var(ddof=1)))
            )
    return cells


def _chunk(
    task: tuple[Setting, int, tuple[int, ...], Sequence[int], Path | None],
) -> tuple[list[str], np.ndarray]:
    """Names of outcomes and their values (sweeps, seeds, names)."""
    setting, sweeps, stream, seeds, keep = task
    about = repr((setting, sweeps, stream, tuple(seeds)))
    file = None if keep is None else keep / f"{hashlib.sha256(about.encode()).hexdigest()[:16]}.npz"
    if file is not None and file.is_file():
        with np.load(file, allow_pickle=False) as kept:
            return kept["names"].tolist(), kept["values"]
    rng = np.random.default_rng(stream)
    outcomes = [simulate(setting, seeds, rng) for _ in range(sweeps)]
    names = list(outcomes[0][seeds[0]])
    values = np.array([[[o[count][name] for name in names] for count in seeds] for o in outcomes])
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_name(f".{file.name}")
        np.savez_compressed(half, names=names, values=values)
        half.rename(file)
    return names, values


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.false_winners", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few cells, few sweeps: does it still work?")
    parser.add_argument("--json", action="store_true", help="the summary and all cells as JSON")
    parser.add_argument("--sweeps", type=int, help=f"a cell, at least 2 (default {SWEEPS}; quick {QUICK_SWEEPS})")
    parser.add_argument("--processes", type=int, default=2, help="default 2")
    parser.add_argument("--cells", type=Path, help="write every cell to this CSV file")
    parser.add_argument("--keep", type=Path, help="a folder for finished parts: the same command goes on from there")
    options = parser.parse_args(arguments)
    sweeps = (QUICK_SWEEPS if options.quick else SWEEPS) if options.sweeps is None else options.sweeps
    if sweeps < 2 or options.processes < 1:
        parser.error("--sweeps must be at least 2 and --processes at least 1")
    started = time.monotonic()
    cells = run(list(grid(quick=options.quick)), sweeps, processes=options.processes, keep=options.keep)
    seconds = time.monotonic() - started
    if options.cells is not None:
        with options.cells.open("w", newline="") as file:
            writer = csv.DictWriter(file, cells[0].row().keys())
            writer.writeheader()
            writer.writerows(cell.row() for cell in cells)
    print(json.dumps(as_json(cells, seconds), indent=2) if options.json else markdown(cells, seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
