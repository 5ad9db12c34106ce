"""Dropout before LoRA's first matrix, whose masks belong to clips.

Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

LEVELS = 1 << 16  # on a CPU a value is kept where 16 random bits are below a bound
BLOCK = 1 << 20  # values that an accelerator draws at a time


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
    convolutions have it), and a longer mask begins with a shorter one. `strung`: it hears the clips of a pass as one
    sequence, not one after the other with as many rows for each.
    """

    def __init__(
        self, p: float, draws: DropoutDraws, layer: int, *, time_last: bool = False, strung: bool = False
    ) -> None:
        super().__init__()
        self.p = p
        self.draws = draws
        self.layer = layer
        self.time_last = time_last
        self.strung = strung

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0.0:
            return x
        if self.strung:
            return x * mask(x[None], self.p, self.draws.of_pass(self.layer, x.device))[0]
        turned = x.transpose(1, -1) if self.time_last else x
        clips = torch.unflatten(turned, 0, (len(self.draws.rows), -1))
        drawn = mask(clips, self.p, self.draws.by_clip(self.layer, x.device)).flatten(0, 1)
        return x * (drawn.transpose(1, -1) if self.time_last else drawn)


def mask(x: Tensor, p: float, generators: Iterator[torch.Generator]) -> Tensor:
    """Of the shape (clips, ...) of `x`: 0 with probability `p`, else what keeps the mean as it is; a generator a clip.

    A longer clip's mask begins with a shorter one's. On a CPU values are drawn one after the other, each of 16 random
    bits, in a fifth of `bernoulli_`'s time; `p` is taken to the next of 65,536 levels. An accelerator draws by the
    size of what it fills: there it is blocks of one size.
    """
    count = x[0].numel()
    if x.device.type != "cpu":
        kept = torch.stack([_blocks(count, 1.0 - p, x, generator) for generator in generators])
        return kept.div_(1.0 - p).view(x.shape)
    levels = max(1, round((1.0 - p) * LEVELS))
    words = torch.empty(len(x), -(-count // 4), dtype=torch.int64)
    for own, generator in zip(words, generators, strict=True):
        own.random_(-(1 << 63), None, generator=generator)
    below = words.view(torch.int16)[:, :count] <= levels - LEVELS // 2 - 1
    return below.to(x.dtype).mul_(LEVELS / levels).view(x.shape)


def _blocks(count: int, keep: float, like: Tensor, generator: torch.Generator) -> Tensor:
    """(count,) zeros and ones."""
    blocks = [like.new_empty(BLOCK).bernoulli_(keep, generator=generator) for _ in range(-(-count // BLOCK))]
    return torch.cat(blocks)[:count]


def _mixed(*parts: int) -> int:
    mixed = 0
    for part in parts:
        mixed = (mixed * 1_000_003 + part) % (1 << 63)
    return mixed
