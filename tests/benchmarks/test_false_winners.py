"""The simulation under test: its sweeps have the truth they claim, and its tables say what was found."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from analysis.predictions.align import correct
from analysis.verdict.rule import verdict
from benchmarks import false_winners
from benchmarks.false_winners import main, run
from benchmarks.simulation.answers import confirmed, labels, macro_f1_of
from benchmarks.simulation.cells import Simulated, cells_of, read, share_interval
from benchmarks.simulation.grid import FAMILIES, SEEDS, grid
from benchmarks.simulation.judging import judge_all
from benchmarks.simulation.report import markdown
from benchmarks.simulation.settings import Setting
from benchmarks.simulation.simulate import simulate
from benchmarks.simulation.summary import error_rates
from benchmarks.simulation.worlds import World, true_components
from trainables.records import Predictions

GROUPED = World(clips=200, clips_per_group=4, within_group=0.3, seed_spread=0.5)
PLAIN = World(clips=100, clips_per_group=1, within_group=0.0, seed_spread=0.0)
HEAVY = World(clips=200, clips_per_group=4, within_group=0.5, seed_spread=0.5, tails="t2")


def right_of(setting: Setting, accuracies: list[float], seeds: int, sweeps: int, stream: int = 0) -> np.ndarray:
    """(sweeps, arms, seeds, clips)"""
    found = confirmed(setting, np.tile(accuracies, (sweeps, 1)), seeds, np.random.default_rng(stream))
    assert found.right is not None
    return found.right


def predictions(world: World, right: np.ndarray) -> Predictions:
    targets = ["no", "yes"] * (world.clips // 2)
    other = {"no": "yes", "yes": "no"}
    return Predictions(
        example_ids=[f"clip{i}" for i in range(world.clips)],
        groups=[f"group{number}" for number in world.group_numbers()],
        folds=["-"] * world.clips,
        targets=targets,
        outputs=[target if ok else other[target] for target, ok in zip(targets, right, strict=True)],
    )


@pytest.mark.parametrize("world", [GROUPED, PLAIN, HEAVY])
def test_accuracy_over_new_seeds_and_clips_is_the_wanted_one(world: World) -> None:
    wanted = [0.6, 0.8, 0.95]
    right = right_of(Setting("groups", world, 0.8), wanted, 10, 150)
    assert right.mean(axis=(0, 2, 3)) == pytest.approx(wanted, abs=0.012)


def test_it_is_the_wanted_one_where_runs_collapse() -> None:
    setting = Setting("collapse", PLAIN, 0.85, "finalist collapses", collapse=0.2)
    right = right_of(setting, [0.85, 0.85], 10, 400)
    assert right.mean(axis=(0, 2, 3)) == pytest.approx([0.85, 0.85], abs=0.01)
    lowest = right.mean(axis=3).min(axis=2).mean(axis=0)
    assert lowest[0] < 0.55 < 0.75 < lowest[1]


@pytest.mark.parametrize("world", [GROUPED, HEAVY])
def test_a_models_own_accuracy_is_its_mean_on_many_clips(world: World) -> None:
    many = World(40_000, 4, world.within_group, 1.0, world.tails)
    found = confirmed(Setting("groups", many, 0.8), np.array([[0.8]]), 3, np.random.default_rng(1))
    assert found.right is not None
    assert found.right.mean(axis=3) == pytest.approx(found.model_truths, abs=0.01)
    assert np.ptp(found.model_truths) > 0.02


@pytest.mark.parametrize(("landscape", "even"), [("steady", 1), ("restless", 0)])
def test_an_arm_without_seed_effects_is_as_good_under_every_seed(landscape: str, even: int) -> None:
    setting = Setting("search", GROUPED, 0.8, landscape)
    found = confirmed(setting, np.array([[0.8, 0.8]]), 6, np.random.default_rng(2))
    assert found.model_truths is not None
    assert np.ptp(found.model_truths[0, even]) == pytest.approx(0.0, abs=1e-6)
    assert found.model_truths[0, even, 0] == pytest.approx(0.8, abs=1e-4)
    assert np.ptp(found.model_truths[0, 1 - even]) > 0.01


def test_group_sizes_are_as_their_shape_says() -> None:
    for shape, first in (("equal", 8), ("half", 64), ("zipf", 37)):
        sizes = World(128, 8, 0.5, 0.0, shape=shape).sizes()
        assert (len(sizes), sizes.sum()) == (16, 128)
        assert sizes[0] == pytest.approx(first, abs=10)
        assert sizes.min() >= 1


def test_word_errors_and_macro_f1_have_the_truth_they_claim() -> None:
    rng = np.random.default_rng(3)
    words = Setting("wer", World(400, 1, 0.0, 1.0), 0.15, metric="wer", detail="runaway")
    found = confirmed(words, np.full((200, 2), 0.15), 4, rng)
    assert found.values.mean() == pytest.approx(found.truths.mean(), rel=0.02)
    classes = Setting("macro_f1", World(4000, 1, 0.0, 0.5), 0.8, metric="macro_f1")
    found = confirmed(classes, np.full((10, 2), 0.8), 4, rng)
    assert found.values.mean() == pytest.approx(float(macro_f1_of(np.array(0.8))), abs=0.02)
    assert np.bincount(labels(World(200, 1, 0.0, 0.0))).tolist() == [80, 60, 34, 14, 6, 6]


@pytest.mark.parametrize("world", [GROUPED, PLAIN])
def test_the_oracle_knows_the_variance(world: World) -> None:
    """Of the mean difference, over many simulated test sets."""
    means = right_of(Setting("groups", world, 0.9), [0.9, 0.8], 3, 1500, stream=3).mean(axis=(2, 3))
    empirical = np.var(means[:, 0] - means[:, 1], ddof=1)
    seed, group, residual = true_components(world, 0.9, 0.8)
    expected = seed / 3 + group / world.groups + residual / (3 * world.groups)
    assert empirical == pytest.approx(expected, rel=4 * math.sqrt(2 / 1500))
    assert (seed > 1e-9) == (world.seed_spread > 0)


@pytest.mark.parametrize("world", [GROUPED, PLAIN, World(128, 8, 0.5, 0.0, shape="half")])
def test_the_quick_way_to_the_verdict_is_the_verdict(world: World) -> None:
    """Scores handed over as arrays give what prediction files give."""
    sweeps = confirmed(Setting("groups", world, 0.8), np.array([[0.85, 0.8, 0.8]]), 3, np.random.default_rng(4))
    assert sweeps.right is not None
    runs = {
        name: {seed: predictions(world, right) for seed, right in enumerate(arm)}
        for name, arm in zip(("one", "two", "baseline"), sweeps.right[0], strict=True)
    }
    baseline = runs.pop("baseline")
    whole = verdict(runs, baseline, lambda p: float(correct(p).mean()), metric_name="test/accuracy")
    quick = judge_all(sweeps)
    for place, shown in enumerate(whole.against_baseline):
        assert shown.claim == "population"
        assert quick.family.difference[0, place] == pytest.approx(shown.difference, rel=1e-9)
        assert quick.family.p_value[0, place] == pytest.approx(shown.adjusted_p_value, rel=1e-9)
        assert (quick.family.low[0, place], quick.family.high[0, place]) == pytest.approx(shown.interval, rel=1e-9)


def test_the_interval_of_a_share_is_clopper_and_pearsons() -> None:
    assert share_interval(0.0, 100) == (0.0, pytest.approx(1 - 0.005 ** (1 / 100)))
    assert share_interval(1.0, 100) == (pytest.approx(0.005 ** (1 / 100)), 1.0)
    low, high = share_interval(0.05, 2000)
    assert 0.03 < low < 0.05 < high < 0.07


SETTINGS = [
    Setting("search", PLAIN, 0.8, "equal", trials=8),
    Setting("search", GROUPED, 0.95, "better", 0.4, trials=8),
    Setting("groups", World(180, 20, 0.5, 0.0), 0.8),
    Setting("resampling", PLAIN, 0.8),
    Setting("counts", PLAIN, 0.8),
    Setting("correlation", World(30, 1, 0.5, 0.0), 0.9, "better", 0.2),
]


@pytest.fixture(scope="module")
def found() -> list[Simulated]:
    return [cells_of(setting, simulate(setting, 20, SEEDS), 20) for setting in SETTINGS]


def test_a_clear_difference_is_found_and_more_seeds_make_narrower_intervals(found: list[Simulated]) -> None:
    clear = [cell for cell in found[1].cells if cell.seeds > 1]
    assert all(cell.means["better_present"] == 1.0 for cell in clear)
    assert clear[-1].means["found"] == clear[-1].means["oracle_found"] == 1.0
    for name in ("width", "alone_width"):
        widths = [cell.means[name] for cell in clear]
        assert widths == sorted(widths, reverse=True)


def test_a_setting_has_a_stream_of_its_own(found: list[Simulated]) -> None:
    again = cells_of(SETTINGS[2], simulate(SETTINGS[2], 20, SEEDS), 20)
    assert [cell.row() for cell in again.cells] == [cell.row() for cell in found[2].cells]


def test_a_run_that_was_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept.jsonl"
    settings = [SETTINGS[0], SETTINGS[4]]
    whole = run(settings, 3, kept)
    kept.write_text(kept.read_text() + '{"setting": {"fam')  # cut off in a line
    monkeypatch.setattr(false_winners, "simulate", lambda *_: pytest.fail("computed again"))
    again = run(settings, 3, kept)
    assert [c.row() for each in again for c in each.cells] == [c.row() for each in whole for c in each.cells]
    assert len(list(read(kept))) == 2


def test_the_tables_hold_what_was_found(found: list[Simulated]) -> None:
    text = markdown(found)
    assert "nan" not in text
    assert f"{sum(len(each.cells) for each in found)} cells" in text
    cells = [cell for each in found for cell in each.cells]
    rates = error_rates(cells)["false_positives"]
    assert set(rates) == {"paired bootstrap", "permutation by group", "McNemar exact, first seed", "crossed bootstrap"}
    assert set(rates["crossed bootstrap"]) == {"2", "3", "5", "10"}
    assert json.loads(json.dumps(rates)) == rates


def test_the_grid_has_every_family_once() -> None:
    whole = list(grid())
    assert {setting.family for setting in whole} == set(FAMILIES)
    assert len(set(map(repr, whole))) == len(whole)
    assert len(whole) * len(SEEDS) > 3 * 828
    assert len(list(grid(quick=True))) < len(whole) / 5


def test_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    monkeypatch.setattr(false_winners, "grid", lambda quick: SETTINGS[:1])
    monkeypatch.setattr(false_winners, "TABLE", tmp_path / "table.md")
    monkeypatch.setattr(false_winners, "ERROR_RATES", tmp_path / "rates.json")
    monkeypatch.setattr(false_winners, "NUMBERS", tmp_path / "numbers.json")
    monkeypatch.setattr(false_winners, "write", lambda root, numbers: None)
    kept = ["--kept", str(tmp_path / "kept.jsonl")]
    assert main(["--sweeps", "2", *kept]) == 0
    assert "## Intervals" in capsys.readouterr().out
    assert main(["--sweeps", "2", "--table", *kept]) == 0
    assert (tmp_path / "table.md").is_file()
    with pytest.raises(SystemExit):
        main(["--sweeps", "1"])
    assert "--sweeps must be at least 2" in capsys.readouterr().err
