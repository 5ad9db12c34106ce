"""Miniatures that are to write by CTC: repeatable, and encoders alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from trainables import registry
from trainables.miniature.listening import FRAMES, Named, pretrain
from trainables.miniature.makers import LISTENERS, WRITERS, maker, own_recipe, recipe_for
from trainables.miniature.recipe import LISTENING_RECIPES

LITTLE = replace(LISTENING_RECIPES["test-speech"], encoder_steps=3, utterances=32)
TASK = registry.task("transcription", {"vocabulary": ("a", "b")})


def test_a_sweep_of_texts_has_miniatures_of_its_own() -> None:
    assert recipe_for("full", ["wav2vec2", "whisper"], texts=True) == "full-speech"
    assert recipe_for("full-speech", ["wav2vec2"], texts=True) == "full-speech"
    assert recipe_for("full", ["wav2vec2"], texts=False) == recipe_for("full", ["whisper"], texts=True) == "full"
    assert own_recipe("whisper", "full-speech") == "full"
    assert own_recipe("wavlm", "test-speech") == "test-speech"
    for name in WRITERS:
        assert "transcription" in registry.backbone(name).TASKS
        assert maker(name, "full-speech") is LISTENERS
        assert maker(name, "full").module == "classifier"


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_recipe_gives_the_same_encoder_and_touches_no_global_generator(name: str, tmp_path: Path) -> None:
    backbone = registry.backbone(name)
    size = next(iter(backbone.MINIATURE_SIZES))
    before = torch.random.get_rng_state()
    shares: list[float] = []
    for folder in ("first", "second"):
        pretrain(name, size, LITTLE, tmp_path / folder, shares.append)
    files = [next((tmp_path / folder).glob("*.safetensors")).read_bytes() for folder in ("first", "second")]
    assert files[0] == files[1]
    assert torch.equal(before, torch.random.get_rng_state())
    assert shares[-1] == 1.0
    assert not json.loads((tmp_path / "first" / "config.json").read_text())["architectures"][0].endswith("ForCTC")
    for task in (TASK, registry.task("classification", {"labels": ("a", "b", "c")})):
        loaded = backbone.load(
            str(tmp_path / "first"), task, size=size, quantization="none", dtype=torch.float32,
            device=torch.device("cpu"),
        )  # fmt: skip
        assert loaded.new_heads


def test_every_matrix_inside_a_layer_is_named_so() -> None:
    model = registry.backbone("wav2vec2").build("mini-300k", TASK, seed=0)
    encoder = model.base_model
    named = dict(Named(encoder).named_parameters())
    assert sorted(map(id, named.values())) == sorted(map(id, encoder.parameters()))
    layered = {id(parameter) for name, parameter in named.items() if name.startswith("layers.")}
    assert layered == {id(parameter) for parameter in encoder.encoder.layers.parameters()}


def test_frames_stand_where_the_convolutions_hear() -> None:
    """The middle of the first one's 400 samples; an impulse moves the frame that it stands in most."""
    model = registry.backbone("wav2vec2").build("mini-600k", TASK, seed=0).eval()
    quiet = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 16_000)).astype(np.float32)) * 0.1
    first, step = FRAMES
    for frame in (10, 30):
        loud = quiet.clone()
        loud[0, first + step * frame - 40 : first + step * frame + 40] += 3.0
        with torch.no_grad():
            features = model.base_model.feature_extractor
            moved = (features(loud) - features(quiet)).abs().sum(dim=1)[0]
        assert abs(int(moved.argmax()) - frame) <= 1
