"""What a report costs: python -m benchmarks.pages.report [--trials N] [--other CHECKOUT] [--json FILE]

Writes the report of a made-up record of 2,000 trials of six axes, pruned by ASHA at its rungs, with validation answers
of those that were trained to the end, two finalists and the baseline under five seeds. `--other` is a checkout of
another version, with its own environment or this one's: both write the report of the same record, by turns, in fresh
processes. Times are processor time and seconds of the whole process, start included, the least of the turns.
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
from pathlib import Path
from typing import Any

import numpy as np

CLASSES = ("NONSPEECH", "SPEECH")
CLIPS, GROUPS = {"validation": 80, "test": 160}, {"validation": 16, "test": 32}
SEEDS = (123, 456, 789, 2024, 31337)
EPOCHS, GRACE, FACTOR = 9, 1, 3
MISSES = 3.0  # standard deviation of a margin
YAML = """\
name: report
backbone: ast
task: {kind: classification}
data: {source: made_up}
search:
  backbone: {choice: [ast, efficientat, wav2vec2]}
  rank: {choice: [4, 8, 16, 32, 64]}
  target_modules: {choice: [qv, attention, attention+mlp]}
  learning_rate: {log_uniform: [1.0e-5, 1.0e-2]}
  lora_dropout: {uniform: [0.0, 0.1]}
  batch_size: {int: [4, 32]}
objective: {metric: val/accuracy}
trials: TRIALS
train: {epochs: 9}
baseline: {backbone: ast, rank: 8, target_modules: qv, learning_rate: 1.0e-4, lora_dropout: 0.0, batch_size: 8}
"""
WRITE = """
import sys
from pathlib import Path
try:
    from analysis.report.command import write_report
except ImportError:  # an earlier version, of one room
    from analysis.report import write_report
write_report(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
"""


def make_record(results: Path, trials: int) -> tuple[str, str]:
    """(store, sweep id) of a sweep that never ran."""
    from analysis.predictions.align import correct
    from analysis.verdict.rule import verdict
    from analysis.verdict.wording import as_record
    from sweeps.record.store import default_uri
    from sweeps.record.tracker import Tracker
    from trainables.records import COST_MEMORY, COST_SECONDS, NO_FOLD, PARAM_MODE, PARAM_OBJECTIVE

    rng = np.random.default_rng(7)
    tracker = Tracker(default_uri(results), results, "report", miniature=False)
    provenance = {"command": "python -m sweeps.run report.yaml", "git.commit": "f00d"}
    params = {PARAM_OBJECTIVE: "val/accuracy", PARAM_MODE: "max", "data_fingerprint": "f00d"}
    tracker.start_sweep(
        "report-1", YAML.replace("TRIALS", str(trials)), provenance, params, dataset=("made_up", "f00d")
    )
    rungs: dict[int, list[float]] = {}
    finished: list[tuple[float, str, dict[str, Any], float]] = []

    def leave(run: Any, **splits: Any) -> None:
        folder = results / "tmp" / tracker.runs.id_of(run)
        for split, found in splits.items():
            found.write_parquet(folder / "predictions" / f"{split}.parquet")
        tracker.runs.log_artifacts(run, folder)

    def costs(values: dict[str, Any]) -> dict[str, float]:
        return {COST_SECONDS: 1.0 + values["rank"] / 16, COST_MEMORY: 2.0**30 + values["rank"] * 2.0**20}

    for number in range(trials):
        values = _drawn(rng)
        name, run = f"trial_{number:05}", None
        run = tracker.runs.begin("explore", "trial", f"c{number:05}", name, 42, NO_FOLD, _params(values))
        pruned, value = False, 0.0
        for epoch in range(1, EPOCHS + 1):
            skill = _skill(values) * (1 - np.exp(-epoch / 2)) + 0.1 * rng.standard_normal()
            value = float(np.clip(0.5 + 0.12 * skill, 0.02, 0.99))
            logged = {"val/accuracy": value, "val/loss": 1 - value, "train/loss": 1 / epoch, **costs(values)}
            tracker.runs.log_epoch(run, epoch, logged)
            if epoch in (GRACE, GRACE * FACTOR, GRACE * FACTOR**2) and epoch < EPOCHS:
                seen = rungs.setdefault(epoch, [])
                pruned = bool(seen) and value < np.percentile(seen, 100 * (1 - 1 / FACTOR))
                seen.append(value)
                if pruned:
                    break
        if not pruned:
            leave(run, validation=_answers("validation", _skill(values), rng))
            finished.append((value, name, values, _skill(values)))
        tracker.runs.close(run, "pruned" if pruned else "completed")
    best = sorted(finished, key=lambda trial: -trial[0])[:2]
    tracker.log_finalists([
        {"config_id": f"c{name[-5:]}", "trial_id": name, "value": value, **values} for value, name, values, _ in best
    ])  # fmt: skip
    arms = [("finalist", f"c{name[-5:]}", values, skill) for _, name, values, skill in best]
    arms.append(("baseline", "b0", {**_drawn(rng), "rank": 8}, 1.0))
    found: dict[str, dict[int, Any]] = {}
    for place, (role, config, values, skill) in enumerate(arms, start=1):
        for seed in SEEDS:
            test = _answers("test", skill + 0.2 * rng.standard_normal(), rng)
            found.setdefault(role if role == "baseline" else f"finalist {place}", {})[seed] = test
            run = tracker.runs.begin("confirm", role, config, f"{config}-{seed}", seed, NO_FOLD, _params(values))
            value = float(correct(test).mean())
            tracker.runs.log_epoch(run, EPOCHS, {"val/accuracy": value, "test/accuracy": value, **costs(values)})
            leave(run, test=test)
            tracker.runs.close(run, "completed")
    tracker.log_looks([SEEDS])
    baseline = found.pop("baseline")
    judged = verdict(found, baseline, lambda p: float(correct(p).mean()), metric_name="test accuracy")
    tracker.finish_sweep(verdict=_without_estimates(as_record(judged)), metrics={"sweep/seconds": 4321.0})
    tracker.flush()
    return default_uri(results), "report-1"


def _without_estimates(value: Any) -> Any:
    """The verdict as every version reads it: what one estimates with, another does not know. Both reports then leave
    out what could have been seen."""
    if isinstance(value, dict):
        return {key: None if key == "estimate" else _without_estimates(each) for key, each in value.items()}
    return [_without_estimates(each) for each in value] if isinstance(value, list | tuple) else value


def _drawn(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "backbone": str(rng.choice(["ast", "efficientat", "wav2vec2"])),
        "rank": int(rng.choice([4, 8, 16, 32, 64])),
        "target_modules": str(rng.choice(["qv", "attention", "attention+mlp"])),
        "learning_rate": float(10 ** rng.uniform(-5, -2)),
        "lora_dropout": float(rng.uniform(0.0, 0.1)),
        "batch_size": int(rng.integers(4, 33)),
    }


def _skill(values: dict[str, Any]) -> float:
    """On the logit: best at a learning rate of 1e-3."""
    return 3.0 - 0.8 * (np.log10(values["learning_rate"]) + 3.0) ** 2 + 0.1 * np.log2(values["rank"])


def _params(values: dict[str, Any]) -> dict[str, Any]:
    size = 1000 * values["rank"]
    counts = {"adapter_params": size, "head_params": 0, "trainable_params": size, "total_params": 10**6}
    return {**values, "alpha": 2 * values["rank"], "seed": 42, "checkpoint": "made-up", **counts}


def _answers(split: str, skill: float, rng: np.random.Generator) -> Any:
    from trainables.records import NO_FOLD, Predictions

    clips, groups = CLIPS[split], GROUPS[split]
    each = clips // groups
    sign = np.where(np.arange(clips) // each % 2 == 0, -1.0, 1.0)
    margin = skill + MISSES * rng.logistic(size=clips) / 2
    scores = np.column_stack([-margin * sign / 2, margin * sign / 2])
    return Predictions(
        example_ids=[f"{split}/clip-{i:03}" for i in range(clips)],
        groups=[f"{split}-voice-{i // each:02}" for i in range(clips)],
        folds=[NO_FOLD] * clips,
        targets=[CLASSES[int(s > 0)] for s in sign],
        outputs=[CLASSES[column] for column in scores.argmax(axis=1)],
        scores=scores,
        classes=CLASSES,
    )


def write(checkout: Path, store: str, sweep: str, folder: Path) -> dict[str, float]:
    """One report, in a process of its own, by the code of a checkout."""
    python = checkout / ".venv" / "bin" / "python"
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [str(python if python.exists() else sys.executable), "-c", WRITE, store, sweep, str(folder)],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        check=True,
    )
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_seconds": cpu, "seconds": seconds, "page_bytes": (folder / "report.html").stat().st_size}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages.report")
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--other", type=Path, help="a checkout of another version, with its environment")
    parser.add_argument("--record", type=Path, help="where the record is kept, and taken from where it is there")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    checkouts = {"this": Path(__file__).resolve().parents[2]} | ({"other": options.other} if options.other else {})
    with tempfile.TemporaryDirectory() as temporary:
        results = (options.record or Path(temporary) / "results").absolute()
        if (results / "mlflow.db").is_file():
            store, sweep = f"sqlite:///{results / 'mlflow.db'}", "report-1"
        else:
            results.mkdir(parents=True, exist_ok=True)
            store, sweep = make_record(results, options.trials)
        turns = [
            {name: write(checkout, store, sweep, Path(temporary) / name) for name, checkout in checkouts.items()}
            for _ in range(options.turns)
        ]
    least = {name: {key: min(turn[name][key] for turn in turns) for key in turns[0][name]} for name in checkouts}
    for name, found in least.items():
        print(
            f"{name}: {found['cpu_seconds']:.1f} s of processor time, {found['seconds']:.1f} s, "
            f"{found['page_bytes'] / 1e6:.2f} MB"
        )
    if "other" in least:
        print(f"this / other: {least['this']['cpu_seconds'] / least['other']['cpu_seconds']:.2f} of the processor time")
    if options.json:
        options.json.write_text(json.dumps(least, indent=1))


if __name__ == "__main__":
    main()
