"""The report on a sweep made up here and recorded by the tracker: what it says, and what it says when things are missing."""

import json
import math
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from analysis.align import correct
from analysis.recorded import Recorded, read_recorded
from analysis.report import document, main, write_report
from analysis.runs import connect
from analysis.verdict import verdict
from sweeps.tracking import Tracker, default_uri
from trainables.errors import InputError
from trainables.records import COST_MEMORY, COST_SECONDS, NO_FOLD, PARAM_MODE, PARAM_OBJECTIVE, Predictions

CLASSES = ("NONSPEECH", "SPEECH")
CONFIRM_SEEDS = (1, 2, 3)
EPOCHS = 3
YAML = "name: hums\nsearch:\n  rank: {choice: [4, 8, 16]}  # <b>&amp; `ticks`\n"


def answers(split: str, groups: int, skill: float, rng: np.random.Generator, *, classes: bool = True) -> Predictions:
    """Three clips a group; `skill` on the logit. Clip 0 of every group is hard."""
    clips = 3 * groups
    targets = [CLASSES[(i // 3) % 2] for i in range(clips)]
    hard = np.where(np.arange(clips) % 3 == 0, 1.5, 0.0)
    margin = skill - hard + rng.logistic(size=clips)
    sign = np.where(np.array(targets) == CLASSES[1], 1.0, -1.0)
    scores = np.column_stack([-margin * sign / 2, margin * sign / 2])
    return Predictions(
        example_ids=[f"{split}/clip-{i:03}" for i in range(clips)],
        groups=[f"{split}-voice-{i // 3:02}" for i in range(clips)],
        folds=[NO_FOLD] * clips,
        targets=targets,
        outputs=[CLASSES[column] for column in scores.argmax(axis=1)],
        scores=scores if classes else None,
        classes=CLASSES if classes else (),
    )


def accuracy(predictions: Predictions) -> float:
    return float(correct(predictions).mean())


def record_sweep(
    results: Path, sweep_id: str, *, trials: int = 24, groups: int = 20, miniature: bool = True, judged: bool = True
) -> str:
    """A whole sweep as `sweeps` would leave it; returns the store's address."""
    rng = np.random.default_rng(0)
    results.mkdir(parents=True, exist_ok=True)
    tracker = Tracker(default_uri(results), results, "hums", miniature=miniature)
    provenance = {"command": "run.py hums.yaml", "git.commit": "abc123", "git.dirty": True, "version.torch": "2.14.1"}
    params = {PARAM_OBJECTIVE: "val/accuracy", PARAM_MODE: "max", "data_fingerprint": "f00d"}
    tracker.start_sweep(sweep_id, YAML, provenance, params, dataset=("hums", "f00d"))
    _write_splits(tracker, results, groups)
    explored = []
    for number in range(trials):
        rank, rate = int(rng.choice([4, 8, 16])), float(10 ** rng.uniform(-4.5, -2.5))
        skill = 2.2 - 1.2 * (math.log10(rate) + 3.3) ** 2 + 0.1 * math.log2(rank)
        pruned = number % 3 == 1
        explored.append((f"trial{number:02}", f"c{number:02}", rank, rate, skill, pruned))
        run = tracker.open_run(
            "explore", "trial", f"c{number:02}", f"trial{number:02}", 42, NO_FOLD, _params(rank, rate, 42)
        )
        for epoch in range(1, 2 if pruned else EPOCHS + 1):
            seen = answers("validation", 10, skill - (EPOCHS - epoch) * 0.5, rng)
            costs = {COST_SECONDS: 0.5 + rank / 20, COST_MEMORY: 2.0**30 + rank * 2**20}
            tracker.log_epoch(run, epoch, {"val/accuracy": accuracy(seen), "train/loss": 1 / epoch, **costs})
        if not pruned:
            _artifacts(tracker, run, results, validation=seen)
        tracker.close_run(run, "pruned" if pruned else "completed")
        explored[-1] += (accuracy(seen),)
    best = sorted((e for e in explored if not e[5]), key=lambda e: -e[6])[:2]
    tracker.log_finalists([{"config_id": e[1], "trial_id": e[0], "value": e[6], "rank": e[2]} for e in best])
    arms = {f"finalist {i}": ("finalist", e[1], e[2], e[3], e[4]) for i, e in enumerate(best, start=1)}
    arms["baseline"] = ("baseline", "b0", 8, 1e-4, 0.6)
    found: dict[str, dict[int, Predictions]] = {}
    for name, (role, config_id, rank, rate, skill) in arms.items():
        for seed in CONFIRM_SEEDS:
            test = answers("test", groups, skill + 0.2 * rng.standard_normal(), rng)
            found.setdefault(name, {})[seed] = test
            _confirm(tracker, results, role, config_id, f"{config_id}-{seed}", seed, _params(rank, rate, seed), test, rng)
    untuned = answers("test", groups, 0.1, rng)
    _confirm(tracker, results, "untuned", "untuned", "untuned", "-", {"checkpoint": "tiny"}, untuned, rng)
    tracker.count_look(CONFIRM_SEEDS)
    if judged:
        baseline = found.pop("baseline")
        judgement = verdict(found, baseline, accuracy, metric_name="test accuracy", untuned=untuned)
        tracker.finish_sweep(verdict=judgement.as_dict(), metrics={"sweep/seconds": 321.0})
    else:
        tracker.finish_sweep("failed", reason="the machine was <switched> off")
    tracker.flush()
    return default_uri(results)


def _params(rank: int, rate: float, seed: int) -> dict[str, object]:
    counts = {"adapter_params": 1000 * rank, "head_params": 0, "trainable_params": 1000 * rank, "total_params": 10**6}
    return {"rank": rank, "alpha": 2 * rank, "learning_rate": rate, "seed": seed, "checkpoint": "tiny", **counts}


def _confirm(tracker, results, role, config_id, trial_id, seed, params, test, rng) -> None:
    run = tracker.open_run("confirm", role, config_id, trial_id, seed, NO_FOLD, params)
    value = accuracy(test)
    epoch = {"val/accuracy": value - 0.01, COST_SECONDS: 1.0, COST_MEMORY: 2.0**30}
    tracker.log_epoch(run, EPOCHS, epoch)
    tracker.log_final(run, {"test/accuracy": value})
    _artifacts(tracker, run, results, test=test)
    tracker.close_run(run, "completed")


def _artifacts(tracker: Tracker, run: str, results: Path, **splits: Predictions) -> None:
    folder = results / "tmp" / run
    for split, found in splits.items():
        found.write_parquet(folder / "predictions" / f"{split}.parquet")
    tracker.log_artifacts(run, folder)


def _write_splits(tracker: Tracker, results: Path, groups: int) -> None:
    import pandas as pd

    rows = [
        (f"{split}/clip-{i:03}", f"{split}-voice-{i // 3:02}", split)
        for split, count in (("train", 30), ("validation", 10), ("test", groups))
        for i in range(3 * count)
    ]
    path = results / "splits.parquet"
    pd.DataFrame(rows, columns=["example_id", "group", "split"]).to_parquet(path)
    tracker.log_file(path)
