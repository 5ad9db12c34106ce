"""What the pages of sweeps.browse cost, on a record that is made up: python -m benchmarks.browse [TRIALS]

Every page is asked for again and again while the sweep goes on (an epoch's result between any two), so that no answer
is one that was kept. Then a page is followed as a browser follows it, beside a process that writes results, and the
share of a core that this takes is measured.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from flask.testing import FlaskClient

from sweeps.browse.app import make_app, prepare
from sweeps.config.load import load_sweep
from sweeps.state.journal import Journal
from sweeps.state.manifest import Manifest
from sweeps.state.workspace import EXPLORE, Workspace

TOKEN, HOST = "benchmark-token", "127.0.0.1:5002"
TRIALS, EPOCHS, REPEATS = 2000, 9, 40
FOLLOWED_SECONDS, SHARE = 60.0, 150  # as in browse.js
METRICS = ("val/accuracy", "val/balanced_accuracy", "val/macro_f1", "val/loss", "train/loss", "learning_rate")
SPEC = load_sweep("qwen_lora", [f"trials={TRIALS}", f"train.epochs={EPOCHS}"])


def given(rng: np.random.Generator) -> dict[str, Any]:
    rank = int(rng.choice([4, 8, 16, 32, 64]))
    found = {
        "model_size": str(rng.choice(["3b", "7b"])),
        "quantization": str(rng.choice(["none", "nf4"])),
        "rank": rank,
        "alpha_ratio": int(rng.choice([1, 2, 4])),
        "target_modules": str(rng.choice(["attention", "attention+mlp", "all-linear"])),
        "learning_rate": float(10 ** rng.uniform(-5, -3)),
    }
    return {**found, "lora_dropout": float(rng.uniform(0, 0.1))} if rank >= 16 else found


def told(rng: np.random.Generator, epoch: int) -> dict[str, Any]:
    value = float(1 - 0.5 * np.exp(-epoch / 4) - 0.1 * rng.random())
    return {
        "epoch": epoch, "planned_epochs": EPOCHS, "value": value, "value_se": None, "objective": value,
        "lanes": [{"seed": 42, "fold": "-", "metrics": dict.fromkeys(METRICS, value)}], "config_id": "614d6b43",
        "counts": {"adapter_params": 147456, "head_params": 0, "trainable_params": 147456, "total_params": 1123968},
        "checkpoint_name": "miniature mini-1m", "worker_pid": 1, "step_seconds": 5.2, "turnaround_seconds": 0.1,
        "peak_memory_bytes": 1357877248, "batch_parts": 1, "pack_lanes": 1, "done": False,
    }  # fmt: skip


def write_record(results: Path, trials: int) -> tuple[Workspace, Journal]:
    """A sweep whose search has got so far: two thirds pruned at the rungs 1 and 3, two trials running. The journal is
    left open, for what comes."""
    workspace = Workspace(results, "many-20260101-120000-ab12")
    workspace.folder.mkdir(parents=True)
    Manifest("many", SPEC.source_text, ".", "f" * 64, True, "cpu", "fp32", {}).write(workspace)
    rng = np.random.default_rng(0)
    journal = Journal(workspace.stage(EXPLORE) / "journal.jsonl")
    journal.write(event="space", axes=[asdict(axis) for axis in SPEC.axes])
    from sweeps.state.journal import _line

    lines = []
    for number in range(trials):
        name = f"trial_{number:05d}"
        running = number >= trials - 2
        epochs = 1 if running else int(rng.choice([1, 3, EPOCHS], p=[0.5, 0.17, 0.33]))
        events: list[dict[str, Any]] = [{"event": "asked", "trial": name, "given": given(rng)}]
        for epoch in range(1, epochs + 1):
            last = epoch == epochs and not running
            events.append({"event": "result", "trial": name, "result": told(rng, epoch), "last": last})
        lines += [_line(json.dumps(event, separators=(",", ":"))) for event in events]
    with journal.path.open("ab") as file:  # not one by one: each would be waited for until it is on the disk
        file.writelines(lines)
    journal.close()
    return workspace, Journal(journal.path)


def visitor(results: Path, *, ahead: bool) -> FlaskClient:
    """Somebody who has come in to pages that have just been opened."""
    app = make_app(results, TOKEN)
    if ahead:
        prepare(app)
    client = app.test_client()
    client.environ_base["HTTP_HOST"] = HOST
    client.get(f"/?token={TOKEN}")
    return client


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else TRIALS
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        workspace, journal = write_record(Path(folder) / "results", trials)
        base = f"/sweeps/{workspace.sweep_id}/"
        size = journal.path.stat().st_size
        print(f"{platform.processor() or platform.machine()}; {trials} trials, journal {size / 1e6:.1f} MB")
        visitor(workspace.results, ahead=False).get("/")  # what Python loads for any page comes first
        for said, ahead in (("asked at once", False), ("read ahead, as it is once the link is copied", True)):
            client = visitor(workspace.results, ahead=ahead)
            wall, processor = time.perf_counter(), time.process_time()
            client.get(base)
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            print(f"first page, {said}: {1000 * wall:.0f} ms, processor {1000 * processor:.0f} ms")
        print()
        epoch = iter(range(2, 10**9))

        def goes_on() -> None:
            journal.write(event="result", trial=f"trial_{trials - 1:05d}", result=told(rng, next(epoch)), last=False)

        pages = {
            "all sweeps": "/",
            "the sweep": base,
            "page 7, sorted by learning rate": f"{base}?sort=axis.learning_rate&page=7",
            "pruned hidden": f"{base}?pruned=hide",
            "a trial": f"{base}trials/explore/trial_00003",
            "the form of a clone": f"{base}trials/explore/trial_00003/clone",
        }
        print("| page | median ms | worst ms | processor ms | kB |")
        print("|---|---|---|---|---|")
        for name, path in pages.items():
            walls, processor, answer = [], time.process_time(), None
            for _ in range(REPEATS):
                goes_on()
                start = time.perf_counter()
                answer = client.get(path)
                walls.append(1000 * (time.perf_counter() - start))
                assert answer.status_code == 200
            spent = 1000 * (time.process_time() - processor) / REPEATS
            assert answer is not None
            size_kb = len(answer.data) / 1000
            print(f"| {name} | {np.median(walls):.1f} | {max(walls):.1f} | {spent:.1f} | {size_kb:.0f} |")
        follow(client, base, goes_on)


def follow(client: Any, path: str, goes_on: Any) -> None:
    """As browse.js does: again after 150 times what the last answer cost, 2 s at least; a result a second."""
    begun, before = time.perf_counter(), time.process_time()
    asked, next_result, next_ask, tag = 0, 0.0, 0.0, ""
    writing = 0.0
    while (now := time.perf_counter() - begun) < FOLLOWED_SECONDS:
        if now >= next_result:
            start = time.process_time()
            goes_on()
            writing += time.process_time() - start
            next_result = now + 1.0
        if now >= next_ask:
            answer = client.get(path, headers={"If-None-Match": tag} if tag else {})
            tag, asked = answer.headers["ETag"], asked + 1
            milliseconds = float(answer.headers["Server-Timing"].partition("dur=")[2])
            next_ask = time.perf_counter() - begun + max(2.0, SHARE * milliseconds / 1000)
        time.sleep(0.05)
    spent = time.process_time() - before - writing
    share = spent / FOLLOWED_SECONDS
    print(f"\nfollowed for {FOLLOWED_SECONDS:.0f} s, a result a second: {asked} pages, {share:.2%} of one core")


if __name__ == "__main__":
    main()
