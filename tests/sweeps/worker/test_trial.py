"""A trial in its worker, without Ray around it: memory that does not suffice, faults that nobody can mend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from sweeps.config.load import load_sweep
from sweeps.machine.weights import folder_digest
from sweeps.state.assignment import searching
from sweeps.state.workspace import EXPLORE
from sweeps.worker.job import Job, Start
from sweeps.worker.trial import WARM, Trial, Workplace
from trainables.training.batch import ClipBatch
from trainables.training.engine import Engine
from trainables.training.faults import DISK_FULL, DIVERGED, OUT_OF_MEMORY

SAMPLE = {"rank": 4, "target_modules": "attention", "learning_rate": 3e-3, "alpha_ratio": 2, "quantization": "none"}
SAMPLE |= {"model_size": "mini-1m", "lora_dropout": 0.0}


@pytest.fixture
def job(tone_stores: dict[str, Path], tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setattr("trainables.miniature.path", lambda *arguments, **how: tiny_checkpoint)
    WARM.clear()
    spec = load_sweep("qwen_lora", ["train.batch_size=4", "train.epochs=2", "train.gradient_accumulation=2"])
    options = {"labels": ("SPEECH", "NONSPEECH"), "prompt": "Does this clip contain speech?"}
    return Job(
        spec=replace(spec, task_options=options),
        stage=EXPLORE,
        stores={split: str(tone_stores[split]) for split in ("train", "validation")},
        precision="fp64",
        engine_settings={"device": "cpu", "threads": 1},
        engine_budget_bytes=1 << 30,
        miniature_recipe="test",
    )


def begun(job: Job, folder: Path, sample: Mapping[str, Any] = SAMPLE, **more: int) -> Trial:
    return Trial(Workplace(job), Start(folder, searching(job.spec, sample), **more))


def holding(clips: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The device's memory holds so many clips at a time, in training and out of it; the sizes that were tried."""
    collated, tried = Engine.collated, []

    def allocate(engine: Engine, *batches: ClipBatch) -> Any:
        tried.append(sum(len(part.features) for part in batches))
        if tried[-1] > clips:
            raise torch.OutOfMemoryError(f"CUDA out of memory. Tried to allocate {tried[-1]} clips.")
        return collated(engine, *batches)

    monkeypatch.setattr(Engine, "collated", allocate)
    return tried


def test_memory_for_half_a_batch_gives_what_memory_for_a_whole_one_gives(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = begun(job, tmp_path / "whole")
    expected = [whole.step(), whole.step()]
    whole.close()

    trial = begun(job, tmp_path / "cut")
    first = trial.step()
    tried = holding(2, monkeypatch)
    second = trial.step()
    assert tried[0] == 4
    assert max(tried[-6:]) <= 2
    for got, wanted in zip([first, second], expected, strict=True):
        for ours, theirs in zip(got["report"]["lanes"], wanted["report"]["lanes"], strict=True):
            assert ours["metrics"] == pytest.approx(theirs["metrics"], rel=1e-8)
    assert [result["report"]["batch_parts"] for result in (first, second)] == [1, 8]  # 16 evaluation clips in 8 parts
    assert second["done"]
    trial.close()


def test_it_starts_with_the_parts_that_the_driver_knows_of(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = holding(2, monkeypatch)
    trial = begun(job, tmp_path, batch_parts=8)
    assert trial.step()["report"]["batch_parts"] == 8
    assert max(tried) <= 2
    trial.close()


def test_memory_for_nothing_is_a_failure_and_no_endless_loop(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = holding(0, monkeypatch)
    trial = begun(job, tmp_path)
    result = trial.step()
    assert result["failure"]["kind"] == OUT_OF_MEMORY
    assert tried == [4, 2, 1, 1, 1]
    trial.close()


def test_a_backbone_that_does_not_fit_is_tried_once_more_alone(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = []

    def load(*arguments: Any, **how: Any) -> Engine:
        loads.append(how)
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr("sweeps.worker.trial.Engine", load)
    result = begun(job, tmp_path).step()
    assert result["failure"]["kind"] == OUT_OF_MEMORY
    assert len(loads) == 2


def test_what_another_try_cannot_mend_is_said_and_anything_else_is_raised(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wild = begun(job, tmp_path / "wild", sample={**SAMPLE, "learning_rate": 1e300})
    failure = wild.step()["failure"]
    assert failure["kind"] == DIVERGED
    assert "in epoch 1, step 2 (learning rate" in failure["reason"]
    wild.close()

    for error, kind in ((OSError(28, "No space left on device"), DISK_FULL), (KeyError("x"), None)):

        def fail(*arguments: Any, error: Exception = error, **how: Any) -> None:
            raise error

        trial = begun(job, tmp_path / "unsaved")
        with monkeypatch.context() as patch:
            patch.setattr("sweeps.worker.trial.save_point", fail)
            if kind is None:
                with pytest.raises(KeyError):
                    trial.step()
            else:
                assert trial.step()["failure"]["kind"] == kind
        trial.close()
    assert begun(job, tmp_path / "unsaved").step()["epoch"] == 1  # the disk has room again


def test_seeds_that_train_as_a_pack_give_what_they_give_in_turn(job: Job, tmp_path: Path) -> None:
    """Two epochs; the second one by another worker, from the resume point. The bound on a batch is memory's."""
    spec = replace(job.spec, explore_seeds=(1, 2, 3))
    job = replace(job, engine_budget_bytes=4 << 30)
    alone, packed = (replace(job, spec=replace(spec, packing=packing)) for packing in ("off", 8))
    first = begun(alone, tmp_path / "alone")
    expected = [first.step(), first.step()]
    first.close()
    got = []
    for known in range(2):
        trial = begun(packed, tmp_path / "packed", known_results=known)
        got.append(trial.step())
        trial.close()
    assert [result["report"]["pack_lanes"] for result in expected + got] == [1, 1, 3, 3]
    for ours, theirs in zip(got, expected, strict=True):
        assert ours["done"] == theirs["done"]
        for lane, same in zip(ours["report"]["lanes"], theirs["report"]["lanes"], strict=True):
            assert (lane["seed"], lane["fold"]) == (same["seed"], same["fold"])
            assert lane["metrics"] == pytest.approx(same["metrics"], rel=1e-6)
    small = begun(replace(packed, engine_budget_bytes=600 << 20), tmp_path / "small")  # fp64: 117 MiB a clip, 4 a batch
    assert small.step()["report"]["pack_lanes"] == 1
    small.close()


def test_a_checkpoint_that_is_named_is_loaded_as_it_was_pinned(
    job: Job, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of a miniature, as a user names a folder: the same model, so the same first epoch."""
    expected = begun(job, tmp_path / "miniature").step()["report"]
    monkeypatch.setattr("trainables.miniature.path", lambda *arguments, **how: pytest.fail("it is no miniature"))
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "cache"))
    WARM.clear()
    named = str(tiny_checkpoint)
    pinned = replace(job, miniature_recipe=None, revisions={named: folder_digest(named)})
    pinned = replace(pinned, spec=replace(job.spec, axes=(), fixed={**SAMPLE, "model_size": named}))
    trial = begun(pinned, tmp_path / "named", sample={})
    report = trial.step()["report"]
    assert (report["checkpoint_name"], report["checkpoint_revision"]) == (named, folder_digest(named))
    assert report["counts"] == expected["counts"]
    assert report["lanes"][0]["metrics"] == expected["lanes"][0]["metrics"]
    trial.close()
