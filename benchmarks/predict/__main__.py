"""Answers to new sound a second: python -m benchmarks.predict [BACKBONE] [--clips 10000] [--json FILE]

`sweeps.predict` on an exported adapter against a loop over transformers' `pipeline("audio-classification")` with the
same adapter (PEFT, merged), both on the same one-second WAV files and with the batch size that suits each best on the
first 500; the pipeline is handed decoded samples by a generator, so that it need not start ffmpeg for every file. Each
in a process of its own, threads as each has them by default. Peak memory at a tenth of the clips and at all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.predict.arms import ARMS, BATCHES, prepare

TUNING_CLIPS = 500


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.predict", description=__doc__.splitlines()[0])
    parser.add_argument("backbone", nargs="?", default="ast")
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    command = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="predict-") as folder:
        prepare(command.backbone, Path(folder), command.clips)
        rows = {arm: measured(arm, folder, command.clips) for arm in ARMS}
    same = sum(a == b for a, b in zip(*(row.pop("answers") for row in rows.values()), strict=True))
    for row in rows.values():
        row["same_answers"] = same
    if command.json:
        command.json.write_text(json.dumps(rows, indent=2))
    table = Table(title=f"{command.backbone}, {command.clips} clips of a second")
    for heading in ("way", "batch", "clips/s", "speed", "CPU s", "GiB at a tenth", "GiB at all", "ratio"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    slowest = rows["pipeline"]["clips_per_second"]
    for arm, row in rows.items():
        speed, ratio = row["clips_per_second"] / slowest, row["peak_bytes"] / row["tenth_peak_bytes"]
        memory = (f"{row['tenth_peak_bytes'] / 2**30:.3f}", f"{row['peak_bytes'] / 2**30:.3f}", f"{ratio:.2f}")
        figures = (f"{row['clips_per_second']:.1f}", f"{speed:.2f}x", f"{row['cpu_seconds']:.1f}", *memory)
        table.add_row(arm, str(row["batch"]), *figures)
    Console(width=120).print(table)
    print(f"{same} of {command.clips} answers are the same")
    return 0


def measured(arm: str, folder: str, clips: int) -> dict[str, Any]:
    batches = BATCHES[arm]
    tuned = {batch: in_a_process(arm, folder, min(TUNING_CLIPS, clips), batch)["clips_per_second"] for batch in batches}
    best = max(tuned, key=lambda batch: tuned[batch])
    tenth = in_a_process(arm, folder, clips // 10, best)
    whole = in_a_process(arm, folder, clips, best)
    return {**whole, "batch": best, "tenth_peak_bytes": tenth["peak_bytes"], "tuned": tuned}


def in_a_process(arm: str, folder: str, clips: int, batch: int) -> dict[str, Any]:
    print(f"{arm}, {clips} clips, batches of {batch} ...", file=sys.stderr, flush=True)
    code = f"from benchmarks.predict.arms import run; run({arm!r}, {folder!r}, {clips}, {batch})"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    environment.pop("OMP_NUM_THREADS", None)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{arm} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    raise SystemExit(main())
