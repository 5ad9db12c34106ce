"""Several sweeps in one report: equal to what compare says of the same arms, and refused where they cannot be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.compare.comparison import compare_sources
from analysis.compare.sources import find_sources
from analysis.record.sweep import Recorded
from analysis.record.sweep_reader import read_recorded
from analysis.report.command import main
from analysis.report.side_by_side import first_finalist, refuse_unlike, short_names, side_by_side
from tests.analysis.report.made_up import record_folds, record_sweep
from trainables.errors import InputError

IDS = ("hums-20260101-120000-ab12", "songs-20260102-120000-cd34")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    results = tmp_path_factory.mktemp("several") / "results"
    for seed, sweep_id in enumerate(IDS):
        address = record_sweep(results, sweep_id, trials=6, seed=seed)
    record_sweep(results, "short-3", trials=4, groups=8, judged=False)
    record_folds(results, "arousal-4")
    return address


@pytest.fixture(scope="module")
def two(store: str) -> list[Recorded]:
    return [read_recorded(store, sweep_id) for sweep_id in IDS]


def test_the_numbers_are_those_of_compare(store: str, two: list[Recorded]) -> None:
    page = side_by_side(two, rng=np.random.default_rng(0)).as_markdown("pictures")
    found = compare_sources(find_sources(IDS, store), rng=np.random.default_rng(0))
    pair = found.pairs[0].comparison
    assert f"{pair.difference:+.3f}" in page
    assert f"{pair.interval[0]:+.3f} to {pair.interval[1]:+.3f}" in page
    assert "hums: finalist 1" in page
    assert "songs: finalist 1" in page
    for sweep in two:
        assert sweep.name in page
        assert sweep.sentence in page.replace("\\", "")


def test_the_validation_clips_chose_what_is_compared(two: list[Recorded]) -> None:
    for sweep in two:
        chosen = first_finalist(sweep)
        others = [arm for arm in sweep.arms if arm.role == "finalist"]
        assert chosen.searched == max(arm.searched for arm in others)


def test_all_arms_stand_best_first(two: list[Recorded]) -> None:
    document = side_by_side(two, rng=np.random.default_rng(0))
    (table,) = next(section for section in document.sections if section.title == "All arms").blocks
    means = [float(row[2]) for row in table.rows]
    assert means == sorted(means, reverse=True)
    assert len(means) == sum(len(sweep.verdict.rows) for sweep in two)


def test_the_order_of_the_sweeps_turns_signs_alone(two: list[Recorded]) -> None:
    there, back = (side_by_side(order, rng=np.random.default_rng(0)) for order in (two, two[::-1]))

    def row(document) -> tuple[str, ...]:
        section = next(section for section in document.sections if section.title == "The best of each search")
        return section.blocks[1].rows[0]

    first, second = row(there), row(back)
    assert float(first[1]) == -float(second[1])
    assert first[3:5] == second[3:5]


def test_what_cannot_stand_side_by_side(store: str, two: list[Recorded]) -> None:
    unjudged, other = read_recorded(store, "short-3"), read_recorded(store, "arousal-4")
    with pytest.raises(InputError) as refused:
        refuse_unlike([two[0], two[0], unjudged, other])
    said = "\n".join(refused.value.problems)
    assert f"{IDS[0]} stands twice" in said
    assert "short-3 has no verdict: it failed" in said
    assert "the data must be the same" in said
    assert "f00d" in said
    assert "the metric must be the same" in said
    assert "mae (min)" in said
    with pytest.raises(InputError, match="has no test answers of the finalist"):
        first_finalist(replace(two[0], arms=()))


def test_names_tell_the_sweeps_apart() -> None:
    assert short_names(IDS) == ["hums", "songs"]
    again = "hums-20260105-120000-ef56"
    assert short_names([*IDS, again]) == [IDS[0], "songs", again]


def test_the_command(store: str, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["hums-2026", "songs", "--tracking-uri", store]) == 0
    said = capsys.readouterr().out
    assert "Report: side-by-side-report/report.html" in said
    assert "python -m analysis.compare hums-2026 songs" in said
    page = (tmp_path / "side-by-side-report" / "report.html").read_text()
    assert "2 sweeps of one data set" in page
    assert "test/clip-" not in page
    assert main(["songs", "nothing", "nobody", "--tracking-uri", store]) == 2
    errors = capsys.readouterr().err
    assert "'nothing'" in errors
    assert "'nobody'" in errors
    assert main(["songs", "short", "--tracking-uri", store, "--output", "none"]) == 2
    assert not (tmp_path / "none").exists()
