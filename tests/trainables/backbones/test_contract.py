"""What `trainables.contract` promises, asked of every registered backbone, on miniatures with random weights.

Published counts are in test_published_counts.py and in the tests of those that load files of our own format; the
wav2vec 2.0 family's are in modeling/. Covers `modeling.pretrained`, `encoder_decoder`, `transcripts` and `whisper` too.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from bitsandbytes.nn import Linear4bit
from peft import PeftModel
from torch import Tensor, nn

from tests.trainables.backbones.cases import CPU, TASKS, WITH_SIZES, Case, any_case, case, make_case, modes
from trainables import registry, sizes
from trainables.contract import mean_loss
from trainables.training.targets import adapted_modules, count, head_mode, head_modules, resolve_targets

__all__ = ["any_case", "case", "make_case"]


# Shapes


@pytest.mark.parametrize("name", WITH_SIZES)
def test_sizes_presets_and_heads_are_as_stated(name: str) -> None:
    backbone = registry.backbone(name)
    assert name == backbone.NAME
    assert len(backbone.MINIATURE_SIZES) == 2
    totals = [size.total_params for size in backbone.MINIATURE_SIZES.values()]
    assert 200_000 <= totals[0] < totals[1] <= 2_500_000
    assert 0 < backbone.MINIATURE_WINDOW_SECONDS <= backbone.WINDOW_SECONDS
    kind = backbone.TASKS[0]
    task = registry.task(kind, dict(TASKS[kind][0]))
    stated = dict(backbone.SIZES) | dict(backbone.MINIATURE_SIZES)
    for size in stated:
        model = backbone.skeleton(size, task)
        assert all(parameter.is_meta for parameter in model.parameters())
        heads = head_modules(backbone, model)
        counts = count(model, [], 1, heads)
        assert counts.total_params - counts.head_params == stated[size].total_params, size
        for label, preset in backbone.PRESETS.items():
            names = resolve_targets(model, preset, size, preset_name=label, backbone=name)
            in_head = [target for target in names if any(f"{target}.".startswith(f"{head}.") for head in heads)]
            assert bool(in_head) == preset.reaches_head, label
            adapted = adapted_modules(model, backbone, target_modules=label, size=size, head="lora")
            assert set(names) <= set(adapted)
            if heads:
                assert head_mode(backbone, label, "full") == ("lora" if preset.reaches_head else "full")
            else:
                assert adapted == names


def test_time_and_frequency_lie_where_stated(case: Case) -> None:
    """A steady tone differs from one frequency to the next, and hardly from one moment to the next."""
    layout = getattr(case.backbone, "SPECTROGRAM", None)
    if layout is None:
        pytest.skip("it takes the waveform itself")
    rate, window = case.backbone.SAMPLE_RATE_HZ, case.window
    tone = np.sin(2 * np.pi * 600 * np.arange(round(window * rate)) / rate).astype(np.float32)
    features = case.backbone.features(case.engine().loaded, tone)
    shown = features.movedim((layout.time_axis, layout.frequency_axis), (-2, -1))[..., : layout.bins]
    shown = shown.reshape(-1, layout.bins)
    assert shown.mean(dim=0).std() > 3 * shown.mean(dim=1).std()
    assert features.shape[layout.frequency_axis] - layout.bins in (0, 1)


def test_build_draws_every_weight_from_its_seed(any_case: Case) -> None:
    backbone: Any = any_case.backbone
    one, same, other = (backbone.build(any_case.size, any_case.task, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_loaded_whole_frozen_and_in_eval_mode(any_case: Case) -> None:
    for quantization in ("none", "nf4"):
        engine = any_case.engine(quantization=quantization)
        loaded = any_case.backbone.load(
            str(any_case.checkpoint),
            any_case.task,
            size=any_case.size,
            quantization=quantization,
            dtype=torch.float32,
            device=CPU,
        )
        assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
        assert not any(module.training for module in loaded.model.modules())
        assert loaded.head_modules == head_modules(any_case.backbone, loaded.model)
        assert bool(loaded.head_modules) == bool(head_modules(any_case.backbone))
        again, first = loaded.model.state_dict(), engine.loaded.model.state_dict()
        assert all(torch.equal(again[name], first[name]) for name in again if name in first)  # the head's included
    stated = sizes.size_of(any_case.backbone, any_case.size).total_params
    whole = any_case.backbone.load(
        str(any_case.checkpoint),
        any_case.task,
        size=any_case.size,
        quantization="none",
        dtype=torch.float32,
        device=CPU,
    ).model
    of_heads = [whole.get_submodule(name) for name in head_modules(any_case.backbone, whole)]
    heads = sum(p.numel() for head in of_heads for p in head.parameters())
    assert sum(parameter.numel() for parameter in whole.parameters()) - heads == stated


# Gradients


def test_backward_reaches_every_adapter_and_nothing_else(case: Case) -> None:
    for label in case.backbone.PRESETS:
        for head in modes(case):
            if head_mode(case.backbone, label, head) != head:
                continue
            engine = case.engine(head)
            with case.adapter(engine, label) as name:
                trained = {id(parameter) for parameter in engine.bank.parameters(name)}
                found = case.gradients(engine)
                parameters = dict(engine.model.named_parameters())
                got = {id(parameters[key]) for key, gradient in found.items() if gradient is not None}
                assert got == trained
                for key, gradient in found.items():
                    if gradient is not None:
                        assert torch.isfinite(gradient).all(), (label, key)
                        assert gradient.abs().max() > 0, (label, key)
                heads = [key for key in found if "modules_to_save" in key]
                assert bool(heads) == (head == "full" and bool(head_modules(case.backbone)))


@pytest.mark.parametrize("quantization", ["none", "nf4"])
def test_train_evaluate_train_keeps_gradients(case: Case, quantization: str) -> None:
    engine = case.engine(quantization=quantization)
    with case.adapter(engine):
        first = {key: value.clone() for key, value in case.gradients(engine).items() if value is not None}
        engine.model.eval()
        case.scores(engine, [0, 1])
        again = {key: value for key, value in case.gradients(engine).items() if value is not None}
    assert first.keys() == again.keys()
    for key, gradient in first.items():
        torch.testing.assert_close(again[key], gradient)


def test_gradient_checkpointing_changes_nothing(case: Case) -> None:
    found = []
    for checkpointing in (False, True):
        engine = case.engine(precision="fp64", checkpointing=checkpointing)
        with case.adapter(engine):
            found.append({key: value for key, value in case.gradients(engine).items() if value is not None})
    assert found[0].keys() == found[1].keys()
    for key, gradient in found[0].items():
        torch.testing.assert_close(found[1][key], gradient)


def test_frozen_stays_frozen(case: Case) -> None:
    """Weights and running statistics alike; an adapter that has been removed leaves nothing."""
    engine = case.engine()
    before = {key: value.clone() for key, value in engine.loaded.model.state_dict().items()}
    with case.adapter(engine):
        for _ in range(2):
            case.gradients(engine)
    after = engine.loaded.model.state_dict()
    frozen = [key for key in before if key in after and "lora_" not in key and "modules_to_save" not in key]
    assert frozen
    for key in frozen:
        assert torch.equal(after[key], before[key]), key


# Answers


@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
def test_a_clip_does_not_depend_on_its_batch(case: Case, training: bool) -> None:
    """Alone, or with others of other lengths, in any order; in training mode too, where nothing drops out."""
    engine = case.engine(precision="fp64")
    with case.adapter(engine):
        engine.start_training("a")
        engine.model.train(training)
        if training:
            engine.start_training("a")
        alone = torch.cat([case.scores(engine, [index]) for index in range(3)]).double()
        for order in ([0, 1, 2], [2, 1, 0], [1, 1, 0], [1, 2]):
            together = case.scores(engine, order).double()
            torch.testing.assert_close(together, alone[order], rtol=1e-5, atol=1e-6)
    spread = torch.pdist(alone).min()
    assert spread > 1e-3, "the clips have to differ, or nothing is tested"


def test_the_loss_is_a_mean_over_clips(case: Case) -> None:
    engine = case.engine(precision="fp64")
    with case.adapter(engine), torch.no_grad():
        for smoothing in (0.0, 0.2):
            whole = case.loss(engine, [0, 1, 2], smoothing).item()
            parts = [case.loss(engine, [index], smoothing).item() for index in range(3)]
            assert whole == pytest.approx(np.mean(parts), rel=1e-6)
        assert case.loss(engine, [0, 1, 2], 0.2).item() != pytest.approx(case.loss(engine, [0, 1, 2]).item(), rel=1e-4)


@pytest.mark.parametrize("mode", ["full", "lora"])
def test_saved_reloaded_and_merged_it_answers_the_same(case: Case, mode: str, tmp_path: Path) -> None:
    if mode not in modes(case):
        pytest.skip("it has no head of its own")
    engine = case.engine(mode)
    with case.adapter(engine) as name:
        expected = case.scores(engine, [0, 1, 2])
        engine.bank.save(name, tmp_path / "adapter")
    loaded = case.backbone.load(
        str(case.checkpoint), case.task, size=case.size, quantization="none", dtype=torch.float32, device=CPU
    )
    plain = case.scores(engine, [0, 1, 2], loaded.model)
    tuned = PeftModel.from_pretrained(loaded.model, tmp_path / "adapter").eval()
    torch.testing.assert_close(case.scores(engine, [0, 1, 2], tuned), expected, rtol=1e-5, atol=1e-5)
    merged: nn.Module = tuned.merge_and_unload()
    torch.testing.assert_close(case.scores(engine, [0, 1, 2], merged), expected, rtol=1e-3, atol=1e-4)
    assert (plain - expected).abs().max() > 1e-3


def test_nothing_draws_from_a_global_generator(case: Case) -> None:
    def states() -> tuple[Any, ...]:
        numpy_state: Any = np.random.get_state()  # noqa: NPY002 - the test is about the global generator
        return torch.random.get_rng_state(), numpy_state[1].copy(), numpy_state[2], random.getstate()

    def everything() -> tuple[Tensor, float]:
        loaded = case.backbone.load(
            str(case.checkpoint), case.task, size=case.size, quantization="none", dtype=torch.float32, device=CPU
        )
        loaded.model.train()  # statistics too: what draws, draws now
        features = [case.backbone.features(loaded, clip) for clip in case.clips]
        parts = 1 if not loaded.equal_shapes else len(features)
        loss = 0.0
        for clips, targets in zip(np.array_split(range(3), parts), np.array_split(case.targets, parts), strict=True):
            batch = case.backbone.collate(loaded, [features[clip] for clip in clips], case.task, targets.tolist())
            loss += mean_loss(case.backbone, loaded.model, batch, label_smoothing=0.1).item()
        loaded.model.eval()
        return features[0], loss

    results = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        random.seed(seed)
        before = states()
        results.append(everything())
        after = states()
        assert torch.equal(before[0], after[0])
        assert np.array_equal(before[1], after[1])
        assert before[2:] == after[2:]
    assert torch.equal(results[0][0], results[1][0])
    assert results[0][1] == results[1][1]


# 4 bits


def test_nf4_holds_the_linears_and_leaves_the_head(case: Case) -> None:
    model = case.engine(quantization="nf4").loaded.model
    quantized = {name: m for name, m in model.named_modules() if type(m) is Linear4bit}
    assert quantized
    assert not any(f"{name}.".startswith(f"{head}.") for name in quantized for head in head_modules(case.backbone))
    for module in quantized.values():
        assert module.support_avx512bf16_for_cpu is False  # else one eval-mode forward loses the gradients
        assert module.weight.quant_state.nested  # double quantization
        assert module.weight.quant_state.quant_type == "nf4"


def test_nf4_answers_nearly_as_the_full_weights_do(case: Case) -> None:
    full, small = case.scores(case.engine(), [0, 1, 2]), case.scores(case.engine(quantization="nf4"), [0, 1, 2])
    assert not torch.equal(full, small)
    assert torch.isfinite(small).all()
    assert (full - small).abs().mean() < full.abs().mean() + full.std()


# Heads


def test_the_head_starts_from_the_lanes_seed(case: Case) -> None:
    if not head_modules(case.backbone):
        pytest.skip("it has no head of its own")
    engine = case.engine()

    def head(seed: int) -> dict[str, Tensor]:
        with case.adapter(engine, seed=seed) as name:
            tensors = engine.bank.tensors(name)
        return {key: value for key, value in tensors.items() if "lora_" not in key}

    first, again, other = head(1), head(1), head(2)
    assert first
    assert all(torch.equal(first[key], again[key]) for key in first)
    drawn = any(not torch.equal(first[key], other[key]) for key in first)
    assert drawn == engine.loaded.new_heads  # else it starts as the checkpoint has it
