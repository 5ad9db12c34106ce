"""What it saves to adapt the topmost layers alone: python -m benchmarks.top_layers [--size base-16] [--json FILE]

AST with random weights, fp32, one thread, batches of two clips of a second, without Ray. "Computed" is an epoch as
transformers has it: every pass from bottom to top, though gradients stop below the lowest adapter. "Recording" is the
first epoch that keeps what lies below, which also measures whether that pays; a sweep pays it once for each number of
layers, whichever worker meets a clip first. "Then" is every later epoch. Processor time, which other work on the
machine changes little.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.arms.documented import as_transformers_has_it
from benchmarks.packing_workloads import TASKS, Tones
from trainables import registry
from trainables.backbones import ast
from trainables.config import TrialConfig
from trainables.prefix_cache.activations import AUTO, OFF
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey

TRAIN_CLIPS, VALIDATION_CLIPS, BATCH_SIZE = 4, 2, 2
EPOCHS = 3  # the first one records


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.top_layers", description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="base-16", choices=[*ast.SIZES, *ast.MINIATURE_SIZES])
    parser.add_argument("--layers", default="12,4,2,1", help="how many are adapted (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    command = parser.parse_args(arguments)
    found = measure(command.size, [int(count) for count in command.layers.split(",")])
    table = Table("layers adapted", "computed, s", "recording, s", "then, s", "ratio", "losses differ by")
    for row in found:
        seconds = [f"{row[name]:.2f}" for name in ("computed_seconds", "recording_seconds", "kept_seconds")]
        table.add_row(
            str(row["layers"]),
            *seconds,
            f"{row['computed_seconds'] / row['kept_seconds']:.1f}x",
            f"{row['losses_differ_by']:.0e}",
        )
    Console().print(table)
    if command.json is not None:
        command.json.write_text(json.dumps(found, indent=1))
    return 0


def measure(size: str, layers: Sequence[int]) -> list[dict[str, Any]]:
    """Of each number of adapted layers, from the lowest cut to the highest, as a sweep's worker may meet them."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        task = registry.task(TASKS["ast"][0], dict(TASKS["ast"][1]))
        ast.write(ast.build(size, task, seed=0), size, folder / "checkpoint")
        key = EngineKey("ast", size, "none", "fp32")
        plain, keeping = (
            Engine(key, str(folder / "checkpoint"), task, EngineSettings(activations=mode, kept_bytes_per_clip=1 << 24))
            for mode in (OFF, AUTO)
        )
        as_transformers_has_it(plain.model)
        clips = [
            Tones(folder / name, count, ast.SAMPLE_RATE_HZ)
            for name, count in (("train", TRAIN_CLIPS), ("validation", VALIDATION_CLIPS))
        ]
        epochs(plain, layers[-1], clips, 1)  # features, and what a process does only once
        return [compared(plain, keeping, count, clips) for count in sorted(layers, reverse=True)]


def compared(plain: Engine, keeping: Engine, layers: int, clips: Sequence[Tones]) -> dict[str, Any]:
    computed, kept = epochs(plain, layers, clips, 2), epochs(keeping, layers, clips, EPOCHS)
    return {
        "layers": layers,
        "computed_seconds": min(seconds for seconds, _ in computed),
        "recording_seconds": kept[0][0],
        "kept_seconds": min(seconds for seconds, _ in kept[1:]),
        "losses_differ_by": max(abs(ours - theirs) for (_, ours), (_, theirs) in zip(kept, computed, strict=False)),
    }


def epochs(engine: Engine, layers: int, clips: Sequence[Tones], count: int) -> list[tuple[float, float]]:
    """Of each: processor seconds, validation loss."""
    config = TrialConfig(
        backbone="ast",
        model_size=engine.key.model_size,
        target_modules="attention",
        layers=layers,
        learning_rate=1e-3,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
    )
    lane, found = Lane(engine, config, LaneKey(1, "-"), *clips), []
    for _ in range(count):
        started = time.process_time()
        loss = lane.train_epoch()["val/loss"]
        found.append((time.process_time() - started, loss))
    lane.close()
    return found


if __name__ == "__main__":
    sys.exit(main())
