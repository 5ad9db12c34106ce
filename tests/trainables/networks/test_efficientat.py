"""EfficientAT's network against a second one in numpy and scipy, written from the papers' formulas."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d

from trainables.networks.efficientat import BLOCKS, Block, EfficientAT, EfficientATConfig, divisible

SMALL = EfficientATConfig(
    width=0.5,
    last_hidden=32,
    blocks=(
        Block(16, 3, 16, 16, squeeze=False, hard=False, stride=1),  # nothing to expand
        Block(16, 5, 48, 24, squeeze=True, hard=False, stride=2),
        Block(24, 3, 32, 24, squeeze=True, hard=True, stride=1),  # with its input added
    ),
)

Array = np.ndarray


def network(config: EfficientATConfig, seed: int = 0) -> EfficientAT:
    """In float64, every parameter and statistic a random number."""
    with torch.device("meta"):
        model = EfficientAT(config, classes=3)
    model = model.to_empty(device="cpu").double().eval()
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in model.state_dict().items():
        if name.endswith("running_var"):
            torch.nn.init.uniform_(tensor, 0.5, 2.0, generator=generator)
        elif tensor.is_floating_point():
            torch.nn.init.normal_(tensor, 0.1, 0.5, generator=generator)
    return model


def by_hand(config: EfficientATConfig, weights: dict[str, Array], mel: Array) -> Array:
    """(bins, frames) -> (classes,)"""

    def hardswish(x: Array) -> Array:
        return x * np.clip(x + 3, 0, 6) / 6

    def relu(x: Array) -> Array:
        return np.maximum(x, 0)

    def filtered(name: str, x: Array, stride: int, activation: Any) -> Array:
        """Convolution, the frozen batch norm, activation."""
        filters = weights[f"{name}.0.weight"]
        reach = filters.shape[2] // 2
        padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach)))
        if filters.shape[1] == len(x):  # every filter sees all channels
            out = [sum(correlate2d(c, f, "valid") for c, f in zip(padded, kernel, strict=True)) for kernel in filters]
        else:  # each its own
            out = [correlate2d(c, kernel[0], "valid") for c, kernel in zip(padded, filters, strict=True)]
        smaller = np.array(out)[:, ::stride, ::stride]
        mean, variance, gain, bias = (
            weights[f"{name}.1.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return activation((smaller - mean) / np.sqrt(variance + 1e-3) * gain + bias)

    def linear(name: str, x: Array) -> Array:
        return weights[f"{name}.weight"] @ x + weights[f"{name}.bias"]

    x = filtered("features.0", mel[None], 2, hardswish)
    for number, block in enumerate(config.blocks, start=1):
        activation = hardswish if block.hard else relu
        y, part = x, 0
        if divisible(config.width * block.expanded) != len(x):
            y, part = filtered(f"features.{number}.block.0", y, 1, activation), 1
        y = filtered(f"features.{number}.block.{part}", y, block.stride, activation)
        if block.squeeze:
            at = f"features.{number}.block.{part + 1}.conc_se_layers.0"
            scale = 1 / (1 + np.exp(-linear(f"{at}.fc2", relu(linear(f"{at}.fc1", y.mean((1, 2)))))))
            y, part = y * scale[:, None, None], part + 1
        y = filtered(f"features.{number}.block.{part + 1}", y, 1, lambda v: v)
        x = x + y if y.shape == x.shape else y
    x = filtered(f"features.{len(config.blocks) + 1}", x, 1, hardswish)
    return linear("classifier.5", hardswish(linear("classifier.2", x.mean((1, 2)))))


def spectrograms(*frames: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).standard_normal((len(frames), 16, max(frames))))


@pytest.mark.parametrize("frames", [1, 20, 21, 22, 23])
def test_the_network_equals_one_computed_by_hand(frames: int) -> None:
    model = network(SMALL)
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    mel = spectrograms(frames)
    with torch.no_grad():
        got = model(mel)[0].numpy()
    np.testing.assert_allclose(got, by_hand(SMALL, weights, mel[0].numpy()), rtol=1e-9, atol=1e-12)


def test_clips_of_several_lengths_in_one_batch_equal_those_computed_by_hand() -> None:
    """Odd and even lengths at every stride, and what stands behind a clip is no silence here."""
    model = network(SMALL)
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    lengths = (24, 1, 5, 10, 15, 22)
    mel = spectrograms(*lengths)
    with torch.no_grad():
        got = model(mel, torch.tensor(lengths)).numpy()
    expected = [by_hand(SMALL, weights, clip[:, :count].numpy()) for clip, count in zip(mel, lengths, strict=True)]
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("value", "channels"),
    [(1.6, 8), (8, 8), (8.8, 8), (8.9, 16), (20, 24), (16 * 0.4, 8), (24 * 0.4, 16), (40 * 0.5, 24), (672, 672)],
)
def test_channels_at_a_width(value: float, channels: int) -> None:
    """8 is the multiple of 8 nearest to 8.9, but less than 0.9 of it."""
    assert divisible(value) == channels


def test_the_published_table_of_blocks() -> None:
    """MobileNetV3-Large: 16 times smaller within the blocks, 960 channels at the end, 8 blocks with excitation."""
    assert len(BLOCKS) == 15
    assert [block.stride for block in BLOCKS].count(2) == 4
    assert sum(block.squeeze for block in BLOCKS) == 8
    for block, following in pairwise(BLOCKS):
        assert block.out == following.channels
    with torch.device("meta"):
        model = EfficientAT(EfficientATConfig(), classes=527)
    assert model.classifier["2"].weight.shape == (1280, 960)


def test_initial_weights_come_from_the_generator() -> None:
    def make(seed: int) -> dict[str, torch.Tensor]:
        with torch.device("meta"):
            model = EfficientAT(SMALL, classes=3)
        model.to_empty(device="cpu").initialise(torch.Generator().manual_seed(seed))
        return model.state_dict()

    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    first, again, other = make(1), make(1), make(2)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["features.0.0.weight"], other["features.0.0.weight"])
    assert all(first[name].eq(0).all() for name in first if name.endswith("running_mean"))
