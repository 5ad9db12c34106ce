"""How long a training is: counts of steps and epochs from a configuration and the number of clips. Loads no torch."""

from __future__ import annotations

from math import ceil

from trainables.config import TrialConfig


def steps_per_epoch(config: TrialConfig, clips: int) -> int:
    """Optimizer steps in one pass over `clips` training clips; the last one of an epoch may be smaller."""
    return ceil(ceil(clips / config.batch_size) / config.gradient_accumulation)


def total_steps(config: TrialConfig, clips: int) -> int:
    steps = config.epochs * steps_per_epoch(config, clips)
    return steps if config.max_steps is None else min(steps, config.max_steps)


def planned_epochs(config: TrialConfig, clips: int) -> int:
    """Epochs until the last planned step; with `max_steps` the last epoch may be a part of one."""
    return ceil(total_steps(config, clips) / steps_per_epoch(config, clips))


def part_size(batch_size: int, parts: int) -> int:
    """Clips in a forward pass where a batch is cut into so many parts; at least 1."""
    return max(1, ceil(batch_size / parts))
