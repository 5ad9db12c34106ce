"""wav2vec 2.0, HuBERT and WavLM: published counts and front ends, and what padding may not change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import WavLMForSequenceClassification

from trainables import registry
from trainables.training.targets import adapted_modules, count, head_modules

NAMES = ("wav2vec2", "hubert", "wavlm")
FORTY = registry.task("classification", {"labels": tuple(f"class {index}" for index in range(40))})
THREE = registry.task("classification", {"labels": ("a", "b", "c")})
MASK_EMBEDDING = 768  # of `masked_spec_embed`: what pre-training puts in place of masked frames; never loaded here
PUBLISHED_TOTALS = {"wav2vec2": 94_578_856, "hubert": 94_578_856, "wavlm": 94_589_080}  # with 40 classes
# LoRA on a 768 x 768 projection has r * 1536 parameters, on a feed-forward Linear r * 3840; 12 layers
ADAPTERS = {"qv": 12 * 2 * 1536, "attention": 12 * 4 * 1536, "attention+mlp": 12 * (4 * 1536 + 2 * 3840)}


@pytest.mark.parametrize("name", NAMES)
def test_counts_are_the_published_ones(name: str) -> None:
    backbone = registry.backbone(name)
    model = backbone.skeleton("base", FORTY)
    for preset, of_rank_one in ADAPTERS.items():
        names = adapted_modules(model, backbone, target_modules=preset, size="base", head="full")
        counts = count(model, names, 8, head_modules(backbone, model))
        assert counts.total_params + MASK_EMBEDDING == PUBLISHED_TOTALS[name]
        assert counts.adapter_params == 8 * of_rank_one
        assert counts.head_params == 768 * 256 + 256 + 256 * 40 + 40
    names = adapted_modules(model, backbone, target_modules="all-linear", size="base", head="full")
    assert count(model, names, 8).adapter_params == 8 * (ADAPTERS["attention+mlp"] + 512 + 768)
    assert not any("gru_rel_pos" in target for target in names)


def load(name: str, size: str, folder: Path, quantization: str = "none", dtype: torch.dtype = torch.float32) -> Any:
    backbone: Any = registry.backbone(name)
    if not (folder / "config.json").is_file():
        backbone.write(backbone.build(size, THREE, seed=0), size, folder)
    return backbone.load(
        str(folder), THREE, size=size, quantization=quantization, dtype=dtype, device=torch.device("cpu")
    )


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(samples).astype(np.float32) * 0.1 + 0.05


@pytest.mark.parametrize("size", ["mini-300k", "mini-600k"])
def test_clips_are_normalised_as_published_and_padded_alone(size: str, tmp_path: Path) -> None:
    """Zero mean and unit variance over the clip (its variance plus 1e-7), before any padding."""
    loaded = load("wav2vec2", size, tmp_path)
    backbone = registry.backbone("wav2vec2")
    clip = noise(5000)
    features = backbone.features(loaded, clip)
    expected = (clip - clip.mean()) / np.sqrt(clip.var() + 1e-7)
    np.testing.assert_allclose(features[:5000], expected, atol=1e-5)
    assert len(features) == (6400 if loaded.equal_shapes else 5000)
    assert not features[5000:].any()
    assert loaded.equal_shapes == (size == "mini-300k")  # the group norm hears padding
    loaded.processor.do_normalize = False  # as the files of wavlm-base-plus say
    assert torch.equal(backbone.features(loaded, clip)[:5000], torch.from_numpy(clip))
    assert len(backbone.features(loaded, clip[:100])) == (1600 if loaded.equal_shapes else 400)


@pytest.mark.parametrize("name", NAMES)
def test_padding_changes_nothing_behind_a_mask(name: str, tmp_path: Path) -> None:
    backbone = registry.backbone(name)
    loaded = load(name, "mini-600k", tmp_path, dtype=torch.float64)
    short, long = (backbone.features(loaded, noise(samples, samples)) for samples in (9000, 23_000))
    with torch.no_grad():
        alone = backbone.predict(loaded.model, backbone.collate(loaded, [short], THREE, None))
        batch = backbone.collate(loaded, [short, long], THREE, None)
        together = backbone.predict(loaded.model, batch)
        unmasked = backbone.predict(loaded.model, {"input_values": batch["input_values"]})
    assert batch["attention_mask"].sum(dim=1).tolist() == [9000, 23_000]
    assert isinstance(alone, Tensor)
    assert isinstance(together, Tensor)
    assert isinstance(unmasked, Tensor)
    torch.testing.assert_close(together[:1], alone, rtol=1e-6, atol=1e-6)
    assert (unmasked[0] - together[0]).abs().max() > 1e-4, "the mask has to matter, or nothing is tested"


def test_wavlms_attention_is_that_of_transformers(tmp_path: Path) -> None:
    """Asked module by module it gives what transformers gives from the bare weights, mask and positions included."""
    backbone: Any = registry.backbone("wavlm")
    for size in ("mini-300k", "mini-600k"):
        folder = tmp_path / size
        ours = load("wavlm", size, folder, dtype=torch.float64)
        theirs = WavLMForSequenceClassification.from_pretrained(folder, attn_implementation="eager").double().eval()
        theirs.load_state_dict(ours.model.state_dict())
        clips = [backbone.features(ours, noise(samples, samples)) for samples in (12_800, 19_200)]
        batches = [backbone.collate(ours, [clip], THREE, None) for clip in clips]
        if not ours.equal_shapes:
            batches.append(backbone.collate(ours, clips, THREE, None))
        for batch in batches:
            with torch.no_grad():
                expected = theirs(batch["input_values"].double(), attention_mask=batch.get("attention_mask")).logits
                torch.testing.assert_close(backbone.predict(ours.model, batch), expected.float(), rtol=1e-5, atol=1e-6)


def test_wavlms_gates_stay_out_of_four_bits(tmp_path: Path) -> None:
    model = load("wavlm", "mini-300k", tmp_path, quantization="nf4").model
    kinds = {name: type(module).__name__ for name, module in model.named_modules()}
    assert {kind for name, kind in kinds.items() if name.endswith("gru_rel_pos_linear")} == {"Linear"}
    assert {kind for name, kind in kinds.items() if name.endswith("q_proj")} == {"Linear4bit"}


def test_no_gradient_is_asked_for_in_front_of_the_adapters(tmp_path: Path) -> None:
    """transformers lets the convolutions' input require gradients in training unless the encoder is frozen."""
    loaded = load("hubert", "mini-300k", tmp_path)
    backbone = registry.backbone("hubert")
    loaded.model.train()
    batch = backbone.collate(loaded, [backbone.features(loaded, noise(8000))], THREE, ["a"])
    assert not backbone.clip_losses(loaded.model, batch, label_smoothing=0.0).requires_grad
