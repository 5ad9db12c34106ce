"""What makes a training step faster here: python -m benchmarks.kernels [BACKBONE SIZE] [--ways A,B] [--json FILE]

One optimizer step of a backbone of a published shape with random weights, adapters in all its layers, on one thread: in
float32 and bfloat16, with torch's fused attention and without, compiled by torch.compile and not; and what of it is
making the batch, which is all that a second thread could do ahead. Each in a process of its own; processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from rich.console import Console
from rich.table import Table

WAYS = ("fp32", "bf16", "fp32 eager", "fp32 compiled")
CLIPS, BATCH, STEPS = 4, 2, 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernels", description=__doc__.splitlines()[0])
    parser.add_argument("backbone", nargs="?", default="ast")
    parser.add_argument("size", nargs="?", default="base-16")
    parser.add_argument("--ways", default=",".join(WAYS), help="some of %(default)s")
    parser.add_argument("--json", type=Path)
    command = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kernels-") as folder:
        write(command.backbone, command.size, Path(folder))
        rows = {way: in_a_process(way, command.backbone, command.size, folder) for way in command.ways.split(",")}
    if command.json:
        command.json.write_text(json.dumps(rows, indent=2))
    table = Table(title=f"{command.backbone} {command.size}, {BATCH} clips a step, one thread, processor time")
    for heading in ("way", "first step s", "step s", "speed", "making the batch", "loss"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    first = next(iter(rows.values()))
    for way, row in rows.items():
        speed, batch = first["step_seconds"] / row["step_seconds"], row["batch_seconds"] / row["step_seconds"]
        figures = (f"{row['first_seconds']:.2f}", f"{row['step_seconds']:.3f}", f"{speed:.2f}x", f"{batch:.2%}")
        table.add_row(way, *figures, f"{row['loss']:.5f}")
    Console(width=120).print(table)
    return 0


def write(backbone: str, size: str, folder: Path) -> None:
    from trainables import registry
    from trainables.data.examples import AudioPiece, Example
    from trainables.data.sound.store import write_store

    module: Any = registry.backbone(backbone)
    (folder / "weights").mkdir()
    module.write(module.build(size, task(), 0), size, folder / "weights")
    rng, examples = np.random.default_rng(0), []
    for number in range(CLIPS):
        path = folder / f"{number}.wav"
        soundfile.write(path, 0.1 * rng.standard_normal(module.SAMPLE_RATE_HZ), module.SAMPLE_RATE_HZ)
        examples.append(Example(str(number), (AudioPiece(str(path)),), str(number), "HUM" if number % 2 else "HISS"))
    write_store(folder / "clips", examples, sample_rate_hz=module.SAMPLE_RATE_HZ, window_seconds=2.0)


def task() -> Any:
    from trainables.tasks.classification import Classification

    return Classification(labels=("HISS", "HUM"))


def in_a_process(way: str, backbone: str, size: str, folder: str) -> dict[str, float]:
    print(f"{way} ...", file=sys.stderr, flush=True)
    code = f"from benchmarks.kernels import measure; measure({way!r}, {backbone!r}, {size!r}, {folder!r})"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{way} failed:\n{done.stderr[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(way: str, backbone: str, size: str, folder: str) -> None:
    import torch

    from trainables import registry
    from trainables.config import TrialConfig
    from trainables.contract import mean_loss
    from trainables.data.sound.store import SplitStore
    from trainables.training.engine import Engine, EngineKey, EngineSettings
    from trainables.training.lane import Lane, LaneKey

    precision, _, how = way.partition(" ")
    module: Any = registry.backbone(backbone)
    engine = Engine(
        EngineKey(backbone, size, "none", precision), f"{folder}/weights", task(), EngineSettings(activations="off")
    )
    if how == "eager":
        engine.model.set_attn_implementation("eager")
    clips = SplitStore(Path(folder) / "clips")
    preset = "all-linear" if "all-linear" in module.PRESETS else next(iter(module.PRESETS))
    config = TrialConfig(backbone=backbone, model_size=size, target_modules=preset, batch_size=BATCH, epochs=100)
    lane = Lane(engine, config, LaneKey(1, "-"), clips, clips)
    engine.start_training(lane.name)
    forward = torch.compile(engine.model.forward) if how == "compiled" else None
    if forward is not None:
        engine.model.forward = forward
    times: list[float] = []
    made = 0.0
    for _ in range(1 + STEPS):
        started = time.process_time()
        batch = engine.collated(lane.clip_batch([0, 1]))
        made = time.process_time() - started
        with engine.accelerator.autocast():
            loss = mean_loss(engine.backbone, engine.model, batch, label_smoothing=0.0)
        engine.accelerator.backward(loss)
        lane.optimizer.step()
        lane.optimizer.zero_grad()
        times.append(time.process_time() - started)
    found = {"first_seconds": times[0], "step_seconds": min(times[1:]), "batch_seconds": made, "loss": float(loss)}
    print(json.dumps(found))


if __name__ == "__main__":
    raise SystemExit(main())
