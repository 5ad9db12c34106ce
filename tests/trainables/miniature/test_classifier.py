"""Classifiers' miniatures: what they learn from, and that their folders can be loaded and tuned."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trainables import registry
from trainables.config import TrialConfig
from trainables.contract import Backbone
from trainables.data.examples import Example
from trainables.data.generators.formants import draw_voice, speak
from trainables.data.sound.filters import resample
from trainables.miniature.classifier import by_optimizer, in_window, pretrain, properties_loss
from trainables.miniature.makers import maker
from trainables.miniature.recipe import CLASSIFIER_RECIPES
from trainables.miniature.sounds import NOT_APPLICABLE, PROPERTIES
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey
from trainables.training.targets import head_modules

LITTLE = replace(CLASSIFIER_RECIPES["test"], clips=8, batch_size=4, steps=2)
LIKE_WAV2VEC2 = ("hubert", "wavlm")  # one maker, one shape: the slow test takes wav2vec2 for all three
OWN = [name for name in registry.BACKBONES if registry.backbone(name).MINIATURE_SIZES]
NAMES = tuple(name for name in OWN if maker(name).module == "classifier")
TASK = registry.task("classification", {"labels": ("SPEECH", "NONSPEECH")})


def smallest(name: str) -> tuple[Backbone, str]:
    backbone: Any = registry.backbone(name)
    return backbone, next(iter(backbone.MINIATURE_SIZES))


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_has_one_optimizer(name: str) -> None:
    backbone, size = smallest(name)
    model = backbone.build(size, TASK, seed=0)
    layered, rest = by_optimizer(model)
    matrices, others = list(layered.parameters()), list(rest.parameters())
    assert sorted(map(id, matrices + others)) == sorted(map(id, model.parameters()))
    assert matrices  # Muon takes no empty list
    assert all(name.startswith("layers.") and matrix.dim() == 2 for name, matrix in layered.named_parameters())
    heads = {id(p) for head in head_modules(backbone, model) for p in model.get_submodule(head).parameters()}
    assert not heads & set(map(id, matrices))


def test_the_loss_of_an_undecided_model() -> None:
    """Logits of zero: the logarithm of the number of values, summed over the properties that some clip has."""
    properties = {name: torch.zeros(3, dtype=torch.long) for name in PROPERTIES}
    logits = torch.zeros(3, sum(map(len, PROPERTIES.values())))
    everything = math.fsum(math.log(len(values)) for values in PROPERTIES.values())
    assert properties_loss(logits, properties).item() == pytest.approx(everything)
    properties["pitch"][:] = NOT_APPLICABLE
    assert properties_loss(logits, properties).item() == pytest.approx(everything - math.log(3))
    properties["noise"][1:] = NOT_APPLICABLE  # a mean over the clips that have it
    assert properties_loss(logits, properties).item() == pytest.approx(everything - math.log(3))
    certain = logits.clone()
    certain[0, 0] = 50.0  # of `kind`, for one clip of three
    gained = everything - math.log(3) - properties_loss(certain, properties).item()
    assert gained == pytest.approx(math.log(len(PROPERTIES["kind"])) / 3)


def test_a_sound_stands_whole_in_its_window() -> None:
    rng = np.random.default_rng(3)
    sound = np.arange(1.0, 101.0)
    lengths = set()
    for _ in range(60):
        placed = in_window(sound, 250, rng)
        lengths.add(len(placed))
        begin = int(np.flatnonzero(placed)[0])
        np.testing.assert_array_equal(placed[begin : begin + 100], sound)
        rest = placed[begin + 100 :]
        np.testing.assert_array_equal(rest, np.resize(sound, len(rest)) if rest.any() else 0 * rest)
    assert max(lengths) == 250
    assert min(lengths) == 100
    np.testing.assert_array_equal(in_window(sound, 80, rng), sound[:80])


@pytest.mark.parametrize("name", NAMES)
def test_the_same_recipe_gives_the_same_weights_and_touches_no_global_generator(name: str, tmp_path: Path) -> None:
    _, size = smallest(name)
    torch_before, numpy_before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    shares: list[float] = []
    for folder in ("first", "second"):
        pretrain(name, size, LITTLE, tmp_path / folder, shares.append)
    files = [next((tmp_path / folder).glob("*.safetensors")).read_bytes() for folder in ("first", "second")]
    assert files[0] == files[1]
    assert torch.equal(torch_before, torch.random.get_rng_state())
    np.testing.assert_array_equal(numpy_before, np.random.get_state()[1])  # noqa: NPY002
    half = len(shares) // 2
    assert shares[:half] == sorted(shares[:half])
    assert shares[half - 1] == 1.0


def test_the_folder_changes_with_what_the_weights_depend_on() -> None:
    found = {
        maker(name).digest(name, size, recipe)
        for name in NAMES
        for size in registry.backbone(name).MINIATURE_SIZES
        for recipe in CLASSIFIER_RECIPES
    }
    assert len(found) == len(NAMES) * 2 * len(CLASSIFIER_RECIPES)


class Sounds:
    """Voices against noise, in memory: `trainables.data.clips.Clips`."""

    def __init__(self, count: int, seed: int, sample_rate_hz: int) -> None:
        self._waves, examples = [], []
        for index in range(count):
            rng = np.random.default_rng([seed, index])
            speech = index % 2 == 0
            wave = speak(draw_voice(rng), 1.2, rng) if speech else rng.standard_normal(19_200)
            self._waves.append(resample((0.1 * wave / wave.std()).astype(np.float32), 16_000, sample_rate_hz))
            label = "SPEECH" if speech else "NONSPEECH"
            examples.append(Example(f"{seed}-{index}", (), f"{seed}-{index}", label))
        self.examples = tuple(examples)

    def __len__(self) -> int:
        return len(self.examples)

    def waveform(self, index: int) -> np.ndarray:
        return self._waves[index]

    def key(self, index: int) -> tuple[str, int]:
        return (self.examples[index].id, 0)


@cache
def sounds(count: int, seed: int, sample_rate_hz: int) -> Sounds:
    return Sounds(count, seed, sample_rate_hz)


def lora_accuracy(name: str, size: str, folder: Path) -> float:
    """After a LoRA training of 16 steps, on other voices."""
    backbone = registry.backbone(name)
    preset = list(backbone.PRESETS)[-1] if name == "efficientat" else "attention"
    config = TrialConfig(
        name, size, rank=8, alpha=32, target_modules=preset, learning_rate=5e-3, epochs=2, batch_size=8
    )  # fmt: skip
    engine = Engine(EngineKey.of(config, "fp32"), str(folder), TASK, EngineSettings())
    rate = backbone.SAMPLE_RATE_HZ
    lane = Lane(engine, config, LaneKey(1, "-"), sounds(64, 1, rate), sounds(40, 2, rate))
    while not lane.finished:
        metrics = lane.train_epoch()
    return metrics["val/accuracy"]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LIKE_WAV2VEC2])
def test_what_the_short_recipe_writes_can_be_tuned(name: str, tmp_path: Path) -> None:
    """From folder to answers. Of EfficientAT alone it shows that pre-training matters: random weights, with a head
    trained whole, tell voices from noise in the other three as well."""
    _, size = smallest(name)
    pretrain(name, size, CLASSIFIER_RECIPES["test"], tmp_path, lambda done: None)
    assert lora_accuracy(name, size, tmp_path) >= 0.8
