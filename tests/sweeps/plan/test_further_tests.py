"""`data.evaluate`: read with the sweep, planned, refused where it overlaps, and answered by every confirm run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from rich.console import Console

from sweeps.config.load import load_sweep
from sweeps.config.resolve import baseline_config
from sweeps.plan.further_tests import evaluation_rows
from sweeps.plan.plan import make_plan
from sweeps.plan.prepare import Prepared, prepare
from sweeps.stage.inputs import make_stores
from sweeps.state.assignment import confirming
from sweeps.state.workspace import CONFIRM, Workspace
from sweeps.worker.job import Job, Start
from sweeps.worker.trial import WARM, Trial, Workplace
from trainables.errors import InputError
from trainables.records import Predictions

CLIPS, SECONDS = 18, 0.3


def manifest(path: Path, names: Sequence[str], *, groups: Sequence[str] | None = None, **more: Any) -> Path:
    """Hums and hisses, one file each, made anew where it is not there."""
    rows = []
    for index, name in enumerate(names):
        sound = path.parent / f"{name}.wav"
        if not sound.is_file():
            rng = np.random.default_rng([*name.encode()])
            soundfile.write(sound, 0.1 * rng.standard_normal(round(SECONDS * 16_000)), 16_000)
        label = "SPEECH" if index % 2 else "NONSPEECH"
        rows.append({"audio": sound.name, "label": label, "group": groups[index] if groups else f"g-{name}", **more})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    return manifest(tmp_path / "clips.jsonl", [f"clip{index:02}" for index in range(CLIPS)])


def prepared(clips: Path, *overrides: str) -> Prepared:
    return prepare("qwen_lora", [f"data.source={clips}", "profile=cpu", *overrides], planning=False)


def test_further_sets_are_planned_and_part_of_the_data(clips: Path, tmp_path: Path) -> None:
    near = manifest(tmp_path / "near.jsonl", ["n0", "n1", "n2"], groups=["a", "a", "b"])
    found = prepared(clips, f"data.evaluate={{near: {near}}}")
    plan = make_plan(found)
    assert [(row.name, row.clips, row.groups) for row in plan.evaluations] == [("near", 3, 2)]
    without = prepared(clips)
    assert plan.disk_bytes > make_plan(without).disk_bytes
    assert [example.target for example in found.of_split("test_near")] == ["NONSPEECH", "SPEECH", "NONSPEECH"]
    assert found.splits == without.splits
    assert found.data_fingerprint != without.data_fingerprint


def test_of_a_source_with_splits_only_the_test_split_counts(clips: Path, tmp_path: Path) -> None:
    whole = manifest(tmp_path / "whole.jsonl", ["w0", "w1"], split="test")
    whole.write_text(whole.read_text() + manifest(tmp_path / "more.jsonl", ["w2"], split="train").read_text())
    found = prepared(clips, f"data.evaluate.far={whole}")
    assert len(found.of_split("test_far")) == 2
    (row,) = evaluation_rows(found.spec, found.evaluations)
    assert row.understood.guesses[-1] == "Of its 3 clips the 2 of the test split are used."
    with pytest.raises(InputError, match=r"data\.evaluate\.far: .*no test clip"):
        prepared(clips, f"data.evaluate.far={tmp_path / 'more.jsonl'}")


def test_everything_wrong_with_them_is_said_at_once(clips: Path, tmp_path: Path) -> None:
    seen = prepared(clips).of_split("train")[0]
    same = manifest(tmp_path / "same.jsonl", [Path(seen.audio[0].path).stem], groups=["new"])
    group = manifest(tmp_path / "group.jsonl", ["fresh"], groups=[seen.group])
    label = tmp_path / "label.jsonl"
    label.write_text(json.dumps({"audio": "fresh.wav", "label": "DOG"}) + "\n")
    sets = {"same": same, "group": group, "label": label, "none": tmp_path / "none.jsonl"}
    with pytest.raises(InputError) as caught:
        prepared(clips, *(f"data.evaluate.{name}={path}" for name, path in sets.items()))
    for name, words in {
        "same": "1 of 1 clips are heard in training or validation",
        "group": f"1 of its groups stand in training or validation too ({seen.group})",
        "label": "DOG",
        "none": "is no file or folder",
    }.items():
        assert any(p.startswith(f"data.evaluate.{name}: ") and words in p for p in caught.value.problems), name


def test_a_test_clip_may_be_tested_on_again(clips: Path, tmp_path: Path) -> None:
    found = prepared(clips)
    tested = [Path(example.audio[0].path).stem for example in found.of_split("test")]
    again = manifest(tmp_path / "again.jsonl", tested)
    assert len(prepared(clips, f"data.evaluate.again={again}").of_split("test_again")) == len(tested)


@pytest.mark.parametrize("name", ["test", "validation", "Train"])
def test_a_name_of_a_split_is_taken(name: str, clips: Path) -> None:
    with pytest.raises(InputError, match=f"data.evaluate.{name}: {name} is a split of the data itself"):
        load_sweep("qwen_lora", [f"data.evaluate.{name}={clips}"])


@pytest.fixture
def job(clips: Path, tmp_path: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setattr("trainables.miniature.path", lambda *arguments, **how: tiny_checkpoint)
    WARM.clear()
    near = manifest(tmp_path / "near.jsonl", ["n0", "n1", "n2"])
    found = prepared(clips, f"data.evaluate.near={near}", "train.epochs=1", "train.batch_size=8")
    splits = ("train", "validation", "test", *found.evaluations)
    stores = make_stores(found, Workspace(tmp_path / "results", "sweep"), splits, Console(quiet=True))
    return Job(
        spec=found.spec,
        stage=CONFIRM,
        stores=stores,
        precision="fp32",
        engine_settings={"device": "cpu", "threads": 1},
        engine_budget_bytes=1 << 30,
        miniature_recipe="test",
    )


@pytest.mark.parametrize("seed", [7, None])
def test_every_confirm_run_and_the_untuned_backbone_answer_them(job: Job, seed: int | None, tmp_path: Path) -> None:
    config = replace(baseline_config(job.spec), quantization="none", model_size="mini-1m")
    trial = Trial(Workplace(job), Start(tmp_path / "run", confirming("baseline", "baseline", config, seed)))
    metrics = trial.step()["report"]["lanes"][0]["metrics"]
    trial.close()
    (folder,) = (tmp_path / "run" / "final").glob("*/predictions")
    assert sorted(path.stem for path in folder.glob("*.parquet")) == ["near", "test", "validation"]
    for name, prefix in (("near", "test_near"), ("test", "test"), ("validation", "val")):
        answers = Predictions.read_parquet(folder / f"{name}.parquet")
        right = np.mean([t == o for t, o in zip(answers.targets, answers.outputs, strict=True)])
        assert metrics[f"{prefix}/accuracy"] == pytest.approx(right)
    assert Predictions.read_parquet(folder / "near.parquet").example_ids == ["n0.wav", "n1.wav", "n2.wav"]


def test_in_stage_1_there_is_nothing_to_be_tested_on(job: Job) -> None:
    seen = {split: folder for split, folder in job.stores.items() if split in ("train", "validation")}
    assert replace(job, stage="explore", stores=seen).tests == []
    assert job.tests == ["test", "test_near"]
