"""The gate of packing: in float64 a packed lane is the lane alone, for every backbone in the registry.

The reference is the ordinary way: `Lane.train_epoch`, with PEFT's layers, Accelerate and torch's AdamW. 30 optimizer
steps of three lanes that differ in whatever lanes of a pack may differ in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from bitsandbytes import functional as bitsandbytes
from bitsandbytes.nn import Linear4bit
from peft import PeftModel
from torch import Tensor, nn

from tests.trainables.backbones.random_checkpoints import size_of
from trainables import registry
from trainables.config import TrialConfig
from trainables.data.examples import Example
from trainables.packing.pack import Pack
from trainables.prefix_cache.activations import ALWAYS, OFF
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey
from trainables.training.targets import adapted_modules, why_cannot_adapt

TASKS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "classification": ({"labels": ("bell", "drum", "horn")}, ["horn", "bell", "drum"]),
    "label_scoring": ({"labels": ("SPEECH", "NOISE"), "prompt": "Which?"}, ["NOISE", "SPEECH"]),
    "transcription": ({"vocabulary": tuple("abcd")}, ["ab", "a", "cabd"]),
    "answering": ({"prompt": "Which?"}, ["one", "two and three", "no"]),
}
WITHIN = 1e-10
WITH_LORA_PLUS = ("ast", "efficientat", "qwen2_audio")
EPOCHS, STEPS = 2, 15  # of one clip: it is the clips that take the time


class Tones:
    """Clips of two lengths, each a tone of its own in noise."""

    def __init__(self, name: str, count: int, backbone: Any, targets: Sequence[Any], first_seed: int) -> None:
        self.name = name
        self.rate = backbone.SAMPLE_RATE_HZ
        self.seconds = (0.3, 0.2)
        self.first_seed = first_seed
        self.examples = tuple(
            Example(f"{name}-{index}", (), f"{name}-{index}", targets[index % len(targets)]) for index in range(count)
        )

    def __len__(self) -> int:
        return len(self.examples)

    def waveform(self, index: int) -> np.ndarray:
        rng = np.random.default_rng(self.first_seed + index)
        time = np.arange(round(self.seconds[index % 2] * self.rate)) / self.rate
        tone = np.sin(2 * np.pi * rng.uniform(200, 2000) * time)
        return (0.2 * tone + 0.05 * rng.standard_normal(len(time))).astype(np.float32)

    def key(self, index: int) -> tuple[str, int]:
        return (self.name, index)


@dataclass
class Bench:
    engine: Engine
    train: Tones
    validation: Tones
    checkpoint: Path

    def lane(self, config: TrialConfig, seed: int, fold: str = "-") -> Lane:
        lane = Lane(self.engine, config, LaneKey(seed, fold), self.train, self.validation)
        self.engine.model.double()  # on 4 bits PEFT makes adapters in float32
        return lane


@pytest.fixture(scope="module")
def make_bench(tmp_path_factory: pytest.TempPathFactory, write_random: Callable[..., None]) -> Callable[..., Bench]:
    def make(
        name: str, *, precision: str = "fp64", quantization: str = "none", head: str = "full", kind: str = ""
    ) -> Bench:
        backbone = registry.backbone(name)
        folder = tmp_path_factory.mktemp(name)
        write_random(name, TASKS[backbone.TASKS[0]][0], folder)
        size = size_of(name, folder)
        kind = kind or backbone.TASKS[0]
        options, targets = TASKS[kind]
        key = EngineKey(name, size, quantization, precision, head)
        engine = Engine(key, str(folder), registry.task(kind, dict(options)), EngineSettings(evaluation_batch_size=8))
        engine.model.double()
        train = Tones(str(folder / "train"), STEPS, backbone, targets, 0)
        return Bench(engine, train, Tones(str(folder / "validation"), 2, backbone, targets, 100), folder)

    return make


def configurations(name: str, size: str, quantization: str = "none") -> list[tuple[TrialConfig, int]]:
    """Three (configuration, seed): ranks, alphas, rates, targets, dropout, decay, schedules, clipping and kinds of
    adapters are mixed."""
    backbone = registry.backbone(name)
    few, *_, most = [label for label, preset in backbone.PRESETS.items() if not preset.reaches_head]
    base = TrialConfig(
        backbone=name,
        model_size=size,
        quantization=quantization,
        rank=4,
        alpha=8,
        target_modules=few,
        learning_rate=3e-3,
        epochs=EPOCHS,
        batch_size=1,
        warmup_ratio=0.2,
    )
    changes: dict[str, Any] = {"mixup_alpha": 0.4} if name == "beats" else {}
    changes |= {"adapter": "lora_plus", "lora_plus_ratio": 4.0, "weight_decay": 0.2} if name in WITH_LORA_PLUS else {}
    return [
        (replace(base, weight_decay=0.1, scheduler="constant"), 1),
        (replace(base, lora_dropout=0.2, scheduler="cosine", clip_norm=None, adapter="rslora"), 2),
        (replace(base, rank=2, alpha=6, target_modules=most, learning_rate=1e-2, clip_norm=0.1, **changes), 3),
    ]


@dataclass
class Trace:
    """What a lane leaves: the loss of every forward pass, the metrics of every epoch, weights and moments."""

    losses: list[float]
    metrics: list[dict[str, float]]
    weights: dict[str, Tensor]
    moments: list[Tensor]


def traced(lanes: Sequence[Lane], epoch: Callable[[], list[Any]]) -> list[Trace]:
    losses: list[list[float]] = [[] for _ in lanes]
    for lane, own in zip(lanes, losses, strict=True):
        lane.finite = lambda loss, own=own: own.append(loss) or loss  # type: ignore[method-assign, misc]
    metrics = [epoch() for _ in range(EPOCHS)]
    return [
        Trace(
            losses[place],
            [each[place] for each in metrics],
            lane.engine.bank.tensors(lane.name),
            [
                lane.optimizer.optimizer.state[parameter][name].clone()
                for parameter in lane.parameters
                for name in ("exp_avg", "exp_avg_sq", "step")
            ],
        )
        for place, lane in enumerate(lanes)
    ]


def alone(bench: Bench, config: TrialConfig, seed: int) -> Trace:
    lane = bench.lane(config, seed)
    (trace,) = traced([lane], lambda: [lane.train_epoch()])
    lane.close()
    return trace


def assert_same(packed: Trace, solo: Trace) -> None:
    np.testing.assert_allclose(packed.losses, solo.losses, rtol=0, atol=WITHIN)
    for ours, theirs in zip(packed.metrics, solo.metrics, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-9)  # scores are kept in float32
    assert packed.weights.keys() == solo.weights.keys()
    for name, tensor in solo.weights.items():
        assert tensor.dtype == torch.float64
        torch.testing.assert_close(packed.weights[name], tensor, rtol=0, atol=WITHIN)
    for ours, theirs in zip(packed.moments, solo.moments, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=WITHIN)


CASES = [(name, "") for name in registry.BACKBONES] + [(name, "transcription") for name in ("wav2vec2", "wavlm")]
CASES.append(("qwen2_audio", "answering"))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_packed_lane_is_the_lane_alone(
    name: str, kind: str, make_bench: Callable[..., Bench], tmp_path: Path
) -> None:
    bench = make_bench(name, kind=kind)
    chosen = configurations(name, bench.engine.key.model_size)
    bench.engine.activations.mode = OFF
    solo = [alone(bench, config, seed) for config, seed in chosen]
    bench.engine.activations.mode = ALWAYS  # a pack starts above what is frozen for all of its lanes
    lanes = [bench.lane(config, seed) for config, seed in chosen]
    together = traced(lanes, lambda: Pack(lanes).train_epoch())
    assert len(solo[0].losses) == EPOCHS * STEPS
    for ours, theirs in zip(together, solo, strict=True):
        assert_same(ours, theirs)
    assert max(abs(solo[0].losses[-1] - other.losses[-1]) for other in solo[1:]) > 1e-4  # or nothing is tested
    lanes[2].save(tmp_path)
    backbone = registry.backbone(name)
    loaded = backbone.load(
        str(bench.checkpoint), bench.engine.task, size=bench.engine.key.model_size, quantization="none",
        dtype=torch.float32, device=torch.device("cpu"),
    )  # fmt: skip
    tuned = PeftModel.from_pretrained(loaded.model, tmp_path / "adapter")
    saved = {key: value for key, value in tuned.state_dict().items() if "lora_" in key or "modules_to_save" in key}
    for key, value in saved.items():
        own = solo[2].weights[key.replace(".default", "").replace(".modules_to_save", "")]
        torch.testing.assert_close(value.double(), own, rtol=1e-6, atol=1e-6)
    for lane in lanes:
        lane.close()


@pytest.fixture
def exact_nf4(monkeypatch: pytest.MonkeyPatch) -> None:
    """bitsandbytes has no CPU kernel for float64 products: here they are those of the dequantized weights."""

    def forward(layer: Linear4bit, x: Tensor) -> Tensor:
        weight = bitsandbytes.dequantize_4bit(layer.weight.data, layer.weight.quant_state)
        return nn.functional.linear(x, weight.to(x.dtype), layer.bias)

    monkeypatch.setattr(Linear4bit, "forward", forward)


@pytest.mark.parametrize("name", ["qwen2_audio", "beats"])
def test_on_four_bits_too(name: str, make_bench: Callable[..., Bench], exact_nf4: None) -> None:
    """Quantized from float32, computed in float64."""
    bench = make_bench(name, precision="fp32", quantization="nf4")
    chosen = configurations(name, bench.engine.key.model_size, "nf4")
    solo = [alone(bench, config, seed) for config, seed in chosen]
    lanes = [bench.lane(config, seed) for config, seed in chosen]
    for ours, theirs in zip(traced(lanes, lambda: Pack(lanes).train_epoch()), solo, strict=True):
        assert_same(ours, theirs)


@pytest.mark.parametrize("name", registry.BACKBONES)
@pytest.mark.parametrize("adapter", ["dora", "pissa", "none"])
def test_a_lane_that_cannot_be_packed_leaves_the_backbone_as_it_was(
    adapter: str, name: str, make_bench: Callable[..., Bench]
) -> None:
    """It learns in every backbone that takes it, beside a lane of plain LoRA that does not notice."""
    bench = make_bench(name, precision="fp32")
    bench.engine.model.float()
    config = replace(configurations(name, bench.engine.key.model_size)[0][0], epochs=1)
    if why_cannot_adapt(
        bench.engine.backbone.skeleton(config.model_size, bench.engine.task),
        adapted_modules(
            bench.engine.model, bench.engine.backbone, target_modules=config.target_modules, size=config.model_size,
            head="full",
        ),
        adapter,
        config.rank,
    ):  # fmt: skip
        assert (name, adapter) in {("efficientat", "pissa")}
        return
    clips = bench.validation
    beside = Lane(bench.engine, config, LaneKey(1, "-"), bench.train, clips)
    expected = beside.predict(clips), bench.engine.predict_untuned(clips)
    lane = Lane(bench.engine, replace(config, adapter=adapter), LaneKey(2, "-"), bench.train, clips)
    before = bench.engine.bank.tensors(lane.name)
    lane.train_epoch()
    after = bench.engine.bank.tensors(lane.name)
    learnt = sum(not torch.equal(before[key], after[key]) for key in before)
    assert learnt >= len([key for key in before if not key.startswith("begun.")]) // 2
    for own, found in zip(expected, (beside.predict(clips), bench.engine.predict_untuned(clips)), strict=True):
        assert own.outputs == found.outputs
        assert own.scores is None or np.array_equal(own.scores, found.scores)  # type: ignore[arg-type]
    lane.close()
    beside.close()
