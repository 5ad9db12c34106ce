"""What decoding shows of each clip: its level, whether it is silent or clipped, its band, how channels were mixed.

Taken in the pass that writes a store, and kept beside it; `measuring.py` has the same without a store.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainables.data.sound import channels
from trainables.data.sound.audio import Heard

FACTS = np.dtype(
    [
        ("sample_rate_hz", "<i4"),  # of the first piece
        ("channels", "<u2"),  # of the first piece
        ("mixing", "u1"),  # `channels.PLAIN`, DEAD, CANCELLING, SPEAKERS or CHOSEN; the first that is not plain
        ("seconds", "<f4"),  # that are heard, at most the backbone's window
        ("peak", "<f4"),  # of full scale, of the mono sound
        ("level_db", "<f4"),  # root mean square, of full scale; -inf: silent throughout
        ("clipped_share", "<f4"),  # of the file's samples at full scale, in [0, 1]
        ("bandwidth_hz", "<f4"),  # above it the spectrum lies 60 dB below its highest place; 0: silence
    ]
)
FLOOR = 1e-6  # -60 dB
WINDOW_SAMPLES, MOST_WINDOWS = 1024, 8
_HANN = np.hanning(WINDOW_SAMPLES).astype(np.float32)


def facts_of(heard: Sequence[Heard]) -> tuple[float, ...]:
    """A row of FACTS for an example, of its decoded pieces."""
    first = heard[0]
    frames = sum(len(part.waveform) for part in heard)
    energy = sum(float(np.dot(part.waveform, part.waveform)) for part in heard)
    rules = [part.rule for part in heard if part.rule != channels.PLAIN]
    return (
        first.info.sample_rate_hz,
        first.info.channels,
        rules[0] if rules else channels.PLAIN,
        sum(len(part.waveform) / part.info.sample_rate_hz for part in heard),
        max(float(max(part.waveform.max(), -part.waveform.min())) for part in heard),
        10 * float(np.log10(energy / frames)) if energy else -np.inf,
        max(part.levels.clipped_share for part in heard),
        max(bandwidth_hz(part.waveform, part.info.sample_rate_hz) for part in heard),
    )


def bandwidth_hz(waveform: np.ndarray, sample_rate_hz: int) -> float:
    """The highest frequency of mono sound, (samples,), at which there is some: from evenly spaced windows the loudest
    value of each frequency; 0 for silence."""
    if len(waveform) < WINDOW_SAMPLES:
        windows = waveform[np.newaxis]
    else:
        starts = np.linspace(0, len(waveform) - WINDOW_SAMPLES, min(MOST_WINDOWS, len(waveform) // WINDOW_SAMPLES))
        windows = np.stack([waveform[start : start + WINDOW_SAMPLES] for start in starts.astype(int)]) * _HANN
    power = np.abs(np.fft.rfft(windows, WINDOW_SAMPLES, axis=1)).max(axis=0) ** 2
    highest = power.max()
    if not highest > 0:
        return 0.0
    return float((np.flatnonzero(power > highest * FLOOR)[-1] + 1) * sample_rate_hz / WINDOW_SAMPLES)
