"""Trials that train in packs in one process, without Ray around them: proxies are threads here."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sweeps.config.load import load_sweep
from sweeps.state.assignment import searching
from sweeps.state.workspace import CONFIRM, EXPLORE
from sweeps.worker.job import Job, Start
from sweeps.worker.packed_trial import Gone
from sweeps.worker.pool import PackHost
from sweeps.worker.trial import WARM, Trial, Workplace
from trainables.training.faults import DIVERGED

SAMPLE = {"rank": 4, "target_modules": "attention", "learning_rate": 3e-3, "alpha_ratio": 2, "quantization": "none"}
SAMPLE |= {"model_size": "mini-1m", "lora_dropout": 0.0}
TRIALS = {
    "one": SAMPLE,
    "two": {**SAMPLE, "rank": 8, "target_modules": "lm-attention"},
    "three": {**SAMPLE, "learning_rate": 1e-3},
}


@pytest.fixture
def job(tone_stores: dict[str, Path], tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setattr("trainables.miniature.path", lambda *arguments, **how: tiny_checkpoint)
    WARM.clear()
    spec = load_sweep("qwen_lora", ["train.batch_size=4", "train.epochs=2", "train.gradient_accumulation=2"])
    options = {"labels": ("SPEECH", "NONSPEECH"), "prompt": "Does this clip contain speech?"}
    return Job(
        spec=replace(spec, task_options=options, packing=8),
        stage=EXPLORE,
        stores={split: str(tone_stores[split]) for split in ("train", "validation")},
        precision="fp64",
        engine_settings={"device": "cpu", "threads": 1},
        engine_budget_bytes=4 << 30,
        miniature_recipe="test",
    )


def opened(host: PackHost, name: str, sample: dict[str, Any], folder: Path, known: int = 0) -> None:
    host.open(name, Start(folder / name, searching(host.place.job.spec, sample), known).as_dict())


def alone(job: Job, sample: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    off = replace(job, spec=replace(job.spec, packing="off"))
    trial = Trial(Workplace(off), Start(folder / "alone", searching(job.spec, sample)))
    results = [trial.step(), trial.step()]
    trial.close()
    return results


def assert_same(got: dict[str, Any], expected: dict[str, Any]) -> None:
    assert got["done"] == expected["done"]
    for ours, theirs in zip(got["report"]["lanes"], expected["report"]["lanes"], strict=True):
        assert ours["metrics"] == pytest.approx(theirs["metrics"], rel=1e-6)


def test_trials_meet_part_and_are_taken_up_with_the_numbers_that_they_have_alone(job: Job, tmp_path: Path) -> None:
    """Two begin; after an epoch the second one's proxy is lost and it is opened anew, and a third joins."""
    expected = {name: alone(job, sample, tmp_path / name) for name, sample in TRIALS.items()}
    host = PackHost(job)
    with ThreadPoolExecutor(3) as proxies:
        for name in ("one", "two"):
            opened(host, name, TRIALS[name], tmp_path / "packed")
        first = dict(zip(("one", "two"), proxies.map(host.step, ("one", "two")), strict=True))
        opened(host, "two", TRIALS["two"], tmp_path / "packed", known=1)
        opened(host, "three", TRIALS["three"], tmp_path / "packed")
        second = dict(zip(TRIALS, proxies.map(host.step, TRIALS), strict=True))
        host.close("one")
        host.close("two")
        third = host.step("three")
        host.close("three")
    packs = [result["report"]["pack_lanes"] for result in (*first.values(), *second.values(), third)]
    assert packs == [2, 2, 3, 3, 3, 1]
    assert len({result["report"]["backbones_loaded"] for result in second.values()}) == 1
    for got, epoch in ((first, 0), ({"one": second["one"], "two": second["two"]}, 1), ({"three": second["three"]}, 0)):
        for name, result in got.items():
            assert_same(result, expected[name][epoch])
    assert_same(third, expected["three"][1])
    assert not host.trials


def test_stage_2_trains_every_run_in_a_worker_of_its_own(job: Job) -> None:
    packed = replace(job, trials_per_worker=4)
    assert (packed.trials_together, replace(packed, stage=CONFIRM).trials_together) == (4, 1)


def test_one_that_diverges_ends_alone(job: Job, tmp_path: Path) -> None:
    host = PackHost(job)
    wild = {**SAMPLE, "learning_rate": 1e300}
    with ThreadPoolExecutor(2) as proxies:
        for name, sample in (("wild", wild), ("tame", SAMPLE)):
            opened(host, name, sample, tmp_path)
        ended, went_on = proxies.map(host.step, ("wild", "tame"))
    assert ended["failure"]["kind"] == DIVERGED
    assert "failure" not in went_on
    assert went_on["epoch"] == 1
    for name in ("wild", "tame"):
        host.close(name)


def test_one_that_is_closed_while_it_waits_is_gone_and_nobody_waits_for_it(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sweeps.worker.packed_trial.GRACE_SECONDS", 600.0)
    host = PackHost(job)
    for name in ("one", "two"):
        opened(host, name, TRIALS[name], tmp_path)
    waits = threading.Event()
    arrive = host.place.meeting.train

    def train(*arguments: Any, **how: Any) -> Any:
        waits.set()
        return arrive(*arguments, **how)

    monkeypatch.setattr(host.place.meeting, "train", train)
    with ThreadPoolExecutor(1) as proxies:
        lost = proxies.submit(host.step, "one")
        assert waits.wait(120)
        host.close("one")
        with pytest.raises(Gone):
            lost.result(120)
        assert host.step("two")["epoch"] == 1  # alone: it does not wait
    host.close("two")
