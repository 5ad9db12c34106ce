"""Taking in clips, against an earlier commit: python -m benchmarks.intake COMMIT [--clips N] [--rows N] [--json FILE]

Both read, check, divide and decode the same generated files, in turn and in processes of their own: from the start to
what a worker needs for its first batch, the bytes that are then on the disk, and the driver's largest memory for a
manifest of very many rows. What counts is the ratio of the two in one run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.arms.workloads import WORKLOADS

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 2
CLIP_SECONDS, RATE_HZ = 0.02, 16_000
ROWS_OF_A_FILE, ROW_SECONDS, ROWS_RATE_HZ = 1000, 0.1, 8000
# Run in the folder of each commit, whose modules are called otherwise
TAKES_IN = """
import json, resource, sys, tempfile, time
from pathlib import Path
try:
    from sweeps.plan.parts import make_console
    from sweeps.plan.prepare import prepare
    from sweeps.stage.inputs import make_stores
    from sweeps.state.workspace import new_workspace
except ImportError:
    from sweeps.materials import make_stores
    from sweeps.prepare import prepare
    from sweeps.sweep import make_console
    from sweeps.workspace import new_workspace
small, large, decode = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "decode"
prepare(small, ["profile=cpu"], planning=False)  # imports
started, cpu = time.perf_counter(), time.process_time()
prepared = prepare(large, ["profile=cpu"], planning=False)
found = {"check_seconds": time.perf_counter() - started}
if decode:
    with tempfile.TemporaryDirectory(dir=large.parent) as folder:
        workspace = new_workspace(Path(folder) / "results", prepared.spec.name)
        stores = make_stores(prepared, workspace, ("train", "validation"), make_console())
        found["seconds"] = time.perf_counter() - started
        files = [file for store in stores.values() for file in Path(store).rglob("*") if file.is_file()]
        found["store_bytes"] = sum(file.stat().st_size for file in files)
children = resource.getrusage(resource.RUSAGE_CHILDREN)
found["processor_seconds"] = time.process_time() - cpu + children.ru_utime + children.ru_stime
found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(found))
"""


def clips(folder: Path, count: int) -> Path:
    """So many short files, four to a group, as `benchmarks.growth` has them; returns the sweep file."""
    rng = np.random.default_rng(0)
    lines = ["audio,label,group"]
    for index in range(count):
        noise = 0.1 * rng.standard_normal(round(CLIP_SECONDS * RATE_HZ))
        soundfile.write(folder / f"{index}.wav", noise.astype(np.float32), RATE_HZ)
        lines.append(f"{index}.wav,{('HUM', 'HISS')[index % 2]},{index // 4}")
    return _sweep(folder, lines)


def rows(folder: Path, count: int) -> Path:
    """So many stretches of files of a hundred seconds; returns the sweep file."""
    rng = np.random.default_rng(0)
    lines = ["audio,label,group,start_seconds,seconds"]
    for file in range(-(-count // ROWS_OF_A_FILE)):
        noise = 0.1 * rng.standard_normal(round(ROWS_OF_A_FILE * ROW_SECONDS * ROWS_RATE_HZ))
        soundfile.write(folder / f"{file}.wav", noise.astype(np.float32), ROWS_RATE_HZ)
        lines += [
            f"{file}.wav,{('HUM', 'HISS')[row % 2]},{file}-{row // 10},{row * ROW_SECONDS:.1f},{ROW_SECONDS}"
            for row in range(ROWS_OF_A_FILE)
        ]
    return _sweep(folder, lines[: count + 1])


def _sweep(folder: Path, lines: Sequence[str]) -> Path:
    file = WORKLOADS["tiny_ast"].file(folder)
    data = {"source": "clips.csv", "splits": {"validation": 0.2, "test": 0.2}}
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"data": data}, sort_keys=False))
    (folder / "clips.csv").write_text("\n".join(lines) + "\n")  # the workload wrote its own
    return file


def taken_in(tree: Path, small: Path, large: Path, what: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as cache:
        known = {"AUDIO_SWEEPS_CACHE": cache, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(tree)}
        command = [sys.executable, "-c", TAKES_IN, str(small), str(large), what]
        done = subprocess.run(command, cwd=tree, env={**os.environ, **known}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{tree} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def compared(commit: str, count: int, number_of_rows: int) -> dict[str, Any]:
    """Medians of REPEATS runs of each, in turn, and their ratios."""
    with tempfile.TemporaryDirectory(prefix="intake-") as temporary:
        home = Path(temporary)
        tree = home / "earlier"
        subprocess.run(["git", "worktree", "add", "-q", "--detach", str(tree), commit], cwd=ROOT, check=True)
        try:
            folders = {name: home / name for name in ("small", "clips", "rows")}
            for folder in folders.values():
                folder.mkdir()
            small = clips(folders["small"], 100)
            files = {"decode": clips(folders["clips"], count), "rows": rows(folders["rows"], number_of_rows)}
            found: dict[str, Any] = {"clips": count, "rows": number_of_rows}
            for what, file in files.items():
                times = REPEATS if what == "decode" else 1
                pairs = [[taken_in(each, small, file, what) for each in (tree, ROOT)] for _ in range(times)]
                for name in pairs[0][0]:
                    earlier, now = (statistics.median(pair[side][name] for pair in pairs) for side in (0, 1))
                    found[f"{what}: {name}"] = {"earlier": earlier, "now": now, "ratio": now / earlier}
            return found
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=False)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intake", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("commit", help="the earlier one")
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    command = parser.parse_args(arguments)
    found = compared(command.commit, command.clips, command.rows)
    table = Table(title=f"{found['clips']:,} clips, {found['rows']:,} rows", title_justify="left")
    for name in ("what", command.commit, "now", "ratio"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for name, each in found.items():
        if isinstance(each, dict):
            table.add_row(name, *(f"{each[side]:.4g}" for side in ("earlier", "now", "ratio")))
    Console(width=110).print(table)
    if command.json is not None:
        command.json.write_text(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
