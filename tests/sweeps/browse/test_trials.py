"""The rows of the table: order, what is hidden, pages, and what a picture shows of very many."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.browse.trials import BEST, DRAWN_BEST, DRAWN_REST, PAGE_ROWS, View, drawn, number, objective, table
from sweeps.browse.watch import Stage
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import EXPLORE, Workspace
from tests.sweeps.browse.made_up import begin, result, sample, searched


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    workspace = begin(tmp_path_factory.mktemp("results"))
    searched(workspace, 40)
    return watched(workspace)


def watched(workspace: Workspace) -> Stage:
    return Stage(workspace, workspace.stage(EXPLORE))


def rows(stage: Stage, mode: str = "max", **view: object) -> list[str]:
    return [number(trial) for trial in table(stage, View(**view), mode, "val/accuracy").rows]  # type: ignore[arg-type]


def test_it_opens_with_what_runs_and_then_the_best(stage: Stage) -> None:
    shown = table(stage, View(), "max", "val/accuracy")
    assert number(shown.rows[0]) == "39"
    scores = [objective(trial) for trial in shown.rows[1:]]
    assert scores == sorted(scores, reverse=True)  # type: ignore[type-var]
    assert shown.best is shown.rows[1]
    assert table(stage, View(), "min", "val/wer").rows[-1] is shown.rows[1]


def test_the_best_is_one_that_can_become_a_finalist(tmp_path: Path) -> None:
    workspace = begin(tmp_path)
    searched(workspace, 4)
    progress = StageProgress(workspace.stage(EXPLORE))
    progress.asked("trial_00004", sample(4))
    progress.result("trial_00004", {**result(4, 1), "value": 9.0, "objective": 9.0}, last=True)  # pruned
    progress.asked("trial_00005", sample(5))
    progress.result("trial_00005", {**result(5, 1), "value": 8.0, "objective": 8.0}, last=False)
    progress.stopped("trial_00005")
    best = table(watched(workspace), View(), "max", "val/accuracy").best
    assert best is not None
    assert best.status == "completed"


def test_pruned_ones_can_be_hidden(stage: Stage) -> None:
    hidden = table(stage, View(pruned=False), "max", "val/accuracy")
    assert (hidden.shown, hidden.counts["pruned"]) == (27, 13)
    assert {trial.status for trial in hidden.rows} == {"completed", "running"}


def test_every_column_sorts_both_ways_and_what_has_no_value_is_last(stage: Stage) -> None:
    assert rows(stage, sort="trial")[:2] == ["0", "1"]
    assert rows(stage, sort="trial", descending=True)[0] == "39"
    ranks = [trial.given["rank"] for trial in table(stage, View(sort="axis.rank"), "max", "m").rows]
    assert ranks == sorted(ranks)
    for descending in (False, True):
        dropouts = [
            trial.given.get("lora_dropout")
            for trial in table(stage, View(sort="axis.lora_dropout", descending=descending), "max", "m").rows
        ]
        assert dropouts[:20] == sorted(dropouts[:20], reverse=descending)  # type: ignore[type-var]
        assert set(dropouts[20:]) == {None}
    assert rows(stage, sort="no such column") == rows(stage)


def test_pages_hold_every_row_once(tmp_path: Path) -> None:
    workspace = begin(tmp_path)
    searched(workspace, 2 * PAGE_ROWS + 5)
    stage = watched(workspace)
    pages = [rows(stage, sort="trial", page=page) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [PAGE_ROWS, PAGE_ROWS, 5]
    assert [name for page in pages for name in page] == [str(index) for index in range(2 * PAGE_ROWS + 5)]
    assert rows(stage, sort="trial", page=99) == pages[2]


def test_a_view_is_its_query_and_nonsense_is_the_view_that_opens() -> None:
    view = View.of({"sort": "value", "order": "desc", "pruned": "hide", "page": "3", "stage": "explore"})
    assert view == View("explore", "value", True, False, 3)
    assert view.query == "?stage=explore&sort=value&order=desc&pruned=hide&page=3"
    assert view.but(sort="epoch").page == 1
    assert View.of({"page": "-1", "order": "x", "pruned": "no"}) == View()
    assert View.of({"page": "²"}).page == View.of({"page": "9" * 30}).page == 1
    assert (View().query, View().sort) == ("", BEST)


def test_a_picture_of_very_many_keeps_the_best_and_what_runs(tmp_path: Path) -> None:
    workspace = begin(tmp_path)
    trials = list(searched(workspace, 900).trials.values())
    chosen = drawn(trials, "max")
    shown = chosen.all
    assert len(chosen.rest) <= DRAWN_REST
    assert (len(chosen.single), chosen.single[0]) == (DRAWN_BEST + 1, trials[-1])
    assert [trial for trial in shown if not trial.over] == [trials[-1]]
    best = sorted((objective(trial) or 0.0 for trial in trials if trial.over), reverse=True)[:DRAWN_BEST]
    assert sorted((objective(trial) or 0.0 for trial in shown[-DRAWN_BEST:]), reverse=True) == best
    assert drawn(trials[:50], "max").rest == ()
    assert {trial.name for trial in drawn(trials[:50], "min").all} == {trial.name for trial in trials[:50]}
