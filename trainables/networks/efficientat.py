"""The network of EfficientAT: MobileNetV3 over log-mel spectrograms, at any width.

Schmid et al. 2022, "Efficient Large-Scale Audio Tagging via Transformer-to-CNN Knowledge Distillation", arXiv
2211.04772; MobileNetV3-Large: Howard et al. 2019, arXiv 1905.02244; squeeze and excitation: Hu et al. 2018, arXiv
1709.01507. Modules are named as in the published files. The published dropout before the last layer is left out.

In shapes: B clips, C channels, M mel bins, F frames. Every stride halves M and F, rounded up.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.networks.layers import Network

LAST_HIDDEN = 1280  # of the classifier, at width 1


@dataclass(frozen=True)
class Block:
    """An inverted residual, its channels at width 1."""

    channels: int
    kernel: int
    expanded: int
    out: int
    squeeze: bool  # and excitation
    hard: bool  # Hardswish, else ReLU
    stride: int


BLOCKS = (
    Block(16, 3, 16, 16, False, False, 1),
    Block(16, 3, 64, 24, False, False, 2),
    Block(24, 3, 72, 24, False, False, 1),
    Block(24, 5, 72, 40, True, False, 2),
    Block(40, 5, 120, 40, True, False, 1),
    Block(40, 5, 120, 40, True, False, 1),
    Block(40, 3, 240, 80, False, True, 2),
    Block(80, 3, 200, 80, False, True, 1),
    Block(80, 3, 184, 80, False, True, 1),
    Block(80, 3, 184, 80, False, True, 1),
    Block(80, 3, 480, 112, True, True, 1),
    Block(112, 3, 672, 112, True, True, 1),
    Block(112, 5, 672, 160, True, True, 2),
    Block(160, 5, 960, 160, True, True, 1),
    Block(160, 5, 960, 160, True, True, 1),
)


@dataclass(frozen=True)
class EfficientATConfig:
    width: float = 1.0
    blocks: tuple[Block, ...] = BLOCKS
    last_hidden: int = LAST_HIDDEN

    def scaled(self, channels: int) -> int:
        return divisible(channels * self.width)


class EfficientAT(Network):
    """(B, M, F) normalised log-mel -> (B, classes) logits.

    Batches of clips of several lengths are exact: what is padded is set to zero wherever a filter would see it, as the
    filter's own padding is, and no mean counts it.
    """

    def __init__(self, config: EfficientATConfig, classes: int) -> None:
        super().__init__()
        blocks = [InvertedResidual(block, config) for block in config.blocks]
        last = config.scaled(config.blocks[-1].out)
        self.features = nn.ModuleList(
            [
                Convolution(1, config.scaled(config.blocks[0].channels), 3, stride=2, activation="hard"),
                *blocks,
                Convolution(last, 6 * last, 1, activation="hard"),
            ]
        )
        hidden = config.scaled(config.last_hidden)
        # between them, as numbered in the published files: Hardswish and dropout
        self.classifier = nn.ModuleDict({"2": nn.Linear(6 * last, hidden), "5": nn.Linear(hidden, classes)})

    def forward(self, mel: Tensor, frames: Tensor | None = None) -> Tensor:
        """`frames` (B,): how many of F belong to each clip; None: all."""
        stem = self.features[0]
        x = mel[:, None].to(stem.get_parameter("0.weight").dtype)  # (B, 1, M, F)
        for layer in self.features:
            x = self.run(layer, x, frames).contiguous(memory_format=torch.channels_last)  # a third less time on a CPU
            if frames is not None and layer.stride == 2:
                frames = (frames + 1) // 2
        hidden = functional.hardswish(self.classifier["2"](mean(x, frames)))
        logits: Tensor = self.classifier["5"](hidden.to(torch.promote_types(hidden.dtype, torch.float32)))
        return logits

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Every weight and statistic, for training from nothing in a few hundred steps."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", generator=generator)
            elif isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
                module.momentum = 0.1  # the published 0.01 is for long trainings
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.kaiming_normal_(module.weight, generator=generator)
                nn.init.zeros_(module.bias)


class Convolution(nn.Sequential):
    """Filter (0), batch norm (1), activation. `groups` equal to the channels: a filter per channel."""

    def __init__(
        self, channels: int, out: int, kernel: int, *, stride: int = 1, groups: int = 1, activation: str = "none"
    ) -> None:
        activations = {"hard": nn.Hardswish, "relu": nn.ReLU, "none": nn.Identity}
        super().__init__(
            nn.Conv2d(channels, out, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(out, eps=1e-3, momentum=0.01),
            activations[activation](),
        )
        self.stride = stride
        self.kernel = kernel

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        """(B, C, M, F) -> (B, out, M, F), by the stride smaller."""
        if self.kernel > 1:
            x = silenced(x, frames)
        for layer in self:
            x = layer(x)
        return x


class InvertedResidual(nn.Module):
    def __init__(self, block: Block, config: EfficientATConfig) -> None:
        super().__init__()
        channels, expanded, out = (config.scaled(c) for c in (block.channels, block.expanded, block.out))
        activation = "hard" if block.hard else "relu"
        layers: list[nn.Module] = []
        if expanded != channels:
            layers.append(Convolution(channels, expanded, 1, activation=activation))
        layers.append(
            Convolution(expanded, expanded, block.kernel, stride=block.stride, groups=expanded, activation=activation)
        )
        if block.squeeze:
            layers.append(Excitation(expanded))
        layers.append(Convolution(expanded, out, 1))
        self.block = nn.ModuleList(layers)
        self.stride = block.stride
        self.residual = block.stride == 1 and channels == out

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        inner = x
        for layer in self.block:
            inner = layer(inner, frames)
            if frames is not None and getattr(layer, "stride", 1) == 2:
                frames = (frames + 1) // 2
        return x + inner if self.residual else inner


class Excitation(nn.Module):
    """Scales every channel by a number between 0 and 1 that comes from the means of all channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conc_se_layers = nn.ModuleList([Squeeze(channels, divisible(channels // 4))])

    def forward(self, x: Tensor, frames: Tensor | None = None) -> Tensor:
        scale: Tensor = self.conc_se_layers[0](mean(x, frames))
        return x * scale[..., None, None]


class Squeeze(nn.Module):
    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, squeezed)
        self.fc2 = nn.Linear(squeezed, channels)

    def forward(self, means: Tensor) -> Tensor:
        """(B, C) -> (B, C), 0 to 1."""
        return torch.sigmoid(self.fc2(functional.relu(self.fc1(means))))


def silenced(x: Tensor, frames: Tensor | None) -> Tensor:
    """(B, C, M, F) with zeros behind each clip's frames."""
    if frames is None:
        return x
    inside = torch.arange(x.shape[3], device=x.device) < frames[:, None]  # (B, F)
    return x * inside[:, None, None, :].to(x.dtype)  # an eighth of masked_fill's time, and the layout stays


def mean(x: Tensor, frames: Tensor | None) -> Tensor:
    """(B, C, M, F) -> (B, C), over the mel bins and each clip's own frames."""
    if frames is None:
        return x.mean((2, 3))
    total = silenced(x, frames).sum((2, 3), dtype=torch.promote_types(x.dtype, torch.float32))
    return (total / (x.shape[2] * frames[:, None])).to(x.dtype)


def divisible(value: float, by: int = 8) -> int:
    """The multiple of `by` nearest to `value`, at least `by`, and never less than 0.9 of it."""
    near = max(by, int(value + by / 2) // by * by)
    return near + by if near < 0.9 * value else near
