"""A recorded sweep in which a confirm run of one outer fold failed: verdict, report and comparison take the same clips
and give the same numbers.

Of this room, tests/sweeps/record/test_tracker.py covers what is read of runs, tests/analysis/report/test_command.py
sweep.py, sweep_reader.py and publish.py, tests/analysis/compare/test_sources.py store.py."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from analysis.compare.comparison import Compared, compare_sources
from analysis.compare.sources import find_source, find_sources
from analysis.predictions.align import correct
from analysis.record.sweep import Recorded
from analysis.record.sweep_reader import read_recorded
from analysis.report.command import document
from analysis.report.document import Table
from analysis.verdict.result import Verdict
from analysis.verdict.wording import as_record
from sweeps.config.spec import ConfirmSpec
from sweeps.judgement import judge
from sweeps.record.store import default_uri
from sweeps.record.tracker import Tracker
from trainables import registry
from trainables.errors import InputError
from trainables.records import NO_SEED, PARAM_MODE, PARAM_OBJECTIVE, Predictions

CLASSES = ("no", "yes")
SEEDS = (1, 2, 3)
FINALISTS = {"a/1": ("x", "y", "z"), "b/2": ("y", "x")}  # each fold ranks for itself, and the second found two only
SKILL = {"x": 0.9, "y": 0.8, "z": 0.8, "base": 0.6, "untuned": 0.5}
LOST = ("b/2", "y", 2)  # the first finalist of the second fold, under one seed
NOTE = "1 of 3 seeds of finalist 1 (2) was left out: it has no completed confirm run in every one of 2 outer folds."


def answers(fold: str, skill: float, rng: np.random.Generator) -> Predictions:
    targets = [CLASSES[i % 2] for i in range(24)]
    right = rng.random(24) < skill
    return Predictions(
        example_ids=[f"{fold}-{i}" for i in range(24)],
        groups=[f"{fold}-{i // 2}" for i in range(24)],
        folds=[fold] * 24,
        targets=targets,
        outputs=[t if ok else CLASSES[1 - CLASSES.index(t)] for t, ok in zip(targets, right, strict=True)],
        scores=np.zeros((24, 2)),
        classes=CLASSES,
    )


def accuracy(predictions: Predictions) -> float:
    return float(correct(predictions).mean())


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Verdict]:
    """The store's address, and the verdict that the sweep came to."""
    results = tmp_path_factory.mktemp("results")
    rng = np.random.default_rng(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        uri = default_uri(results)
    tracker = Tracker(uri, results, "folds", miniature=True)
    tracker.start_sweep("folds-1", "name: folds\n", {}, {PARAM_OBJECTIVE: "val/accuracy", PARAM_MODE: "max"})
    for fold, ids in FINALISTS.items():
        tracker.log_finalists([{"config_id": config_id, "value": 0.9} for config_id in ids], fold=fold)
        arms = [("finalist", config_id) for config_id in ids] + [("baseline", "base")]
        for seed in reversed(SEEDS):  # the record's order is not that of the seeds
            for role, config_id in arms:
                _confirm(tracker, results, role, config_id, seed, fold, rng)
        _confirm(tracker, results, "untuned", "untuned", NO_SEED, fold, rng)
    tracker.flush()
    prepared: Any = SimpleNamespace(
        spec=SimpleNamespace(
            metric="val/accuracy", mode="max", finalists=SimpleNamespace(per=None), confirm=ConfirmSpec()
        ),
        task=registry.task("classification", {}),
    )
    found = judge(prepared, tracker, look=1)
    tracker.finish_sweep(verdict=as_record(found))
    return uri, found


def _confirm(tracker: Tracker, results: Path, role: str, config_id: str, seed, fold: str, rng) -> None:
    run = tracker.runs.begin("confirm", role, config_id, f"{role}-{config_id}-{seed}", seed, fold, {"rank": 4})
    folder = results / "tmp" / tracker.runs.id_of(run)
    test = answers(fold, SKILL[config_id], rng)
    # the seed that loses a fold has a validation value that would show in any mean over runs
    value = 0.0 if (config_id, seed) in (("x", 2), ("y", 2)) else 0.75
    tracker.runs.log_epoch(run, 1, {"val/accuracy": value, "test/accuracy": accuracy(test)})
    if (fold, config_id, seed) == LOST:
        tracker.runs.close(run, "failed", "out of memory")
        return
    test.write_parquet(folder / "predictions" / "test.parquet")
    tracker.runs.log_artifacts(run, folder)
    tracker.runs.close(run, "completed")


@pytest.fixture(scope="module")
def recorded(sweep: tuple[str, Verdict]) -> Recorded:
    return read_recorded(sweep[0], "folds-1")


def test_the_verdict_leaves_the_seed_out_and_says_so(sweep: tuple[str, Verdict]) -> None:
    rows = {row.name: row for row in sweep[1].rows}
    assert {name: sorted(row.values) for name, row in rows.items()} == {
        "finalist 1": [1, 3],
        "finalist 2": [1, 2, 3],
        "baseline": [1, 2, 3],
        "untuned backbone": [0],
    }
    assert sweep[1].warnings[0] == NOTE
    assert sweep[1].against_baseline[0].examples == 48
    assert "3 of 3 seeds of finalist 3 (1, 2, 3) were left out: they have no completed" in sweep[1].warnings[1]


def test_the_report_takes_the_same_clips_and_numbers(sweep: tuple[str, Verdict], recorded: Recorded) -> None:
    assert recorded.verdict == sweep[1]
    rows = {row.name: row for row in sweep[1].rows}
    for arm in recorded.arms:
        by_seed = recorded.by_seed(arm)
        assert {seed: accuracy(run) for seed, run in by_seed.items()} == (
            dict(rows[arm.name].values) if arm.name in rows else {}
        )
        assert all(len(set(run.example_ids)) == 48 for run in by_seed.values())
    page = document(recorded)
    tables = [block for section in page.sections for block in section.blocks if isinstance(block, Table)]
    arms = {row[0]: row for row in tables[0].rows}
    for name, row in rows.items():
        assert arms[name][1].startswith(f"{row.mean:.3f}")
    assert arms["finalist 1"][3] == "0.750"  # the mean over the runs that count
    seeds = next(table for table in tables if table.header[0] == "test, by seed")
    of_first = next(cells for cells in seeds.rows if cells[0] == "finalist 1")
    values = [rows["finalist 1"].values.get(int(seed)) for seed in seeds.header[1:]]
    assert of_first[1:] == tuple("-" if value is None else f"{value:.3f}" for value in values)
    assert NOTE in page.as_html()


@pytest.fixture(scope="module")
def compared(sweep: tuple[str, Verdict]) -> Compared:
    """The sweep's arms again: how much seeds matter is pooled over all that stand in one comparison."""
    words = ["folds-1:finalists", "baseline=folds-1:baseline", "untuned backbone=folds-1:untuned"]
    return compare_sources(find_sources(words, sweep[0]), metric_name="accuracy", rng=np.random.default_rng(0))


def test_a_comparison_takes_the_same_clips(sweep: tuple[str, Verdict], recorded: Recorded) -> None:
    (source,) = find_source("folds-1", sweep[0])
    by_seed = recorded.by_seed(recorded.arms[0])
    assert list(source.runs) == list(by_seed) == [1, 3]
    for seed, run in by_seed.items():
        assert run.example_ids == source.runs[seed].example_ids
        assert run.outputs == source.runs[seed].outputs
    assert source.warnings == (NOTE.replace("finalist 1", "finalist 1 of folds-1"),)


def test_a_comparison_gives_the_same_numbers(sweep: tuple[str, Verdict], compared: Compared) -> None:
    rows = {row.name.removesuffix(" of folds-1"): row for row in compared.verdict.rows}
    for row in sweep[1].rows[:-1]:
        assert {s: v for s, v in row.values.items() if s in (1, 3)} == {s: rows[row.name].values[s] for s in (1, 3)}
    by_pair = {
        frozenset(name.removesuffix(" of folds-1") for name in (p.comparison.first, p.comparison.second)): p.comparison
        for p in compared.pairs
    }
    (ours, _) = sweep[1].against_baseline
    theirs = by_pair[frozenset((ours.first, ours.second))]
    assert abs(theirs.difference) == pytest.approx(abs(ours.difference), abs=1e-12)
    assert theirs.p_value == pytest.approx(ours.p_value, rel=1e-9)
    assert any(NOTE.removeprefix("1 of 3 seeds of finalist 1") in warning for warning in compared.warnings)


def test_a_configuration_of_one_fold_alone_is_refused(sweep: tuple[str, Verdict]) -> None:
    with pytest.raises(InputError, match=r"3 of 3 seeds of z of folds-1 \(1, 2, 3\) were left out"):
        find_source("folds-1:z", sweep[0])
