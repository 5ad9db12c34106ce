"""How the channels of a file become one: the rule, and what it found.

The mean of the channels, but: a dead channel is left out of it, channels that cancel are not added (the first one with
sound is heard), and where a file says which speaker each of more than two channels is for, they are mixed as for
stereo (ITU-R BS.775: centre at -3 dB, surround at -3 dB and shared, low-frequency effects left out). The rule looks at
the stretch that is heard and at nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

PLAIN, DEAD, CANCELLING, SPEAKERS, CHOSEN = range(5)  # which rule made the mono sound, as it is kept with a store
DEAD_PEAK = 1e-3  # -60 dB of full scale
DEAD_RATIO = 1e-2  # and 40 dB below the loudest channel
CANCELLED_SHARE = 0.01  # of the channels' mean energy in that of their mean
CLIPPED = 32766.5 / 32768  # the largest sample of 16 bits, and what lies above
_HALF = math.sqrt(0.5)
_WEIGHTS = {  # mean of the two channels of the stereo downmix
    "FL": 0.5,
    "FR": 0.5,
    "FC": _HALF,
    "LFE": 0.0,
    **dict.fromkeys(("BL", "BR", "SL", "SR"), _HALF / 2),
    **dict.fromkeys(("FLC", "FRC"), 0.5),
    "BC": 0.5,
}

Blocks = Callable[[], Iterable[np.ndarray]]


@dataclass
class Levels:
    """Of each channel over a stretch."""

    peaks: np.ndarray  # (channels,), at least 0
    energies: np.ndarray  # (channels,) sums of squares
    mean_energy: float = 0.0  # of the mean of all
    clipped: int = 0  # samples at full scale
    samples: int = field(default=0)

    @classmethod
    def of(cls, channels: int) -> Levels:
        return cls(np.zeros(channels), np.zeros(channels))

    def add(self, block: np.ndarray, mono: np.ndarray) -> None:
        """A (frames, channels) block and its mean."""
        self.samples += block.size
        if block.shape[1] == 1:
            high, low = float(mono.max()), float(mono.min())
            peak = max(high, -low)
            known = float(self.peaks[0])
            if known == known and not peak <= known:  # a NaN among the samples stays
                self.peaks[0] = peak
            if peak >= CLIPPED:
                self.clipped += int((np.abs(mono) >= CLIPPED).sum())
            return
        peaks = np.maximum(block.max(axis=0), -block.min(axis=0))
        self.peaks = np.maximum(self.peaks, peaks)
        self.energies += np.einsum("ij,ij->j", block, block, dtype=np.float64)
        self.mean_energy += float(np.einsum("i,i", mono, mono, dtype=np.float64))
        if peaks.max() >= CLIPPED:
            self.clipped += int((np.abs(block) >= CLIPPED).sum())

    @property
    def clipped_share(self) -> float:
        return self.clipped / max(1, self.samples)


def mono(blocks: Blocks, channels: int, speakers: Sequence[str], channel: int | None) -> tuple[np.ndarray, int, Levels]:
    """((frames,) float32, the rule that made it, the channels' levels). `blocks` gives the stretch from its start each
    time it is called, twice at most; `channel` is the one that is wanted, None where all are."""
    weights = _speaker_weights(speakers) if channel is None else None
    levels = Levels.of(channels)
    parts = []
    for block in blocks():
        part = _mixed(block, weights, channel)
        levels.add(block, part)
        parts.append(part)
    waveform = parts[0] if len(parts) == 1 else np.concatenate(parts)
    if channel is not None or channels == 1:
        return waveform, PLAIN if channels == 1 else CHOSEN, levels
    if weights is not None:
        return waveform, SPEAKERS, levels
    rule, heard = _rule(levels)
    if rule == PLAIN:
        return waveform, rule, levels
    share = np.zeros(channels, dtype=np.float32)
    share[heard] = 1 / len(heard)
    return np.concatenate([_mixed(block, share, None) for block in blocks()]), rule, levels


def _rule(levels: Levels) -> tuple[int, list[int]]:
    """The rule, and the channels whose mean is heard."""
    loudest = levels.peaks.max()
    dead = (levels.peaks < DEAD_PEAK) & (levels.peaks < DEAD_RATIO * loudest)
    alive = np.flatnonzero(~dead).tolist()
    if loudest == 0:
        return PLAIN, alive
    # dead channels add next to nothing: the mean of the others is the mean of all, louder
    energy = levels.mean_energy * (len(levels.peaks) / len(alive)) ** 2
    if len(alive) > 1 and energy < CANCELLED_SHARE * levels.energies[alive].mean():
        return CANCELLING, alive[:1]
    return (DEAD, alive) if dead.any() else (PLAIN, alive)


def _speaker_weights(speakers: Sequence[str]) -> np.ndarray | None:
    """None where the mean is the rule: mono, stereo, and speakers that are not said or not known."""
    if len(speakers) < 3 or not all(name in _WEIGHTS for name in speakers):
        return None
    return np.array([_WEIGHTS[name] for name in speakers], dtype=np.float32)


def _mixed(block: np.ndarray, weights: np.ndarray | None, channel: int | None) -> np.ndarray:
    """(frames, channels) -> (frames,), a copy of its own."""
    if block.shape[1] == 1 or channel is not None:
        one: np.ndarray = block[:, channel or 0].copy()
        return one
    if weights is None:
        mean: np.ndarray = block.mean(axis=1, dtype=np.float32)
        return mean
    mixed = np.zeros(len(block), dtype=np.float32)
    for index in np.flatnonzero(weights):  # in order: a matrix product may add in another one for another length
        mixed += block[:, index] * weights[index]
    return mixed
