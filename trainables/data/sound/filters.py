"""Resampling and low-pass filtering of a waveform."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

STOPBAND_DB = 50.0  # of one pass; filtering forwards and backwards doubles it
FILTER_ORDER = 12


def lowpass(waveform: np.ndarray, sample_rate_hz: int, cutoff_hz: float) -> np.ndarray:
    """Removes everything from `cutoff_hz` up by 100 dB, without moving anything in time. (samples,) -> (samples,).

    Chebyshev's second filter, forwards and backwards: the stop band starts at `cutoff_hz` and not, as a Butterworth's
    3 dB point would have it, somewhat above, so that two recordings of different bandwidth really become alike.
    """
    from scipy.signal import cheby2, sosfiltfilt

    if cutoff_hz >= sample_rate_hz / 2:
        return waveform
    sections = cheby2(FILTER_ORDER, STOPBAND_DB, cutoff_hz, output="sos", fs=sample_rate_hz)
    padding = min(len(waveform) - 1, 6 * FILTER_ORDER)
    filtered = sosfiltfilt(sections, waveform.astype(np.float64), padlen=padding)
    return np.asarray(filtered, dtype=np.float32)


def resample(waveform: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """(samples,) float32 -> (ceil(samples * to_hz / from_hz),) float32; torchaudio's windowed sinc."""
    if from_hz == to_hz:
        return waveform
    import torch

    with torch.inference_mode():
        resampled = _resampler(from_hz, to_hz)(torch.from_numpy(np.ascontiguousarray(waveform)))
    return np.asarray(resampled.numpy())


@lru_cache(maxsize=16)
def _resampler(from_hz: int, to_hz: int) -> Any:
    from torchaudio.transforms import Resample

    return Resample(from_hz, to_hz)
