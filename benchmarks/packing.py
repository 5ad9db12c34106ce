"""Lanes packed into one batch against as many trained in turn: python -m benchmarks.packing [--quick] [--json FILE]

Both on one warm engine with one thread, epoch by epoch in turn: what a pack saves is not a worker's start. Caches below
the adapters are off in both. Ratios are of processor time, which other work on the machine changes little; training and
the scoring of 4 validation clips count. Memory is the process's peak, which for lanes in processes of their own would
be that of one lane, as many times.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from trainables import registry
from trainables.activations import OFF
from trainables.config import TrialConfig
from trainables.data.examples import Example
from trainables.engine import Engine, EngineKey, EngineSettings
from trainables.loop import Lane, LaneKey
from trainables.packed import Pack

MIB = 1 << 20
RANKS = (4, 8, 16)
CLIP_SECONDS = 1.0
TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "ast": ("classification", {"labels": ("hum", "hiss")}),
    "qwen2_audio": ("label_scoring", {"labels": ("hum", "hiss"), "prompt": "Is this a hum or a hiss?"}),
}
# (name, backbone, size, quantization, precision)
WORKLOADS = (
    ("tiny AST fp32", "ast", "mini-900k", "none", "fp32"),
    ("tiny AST bf16", "ast", "mini-900k", "none", "bf16"),
    ("NF4 Qwen2-style, 512 wide", "qwen2_audio", "mini-1m", "nf4", "fp32"),
)


class Tones:
    """Generated clips: hums and hisses."""

    def __init__(self, folder: Path, count: int, rate_hz: int) -> None:
        self.folder, self.rate_hz = folder, rate_hz
        self.examples = tuple(Example(str(i), (), str(i), ("hum", "hiss")[i % 2]) for i in range(count))

    def __len__(self) -> int:
        return len(self.examples)

    def waveform(self, index: int) -> np.ndarray:
        rng = np.random.default_rng(index)
        samples = round(CLIP_SECONDS * self.rate_hz)
        hiss = 0.1 * rng.standard_normal(samples)
        hum = 0.2 * np.sin(2 * np.pi * rng.uniform(120, 240) * np.arange(samples) / self.rate_hz)
        return (hiss if index % 2 else hum).astype(np.float32)

    def key(self, index: int) -> tuple[str, int]:
        return (str(self.folder), index)


def checkpoint(backbone: str, size: str, folder: Path) -> None:
    """Random weights of the size's shape; of Qwen2-Audio with a wider language model, for which 4 bits are meant."""
    module: Any = registry.backbone(backbone)
    kind, options = TASKS[backbone]
    if hasattr(module, "build"):
        module.write(module.build(size, registry.task(kind, dict(options)), seed=0), size, folder)
        return
    from transformers import Qwen2AudioForConditionalGeneration, WhisperFeatureExtractor

    from trainables.miniature.questions import tokenizer

    config = module.config(size)
    wider = {"hidden_size": 512, "intermediate_size": 1536, "num_attention_heads": 8, "num_key_value_heads": 8}
    for name, value in wider.items():
        setattr(config.text_config, name, value)
    torch.manual_seed(0)
    Qwen2AudioForConditionalGeneration(config).save_pretrained(folder)
    tokenizer(module.MINIATURE_VOCABULARY).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=128, chunk_length=2).save_pretrained(folder)


def measure(workload: str, batch_size: int, lanes: int, *, steps: int, rounds: int) -> dict[str, Any]:
    """One cell, in this process."""
    name, backbone, size, quantization, precision = next(each for each in WORKLOADS if each[0] == workload)
    kind, options = TASKS[backbone]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        checkpoint(backbone, size, folder / "model")
        key = EngineKey(backbone, size, quantization, precision)
        settings = EngineSettings(activations=OFF)
        engine = Engine(key, str(folder / "model"), registry.task(kind, dict(options)), settings)
        rate_hz = engine.backbone.SAMPLE_RATE_HZ
        train = Tones(folder / "train", batch_size * steps, rate_hz)
        validation = Tones(folder / "validation", 4, rate_hz)
        base = TrialConfig(
            backbone, size, quantization, target_modules="attention", epochs=rounds + 1, batch_size=batch_size
        )

        def opened() -> list[Lane]:
            configs = [
                replace(base, rank=RANKS[i % 3], alpha=2 * RANKS[i % 3], learning_rate=1e-3 / (1 + i))
                for i in range(lanes)
            ]
            return [engine.open_lane(c, LaneKey(seed, "-"), train, validation) for seed, c in enumerate(configs)]

        together = opened()
        packed = [_timed(lambda: Pack(together).train_epoch()) for _ in range(rounds + 1)]
        packed_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        alone = opened()
        in_turn = [_timed(lambda: [lane.train_epoch() for lane in alone]) for _ in range(rounds + 1)]
        losses = [abs(a["train/loss"] - b["train/loss"]) for a, b in zip(packed[-1][2], in_turn[-1][2], strict=True)]
    cpu, wall = (
        [median(epoch[which] for epoch in epochs[1:]) for epochs in (packed, in_turn)] for which in (0, 1)
    )  # the first epoch computes features
    return {
        "workload": name,
        "batch_size": batch_size,
        "lanes": lanes,
        "packed_cpu_seconds": cpu[0],
        "in_turn_cpu_seconds": cpu[1],
        "gain": cpu[1] / cpu[0],
        "gain_by_the_clock": wall[1] / wall[0],
        "packed_clips_per_cpu_second": lanes * len(train) / cpu[0],
        "packed_peak_mib": packed_bytes / MIB,
        "largest_difference_of_losses": max(losses),
    }


def _timed(act: Callable[[], Any]) -> tuple[float, float, Any]:
    cpu, wall = time.process_time(), time.perf_counter()
    result = act()
    return time.process_time() - cpu, time.perf_counter() - wall, result


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.packing", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1, 4 and 16 lanes, fewer steps: minutes")
    parser.add_argument("--lanes", help="sizes of packs, such as 1,8")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--cell", help=argparse.SUPPRESS)  # one cell in a process of its own: its peak is its own
    command = parser.parse_args(arguments)
    if command.cell:
        torch.set_num_threads(1)
        print(json.dumps(measure(**json.loads(command.cell))))
        return 0
    lanes, steps, rounds = ((1, 4, 16), 6, 2) if command.quick else ((1, 2, 4, 8, 16), 16, 3)
    if command.lanes:
        lanes = tuple(int(count) for count in command.lanes.split(","))
    cells = []
    for name, *_ in WORKLOADS:
        for batch_size in (1, 2 if "NF4" in name else 8):
            for count in lanes:
                cell = {"workload": name, "batch_size": batch_size, "lanes": count, "steps": steps, "rounds": rounds}
                run = [sys.executable, "-m", "benchmarks.packing", "--cell", json.dumps(cell)]
                done = subprocess.run(run, capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    print(done.stderr, file=sys.stderr)
                    return 1
                cells.append(json.loads(done.stdout.splitlines()[-1]))
    show(cells, Console(width=120))
    if command.json is not None:
        command.json.write_text(json.dumps({"cells": cells}, indent=1))
    return 0


def show(cells: Sequence[dict[str, Any]], console: Console) -> None:
    headings = ("workload", "batch", "lanes", "gain (CPU time)", "by the clock", "clips/s", "peak MiB", "as processes")
    table = Table(*headings, title="Lanes in one batch against lanes in turn, one thread")
    ones = {(c["workload"], c["batch_size"]): c["packed_peak_mib"] for c in cells if c["lanes"] == 1}
    for cell in cells:
        as_processes = ones[cell["workload"], cell["batch_size"]] * cell["lanes"]
        table.add_row(
            cell["workload"], str(cell["batch_size"]), str(cell["lanes"]), f"{cell['gain']:.2f}x",
            f"{cell['gain_by_the_clock']:.2f}x", f"{cell['packed_clips_per_cpu_second']:.0f}",
            f"{cell['packed_peak_mib']:.0f}", f"{as_processes:.0f}",
        )  # fmt: skip
    console.print(table)
    worst = max(cell["largest_difference_of_losses"] for cell in cells)
    console.print(f"largest difference of a lane's last training loss, packed and alone: {worst:.1e}")


if __name__ == "__main__":
    sys.exit(main())
