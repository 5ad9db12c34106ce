"""A snare drum, struck: a membrane's modes, the wires under it, the stick; and the room around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SAMPLE_RATE_HZ = 16_000
SECONDS = 0.35  # a stroke's sound
# Frequencies of an ideal circular membrane over its lowest: ratios of the zeros of Bessel functions
MODES = (1.0, 1.594, 2.136, 2.296, 2.653, 2.918, 3.156, 3.501)
VARIANTS = 4  # strokes of one hand: no two sound quite alike


@dataclass(frozen=True)
class Hit:
    seconds: float
    hand: str  # R | L
    level_db: float


@dataclass(frozen=True)
class Drum:
    """One drum in the hands of one player: sounds of either hand, (VARIANTS, samples) each, and its room's echo."""

    sounds: dict[str, np.ndarray]
    echo: np.ndarray  # impulse response, the direct sound included

    def play(self, hits: Sequence[Hit], seconds: float, rng: np.random.Generator) -> np.ndarray:
        """(samples,) float64; hits outside of the time are left out."""
        samples = round(seconds * SAMPLE_RATE_HZ)
        sound = np.zeros(samples + round(SECONDS * SAMPLE_RATE_HZ))
        for hit in hits:
            start = round(hit.seconds * SAMPLE_RATE_HZ)
            if 0 <= start < samples:
                stroke = self.sounds[hit.hand][rng.integers(VARIANTS)] * 10 ** (hit.level_db / 20)
                sound[start : start + len(stroke)] += stroke
        size = 2 ** int(np.ceil(np.log2(len(sound) + len(self.echo))))
        return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(self.echo, size), size)[:samples]


def draw_drum(rng: np.random.Generator) -> Drum:
    """A drum, its tuning and wires, a player's two hands, and a room."""
    lowest_hz, ring_seconds = rng.uniform(160, 260), rng.uniform(0.03, 0.09)
    wires, wires_seconds, wires_hz = rng.uniform(0.4, 1.2), rng.uniform(0.03, 0.09), rng.uniform(2000, 4500)
    # The hands strike in two places, one a little softer
    places = {hand: rng.uniform(0.5, 1.0, len(MODES)) for hand in "RL"}
    levels_db = {"R": 0.0, "L": -rng.uniform(0.5, 2.5)}
    brightness = {hand: rng.uniform(0.8, 1.25) for hand in "RL"}
    time = np.arange(round(SECONDS * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    sounds = {}
    for hand in "RL":
        strokes = []
        for _ in range(VARIANTS):
            modes = sum(
                place * np.sin(2 * np.pi * lowest_hz * ratio * time + rng.uniform(0, 0.3))
                * np.exp(-time * ratio**0.5 / ring_seconds)
                for ratio, place in zip(MODES, places[hand], strict=True)
            )  # fmt: skip
            rattle = _band(rng.standard_normal(len(time)), wires_hz * brightness[hand])
            click = _band(rng.standard_normal(len(time)), 5000 * brightness[hand]) * np.exp(-time / 0.002)
            stroke = 0.25 * modes + wires * rattle * np.exp(-time / wires_seconds) + 0.8 * click
            strokes.append(stroke * 10 ** (levels_db[hand] / 20))
        sounds[hand] = np.stack(strokes)
    return Drum(sounds, _room(rng))


def _band(noise: np.ndarray, centre_hz: float) -> np.ndarray:
    """Noise around a frequency, an octave wide, of unit level."""
    spectrum = np.fft.rfft(noise)
    hz = np.fft.rfftfreq(len(noise), 1 / SAMPLE_RATE_HZ)
    octaves = np.log2(np.maximum(hz, 1) / centre_hz)
    shaped = np.fft.irfft(spectrum * np.exp(-(octaves**2) / 2), len(noise))
    return np.asarray(shaped / np.sqrt(np.mean(shaped**2)))


def _room(rng: np.random.Generator) -> np.ndarray:
    """A direct sound and a diffuse tail: noise that falls by 60 dB within 0.15 to 0.6 s."""
    decay_seconds, wet_db = rng.uniform(0.15, 0.6), rng.uniform(-22, -8)
    time = np.arange(round(decay_seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(len(time)) * 10 ** (-3 * time / decay_seconds)
    tail *= 10 ** (wet_db / 20) / np.sqrt(np.sum(tail**2))
    tail[0] += 1.0
    return tail
