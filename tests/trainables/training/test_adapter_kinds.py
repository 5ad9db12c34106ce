"""Every kind of adapter is what PEFT makes of it: in float64 a lane gives plain PEFT's losses and weights. What it
leaves loads on the plain backbone, and the backbone that lanes share stays as it was, to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from peft.optimizers import create_loraplus_optimizer
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import get_scheduler

from trainables import registry
from trainables.config import ADAPTERS, TAKE_APART, TrialConfig
from trainables.contract import mean_loss
from trainables.data.sound.store import SplitStore
from trainables.modeling.seeded import seeded_init
from trainables.training.adapter_kinds import as_saved
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey, lane_seeds
from trainables.training.targets import adapted_modules

CONFIG = TrialConfig(
    backbone="qwen2_audio",
    model_size="mini-1m",
    rank=4,
    alpha=12,
    learning_rate=3e-3,
    epochs=2,
    batch_size=4,
    warmup_ratio=0.2,
    weight_decay=0.05,
    clip_norm=1.0,
)
TASK = {"labels": ("SPEECH", "NONSPEECH"), "prompt": "Does this clip contain speech?"}
WITHIN = 1e-10
PLAIN: Mapping[str, Mapping[str, Any]] = {  # as PEFT's documentation has them
    "dora": {"use_dora": True},
    "rslora": {"use_rslora": True},
    "pissa": {"init_lora_weights": "pissa"},
    "olora": {"init_lora_weights": "olora"},
}
WITH_ADAPTER = [name for name in ADAPTERS if name != "none"]


@pytest.fixture(scope="module")
def stores(tone_stores: dict[str, Path]) -> dict[str, SplitStore]:
    return {split: SplitStore(folder) for split, folder in tone_stores.items()}


@pytest.fixture(scope="module")
def engine(tiny_checkpoint: Path) -> Engine:
    key = EngineKey("qwen2_audio", "mini-1m", "none", "fp64")
    return Engine(key, str(tiny_checkpoint), registry.task("label_scoring", dict(TASK)), EngineSettings())


def open_lane(engine: Engine, stores: Any, config: TrialConfig, seed: int = 1) -> Lane:
    return Lane(engine, config, LaneKey(seed, "-"), stores["train"], stores["validation"])


def losses_of(lane: Lane) -> list[float]:
    found: list[float] = []
    lane.finite = lambda loss: found.append(loss) or loss  # type: ignore[method-assign, func-returns-value, assignment]
    while not lane.finished:
        lane.train_epoch()
    return found


def bare(checkpoint: Path) -> nn.Module:
    backbone = registry.backbone("qwen2_audio")
    return backbone.load(
        str(checkpoint), registry.task("label_scoring", dict(TASK)), size="mini-1m", quantization="none",
        dtype=torch.float32, device=torch.device("cpu"),
    ).model  # fmt: skip


def shared_weights(engine: Engine) -> dict[str, Tensor]:
    """Of the backbone, without what PEFT put into it."""
    return {name: value.clone() for name, value in engine.model.state_dict().items() if "lora_" not in name}


def plainly_trained(
    engine: Engine, stores: Any, config: TrialConfig, checkpoint: Path
) -> tuple[nn.Module, list[float]]:
    """By PEFT, torch's AdamW and transformers' schedule, on a backbone of its own: the model, and every loss."""
    model = bare(checkpoint)
    if config.adapter not in TAKE_APART:  # which PEFT does in float32 at most
        model.double()
    init_seed, order_seed, *_ = lane_seeds(LaneKey(1, "-"))
    if config.adapter == "none":
        tuned = model
        for name, parameter in model.named_parameters():
            parameter.requires_grad_("embed_positions" not in name)  # a table that Whisper's authors never train
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    else:
        targets = adapted_modules(
            model, engine.backbone, target_modules=config.target_modules, size="mini-1m", head="full"
        )
        with seeded_init(init_seed):
            tuned = get_peft_model(
                model,
                LoraConfig(
                    r=config.rank, lora_alpha=config.alpha, target_modules=targets, **PLAIN.get(config.adapter, {})
                ),
            )
        tuned.double()
        parameters = [parameter for parameter in tuned.parameters() if parameter.requires_grad]
    how = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
    if config.adapter == "lora_plus":
        optimizer = create_loraplus_optimizer(
            tuned, torch.optim.AdamW, lr=config.learning_rate, loraplus_lr_ratio=config.lora_plus_ratio,
            loraplus_weight_decay=config.weight_decay,
        )  # fmt: skip
    else:
        optimizer = torch.optim.AdamW(parameters, **how)
    steps = config.epochs * -(-len(stores["train"]) // config.batch_size)
    schedule = get_scheduler("linear", optimizer, round(config.warmup_ratio * steps), steps)
    order, losses = np.random.default_rng(order_seed), []
    tuned.train()
    for _ in range(config.epochs):
        rows = order.permutation(len(stores["train"])).tolist()
        for start in range(0, len(rows), config.batch_size):
            clips = engine.clip_batch(stores["train"], rows[start : start + config.batch_size], with_targets=True)
            loss = mean_loss(engine.backbone, model, engine.collated(clips), label_smoothing=0.0)
            loss.backward()
            losses.append(float(loss.detach()))
            torch.nn.utils.clip_grad_norm_(parameters, config.clip_norm or 0.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
    return tuned, losses


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_lane_is_plain_peft(adapter: str, engine: Engine, stores: Any, tiny_checkpoint: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, adapter=adapter)
    before = shared_weights(engine)
    plain, expected = plainly_trained(engine, stores, config, tiny_checkpoint)
    lane = open_lane(engine, stores, config)
    losses = losses_of(lane)
    np.testing.assert_allclose(losses, expected, rtol=0, atol=WITHIN)
    assert losses[-1] < losses[0]
    ours = engine.bank.tensors(lane.name)
    theirs = plain.state_dict() if adapter == "none" else get_peft_model_state_dict(plain)
    compared = [name for name in ours if not name.startswith("begun.")]
    assert compared
    for name in compared:
        torch.testing.assert_close(ours[name], theirs[name], rtol=0, atol=WITHIN)
    lane.close()
    after = shared_weights(engine)
    assert before.keys() == after.keys() or adapter == ADAPTERS[0]  # PEFT wraps modules once, which renames them
    assert all(torch.equal(before[name], after[name]) for name in before.keys() & after.keys())


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_what_is_left_loads_on_the_plain_backbone(
    adapter: str, engine: Engine, stores: Any, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    lane = open_lane(engine, stores, replace(CONFIG, adapter=adapter, lora_dropout=0.0 if adapter == "none" else 0.1))
    losses_of(lane)
    answers = engine.outputs(stores["test"])
    lane.save(tmp_path)
    lane.close()
    model = bare(tiny_checkpoint)
    if adapter == "none":
        left = load_file(tmp_path / "adapter" / "model.safetensors")
        assert not model.load_state_dict(left, strict=False).unexpected_keys
    else:
        PeftModel.from_pretrained(model, str(tmp_path / "adapter"))
    model.double().eval()
    clips = engine.clip_batch(stores["test"], range(len(stores["test"])), with_targets=False)
    with torch.no_grad():
        again = engine.backbone.predict(model, engine.collated(clips))
    np.testing.assert_allclose(again.numpy(), np.stack(answers), atol=2e-5)  # saved in float32
    untuned = engine.predict_untuned(stores["test"]).scores
    assert np.abs(np.stack(answers) - untuned).max() > 1e-2


@pytest.mark.parametrize("adapter", ["dora", "pissa", "olora", "none"])
def test_lanes_beside_it_do_not_notice(adapter: str, engine: Engine, stores: Any) -> None:
    other = replace(CONFIG, rank=2)
    alone = open_lane(engine, stores, other, seed=3)
    expected = losses_of(alone)
    alone.close()
    untuned = engine.predict_untuned(stores["test"]).scores
    lanes = [open_lane(engine, stores, other, seed=3), open_lane(engine, stores, replace(CONFIG, adapter=adapter))]
    losses: list[float] = []
    lanes[0].finite = lambda loss: losses.append(loss) or loss  # type: ignore[method-assign, func-returns-value, assignment]
    for _ in range(CONFIG.epochs):
        lanes[1].train_epoch()
        lanes[0].train_epoch()
    assert losses == expected
    np.testing.assert_array_equal(engine.predict_untuned(stores["test"]).scores, untuned)
    for lane in lanes:
        lane.close()
    np.testing.assert_array_equal(engine.predict_untuned(stores["test"]).scores, untuned)


@pytest.mark.parametrize("adapter", ["dora", "pissa", "lora_plus", "none"])
def test_a_lane_goes_on_from_its_resume_point(adapter: str, engine: Engine, stores: Any, tmp_path: Path) -> None:
    config = replace(CONFIG, adapter=adapter)
    whole = open_lane(engine, stores, config)
    expected = [whole.train_epoch() for _ in range(2)][-1]
    weights = engine.bank.tensors(whole.name)
    whole.close()
    first = open_lane(engine, stores, config)
    first.train_epoch()
    first.save(tmp_path / "point")
    first.close()
    second = open_lane(engine, stores, config)
    second.load(tmp_path / "point")
    assert second.train_epoch() == expected
    for name, value in engine.bank.tensors(second.name).items():
        assert torch.equal(value, weights[name]), name
    second.close()


def test_what_was_taken_apart_elsewhere_is_put_together_from_the_resume_point(engine: Engine, stores: Any) -> None:
    """As on a machine whose singular vectors have other signs."""
    lane = open_lane(engine, stores, replace(CONFIG, adapter="pissa"))
    untuned = engine.predict_untuned(stores["test"]).scores
    point = engine.bank.tensors(lane.name)
    turned = {name: -value if ".lora_" in name or name.startswith("begun.") else value for name, value in point.items()}
    for name in turned:
        if "a." in name[:8] or ".lora_A" in name:
            turned[name] = 1.5 * turned[name]
    engine.bank.load_tensors(lane.name, turned)
    engine.activate(lane.name)
    np.testing.assert_allclose(np.stack(engine.outputs(stores["test"])), untuned, atol=1e-4)
    lane.close()


def test_what_takes_weights_apart_is_saved_as_lora_of_twice_the_rank() -> None:
    for adapter in TAKE_APART:
        saved = as_saved(replace(CONFIG, adapter=adapter))
        assert (saved.adapter, saved.rank, saved.alpha) == ("lora", 8, 24)
    assert as_saved(CONFIG) == CONFIG
