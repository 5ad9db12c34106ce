"""Recognisers' miniatures: speech with its spelling, and that their folders can be loaded and tuned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trainables import registry
from trainables.config import TrialConfig
from trainables.data.examples import Example
from trainables.data.generators.formants import SAMPLE_RATE_HZ
from trainables.miniature.makers import RECOGNISERS, WRITERS, maker
from trainables.miniature.recipe import SPEECH_RECIPES
from trainables.miniature.recognition import FRAMES, pretrain
from trainables.miniature.utterances import MOST_SYLLABLES, NOBODY, SOUNDS, SPELLINGS, draw_stock, utter
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey

LITTLE = replace(SPEECH_RECIPES["test"], encoder_steps=4, utterances=32, decoder_steps=4)
NAMES = tuple(name for name in registry.BACKBONES if maker(name) is RECOGNISERS)
TASK = registry.task("transcription", {})


def test_every_recogniser_has_a_maker() -> None:
    own = [name for name in registry.BACKBONES if registry.backbone(name).MINIATURE_SIZES]
    write = {name for name in own if "transcription" in registry.backbone(name).TASKS}
    assert write == {*NAMES, *WRITERS}
    assert set(FRAMES) == set(NAMES)


def test_an_utterance_is_spelled_as_it_sounds() -> None:
    """The text is what the moments say, sound by sound and syllable by syllable."""
    rng = np.random.default_rng(0)
    stock = draw_stock(rng, voices=2, syllables=12)
    for _ in range(20):
        found = utter(rng, stock, 1.5)
        assert found.waveform.shape == (24_000,)
        assert np.abs(found.waveform).max() <= 1.0
        sounds, syllables, places = found.moments.T
        assert ((sounds == 0) == (syllables == NOBODY)).all()
        words = []
        for number in range(min(len(found.text.split()), MOST_SYLLABLES)):
            of_syllable = syllables == number
            parts = {
                int(place): SOUNDS[int(sounds[(places == place) & of_syllable][0])]
                for place in set(places[of_syllable])
            }
            words.append("".join(SPELLINGS[parts[place]] for place in sorted(parts)))
        assert " ".join(words) == found.text
    spoken = found.waveform[found.moments[:, 0] > 0]
    assert (spoken**2).mean() > (found.waveform**2).mean()


def test_the_same_generator_state_says_the_same() -> None:
    first, second = (
        utter(rng, draw_stock(rng, voices=1, syllables=6), 1.0) for rng in map(np.random.default_rng, (4, 4))
    )
    np.testing.assert_array_equal(first.waveform, second.waveform)
    assert first.text == second.text


@pytest.mark.parametrize("name", NAMES)
def test_the_same_recipe_gives_the_same_weights_and_touches_no_global_generator(name: str, tmp_path: Path) -> None:
    backbone: Any = registry.backbone(name)
    size = next(iter(backbone.MINIATURE_SIZES))
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
    assert shares[half - 1] == pytest.approx(1.0)


class Spoken:
    """Utterances of new voices, in memory: `trainables.data.clips.Clips`."""

    def __init__(self, count: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        stock = draw_stock(rng, voices=2, syllables=4)
        made = [utter(rng, stock, 0.8) for _ in range(count)]
        self._waves = [utterance.waveform for utterance in made]
        self.examples = tuple(Example(f"{seed}-{i}", (), f"{seed}-{i}", u.text or "a") for i, u in enumerate(made))
        assert SAMPLE_RATE_HZ == 16_000

    def __len__(self) -> int:
        return len(self.examples)

    def waveform(self, index: int) -> np.ndarray:
        return self._waves[index]

    def key(self, index: int) -> tuple[str, int]:
        return (self.examples[index].id, 0)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_short_recipe_writes_can_be_tuned(name: str, tmp_path: Path) -> None:
    backbone = registry.backbone(name)
    size = next(iter(backbone.MINIATURE_SIZES))
    pretrain(name, size, SPEECH_RECIPES["test"], tmp_path, lambda done: None)
    config = TrialConfig(
        name, size, rank=8, alpha=32, target_modules="attention+mlp", learning_rate=1e-2, epochs=3, batch_size=8
    )  # fmt: skip
    engine = Engine(EngineKey.of(config, "fp32"), str(tmp_path), TASK, EngineSettings())
    lane = Lane(engine, config, LaneKey(1, "-"), Spoken(24, 1), Spoken(8, 2))
    losses = []
    while not lane.finished:
        metrics = lane.train_epoch()
        losses.append(metrics["train/loss"])
        assert metrics["val/wer"] >= 0.0
    assert losses[-1] < losses[0]
