"""Qwen2-Audio and the Qwen2.5-Omni thinker through the same code, on tiny random checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import Qwen2AudioProcessor

from trainables.backbones import qwen2_audio
from trainables.contract import Loaded
from trainables.tasks.label_scoring import LabelScoring
from trainables.training.targets import count, resolve_targets

TASK = LabelScoring(("SPEECH", "NONSPEECH", "NON"), "Does this clip contain speech?")
CPU = torch.device("cpu")


def load(folder: Path, dtype: torch.dtype = torch.float32, quantization: str = "none") -> Loaded:
    return qwen2_audio.load(str(folder), TASK, size="mini-1m", quantization=quantization, dtype=dtype, device=CPU)


def clip(seconds: float, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * 16_000))).astype(np.float32)


# Parameter counts, on the meta device


@pytest.mark.parametrize("size", [*qwen2_audio.SIZES, *qwen2_audio.MINIATURE_SIZES])
def test_skeleton_and_presets(size: str) -> None:
    model = qwen2_audio.skeleton(size, TASK)
    assert all(parameter.is_meta for parameter in model.parameters())
    stated = (dict(qwen2_audio.SIZES) | dict(qwen2_audio.MINIATURE_SIZES))[size].total_params
    assert sum(parameter.numel() for parameter in model.parameters()) == stated
    for preset in qwen2_audio.PRESETS.values():
        names = resolve_targets(model, preset, size)
        assert not [name for name in names if "visual" in name or "lm_head" in name]


@pytest.mark.parametrize(
    ("preset", "adapter_params", "percent"),
    [
        ("attention", 20_709_376, 0.2460),
        ("attention+mlp", 43_909_120, 0.5202),
        ("lm-attention", 16_777_216, 0.1994),
        ("lm-attention+mlp", 39_976_960, 0.4738),
        ("all-linear", 51_859_456, 0.6138),
    ],
)
def test_published_adapter_counts_of_7b(preset: str, adapter_params: int, percent: float) -> None:
    model = qwen2_audio.skeleton("7b", TASK)
    names = resolve_targets(model, qwen2_audio.PRESETS[preset], "7b")
    counts = count(model, names, rank=16)
    assert counts.adapter_params == adapter_params
    assert 100 * adapter_params / (counts.total_params + adapter_params) == pytest.approx(percent, abs=5e-5)


def test_miniature_sizes_stand_in_the_order_of_the_published() -> None:
    totals = [size.total_params for size in qwen2_audio.SIZES.values()]
    minis = [size.total_params for size in qwen2_audio.MINIATURE_SIZES.values()]
    assert totals == sorted(totals)
    assert minis == sorted(minis)
    assert len(minis) == len(totals)
    assert 400_000 <= minis[0] <= minis[-1] <= 2_500_000


# Loading


def test_loaded_frozen_and_without_hidden_randomness(checkpoint: Path) -> None:
    loaded = load(checkpoint)
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
    assert not loaded.model.training
    batch = qwen2_audio.collate(loaded, [qwen2_audio.features(loaded, clip(1.0))], TASK, ["SPEECH"])
    before = torch.random.get_rng_state()
    loaded.model.train()
    losses = [qwen2_audio.loss(loaded.model, batch, label_smoothing=0.0).item() for _ in range(2)]
    assert losses[0] == losses[1]
    assert torch.equal(before, torch.random.get_rng_state())


def test_dropout_in_a_checkpoint_is_switched_off(tiny_checkpoint: Path, tmp_path: Path) -> None:
    for file in tiny_checkpoint.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config["audio_config"] |= {"dropout": 0.3, "encoder_layerdrop": 0.3, "attention_dropout": 0.3}
    config["text_config"] |= {"attention_dropout": 0.3}
    (tmp_path / "config.json").write_text(json.dumps(config))
    loaded, plain = load(tmp_path), load(tiny_checkpoint)
    batch = qwen2_audio.collate(loaded, [qwen2_audio.features(loaded, clip(1.0))], TASK, ["SPEECH"])
    loaded.model.train()
    noisy = qwen2_audio.loss(loaded.model, batch, label_smoothing=0.0)
    assert torch.equal(noisy, qwen2_audio.loss(plain.model, batch, label_smoothing=0.0))


def test_thinker_inside_the_whole_of_omni(thinker_checkpoint: Path, tmp_path: Path) -> None:
    """The published repository holds more: a nested configuration, and weights named `thinker.`, `talker.`."""
    for file in thinker_checkpoint.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    inner = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen2_5_omni", "thinker_config": inner}))
    weights = {f"thinker.{name}": tensor for name, tensor in load_file(tmp_path / "model.safetensors").items()}
    weights |= {"talker.codec_head.weight": torch.zeros(2, 2), "token2wav.x": torch.zeros(1)}
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    whole, alone = load(tmp_path), load(thinker_checkpoint)
    for (name, tensor), (_, expected) in zip(
        whole.model.state_dict().items(), alone.model.state_dict().items(), strict=True
    ):
        assert torch.equal(tensor, expected), name


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_nf4_trains_after_an_evaluation(checkpoint: Path, dtype: torch.dtype) -> None:
    """On CPUs with AVX512-BF16 an eval-mode forward would repack the weights, and gradients would be lost."""
    from bitsandbytes.nn import Linear4bit
    from peft import LoraConfig, inject_adapter_in_model

    loaded = load(checkpoint, dtype, "nf4")
    linears = {n: m for n, m in loaded.model.named_modules() if isinstance(m, torch.nn.Linear)}
    assert {n for n, m in linears.items() if not isinstance(m, Linear4bit)} == {"lm_head"}
    assert not any(m.support_avx512bf16_for_cpu for m in linears.values() if isinstance(m, Linear4bit))
    quantized = next(m for m in linears.values() if isinstance(m, Linear4bit))
    assert quantized.weight.quant_state.nested  # double quantization
    assert quantized.weight.quant_type == "nf4"

    features = [qwen2_audio.features(loaded, clip(1.0))]
    inject_adapter_in_model(LoraConfig(r=2, target_modules=r".*language_model.*\.(q|v)_proj"), loaded.model)
    with torch.no_grad():
        qwen2_audio.predict(loaded.model, qwen2_audio.collate(loaded, features, TASK, None))
    loaded.model.train()
    qwen2_audio.loss(loaded.model, qwen2_audio.collate(loaded, features, TASK, ["NON"]), label_smoothing=0.0).backward()
    trained = [p for n, p in loaded.model.named_parameters() if "lora_B" in n]
    assert trained
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in trained)


# Features


def test_features_are_the_processors_own(tiny_checkpoint: Path) -> None:
    """What `collate` restores from the trimmed features is bit for bit what Qwen2AudioProcessor gives."""
    loaded = load(tiny_checkpoint)
    processor = Qwen2AudioProcessor(loaded.processor["feature_extractor"], loaded.processor["tokenizer"])
    prompt = "<|audio_bos|><|AUDIO|><|audio_eos|>"
    for seconds in (0.5, 1.013, 1.97, 1.999, 2.0, 3.0):
        features = qwen2_audio.features(loaded, clip(seconds))
        ours = qwen2_audio.collate(loaded, [features], TASK, ["SPEECH"])
        theirs = processor(text=[prompt], audio=[clip(min(seconds, 2.0))], sampling_rate=16_000, return_tensors="pt")
        assert torch.equal(ours["input_features"], theirs["input_features"])
        assert torch.equal(ours["feature_attention_mask"], theirs["feature_attention_mask"].long())
        audio = loaded.processor["tokenizer"].convert_tokens_to_ids("<|AUDIO|>")
        assert (ours["input_ids"] == audio).sum() == (theirs["input_ids"] == audio).sum()


@pytest.mark.parametrize("seconds", [0.0001, 0.03, 0.1, 31.0])
def test_extreme_lengths(checkpoint: Path, seconds: float) -> None:
    loaded = load(checkpoint)
    features = qwen2_audio.features(loaded, clip(seconds))
    assert features.shape[1] <= loaded.extra["window_frames"]
    assert torch.isfinite(score(loaded, [features])).all()


# Scores


def score(loaded: Loaded, features: list[Tensor]) -> Tensor:
    with torch.no_grad():
        return qwen2_audio.predict(loaded.model, qwen2_audio.collate(loaded, features, TASK, None))


def test_scores_equal_one_full_sequence_per_label(checkpoint: Path) -> None:
    """The model's own forward, one label at a time, without batches, special masks or positions."""
    loaded = load(checkpoint, torch.float64)
    clips = [qwen2_audio.features(loaded, clip(seconds, seed)) for seed, seconds in enumerate((1.0, 1.9, 0.4))]
    got = score(loaded, clips).double()
    assert got.shape == (3, 3)
    for row, features in enumerate(clips):
        for column, label in enumerate(TASK.labels):
            batch = qwen2_audio.collate(loaded, [features], TASK, [label])
            inputs = {n: batch[n] for n in ("input_ids", "input_features", "feature_attention_mask", "attention_mask")}
            with torch.no_grad():
                log_p = loaded.model(**inputs).logits.log_softmax(-1)
            answer = (batch["labels"][0] != -100).nonzero().flatten()
            expected = log_p[0, answer - 1, batch["labels"][0, answer]].sum()
            assert got[row, column].item() == pytest.approx(expected.item(), rel=1e-6)


def test_answers_end_the_turn(tiny_checkpoint: Path) -> None:
    loaded = load(tiny_checkpoint)
    end = loaded.processor["tokenizer"].convert_tokens_to_ids("<|im_end|>")
    batch = qwen2_audio.collate(loaded, [qwen2_audio.features(loaded, clip(1.0))], TASK, ["NONSPEECH"])
    answer = batch["labels"][batch["labels"] != -100]
    assert loaded.processor["tokenizer"].decode(answer[:-1]) == "NONSPEECH"
    assert answer[-1] == end


def test_a_clip_does_not_depend_on_its_batch(checkpoint: Path) -> None:
    loaded = load(checkpoint)
    clips = [qwen2_audio.features(loaded, clip(seconds, seed)) for seed, seconds in enumerate((1.0, 2.0, 0.3, 1.5))]
    alone = torch.cat([score(loaded, [features]) for features in clips])
    together = score(loaded, clips)
    backwards = score(loaded, clips[::-1]).flip(0)
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=2e-5)
    torch.testing.assert_close(backwards, alone, rtol=1e-5, atol=2e-5)
    assert (alone[0] - alone[1]).abs().max() > 1e-3  # the clips do differ


def test_loss_of_a_batch_is_the_mean_over_its_clips(checkpoint: Path) -> None:
    loaded = load(checkpoint, torch.float64)
    clips = [qwen2_audio.features(loaded, clip(seconds, seed)) for seed, seconds in enumerate((1.0, 2.0, 0.3))]
    targets = ["SPEECH", "NONSPEECH", "NON"]

    def loss(rows: list[int], smoothing: float) -> float:
        batch = qwen2_audio.collate(loaded, [clips[r] for r in rows], TASK, [targets[r] for r in rows])
        return qwen2_audio.loss(loaded.model, batch, label_smoothing=smoothing).item()

    for smoothing in (0.0, 0.1):
        assert loss([0, 1, 2], smoothing) == pytest.approx(np.mean([loss([r], smoothing) for r in range(3)]), rel=1e-9)
    assert loss([0, 1, 2], 0.0) != loss([0, 1, 2], 0.1)


def test_loss_without_smoothing_is_the_models_own(checkpoint: Path) -> None:
    loaded = load(checkpoint, torch.float64)
    batch = qwen2_audio.collate(loaded, [qwen2_audio.features(loaded, clip(1.2))], TASK, ["NONSPEECH"])
    names = ("input_ids", "input_features", "feature_attention_mask", "attention_mask", "labels")
    with torch.no_grad():
        own = loaded.model(**{name: batch[name] for name in names}).loss.item()
    assert qwen2_audio.loss(loaded.model, batch, label_smoothing=0.0).item() == pytest.approx(own, rel=1e-6)


def test_gradient_checkpointing_changes_nothing(checkpoint: Path) -> None:
    from peft import LoraConfig, inject_adapter_in_model

    gradients = []
    for checkpointing in (False, True):
        loaded = load(checkpoint, torch.float64)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            inject_adapter_in_model(
                LoraConfig(
                    r=2, target_modules=r".*(language_model|audio_tower).*\.(q|v)_proj", init_lora_weights=False
                ),
                loaded.model,
            )
        if checkpointing:
            model: Any = loaded.model
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        loaded.model.train()
        batch = qwen2_audio.collate(loaded, [qwen2_audio.features(loaded, clip(1.0))], TASK, ["SPEECH"])
        qwen2_audio.loss(loaded.model, batch, label_smoothing=0.0).backward()
        gradients.append({n: p.grad for n, p in loaded.model.named_parameters() if p.grad is not None})
    assert any("audio_tower" in name for name in gradients[0])
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name])
