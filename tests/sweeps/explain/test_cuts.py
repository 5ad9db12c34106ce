"""The cuts that are told are those by which Ray's own ASHA decided: the same results in the same order."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sweeps.config.load import load_sweep
from sweeps.config.pruner_rules import PRUNERS
from sweeps.explain.cuts import cuts
from sweeps.explain.search import ends
from sweeps.search.pruning import asha
from sweeps.search.rungs import RungsInOrder
from sweeps.state.decisions import Decisions
from sweeps.state.progress import StageProgress


@pytest.mark.parametrize("mode", ["max", "min"])
@pytest.mark.parametrize(("epochs", "grace", "factor"), [(9, 1, 3), (10, 2, 2), (3, 1, 3), (5, 1, 4)])
def test_the_cuts_are_rays(epochs: int, grace: int, factor: int, mode: str, tmp_path: Path) -> None:
    """40 trials, eight at a time in a random order, over every rung."""
    rng = np.random.default_rng(epochs + factor)
    scheduler = asha(mode, epochs, grace, factor)
    progress = StageProgress(tmp_path)
    at_work: list[tuple[str, int, float]] = []
    pruned: dict[str, int] = {}
    waiting = [f"trial_{number:05d}" for number in range(40)]
    while waiting or at_work:
        while waiting and len(at_work) < 8:
            name = waiting.pop(0)
            progress.asked(name, {"rank": 8})
            scheduler.on_trial_add(None, SimpleNamespace(trial_id=name))
            at_work.append((name, 0, float(rng.normal())))
        name, epoch, skill = at_work.pop(int(rng.integers(len(at_work))))
        epoch += 1
        value = round(skill + 0.3 * float(rng.normal()), 1)  # ties among them
        result = {"epoch": epoch, "planned_epochs": epochs, "objective": value, "value": value, "done": epoch == epochs}
        trial = SimpleNamespace(trial_id=name)
        stop = not result["done"] and scheduler.on_trial_result(None, trial, result) == "STOP"
        over = bool(result["done"] or stop)
        progress.result(name, result, last=over)
        if stop:
            pruned[name] = epoch
        if over:
            scheduler.on_trial_complete(None, trial, result)
        else:
            at_work.append((name, epoch, skill))
    met = cuts(progress, mode=mode, epochs=epochs, grace_epochs=grace, reduction_factor=factor)
    # the last rung that a trial met while it trained ended it, exactly where Ray ended it
    told = {
        name: each[-1].epoch
        for name, each in met.items()
        if each and not each[-1].passed(mode) and each[-1].epoch < epochs
    }
    assert told == pruned
    assert 5 < len(pruned) < 40
    assert all(each.passed(mode) for found in met.values() for each in found[:-1])


def test_each_kind_is_held_against_its_own(tmp_path: Path) -> None:
    progress = StageProgress(tmp_path)
    for number, (kind, value) in enumerate([("a", 0.9), ("b", 0.1), ("a", 0.8), ("b", 0.05)]):
        name = f"trial_{number:05d}"
        progress.asked(name, {"backbone": kind})
        result = {"epoch": 1, "planned_epochs": 3, "objective": value, "value": value, "done": False}
        progress.result(name, result, last=False)
    rule = {"mode": "max", "epochs": 3, "grace_epochs": 1, "reduction_factor": 3}
    met = cuts(progress, **rule, kind=lambda given: given["backbone"])  # type: ignore[arg-type]
    assert [each[0].cut for each in met.values()] == [None, None, 0.9, 0.1]
    assert [each[0].seen for each in cuts(progress, **rule).values()] == [0, 1, 2, 3]  # type: ignore[arg-type]


def test_in_order_the_cuts_are_those_of_lower_numbers(tmp_path: Path) -> None:
    """As the sweep's own pruner decides, which reads the same journal while it grows."""
    spec = load_sweep("qwen_lora", ["train.epochs=9"])
    rng = np.random.default_rng(4)
    progress = StageProgress(tmp_path, spec)
    decisions = progress.decide(Decisions("in_order", 3))
    pruner = RungsInOrder(spec, progress, decisions)
    pruned: dict[str, int] = {}
    for number in range(30):
        name = f"trial_{number:05d}"
        progress.asked(name, {"rank": 8})
        skill = float(rng.normal())
        for epoch in range(1, 10):
            value = skill + 0.3 * float(rng.normal())
            result = {"epoch": epoch, "planned_epochs": 9, "objective": value, "value": value, "done": epoch == 9}
            stop = epoch < 9 and pruner.on_trial_result(None, SimpleNamespace(trial_id=name), result) == "STOP"
            progress.result(name, result, last=stop or epoch == 9)
            if stop:
                pruned[name] = epoch
                break
    met = cuts(progress, mode="max", epochs=9, grace_epochs=1, reduction_factor=3)
    told = {
        name: each[-1].epoch for name, each in met.items() if each and not each[-1].passed("max") and each[-1].epoch < 9
    }
    assert told == pruned
    assert 5 < len(pruned) < 30
    assert met["trial_00004"][0].seen == 3  # not the one just before it, which may train beside it


@pytest.mark.parametrize("pruner", ["median", "wilcoxon"])
def test_what_stopped_a_trial_is_said_where_no_rung_did(pruner: str, tmp_path: Path) -> None:
    spec = load_sweep("qwen_lora", ["data.folds={inner: 4}", f"pruner={pruner}"])
    progress = StageProgress(tmp_path)
    progress.asked("trial_00000", {"rank": 8})
    result = {"epoch": 1, "planned_epochs": 3, "objective": 0.5, "value": 0.5, "done": False}
    progress.result("trial_00000", result, last=True)
    (line,) = ends(progress, spec, {})
    assert f"pruned after epoch 1, val/accuracy 0.5000: {PRUNERS[pruner].stops}" in line
