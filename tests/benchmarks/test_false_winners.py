"""The simulation under test: its sweeps have the truth they claim, and go through the rules that are shipped."""

import json
import math

import numpy as np
import pytest
import scipy.stats

from analysis.predictions.align import correct
from analysis.stats.paired_binary import PairedCounts, mcnemar_exact
from analysis.verdict.rule import verdict
from benchmarks import false_winners
from benchmarks.false_winners import main, run
from benchmarks.simulation.grid import Cell, grid, share_interval
from benchmarks.simulation.report import as_json, markdown
from benchmarks.simulation.sweeps import World, confirm_answers, true_components, validation
from benchmarks.simulation.verdicts import Setting, arms_of, chosen, judge, mcnemar_p
from trainables.records import Predictions

GROUPED = World(clips=200, clips_per_group=4, within_group=0.3, seed_spread=0.5)
PLAIN = World(clips=100, clips_per_group=1, within_group=0.0, seed_spread=0.0)


def predictions(world: World, right: np.ndarray) -> Predictions:
    targets = ["no", "yes"] * (world.clips // 2)
    other = {"no": "yes", "yes": "no"}
    return Predictions(
        example_ids=[f"clip{i}" for i in range(world.clips)],
        groups=[f"group{i // world.clips_per_group}" for i in range(world.clips)],
        folds=["-"] * world.clips,
        targets=targets,
        outputs=[target if ok else other[target] for target, ok in zip(targets, right, strict=True)],
        scores=np.zeros((world.clips, 2)),
        classes=("no", "yes"),
    )


def test_accuracy_over_new_seeds_and_clips_is_the_wanted_one() -> None:
    rng = np.random.default_rng(0)
    wanted = np.array([0.6, 0.8, 0.95])
    right = np.mean([confirm_answers(GROUPED, wanted, 10, rng).right.mean(axis=(1, 2)) for _ in range(150)], axis=0)
    assert right == pytest.approx(wanted, abs=0.01)


def test_a_models_own_accuracy_is_its_mean_on_many_clips() -> None:
    many = World(clips=40_000, clips_per_group=4, within_group=0.3, seed_spread=1.0)
    answers = confirm_answers(many, np.array([0.8]), 3, np.random.default_rng(1))
    assert answers.right.mean(axis=2) == pytest.approx(answers.model_accuracy, abs=0.01)
    assert np.ptp(answers.model_accuracy) > 0.02


@pytest.mark.parametrize(("landscape", "even"), [("steady", 1), ("restless", 0)])
def test_an_arm_without_seed_effects_is_as_good_under_every_seed(landscape: str, even: int) -> None:
    spreads = Setting(GROUPED, 0.8, 8, landscape).spreads(2)
    answers = confirm_answers(GROUPED, np.array([0.8, 0.8]), 6, np.random.default_rng(2), spreads=spreads)
    assert np.ptp(answers.model_accuracy[even]) == pytest.approx(0.0, abs=1e-6)
    assert answers.model_accuracy[even, 0] == pytest.approx(0.8, abs=1e-6)
    assert np.ptp(answers.model_accuracy[1 - even]) > 0.01


@pytest.mark.parametrize("world", [GROUPED, PLAIN])
def test_the_oracle_knows_the_variance(world: World) -> None:
    """Of the mean difference, over many simulated test sets."""
    rng = np.random.default_rng(3)
    draws = [confirm_answers(world, np.array([0.9, 0.8]), 3, rng).right.mean(axis=(1, 2)) for _ in range(1500)]
    empirical = np.var([first - second for first, second in draws], ddof=1)
    seed, group, residual = true_components(world, 0.9, 0.8)
    expected = seed / 3 + group / world.groups + residual / (3 * world.groups)
    assert empirical == pytest.approx(expected, rel=4 * math.sqrt(2 / 1500))
    assert (seed > 1e-9) == (world.seed_spread > 0)


@pytest.mark.parametrize("world", [GROUPED, PLAIN])
def test_the_quick_way_to_the_verdict_is_the_verdict(world: World) -> None:
    """Scores handed over as arrays give what prediction files give, to the last field."""
    answers = confirm_answers(world, np.array([0.85, 0.8, 0.8]), 3, np.random.default_rng(4))
    names = ["finalist 1", "finalist 2", "baseline"]
    runs = {
        name: {seed: predictions(world, right) for seed, right in enumerate(arm)}
        for name, arm in zip(names, answers.right, strict=True)
    }
    baseline = runs.pop("baseline")
    whole = verdict(runs, baseline, lambda p: float(correct(p).mean()), metric_name="test accuracy")
    quick = judge(*arms_of(world, answers, 3))
    assert quick.winner == whole.winner
    for ours, theirs in zip(
        (*quick.against_baseline, *quick.among_finalists),
        (*whole.against_baseline, *whole.among_finalists),
        strict=True,
    ):
        assert ours.p_value == pytest.approx(theirs.p_value, rel=1e-9)
        assert ours.interval == pytest.approx(theirs.interval, rel=1e-9)
        assert (ours.claim, ours.method, ours.discordant) == (theirs.claim, theirs.method, theirs.discordant)
        assert ours.warnings == theirs.warnings


def test_finalists_are_the_best_that_asha_let_through() -> None:
    rng = np.random.default_rng(5)
    seen = validation(GROUPED, np.full(24, 0.8), 0.8, rng)
    finalists = chosen(seen, 24)
    assert len(finalists) == 2
    assert all(trial.status == "completed" for trial in finalists)
    values = [trial.value for trial in finalists]
    assert values == sorted(values, reverse=True)
    index = int(finalists[0].trial_id)
    assert finalists[0].value == pytest.approx(seen.right[index].mean())
    everyone = sorted(seen.accuracy[-1], reverse=True)
    assert values[0] <= everyone[0]  # a trial that would have been best may have been stopped


def test_selection_is_optimistic() -> None:
    """Among equal trials the chosen one's validation score exceeds the truth: what the second stage is there for."""
    rng = np.random.default_rng(6)
    gaps = [chosen(validation(PLAIN, np.full(16, 0.8), 0.8, rng), 16)[0].value - 0.8 for _ in range(40)]
    assert np.mean(gaps) > 0.03


def test_mcnemars_quick_p_value_is_the_shipped_one() -> None:
    for b in range(9):
        for c in range(9):
            counts = PairedCounts.divided(b, c, 20)
            assert mcnemar_p(counts) == pytest.approx(mcnemar_exact(counts) or 1.0, rel=1e-12)


@pytest.mark.parametrize(("hits", "count"), [(0, 50), (7, 200), (50, 50)])
def test_a_shares_interval_is_clopper_and_pearsons(hits: int, count: int) -> None:
    expected = scipy.stats.binomtest(hits, count).proportion_ci(0.99, method="exact")
    assert share_interval(hits / count, count) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.fixture(scope="module")
def cells() -> list[Cell]:
    settings = [
        Setting(PLAIN, 0.8, 8, "equal"),
        Setting(GROUPED, 0.8, 8, "tied"),
        Setting(GROUPED, 0.8, 8, "steady"),
        Setting(GROUPED, 0.8, 8, "restless"),
        *(Setting(PLAIN, 0.95, 8, "better", difference) for difference in (0.02, 0.05, 0.1, 0.4)),
    ]
    return run(settings, 25, processes=1)


def test_nulls_have_nothing_to_find_and_large_differences_are_found(cells: list[Cell]) -> None:
    for cell in cells:
        assert all(0.0 <= value <= 1.0 for name, value in cell.means.items() if "width" not in name and value == value)
        if cell.setting.landscape != "better":
            assert cell.means["found"] == cell.means["oracle_found"] == cell.means["better_present"] == 0.0
            assert cell.means["false_winner"] <= cell.means["false_claim"] <= 0.25
    clear = [cell for cell in cells if cell.setting.difference == 0.4]
    assert all(cell.means["better_present"] == 1.0 for cell in clear)
    assert clear[-1].means["found"] == clear[-1].means["oracle_found"] == 1.0
    for name in ("family_width", "alone_width"):
        widths = [cell.means[name] for cell in clear]
        assert widths == sorted(widths, reverse=True)  # more seeds, narrower
    assert all(cell.means["alone_width"] > 0.0 for cell in cells)


def test_the_number_of_processes_does_not_matter() -> None:
    settings = [Setting(PLAIN, 0.8, 8, "equal"), Setting(PLAIN, 0.8, 8, "tied")]
    one, two = (run(settings, 3, processes=processes, seeds=(2,)) for processes in (1, 2))
    assert [cell.row() for cell in one] == [cell.row() for cell in two]


def test_a_run_that_was_stopped_goes_on(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = [Setting(PLAIN, 0.8, 8, "equal")]
    whole = run(settings, 3, processes=1, seeds=(2,), keep=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(false_winners, "simulate", lambda *_: pytest.fail("computed again"))
    again = run(settings, 3, processes=1, seeds=(2,), keep=tmp_path)
    assert [cell.row() for cell in again] == [cell.row() for cell in whole]


def test_the_report_decides_by_its_own_rule(cells: list[Cell]) -> None:
    found = as_json(cells, 1.0)
    assert json.loads(json.dumps(found))["null_cells"] == 8
    assert found["holds"] == (
        found["false_claims"]["cells_above"] == 0 and found["false_claims"]["interval_99"][1] <= 0.06
    )
    text = markdown(cells, 1.0)
    assert "**Holds.**" in text or "**Does not hold.**" in text
    wrong = [
        Cell(c.setting, c.seeds, 2000, {**c.means, "false_claim": 0.2}, 0.0) if c.setting.landscape == "equal" else c
        for c in cells
    ]
    assert "**Does not hold.**" in markdown(wrong, 1.0)


def test_the_grid_is_balanced() -> None:
    whole = list(grid())
    nulls = [setting for setting in whole if setting.landscape == "equal"]
    assert len(nulls) == 2 * 3 * 3 * 2 + 3 * 3  # both kinds of clips, on the most clips one of them in turn
    for name in ("accuracy", "trials"):
        counts = np.unique([getattr(setting, name) for setting in nulls], return_counts=True)[1]
        assert np.ptp(counts) <= 4
    better = [setting for setting in whole if setting.landscape == "better"]
    assert {setting.difference for setting in better} == {0.02, 0.05, 0.1}
    assert {setting.world.within_group for setting in better} == {0.0, 0.3}
    assert len(list(grid(quick=True))) < len(whole) / 3


def test_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    monkeypatch.setattr(false_winners, "grid", lambda quick: [Setting(PLAIN, 0.8, 8, "equal")])
    assert main(["--json", "--sweeps", "2", "--processes", "1", "--cells", str(tmp_path / "cells.csv")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sweeps_per_cell"] == 2
    assert len(found["cells"]) == 4
    assert (tmp_path / "cells.csv").read_text().count("\n") == 5
    with pytest.raises(SystemExit):
        main(["--sweeps", "1"])
    assert "--sweeps must be at least 2" in capsys.readouterr().err
