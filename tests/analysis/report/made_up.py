"""Sweeps made up here and recorded by the tracker, as `sweeps` would leave them."""

import math
from pathlib import Path

import numpy as np

from analysis.predictions.align import correct
from analysis.predictions.metrics import METRICS
from analysis.verdict.rule import verdict
from analysis.verdict.wording import as_record
from sweeps.record.background import Run
from sweeps.record.store import default_uri
from sweeps.record.tracker import Tracker
from trainables.records import (
    COST_MEMORY,
    COST_SECONDS,
    LEFT_OUT_FILE,
    NO_FOLD,
    PARAM_MODE,
    PARAM_OBJECTIVE,
    Predictions,
)

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
    results: Path,
    sweep_id: str,
    *,
    trials: int = 24,
    groups: int = 20,
    miniature: bool = True,
    judged: bool = True,
    seed: int = 0,
) -> str:
    """A whole sweep as `sweeps` would leave it; returns the store's address."""
    rng = np.random.default_rng(seed)
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
        run = tracker.runs.begin(
            "explore", "trial", f"c{number:02}", f"trial{number:02}", 42, NO_FOLD, _params(rank, rate, 42)
        )
        for epoch in range(1, 2 if pruned else EPOCHS + 1):
            seen = answers("validation", 10, skill - (EPOCHS - epoch) * 0.5, rng)
            costs = {COST_SECONDS: 0.5 + rank / 20, COST_MEMORY: 2.0**30 + rank * 2**20}
            tracker.runs.log_epoch(run, epoch, {"val/accuracy": accuracy(seen), "train/loss": 1 / epoch, **costs})
        if not pruned:
            _artifacts(tracker, run, results, validation=seen)
        tracker.runs.close(run, "pruned" if pruned else "completed")
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
            _confirm(
                tracker, results, role, config_id, f"{config_id}-{seed}", seed, _params(rank, rate, seed), test, rng
            )
    untuned = answers("test", groups, 0.1, rng)
    _confirm(tracker, results, "untuned", "untuned", "untuned", "-", {"checkpoint": "tiny"}, untuned, rng)
    tracker.log_looks([CONFIRM_SEEDS])
    if judged:
        baseline = found.pop("baseline")
        judgement = verdict(found, baseline, accuracy, metric_name="test accuracy", untuned=untuned)
        tracker.finish_sweep(verdict=as_record(judgement), metrics={"sweep/seconds": 321.0})
    else:
        tracker.note_control("clone", "a clone of trial_00001 with rank=8 is the next new trial, one more", 1.0)
        tracker.finish_sweep("failed", reason="the machine was <switched> off")
    tracker.flush()
    return default_uri(results)


def _params(rank: int, rate: float, seed: int) -> dict[str, object]:
    counts = {"adapter_params": 1000 * rank, "head_params": 0, "trainable_params": 1000 * rank, "total_params": 10**6}
    return {"rank": rank, "alpha": 2 * rank, "learning_rate": rate, "seed": seed, "checkpoint": "tiny", **counts}


def _confirm(tracker, results, role, config_id, trial_id, seed, params, test, rng) -> None:
    run = tracker.runs.begin("confirm", role, config_id, trial_id, seed, NO_FOLD, params)
    value = accuracy(test)
    epoch = {"val/accuracy": value - 0.01, COST_SECONDS: 1.0, COST_MEMORY: 2.0**30}
    far = answers("far", 8, 0.8 if role == "finalist" else 0.2, rng)
    tracker.runs.log_epoch(run, EPOCHS, epoch | {"test/accuracy": value, "test_far/accuracy": accuracy(far)})
    _artifacts(tracker, run, results, test=test, far=far)
    tracker.runs.close(run, "completed")


def _artifacts(tracker: Tracker, run: Run, results: Path, **splits: Predictions) -> None:
    folder = results / "tmp" / tracker.runs.id_of(run)
    for split, found in splits.items():
        found.write_parquet(folder / "predictions" / f"{split}.parquet")
    tracker.runs.log_artifacts(run, folder)


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
    lines = ["source,where,problem", "c.csv,c.csv line 2,is empty.", "c.csv,c.csv line 7,is empty.", "c.csv,a,is gone."]
    listed = results / LEFT_OUT_FILE
    listed.write_text("\n".join(lines))
    tracker.log_file(listed)


def record_folds(results: Path, sweep_id: str) -> None:
    """Two outer folds of a regression task, each with its own search and finalist."""
    rng = np.random.default_rng(3)
    tracker = Tracker(default_uri(results), results, "arousal", miniature=False)
    tracker.start_sweep(sweep_id, "name: arousal\n", {}, {PARAM_OBJECTIVE: "val/mae", PARAM_MODE: "min"})
    pooled: dict[str, dict[int, list[Predictions]]] = {"finalist 1": {}, "baseline": {}}
    for fold in ("a", "b"):
        for number in range(2):
            config_id = f"{fold}{number}"
            run = tracker.runs.begin(
                "explore", "trial", config_id, f"t{config_id}", 42, fold, _params(4, 1e-3 * (number + 1), 42)
            )
            tracker.runs.log_epoch(run, 1, {"val/mae": 0.3 + 0.1 * number})
            tracker.runs.close(run, "completed")
        tracker.log_finalists([{"config_id": f"{fold}0", "trial_id": f"t{fold}0", "value": 0.3}], fold=fold)
        for name, config_id, noise in (("finalist 1", f"{fold}0", 0.1), ("baseline", "base", 0.4)):
            for seed in (1, 2):
                test = numbers(fold, noise, rng)
                pooled[name].setdefault(seed, []).append(test)
                trial_id = f"{config_id}-{fold}-{seed}"
                run = tracker.runs.begin(
                    "confirm", name.split()[0], config_id, trial_id, seed, fold, _params(4, 1e-3, seed)
                )
                tracker.runs.log_epoch(run, 1, {"val/mae": noise})
                _artifacts(tracker, run, results, test=test)
                tracker.runs.close(run, "completed")
    arms = {name: {seed: Predictions.joined(parts) for seed, parts in seeds.items()} for name, seeds in pooled.items()}
    judged = verdict(
        {"finalist 1": arms["finalist 1"]}, arms["baseline"], METRICS["mae"], metric_name="test mae", mode="min"
    )
    tracker.finish_sweep(verdict=as_record(judged))
    tracker.flush()


def numbers(fold: str, noise: float, rng: np.random.Generator) -> Predictions:
    """Two values a clip, eight clips, each its own group."""
    targets = np.linspace(-1, 1, 16).reshape(8, 2)
    return Predictions(
        example_ids=[f"{fold}/{i}" for i in range(8)],
        groups=[f"{fold}/{i}" for i in range(8)],
        folds=[fold] * 8,
        targets=list(targets),
        outputs=list(targets + noise * rng.standard_normal((8, 2))),
    )
