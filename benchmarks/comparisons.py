"""How long `python -m analysis.compare` takes on 200,000 rows, and how much memory.

    OMP_NUM_THREADS=1 python -m benchmarks.comparisons [--against COMMIT] [--rows N]

Two CSV files each of labels (10 classes, macro F1), of transcripts (word error rate) and of numbers (correlation), in
10,000 test groups. With `--against` the same files go through that commit of this repository too, in turn with this
one. Times are of the processor (user and system), so that other work on the machine weighs little; one core.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
ROWS, GROUPS, CLASSES = 200_000, 10_000, 10
MOST_SECONDS = 1200  # of a run


def labels(rng: np.random.Generator, rows: int) -> tuple[list[str], list[list[str]]]:
    """Targets, and the outputs of two models that are right in 80 and 81 %."""
    targets = rng.integers(0, CLASSES, rows)
    outputs = [np.where(rng.random(rows) < right, targets, rng.integers(0, CLASSES, rows)) for right in (0.8, 0.81)]
    return [f"class {t}" for t in targets], [[f"class {o}" for o in side] for side in outputs]


def transcripts(rng: np.random.Generator, rows: int) -> tuple[list[str], list[list[str]]]:
    """Sentences of 3 to 20 words; one word in ten, or in twelve, is another one."""
    words = np.array([f"word{number}" for number in range(500)])
    lengths = rng.integers(3, 21, rows)
    flat = rng.integers(0, len(words), lengths.sum())
    ends = np.cumsum(lengths)[:-1]

    def joined(chosen: np.ndarray) -> list[str]:
        return [" ".join(part) for part in np.split(words[chosen], ends)]

    outputs = [
        np.where(rng.random(len(flat)) < wrong, rng.integers(0, len(words), len(flat)), flat) for wrong in (0.1, 0.083)
    ]
    return joined(flat), [joined(side) for side in outputs]


def numbers(rng: np.random.Generator, rows: int) -> tuple[list[str], list[list[str]]]:
    targets = rng.standard_normal(rows)
    outputs = [targets + spread * rng.standard_normal(rows) for spread in (0.70, 0.69)]
    return [f"{t:.5f}" for t in targets], [[f"{o:.5f}" for o in side] for side in outputs]


KINDS: dict[str, Callable[[np.random.Generator, int], tuple[list[str], list[list[str]]]]] = {
    "macro_f1": labels,
    "wer": transcripts,
    "pearson": numbers,
}


def files(folder: Path, metric: str, rows: int) -> list[Path]:
    """Two files of predictions."""
    rng = np.random.Generator(np.random.SFC64(7))
    targets, sides = KINDS[metric](rng, rows)
    groups = rng.integers(0, GROUPS, rows)
    found = []
    for name, outputs in zip("ab", sides, strict=True):
        path = folder / f"{metric}_{name}.csv"
        lines = (f"e{i},{g},{t},{o}" for i, (g, t, o) in enumerate(zip(groups, targets, outputs, strict=True)))
        path.write_text("example_id,group,target,output\n" + "\n".join(lines) + "\n")
        found.append(path)
    return found


def measured(code: Path, paths: Sequence[Path], metric: str) -> tuple[float, float, str]:
    """Processor seconds, peak memory in GiB, and the first line that the command prints."""
    command = [sys.executable, "-m", "analysis.compare", *map(str, paths), "--metric", metric]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(code)}
    # RUSAGE_CHILDREN keeps the largest of all children, so that each is waited for in a process of its own
    script = (
        "import resource, subprocess, sys\n"
        f"done = subprocess.run(sys.argv[1:], capture_output=True, text=True, timeout={MOST_SECONDS})\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20)\n"
        "print(done.stdout if done.returncode == 0 else done.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command], capture_output=True, text=True, cwd=code, env=environment
    )
    if done.returncode:
        return float("nan"), float("nan"), f"more than {MOST_SECONDS} s"
    first, *rest = done.stdout.splitlines()
    seconds, gib = map(float, first.split())
    return seconds, gib, next((line for line in rest if line.strip()), "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", help="a commit of this repository")
    parser.add_argument("--rows", type=int, default=ROWS, help=f"of each file (default {ROWS:,})")
    parser.add_argument("--metric", choices=KINDS, help="only this one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        codes = {"here": ROOT}
        if options.against:
            codes[options.against] = folder / "code"
            archive = subprocess.run(
                ["git", "archive", options.against], cwd=ROOT, capture_output=True, check=True
            ).stdout
            codes[options.against].mkdir()
            subprocess.run(["tar", "-x", "-C", str(codes[options.against])], input=archive, check=True)
        print(f"{options.rows:,} rows a file, {GROUPS:,} groups; processor seconds, peak GiB")
        for metric in [options.metric] if options.metric else KINDS:
            paths = files(folder, metric, options.rows)
            for code, where in codes.items():
                seconds, gib, line = measured(where, paths, metric)
                print(f"{metric:10} {code:10} {seconds:8.1f} s {gib:6.2f} GiB   {line}", flush=True)


if __name__ == "__main__":
    main()
