"""Dropout before LoRA's first matrix, whose masks belong to clips.

Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

LEVELS = 1 << 16  # on a CPU a value is kept where 16 random bits are below a bound
BLOCK = 1 << 18  # values that an accelerator draws at a time


class DropoutDraws:
    """What one lane's masks are drawn from. `epoch` and `rows`, the clips that pass next, are set before a pass.

    A clip's mask depends on the lane's seed, the epoch, the clip and the layer: not on batches, other lanes, or an
    interruption. Gradient checkpointing draws the same mask again when it repeats a pass.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.epoch = 0
        self.rows: Sequence[int] = ()

    def by_clip(self, layer: int, device: torch.device) -> Iterator[torch.Generator]:
        """One generator, seeded anew for each clip of the pass: to be used up before the next is asked for."""
        generator = torch.Generator(device)
        for row in self.rows:
            yield generator.manual_seed(_mixed(self.seed, self.epoch, row, layer))

    def of_pass(self, layer: int, device: torch.device) -> Iterator[torch.Generator]:
        """For a layer that hears all clips of a pass as one sequence: its mask belongs to just these clips."""
        yield torch.Generator(device).manual_seed(_mixed(self.seed, self.epoch, *self.rows, layer))


class LaneDropout(nn.Module):
    """`nn.Dropout` whose masks come from a lane's draws.

    A clip that is padded further keeps its mask: time is the first axis behind the clips' (`time_last`: the last, as
    convolutions have it), and a longer mask begins with a shorter one. `concatenated`: its input is all clips of a
    pass as one sequence, not one after the other with as many rows for each.
    """

    def __init__(
        self, p: float, draws: DropoutDraws, layer: int, *, time_last: bool = False, concatenated: bool = False
    ) -> None:
        super().__init__()
        self.p = p
        self.draws = draws
        self.layer = layer
        self.time_last = time_last
        self.concatenated = concatenated

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0.0:
            return x
        if self.concatenated:
            return dropped(x[None], self.p, self.draws.of_pass(self.layer, x.device))[0]
        turned = x.transpose(1, -1) if self.time_last else x
        clips = torch.unflatten(turned, 0, (len(self.draws.rows), -1))
        left = dropped(clips, self.p, self.draws.by_clip(self.layer, x.device)).flatten(0, 1)
        return left.transpose(1, -1) if self.time_last else left


def lane_dropout(
    p: float, draws: DropoutDraws, layer: int, base: nn.Module, *, concatenated: bool = False
) -> LaneDropout:
    """What stands before LoRA's first matrix on `base`, the `layer`th that a lane adapts."""
    return LaneDropout(p, draws, layer, time_last=isinstance(base, nn.Conv1d | nn.Conv2d), concatenated=concatenated)


def dropped(x: Tensor, p: float, generators: Iterator[torch.Generator]) -> Tensor:
    """(clips, ...): zeros with probability `p`, and the rest scaled so that the mean stays; a generator a clip.

    A longer clip's mask begins with a shorter one's. On a CPU values are drawn one after the other, each of 16 random
    bits, which takes half of `bernoulli_`'s time; `p` is taken to the nearest of 65,536 levels. An accelerator draws by
    the size of what it fills: there it is blocks of one size.
    """
    count = x[0].numel()
    if x.device.type == "cpu":
        levels = max(1, round((1.0 - p) * LEVELS))
        words = torch.empty(len(x), -(-count // 4), dtype=torch.int64)
        for own, generator in zip(words, generators, strict=True):
            own.random_(-(1 << 63), None, generator=generator)
        kept = (words.view(torch.int16)[:, :count] <= levels - LEVELS // 2 - 1).to(x.dtype)
        scale = LEVELS / levels
    else:
        kept, scale = blocks(x, 1.0 - p, generators)[:, :count], 1.0 / (1.0 - p)
    return (x * kept.reshape(x.shape)).mul_(scale)  # scaled behind: 1 / (1 - p) itself is not exact in bfloat16


def blocks(x: Tensor, keep: float, generators: Iterator[torch.Generator]) -> Tensor:
    """(clips, at least as many values as a clip has) zeros and ones, in whole blocks."""
    drawn = x.new_empty(len(x), -(-x[0].numel() // BLOCK), BLOCK)
    for own, generator in zip(drawn, generators, strict=True):
        for block in own:
            block.bernoulli_(keep, generator=generator)
    return drawn.flatten(1)


def _mixed(*parts: int) -> int:
    mixed = 0  # torch's CPU generator takes 32 bits of it
    for part in parts:
        mixed = (mixed * 1_000_003 + part) % (1 << 63)
    return mixed
