"""What a word on the command line stands for, in a record as the sweeps write it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.compare.command import main
from analysis.compare.matching import choose_metric
from analysis.compare.sources import find_source, find_sources
from analysis.record.reader import SweepRuns, read_sweep
from sweeps.record.store import default_uri
from sweeps.record.tracker import Tracker
from trainables.errors import InputError
from trainables.records import NO_FOLD, NO_SEED, PARAM_OBJECTIVE, PARAM_TEXTS, TAG_INTERIM, of_look

CONFIRM = (123, 456, 789)


def answers(make, chance: float, stream: int):
    rng = np.random.default_rng(stream)
    return make(rng.random(60) < chance)


@pytest.fixture(scope="module")
def record(make, tmp_path_factory) -> dict:
    """One store: a whole sweep with a failed and an unfinished confirm run, and one that never reached stage 2."""
    folder = tmp_path_factory.mktemp("results") / "été & 100% my results"
    folder.mkdir()
    runs: dict[str, str] = {}

    def add(
        tracker: Tracker, name: str, predictions, status: str | None, stage: str, role: str, config: str, seed
    ) -> None:
        run = tracker.runs.begin(stage, role, config, f"t_{name}", seed, NO_FOLD, {"rank": 8})
        if predictions is not None:
            split = "validation" if stage == "explore" else "test"
            predictions.write_parquet(folder / name / "predictions" / f"{split}.parquet")
            tracker.runs.log_artifacts(run, folder / name)
        if status:
            tracker.runs.close(run, status)
        runs[name] = tracker.runs.id_of(run)

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        uri = default_uri(folder)
        tracker = Tracker(uri, folder, "speech", miniature=True)
        tracker.start_sweep(
            "speech-1", "name: speech\n", {}, {PARAM_OBJECTIVE: "val/balanced_accuracy", PARAM_TEXTS: "basic"}
        )
        add(tracker, "explored", answers(make, 0.8, 1), "completed", "explore", "trial", "aaaa1111", 42)
        tracker.log_finalists([{"config_id": "aaaa1111"}, {"config_id": "abcd2222"}])
        for number, seed in enumerate(CONFIRM):
            add(tracker, f"first{seed}", answers(make, 0.9, seed), "completed", "confirm", "finalist", "aaaa1111", seed)
            done = "completed" if number < 2 else "failed"
            add(tracker, f"second{seed}", answers(make, 0.7, seed + 1), done, "confirm", "finalist", "abcd2222", seed)
            add(
                tracker,
                f"base{seed}",
                answers(make, 0.7, seed + 2),
                "completed",
                "confirm",
                "baseline",
                "eeee3333",
                seed,
            )
        add(tracker, "unfinished", None, None, "confirm", "finalist", "ffff4444", 5)
        add(tracker, "untuned", answers(make, 0.5, 9), "completed", "confirm", "untuned", "aaaa1111", NO_SEED)
        tracker.finish_sweep(verdict={"sentence": ""})
        early = Tracker(uri, folder, "early", miniature=True)
        early.start_sweep("early-1", "name: early\n", {}, {})
        early.finish_sweep("failed", reason="stopped")
    (folder / "speech-1").mkdir(exist_ok=True)
    (folder / "speech-1" / "sweep.yaml").write_text("name: speech\n")
    return {"uri": uri, "runs": runs, "folder": folder}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)


def test_a_sweep_is_its_first_finalist(record) -> None:
    for word in ("speech-1", "speech", "spee", str(record["folder"] / "speech-1")):
        (source,) = find_source(word, record["uri"])
        assert source.name == "finalist 1 of speech-1"
        assert sorted(source.runs) == sorted(CONFIRM)
        assert source.metric == "balanced_accuracy"
        assert source.seeded


def test_a_results_folder_brings_its_own_store(record) -> None:
    (source,) = find_source(str(record["folder"] / "speech-1"), None)
    assert len(source.runs) == 3


def test_the_parts_of_a_sweep(record) -> None:
    uri = record["uri"]
    assert [s.name for s in find_source("speech-1:finalists", uri)] == [
        "finalist 1 of speech-1",
        "finalist 2 of speech-1",
    ]
    (by_id,) = find_source("speech-1:aaaa", uri)
    (baseline,) = find_source("old=speech-1:baseline", uri)
    (untuned,) = find_source("speech-1:untuned", uri)
    assert by_id.name == "aaaa1111 of speech-1"
    assert len(by_id.runs) == 3  # the untuned backbone bears the same id and is no part of it
    assert baseline.name == "old"
    assert not untuned.seeded
    assert len(untuned.runs) == 1


def test_runs_that_failed_are_left_out_and_said(record) -> None:
    (source,) = find_source("speech-1:abcd2222", record["uri"])
    assert len(source.runs) == 2
    assert source.warnings == (
        "1 of 3 seeds of abcd2222 of speech-1 (789) was left out: it has no completed confirm run.",
    )


def test_one_run_by_its_id(record) -> None:
    (source,) = find_source(record["runs"]["base456"], record["uri"])
    assert list(source.runs) == [456]


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("explored", "belongs to stage 1, which sees no test data"),
        ("second789", "is failed, not completed"),
        ("unfinished", "is running, not completed"),
    ],
)
def test_runs_that_cannot_be_compared(record, run: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_source(record["runs"][run], record["uri"])


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("speech-1:ffff4444", "has no completed confirm run"),
        ("speech-1:a", "names 2 configurations of stage 2; there are aaaa1111, abcd2222"),
        ("speech-1:zzzz", "names no configurations"),
        ("early", "has no confirm runs"),
        ("nothing", "No sweep is called 'nothing'"),
        ("0" * 32, "There is no run"),
        ("x=", "names nothing"),
    ],
)
def test_words_that_name_nothing(record, word: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_source(word, record["uri"])


def test_every_wrong_word_is_reported_at_once(record) -> None:
    with pytest.raises(InputError) as caught:
        find_sources(["early", "absent.csv", "speech-1"], record["uri"])
    assert len(caught.value.problems) == 2


def test_no_store_is_ever_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No MLflow store is known"):
        find_source("speech", None)
    with pytest.raises(InputError, match="There is no MLflow store"):
        find_source("speech", f"sqlite:///{tmp_path}/absent.db")
    assert list(tmp_path.iterdir()) == []


def test_a_finalist_against_the_baseline_from_the_command_line(record, capsys) -> None:
    words = ["speech-1:finalists", "speech-1:baseline", "--tracking-uri", record["uri"], "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["metric"] == "balanced_accuracy"
    assert [row["name"] for row in found["configurations"]][-1] == "baseline"
    assert any("left out" in warning for warning in found["warnings"])
    assert found["winner"] in (None, "finalist 1")


@pytest.mark.parametrize(
    ("taken", "words"),
    [
        ([(2, [])], "after 2 of 5 planned seeds, and stopped there"),
        ([(2, ["finalist 1"]), (3, [])], "after 2 and 3 of 5 planned seeds, and stopped there"),
        ([(2, ["finalist 1"]), (3, ["finalist 1"])], "after 2 and 3 of 5 planned seeds, and went on"),
        ([], "was to be looked at after 2, 3 of 5 planned seeds, of which no look is recorded"),
    ],
)
def test_the_looks_that_a_sweep_took_are_said_and_not_those_it_planned(
    record, monkeypatch: pytest.MonkeyPatch, taken: list[tuple[int, list[str]]], words: str
) -> None:
    (plain,) = find_source("speech-1", record["uri"])
    assert not any("looked at" in warning for warning in plain.warnings)
    decided = [{"seeds": seeds, "open": left, "decided": [], "reason": ""} for seeds, left in taken]
    noted = json.dumps({"looks": [2, 3, 5], "decided": decided})

    def with_looks(uri: str, sweep: str) -> SweepRuns:
        found = read_sweep(uri, sweep)
        found.parent.data.tags[of_look(TAG_INTERIM, found.look)] = noted
        return found

    monkeypatch.setattr("analysis.compare.sources.read_sweep", with_looks)
    (looked,) = find_source("speech-1", record["uri"])
    assert words in looked.warnings[0]


def test_a_metric_that_is_not_offered_is_replaced_and_said(record) -> None:
    (source,) = find_source("speech-1", record["uri"])
    metric, said = choose_metric([replace(source, metric="area_under_curve")] * 2, None)
    assert metric.name == "accuracy"
    assert "ranked by area_under_curve; here accuracy is compared" in said[0]
    assert choose_metric([source, source], None)[0].name == "balanced_accuracy"


def test_the_form_of_texts_comes_with_a_sweep_and_with_its_runs(record) -> None:
    words = ["speech-1", "speech-1:baseline", record["runs"]["first123"]]
    assert [source.scored_as for source in find_sources(words, record["uri"])] == ["basic"] * 3
