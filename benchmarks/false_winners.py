"""How often does the verdict find a winner where there is none, how often one that is there, and do its intervals hold?

    OMP_NUM_THREADS=1 python -m benchmarks.false_winners            the whole table, 45 minutes of one busy core
    python -m benchmarks.false_winners --quick                      a few settings, few sweeps: does it still work?

Simulated sweeps whose truth is known (`benchmarks.simulation`) go through the shipped statistics. Results are kept in
`benchmarks/false_winners.jsonl`, a line a setting, as they come: the same command goes on from there, and `--table`
computes what is missing and writes all that is made from them (FALSE_WINNERS.md, false_winners.json, the rates that
README, docs and reports quote); `--table --partial` does so from what is there:

    python -m benchmarks.false_winners --table
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.simulation.cells import Simulated, cells_of, read
from benchmarks.simulation.grid import SEEDS, grid
from benchmarks.simulation.quotes import numbers_of, write
from benchmarks.simulation.report import markdown
from benchmarks.simulation.settings import Setting
from benchmarks.simulation.simulate import simulate
from benchmarks.simulation.stopping_report import stopping_tables

HERE = Path(__file__).parent
KEPT, TABLE = HERE / "false_winners.jsonl", HERE / "FALSE_WINNERS.md"
NUMBERS = HERE / "false_winners.json"
ERROR_RATES = HERE.parent / "analysis" / "compare" / "error_rates.json"
SWEEPS, QUICK_SWEEPS = 2000, 60
FEWER = {"resampling": 5}  # families of slow tests: as many times fewer sweeps


def run(settings: Sequence[Setting], sweeps: int, kept: Path | None = None) -> list[Simulated]:
    """Every setting's cells; those found in `kept` are not computed again."""
    there = {} if kept is None else {_key(each): each for each in read(kept)}
    started, before, made = time.process_time(), len(there), 0
    found = []
    for number, setting in enumerate(settings, start=1):
        size = max(2, sweeps // FEWER.get(setting.family, 1))
        if (repr(setting), size) not in there:
            each = cells_of(setting, simulate(setting, size, SEEDS), size)
            there[repr(setting), size] = each
            made += 1
            if kept is not None:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(each.as_line() + "\n")
                minutes = (time.process_time() - started) / 60.0
                print(f"{number} of {len(settings)}, {minutes:.1f} min. of processor time", file=sys.stderr, flush=True)
        found.append(there[repr(setting), size])
    if kept is not None and made:
        print(f"{made} settings computed, {before} found in {kept.name}", file=sys.stderr)
    return found


def _key(each: Simulated) -> tuple[str, int]:
    return repr(each.cells[0].setting), each.cells[0].sweeps


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.false_winners", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few settings, few sweeps; nothing is kept or written")
    parser.add_argument("--sweeps", type=int, help=f"a setting, at least 2 (default {SWEEPS}; quick {QUICK_SWEEPS})")
    parser.add_argument("--family", help="only settings of this family")
    parser.add_argument("--kept", type=Path, default=KEPT, help="where results are kept")
    parser.add_argument("--table", action="store_true", help="write tables, numbers, and what README and docs quote")
    parser.add_argument("--partial", action="store_true", help="only from what is kept: compute nothing")
    options = parser.parse_args(arguments)
    sweeps = (QUICK_SWEEPS if options.quick else SWEEPS) if options.sweeps is None else options.sweeps
    if sweeps < 2:
        parser.error("--sweeps must be at least 2")
    settings = [s for s in grid(quick=options.quick) if options.family in (None, s.family)]
    if options.partial:
        there = {repr(each.cells[0].setting) for each in read(options.kept)}
        settings = [setting for setting in settings if repr(setting) in there]
    found = run(settings, sweeps, None if options.quick else options.kept)
    text = markdown(found)
    stopped = stopping_tables([cell for each in found for cell in each.cells])
    text += f"\n## Confirmations that stop as soon as they may\n\n{stopped}\n"
    if options.partial and (left := len(list(grid())) - len(settings)) > 0:
        text += f"\nNot simulated yet: {left} of the {len(settings) + left} settings of the grid.\n"
    if options.table:
        TABLE.write_text(text, encoding="utf-8")
        numbers = numbers_of(found)
        if options.partial and not numbers["beside"]["sweeps_per_cell"]:
            numbers["beside"] = json.loads(ERROR_RATES.read_text(encoding="utf-8"))  # not there yet
        NUMBERS.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
        ERROR_RATES.write_text(json.dumps(numbers["beside"], indent=1) + "\n", encoding="utf-8")
        write(HERE.parent, numbers)
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
