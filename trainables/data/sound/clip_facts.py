"""What decoding shows of a clip: its level, whether it is silent or clipped, its band, how channels were mixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from trainables.data.sound import channels
from trainables.data.sound.audio import Heard

FLOOR_DB = -120.0  # below full scale: taken for silence
SILENT_DB = -60.0  # of a frame: nothing that a listener would hear beside other clips
FRAME_SECONDS = 0.05
BAND_FLOOR = 1e-6  # -60 dB below the highest place of the spectrum
WINDOW_SAMPLES, MOST_WINDOWS = 1024, 8
_HANN = np.hanning(WINDOW_SAMPLES).astype(np.float32)

FACTS = np.dtype(  # the fields of ClipFacts, as a store keeps them
    [
        ("level_db", "<f4"),
        ("peak_db", "<f4"),
        ("silent_share", "<f4"),
        ("bandwidth_hz", "<f4"),
        ("clipped_share", "<f4"),
        ("offset", "<f4"),
        ("rule", "u1"),
        ("heard_energy", "<f4"),
    ]
)


@dataclass(frozen=True)
class ClipFacts:
    """What one clip sounds like. Levels are in dB of full scale, FLOOR_DB where it is silent."""

    level_db: float  # of the mean energy
    peak_db: float
    silent_share: float  # of the clip's frames
    bandwidth_hz: float  # the highest frequency at which there is sound; 0 for silence
    clipped_share: float = 0.0  # of the samples of all channels of the file, at full scale
    offset: float = 0.0  # the mean of the samples, of full scale 1
    rule: int = channels.PLAIN  # of `channels.py`: how several channels became one
    heard_energy: float = 1.0  # share of the clip's energy, above its quietest, that a window from its start hears

    @property
    def silent(self) -> bool:
        return self.peak_db <= FLOOR_DB


as_row = attrgetter(*FACTS.names or ())  # ClipFacts -> a row of FACTS; `astuple` copies every value, ten times as slow


def facts_of(
    waveform: np.ndarray, sample_rate_hz: int, pieces: Sequence[Heard] = (), window_seconds: float | None = None
) -> ClipFacts:
    """Of mono sound, (samples,), one at least, that was made of `pieces`; `window_seconds` is what a backbone hears."""
    length = min(len(waveform), max(1, round(FRAME_SECONDS * sample_rate_hz)))
    framed = waveform[: len(waveform) // length * length].reshape(-1, length)
    energies = np.einsum("ij,ij->i", framed, framed).astype(np.float64)
    rest = waveform[framed.size :]
    energy = (float(energies.sum()) + float(np.dot(rest, rest))) / len(waveform)
    samples = sum(piece.levels.samples for piece in pieces)
    return ClipFacts(
        level_db=_db(energy**0.5),
        peak_db=_db(float(max(waveform.max(), -waveform.min()))),
        silent_share=np.count_nonzero(energies <= length * 10 ** (SILENT_DB / 10)) / len(energies),
        bandwidth_hz=bandwidth_hz(waveform, sample_rate_hz),
        clipped_share=sum(piece.levels.clipped for piece in pieces) / max(1, samples),
        offset=float(waveform.sum(dtype=np.float64)) / len(waveform),
        rule=max((piece.rule for piece in pieces), default=channels.PLAIN),
        heard_energy=_heard_energy(energies, window_seconds),
    )


def bandwidth_hz(waveform: np.ndarray, sample_rate_hz: int) -> float:
    """The highest frequency of mono sound, (samples,), at which there is some: from evenly spaced windows the loudest
    value of each frequency; 0 for silence."""
    if len(waveform) < WINDOW_SAMPLES:
        windows = waveform[np.newaxis]
    else:
        starts = np.linspace(0, len(waveform) - WINDOW_SAMPLES, min(MOST_WINDOWS, len(waveform) // WINDOW_SAMPLES))
        windows = np.stack([waveform[start : start + WINDOW_SAMPLES] for start in starts.astype(int)]) * _HANN
    power = np.abs(np.fft.rfft(windows, WINDOW_SAMPLES, axis=1))
    power = (power[0] if len(power) == 1 else power.max(axis=0)) ** 2
    highest = power.max()
    if not highest > 0:
        return 0.0
    return float(((power > highest * BAND_FLOOR).nonzero()[0][-1] + 1) * sample_rate_hz / WINDOW_SAMPLES)


def _heard_energy(energies: np.ndarray, window_seconds: float | None) -> float:
    """Of frames. Noise that goes on all the time is no event: energy counts above the median of the quieter half."""
    if window_seconds is None or len(energies) * FRAME_SECONDS <= window_seconds:
        return 1.0
    above = np.maximum(0.0, energies - 2 * np.quantile(energies, 0.25))
    return float(above[: round(window_seconds / FRAME_SECONDS)].sum() / above.sum()) if above.any() else 1.0


def _db(amplitude: float) -> float:
    return max(FLOOR_DB, 20 * float(np.log10(amplitude))) if amplitude > 0 else FLOOR_DB
