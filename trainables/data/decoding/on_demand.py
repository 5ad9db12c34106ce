"""Clips that are decoded whenever they are asked for, and how many samples each has, which headers alone tell."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from math import ceil, gcd, isfinite
from threading import Lock

import numpy as np

from trainables.data.examples import Example
from trainables.data.sound.audio import Decoder, as_waveform, reach, spans
from trainables.data.sound.recording import AudioInfo

MOST_BYTES = 64 << 20  # of the clips that were decoded last: a batch asks for lengths, sound and partners one by one


def samples_of(example: Example, info_of: Callable[[str], AudioInfo], sample_rate_hz: int, limit_seconds: float) -> int:
    """How many samples `load_waveform` gives, without decoding. `info_of` gives a file's header. Raises InputError as
    it does for what headers show."""
    start, end = reach(example, limit_seconds)
    parts = [(span.info.sample_rate_hz, span.stop - span.start) for span in spans(example, info_of, limit_seconds)]
    if len({rate for rate, _ in parts}) == 1:
        parts = [(parts[0][0], sum(frames for _, frames in parts))]
    samples = sum(_resampled(frames, rate, sample_rate_hz) for rate, frames in parts)
    return min(samples, round((end - start) * sample_rate_hz)) if isfinite(end) else samples


class OnDemand:
    """Decodes one clip at a time, and holds those that were decoded last. Threads may share it."""

    def __init__(self, sample_rate_hz: int, window_seconds: float) -> None:
        self._sample_rate_hz, self._window_seconds = sample_rate_hz, window_seconds
        self._decoder = Decoder()
        self._last: OrderedDict[int, np.ndarray] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def waveform(self, index: int, example: Example) -> np.ndarray:
        """(samples,) float32, read-only; `index` names the example. Raises InputError: it cannot be decoded."""
        with self._lock:
            found = self._last.get(index)
            if found is not None:
                self._last.move_to_end(index)
                return found
            heard = self._decoder.heard(example, self._window_seconds)
            waveform = as_waveform(example, heard, self._sample_rate_hz, self._window_seconds)
            waveform.flags.writeable = False
            self._last[index] = waveform
            self._bytes += waveform.nbytes
            while self._bytes > MOST_BYTES and len(self._last) > 1:
                self._bytes -= self._last.popitem(last=False)[1].nbytes
            return waveform


def _resampled(frames: int, from_hz: int, to_hz: int) -> int:
    """As torchaudio counts, in single precision."""
    if from_hz == to_hz:
        return frames
    common = gcd(from_hz, to_hz)
    return ceil(np.float32((to_hz // common) * frames / (from_hz // common)))
