"""Lanes packed into one batch against as many trained in turn, and in processes of their own:
python -m benchmarks.packing [--device cpu|cuda] [--quick] [--json FILE]

Packed and in turn: on one warm engine, epoch by epoch, so that what a pack saves is not a worker's start. Processes: as
many at a time as there are lanes, each with an engine and one lane, over the same epochs. Caches below the adapters are
off. On a CPU every process has one thread, ratios are of processor time, which other work on the machine changes
little, and memory is the process's peak. On a GPU ratios are by the clock, memory is what tensors took at most, and the
backbone is Qwen2-Audio's real shape with random weights. Training and the scoring of 4 validation clips count.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.packing_workloads import REAL, TINY, WORKLOADS, Workload
from sweeps.machine.bf16 import bf16_pays
from trainables.packing.pack import Pack
from trainables.process.metering import peak_bytes, start_counting

MIB = 1 << 20
STARTED_WITHIN_SECONDS = 1800.0
HEADINGS = (
    "workload", "batch", "lanes", "packed against in turn", "against processes", "packed clips/s", "packed MiB",
    "processes MiB",
)  # fmt: skip


def measure(workload: Workload, cell: Mapping[str, Any], folder: Path, device: str) -> dict[str, Any]:
    """Packed and in turn, in this process."""
    engine = workload.engine(Path(cell["checkpoint"]), device)
    epochs = range(cell["rounds"] + 1)

    def lanes() -> list[Any]:
        return workload.lanes(
            engine, range(cell["lanes"]), cell["batch_size"], steps=cell["steps"], epochs=len(epochs), folder=folder
        )

    start_counting(device)
    together = lanes()
    packed = [timed(lambda: Pack(together).train_epoch(), device) for _ in epochs]
    packed_bytes = peak(device)
    for lane in together:
        lane.close()
    alone = lanes()
    in_turn = [timed(lambda: [lane.train_epoch() for lane in alone], device) for _ in epochs]
    losses = [abs(a["train/loss"] - b["train/loss"]) for a, b in zip(packed[-1][1], in_turn[-1][1], strict=True)]
    packed_seconds, in_turn_seconds = (
        median(seconds for seconds, _ in each[1:]) for each in (packed, in_turn)
    )  # the first epoch computes features
    return {
        "packed_seconds": packed_seconds,
        "in_turn_seconds": in_turn_seconds,
        "packed_clips_per_second": cell["lanes"] * cell["batch_size"] * cell["steps"] / packed_seconds,
        "packed_peak_mib": packed_bytes / MIB,
        "largest_difference_of_losses": max(losses),
    }


def measure_alone(workload: Workload, cell: Mapping[str, Any], folder: Path, device: str) -> dict[str, Any]:
    """One lane, beside the other processes of this cell: all begin their epochs together."""
    engine = workload.engine(Path(cell["checkpoint"]), device)
    start_counting(device)
    [lane] = workload.lanes(
        engine, [cell["lane"]], cell["batch_size"], steps=cell["steps"], epochs=cell["rounds"] + 1, folder=folder
    )
    lane.train_epoch()
    meeting = Path(cell["meeting"])
    (meeting / str(os.getpid())).touch()
    until = time.monotonic() + STARTED_WITHIN_SECONDS
    while len(list(meeting.iterdir())) < cell["lanes"]:
        if time.monotonic() > until:
            raise SystemExit("the other processes have not begun")
        time.sleep(0.05)
    epochs = [timed(lane.train_epoch, device) for _ in range(cell["rounds"])]
    return {"seconds": median(seconds for seconds, _ in epochs), "peak_mib": peak(device) / MIB}


def timed(act: Callable[[], Any], device: str) -> tuple[float, Any]:
    """Processor seconds on a CPU, seconds by the clock on a GPU."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    started = clock()
    result = act()
    if device == "cuda":
        torch.cuda.synchronize()
    return clock() - started, result


def peak(device: str) -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 if device == "cpu" else peak_bytes(device)


def in_processes(orders: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What each answers, all at the same time in processes of their own: a peak is a process's own."""
    with ExitStack() as files:
        answers = [files.enter_context(tempfile.TemporaryFile("w+")) for _ in orders]
        errors = [files.enter_context(tempfile.TemporaryFile("w+")) for _ in orders]
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.packing", "--cell", json.dumps(order)], stdout=out, stderr=err
            )
            for order, out, err in zip(orders, answers, errors, strict=True)
        ]
        try:
            while any(process.poll() is None for process in running):
                if any(process.returncode for process in running):
                    break  # the others would wait for it
                time.sleep(0.05)
            failed = [process.returncode for process in running if process.returncode]
        finally:
            for process in running:
                process.kill()
                process.wait()
        for file in (*answers, *errors):
            file.seek(0)
        if failed:
            said = "\n".join(error.read()[-4000:] for error in errors)
            raise SystemExit(f"a process ended with {failed[0]}:\n{said}")
        return [json.loads(out.read().splitlines()[-1]) for out in answers]


def cells(
    workload: Workload, lanes: Sequence[int], *, steps: int, rounds: int, device: str, processes: int
) -> Iterator[dict[str, Any]]:
    """Each batch size by each number of lanes; up to so many `processes` at a time."""
    with tempfile.TemporaryDirectory() as temporary:
        checkpoint = Path(temporary) / "checkpoint"
        workload.write_checkpoint(checkpoint, device)
        torch.cuda.empty_cache()  # the lanes' processes want what it took
        for batch_size in workload.batch_sizes:
            for count in lanes:
                cell = {"workload": workload.name, "batch_size": batch_size, "lanes": count}
                order = {**cell, "steps": steps, "rounds": rounds, "checkpoint": str(checkpoint), "device": device}
                [found] = in_processes([order])
                if count <= processes:
                    found |= side_by_side(order)
                yield cell | found


def side_by_side(order: Mapping[str, Any]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as meeting:
        alone = in_processes([{**order, "meeting": meeting, "lane": lane} for lane in range(order["lanes"])])
    return {
        "processes_seconds": sum(each["seconds"] for each in alone)
        if order["device"] == "cpu"
        else max(each["seconds"] for each in alone),
        "processes_peak_mib": sum(each["peak_mib"] for each in alone),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.packing", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--quick", action="store_true", help="1, 4 and 16 lanes, fewer steps: minutes")
    parser.add_argument("--lanes", help="sizes of packs, such as 1,8")
    parser.add_argument("--processes", type=int, default=4, help="as many at a time at most (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--cell", help=argparse.SUPPRESS)
    command = parser.parse_args(arguments)
    if command.cell:
        return answer(json.loads(command.cell))
    if command.device == "cuda" and not torch.cuda.is_available():
        parser.error("there is no CUDA device here; leave --device out")
    lanes, steps, rounds = ((1, 4, 16), 6, 2) if command.quick else ((1, 2, 4, 8, 16), 16, 3)
    if command.lanes:
        lanes = tuple(int(count) for count in command.lanes.split(","))
    found: list[dict[str, Any]] = []
    for workload in REAL if command.device == "cuda" else worth_packing(TINY):
        options = {"device": command.device, "processes": command.processes}
        for cell in cells(workload, lanes, steps=steps, rounds=rounds, **options):
            print(json.dumps(cell), file=sys.stderr, flush=True)
            found.append(cell)
    show(found, Console(width=140))
    if command.json is not None:
        command.json.write_text(json.dumps({"device": device_name(command.device), "cells": found}, indent=1))
    return 0


def worth_packing(workloads: Sequence[Workload]) -> list[Workload]:
    """Those whose precision a sweep would choose here: without instructions for it bfloat16 takes hours."""
    kept = [workload for workload in workloads if workload.precision != "bf16" or bf16_pays()]
    for workload in workloads:
        if workload not in kept:
            print(f"left out: {workload.name}, which does not pay on this processor", file=sys.stderr)
    return kept


def answer(cell: Mapping[str, Any]) -> int:
    if cell["device"] == "cpu":
        torch.set_num_threads(1)
    act = measure_alone if "meeting" in cell else measure
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(act(WORKLOADS[cell["workload"]], cell, Path(folder), cell["device"])))
    return 0


def device_name(device: str) -> str:
    return torch.cuda.get_device_name(0) if device == "cuda" else f"{os.cpu_count()} cores, one thread a process"


def show(found: Sequence[Mapping[str, Any]], console: Console) -> None:
    table = Table(*HEADINGS, title="Lanes in one batch, in turn, and in processes of their own")
    for cell in found:
        beside = cell.get("processes_seconds")
        table.add_row(
            cell["workload"],
            str(cell["batch_size"]),
            str(cell["lanes"]),
            f"{cell['in_turn_seconds'] / cell['packed_seconds']:.2f}x",
            "-" if beside is None else f"{beside / cell['packed_seconds']:.2f}x",
            f"{cell['packed_clips_per_second']:.1f}",
            f"{cell['packed_peak_mib']:.0f}",
            "-" if beside is None else f"{cell['processes_peak_mib']:.0f}",
        )
    console.print(table)
    worst = max(cell["largest_difference_of_losses"] for cell in found)
    console.print(f"largest difference of a lane's last training loss, packed and alone: {worst:.1e}")


if __name__ == "__main__":
    sys.exit(main())
