"""Lanes on an engine: they learn, they do not disturb each other, they continue where they stopped.

Covers `engine`, `batch` and `lane_state` too: what they do shows in lanes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import PeftModel
from transformers import Qwen2AudioForConditionalGeneration

from trainables import registry
from trainables.config import TrialConfig
from trainables.data.sound.store import SplitStore
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.faults import TrainingDiverged
from trainables.training.lane import Lane, LaneKey, lane_seeds
from trainables.training.schedule import cut, grouped_by_length

CONFIG = TrialConfig(
    backbone="qwen2_audio",
    model_size="mini-1m",
    rank=4,
    alpha=8,
    learning_rate=3e-3,
    lora_dropout=0.1,
    epochs=2,
    batch_size=2,
    gradient_accumulation=2,
    warmup_ratio=0.2,
)
TASK = {"labels": ("SPEECH", "NONSPEECH"), "prompt": "Does this clip contain speech?"}


@pytest.fixture(scope="module")
def stores(tone_stores: dict[str, Path]) -> dict[str, SplitStore]:
    return {split: SplitStore(folder) for split, folder in tone_stores.items()}


def make_engine(checkpoint: Path, quantization: str = "none", precision: str = "fp32", **settings: object) -> Engine:
    key = EngineKey("qwen2_audio", "mini-1m", quantization, precision)
    return Engine(key, str(checkpoint), registry.task("label_scoring", dict(TASK)), EngineSettings(**settings))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def engine(tiny_checkpoint: Path) -> Engine:
    return make_engine(tiny_checkpoint)


def open_lane(engine: Engine, stores: dict[str, SplitStore], config: TrialConfig, seed: int = 1) -> Lane:
    return Lane(engine, config, LaneKey(seed, "-"), stores["train"], stores["validation"])


def train_alone(engine: Engine, stores: dict, config: TrialConfig, seed: int) -> list[dict[str, float]]:
    lane = open_lane(engine, stores, config, seed)
    metrics = [lane.train_epoch() for _ in range(lane.planned_epochs)]
    lane.close()
    return metrics


def test_same_seed_gives_identical_metrics_and_another_seed_does_not(engine: Engine, stores: dict) -> None:
    first, again = (train_alone(engine, stores, CONFIG, seed=1) for _ in range(2))
    assert first == again
    assert train_alone(engine, stores, CONFIG, seed=2) != first


def test_interleaved_lanes_equal_separate_runs(engine: Engine, stores: dict) -> None:
    other = replace(CONFIG, rank=8, alpha=8, learning_rate=1e-3, gradient_accumulation=3, target_modules="all-linear")
    alone = [train_alone(engine, stores, CONFIG, 1), train_alone(engine, stores, other, 2)]
    lanes = [
        Lane(engine, config, LaneKey(seed, "-"), stores["train"], stores["validation"])
        for config, seed in ((CONFIG, 1), (other, 2))
    ]
    together: list[list[dict[str, float]]] = [[], []]
    for _ in range(2):
        for lane, metrics in zip(lanes, together, strict=True):
            metrics.append(lane.train_epoch())
    for lane in lanes:
        lane.close()
    assert together == alone


def test_a_warm_engine_gives_what_a_fresh_one_gives(tiny_checkpoint: Path, engine: Engine, stores: dict) -> None:
    train_alone(engine, stores, replace(CONFIG, rank=2), seed=9)
    assert train_alone(make_engine(tiny_checkpoint), stores, CONFIG, 1) == train_alone(engine, stores, CONFIG, 1)


def test_training_lowers_the_loss_and_leaves_the_backbone_alone(engine: Engine, stores: dict) -> None:
    before = {name: p.clone() for name, p in engine.model.named_parameters() if "lora_" not in name}
    untuned = engine.predict_untuned(stores["test"]).scores
    metrics = train_alone(engine, stores, replace(CONFIG, epochs=6, learning_rate=1e-2), seed=1)
    assert metrics[-1]["train/loss"] < metrics[0]["train/loss"]
    after = {name: p for name, p in engine.model.named_parameters() if "lora_" not in name}
    assert all(torch.equal(before[name], after[name]) for name in before)
    np.testing.assert_array_equal(engine.predict_untuned(stores["test"]).scores, untuned)


def test_global_random_state_is_neither_used_nor_changed(engine: Engine, stores: dict) -> None:
    torch.manual_seed(123)
    np.random.seed(123)  # noqa: NPY002 - the test is about the global generator
    first_state = torch.random.get_rng_state()
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = train_alone(engine, stores, CONFIG, seed=1)
    assert torch.equal(torch.random.get_rng_state(), first_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    torch.manual_seed(456)
    assert train_alone(engine, stores, CONFIG, seed=1) == first


def test_a_lane_continues_from_its_resume_point(engine: Engine, stores: dict, tmp_path: Path) -> None:
    config = replace(CONFIG, epochs=3, scheduler="cosine", keep="best")
    whole = train_alone(engine, stores, config, seed=3)
    lane = Lane(engine, config, LaneKey(3, "-"), stores["train"], stores["validation"])
    first = lane.train_epoch()
    lane.save(tmp_path / "lane")
    lane.close()
    assert not list(tmp_path.rglob("*.pkl"))
    resumed = Lane(engine, config, LaneKey(3, "-"), stores["train"], stores["validation"])
    resumed.load(tmp_path / "lane")
    rest = [resumed.train_epoch() for _ in range(2)]
    assert resumed.finished
    resumed.close()
    assert [first, *rest] == whole


def test_accumulation_of_small_batches_equals_one_large_batch(tiny_checkpoint: Path, stores: dict) -> None:
    fp64 = make_engine(tiny_checkpoint, precision="fp64")
    config = replace(CONFIG, lora_dropout=0.0)
    small = train_alone(fp64, stores, replace(config, batch_size=2, gradient_accumulation=4), seed=1)
    large = train_alone(fp64, stores, replace(config, batch_size=8, gradient_accumulation=1), seed=1)
    for a, b in zip(small, large, strict=True):
        assert a["train/loss"] == pytest.approx(b["train/loss"], abs=1e-9)
        assert a["val/loss"] == pytest.approx(b["val/loss"], abs=1e-9)


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_batches_of_a_step_that_pass_together_are_the_same_step(
    tiny_checkpoint: Path, stores: dict, dropout: float
) -> None:
    """Clips of other lengths stand in one pass: most are padded further than in their batches."""
    config = replace(CONFIG, batch_size=2, gradient_accumulation=4, lora_dropout=dropout, gain_db=3.0)
    alone, joined = (make_engine(tiny_checkpoint, precision="fp64", clips_per_pass=clips) for clips in (1, 5))
    lane = open_lane(joined, stores, config)
    assert [[len(rows) for rows in passes] for passes in lane.steps()] == [[5, 3], [4]]
    lane.close()
    ours, theirs = train_alone(joined, stores, config, 1), train_alone(alone, stores, config, 1)
    for epoch, same in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(list(epoch.values()), list(same.values()), rtol=0, atol=1e-10)


def test_batches_stay_where_dropout_hears_them_as_one_sequence(tiny_checkpoint: Path, stores: dict) -> None:
    engine = make_engine(tiny_checkpoint, clips_per_pass=8)
    engine.loaded.concatenated = r".*\baudio_tower\..*"  # as Qwen2.5-Omni's
    config = replace(CONFIG, batch_size=2, gradient_accumulation=4, lora_dropout=0.1)
    for target_modules, dropout, sizes in (
        ("attention", 0.1, [[2] * 4, [2] * 2]),
        ("attention", 0.0, [[8], [4]]),
        ("lm-attention", 0.1, [[8], [4]]),
    ):
        lane = open_lane(engine, stores, replace(config, target_modules=target_modules, lora_dropout=dropout))
        assert [[len(rows) for rows in passes] for passes in lane.steps()] == sizes
        lane.close()


def test_clips_of_like_length_pass_together(engine: Engine, stores: dict) -> None:
    """In the store a later clip is a longer one."""
    lane = open_lane(engine, stores, replace(CONFIG, lora_dropout=0.0))
    for passes in lane.steps():
        rows = [row for part in passes for row in part]
        assert rows == sorted(rows)
        assert len(rows) <= 4
    lane.close()
    lane = open_lane(engine, stores, replace(CONFIG, sampling="group_by_length"))
    steps = [sorted(row for part in passes for row in part) for passes in lane.steps()]
    lane.close()
    order = grouped_by_length(range(12), CONFIG.batch_size, np.random.default_rng(lane_seeds(lane.key)[1]))
    clips_in_step = CONFIG.batch_size * CONFIG.gradient_accumulation
    assert steps == [sorted(rows) for rows in cut(order, clips_in_step)]


def test_gradient_checkpointing_changes_no_number(tiny_checkpoint: Path, stores: dict) -> None:
    plain = train_alone(make_engine(tiny_checkpoint), stores, CONFIG, seed=1)
    checkpointed = train_alone(make_engine(tiny_checkpoint, gradient_checkpointing=True), stores, CONFIG, seed=1)
    for a, b in zip(plain, checkpointed, strict=True):
        assert a == pytest.approx(b, rel=1e-5)


def test_nf4_trains_evaluates_and_trains_again(tiny_checkpoint: Path, stores: dict) -> None:
    quantized = make_engine(tiny_checkpoint, quantization="nf4")
    metrics = train_alone(quantized, stores, replace(CONFIG, epochs=4, learning_rate=1e-2), seed=1)
    assert metrics[-1]["train/loss"] < metrics[0]["train/loss"]
    assert train_alone(quantized, stores, replace(CONFIG, epochs=4, learning_rate=1e-2), seed=1) == metrics


def test_max_steps_ends_training_within_an_epoch(engine: Engine, stores: dict) -> None:
    lane = open_lane(engine, stores, replace(CONFIG, epochs=5, max_steps=4))
    assert lane.planned_epochs == 2  # 12 clips, 2 x 2 a step: 3 steps an epoch
    lane.train_epoch()
    lane.train_epoch()
    assert (lane.step, lane.finished) == (4, True)
    lane.close()


def test_keep_best_gives_back_the_best_epochs_adapter(engine: Engine, stores: dict) -> None:
    config = replace(CONFIG, epochs=4, learning_rate=2e-2, keep="best")
    lane = Lane(engine, config, LaneKey(1, "-"), stores["train"], stores["validation"], objective=("val/loss", "min"))
    losses = [lane.train_epoch()["val/loss"] for _ in range(4)]
    assert lane.settle()["val/loss"] == min(losses)
    lane.close()


def test_the_saved_adapter_loads_with_peft_and_answers_the_same(
    engine: Engine, stores: dict, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    lane = open_lane(engine, stores, replace(CONFIG, epochs=1, learning_rate=1e-2))
    lane.train_epoch()
    lane.save(tmp_path)
    expected = lane.predict(stores["test"]).scores
    lane.close()
    base = Qwen2AudioForConditionalGeneration.from_pretrained(tiny_checkpoint, attn_implementation="sdpa")
    tuned = PeftModel.from_pretrained(base, tmp_path / "adapter").eval()
    batch = engine.collated(engine.clip_batch(stores["test"], range(6), with_targets=False))
    with torch.no_grad():
        actual = engine.backbone.predict(tuned, batch).numpy()
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


def test_closed_lanes_leave_nothing_behind(engine: Engine, stores: dict) -> None:
    parameters = sum(p.numel() for p in engine.model.parameters())
    prepared = len(engine.accelerator._optimizers)
    train_alone(engine, stores, CONFIG, seed=1)
    assert sum(p.numel() for p in engine.model.parameters()) == parameters
    assert len(engine.accelerator._optimizers) == prepared


def test_a_diverged_loss_is_an_error_that_says_where(engine: Engine, stores: dict) -> None:
    lane = open_lane(engine, stores, replace(CONFIG, learning_rate=1e30, warmup_ratio=0.0, clip_norm=None))
    with pytest.raises(TrainingDiverged, match=r"epoch 1, step \d.*learning rate"):
        lane.train_epoch()
    lane.close()


def test_a_diverged_validation_is_an_error_too(engine: Engine, stores: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last step of an epoch can ruin an adapter after the last training loss was looked at."""
    lane = open_lane(engine, stores, CONFIG)
    step = lane.optimizer.step

    def ruinous() -> None:
        step()
        if lane.step == 2:
            lane.parameters[0].data.fill_(float("nan"))

    monkeypatch.setattr(lane.optimizer, "step", ruinous)
    with pytest.raises(TrainingDiverged, match="validation loss is nan in epoch 1, step 3"):
        lane.train_epoch()
    lane.close()


def test_a_batch_in_parts_is_the_same_batch(tiny_checkpoint: Path, stores: dict) -> None:
    """12 clips in steps of 2 batches of 4, the last one half as large. Masks of dropout belong to clips."""
    engine = make_engine(tiny_checkpoint, precision="fp64")
    config = replace(CONFIG, batch_size=4, lora_dropout=0.2)

    def train(parts: int) -> tuple[dict[str, float], dict[str, torch.Tensor]]:
        lane = Lane(engine, config, LaneKey(1, "-"), stores["train"], stores["validation"], batch_parts=parts)
        assert {len(rows) for passes in lane.steps() for rows in passes} == {4 // parts}
        lane.order = np.random.default_rng(lane_seeds(lane.key)[1])
        metrics = [lane.train_epoch() for _ in range(2)][-1]
        adapter = engine.bank.tensors(lane.name)
        lane.close()
        return metrics, adapter

    metrics, adapter = train(1)
    for parts in (2, 4):
        cut_metrics, cut_adapter = train(parts)
        assert cut_metrics == pytest.approx(metrics, rel=1e-9)
        for name, tensor in adapter.items():
            torch.testing.assert_close(cut_adapter[name], tensor, rtol=1e-7, atol=1e-10)


def test_an_engine_counts_the_parameters_of_a_lane(engine: Engine, stores: dict) -> None:
    lane = Lane(engine, CONFIG, LaneKey(1, "-"), stores["train"], stores["validation"])
    counts = engine.parameter_counts(lane.name)
    lane.close()
    # 12 + 6 square 128 x 128 projections, rank 4
    assert counts["adapter_params"] == counts["trainable_params"] == 18 * 4 * 256
    assert counts["head_params"] == 0


class Listed:
    """Rows of a store, some of them twice, with weights of their own."""

    def __init__(self, store: SplitStore, rows: list[int], weights: list[float | None]) -> None:
        self._store, self._rows = store, rows
        self.examples = [replace(store.examples[row], weight=weight) for row, weight in zip(rows, weights, strict=True)]

    def __len__(self) -> int:
        return len(self._rows)

    def waveform(self, index: int) -> np.ndarray:
        return self._store.waveform(self._rows[index])

    def key(self, index: int) -> tuple[str, int]:
        return self._store.key(self._rows[index])


def test_a_clip_of_twice_the_weight_is_the_clip_twice(engine: Engine, stores: dict) -> None:
    config = replace(CONFIG, lora_dropout=0.0, epochs=3, batch_size=3, gradient_accumulation=1, warmup_ratio=0.0)
    losses = {}
    for name, rows, weights in (
        ("weighed", [0, 1], [2.0, 1.0]),
        ("twice", [0, 1, 0], [None, None, None]),
        ("alike", [0, 1], [None, None]),
    ):
        lane = Lane(engine, config, LaneKey(1, "-"), Listed(stores["train"], rows, weights), stores["validation"])
        losses[name] = [[epoch["train/loss"], epoch["val/loss"]] for epoch in (lane.train_epoch() for _ in range(3))]
        lane.close()
    np.testing.assert_allclose(losses["weighed"], losses["twice"], rtol=1e-5)
    assert abs(losses["alike"][-1][1] - losses["twice"][-1][1]) > 1e-4
