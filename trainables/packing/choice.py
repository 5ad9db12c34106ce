"""How many lanes train in one batch: what the file says, what memory holds, and for `auto` what pays here."""

from __future__ import annotations

import time

import torch

from trainables.cache_key import digest
from trainables.data.clips import Clips
from trainables.measured import once
from trainables.packing.compatibility import AUTO_LANES, may_pay
from trainables.training.engine import Engine

LEAST_GAIN = 1.1  # below it a pack is not worth its memory
REPEATS = 3


def most_lanes(packing: str | int, engine: Engine, *, batch_size: int, clips_in_memory: int) -> int:
    """`packing` (off | auto | a number) within what memory holds: `clips_in_memory` in one batch; at least 1."""
    key, device = engine.key, engine.settings.device
    if packing == "off":
        return 1
    if packing == "auto" and not may_pay(device, key.quantization, key.precision, batch_size):
        return 1
    wanted = AUTO_LANES if packing == "auto" else int(packing)
    return max(1, min(wanted, clips_in_memory // batch_size))


def known_gain(engine: Engine, clips: Clips, *, batch_size: int, lanes: int) -> float:
    """As `measured_gain`, measured once on a machine: the same sweep packs alike when it is begun again."""
    shapes = sorted({str(tuple(engine.features(clips, row).shape)) for row in _rows(engine, clips, batch_size * lanes)})
    key = digest([*engine.computed_by, f"batches of {batch_size}", f"{lanes} lanes", *shapes])
    return float(once(f"packs-{key}", lambda: _gain(engine, clips, batch_size, lanes))["gain"])


def _gain(engine: Engine, clips: Clips, batch_size: int, lanes: int) -> dict[str, float]:
    return {"gain": measured_gain(engine, clips, batch_size=batch_size, lanes=lanes)}


def _rows(engine: Engine, clips: Clips, count: int) -> list[int]:
    rows = [row % len(clips) for row in range(count)]
    return [rows[0]] * count if engine.loaded.equal_shapes else rows  # one shape is enough


@torch.no_grad()
def measured_gain(engine: Engine, clips: Clips, *, batch_size: int, lanes: int) -> float:
    """How many times faster the frozen backbone reads `lanes` batches as one than one after the other.

    The best of REPEATS each; the backbone alone and forwards alone, which the adapters cost the same either way.
    """
    rows = _rows(engine, clips, batch_size * lanes)
    with engine.bank.disabled():
        engine.model.eval()
        one, all_together = (_seconds(engine, clips, rows[:count]) for count in (batch_size, len(rows)))
    return lanes * one / all_together


def _seconds(engine: Engine, clips: Clips, rows: list[int]) -> float:
    batch = engine.collated(engine.clip_batch(clips, rows, with_targets=True))
    best = float("inf")
    for _ in range(REPEATS):
        started = time.perf_counter()
        with engine.accelerator.autocast():
            # the value is asked for: a device that computes in the background has to be done
            float(engine.backbone.clip_losses(engine.model, batch, label_smoothing=0.0).sum())
        best = min(best, time.perf_counter() - started)
    return best
