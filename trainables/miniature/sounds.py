"""Generated sounds with known properties, for pre-training the miniatures. No speech, no recordings.

A sound is a source (what vibrates), shaped in time by a rhythm, then made noisy, muffled, short or quiet by chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]

SAMPLE_RATE_HZ = 16_000
NOT_APPLICABLE = -1

KINDS = (
    "tone", "chord", "buzz", "siren", "warble", "bell", "hiss", "rumble", "knock", "crackle", "chirp", "growl",
    "creature",
)  # fmt: skip
MOVING = frozenset({"siren", "warble", "chirp", "creature"})
PITCHED = frozenset({"tone", "chord", "buzz", "warble", "bell", "growl", "creature"})
PROPERTIES: dict[str, tuple[str, ...]] = {
    "kind": KINDS,
    "pitch": ("low", "middle", "high"),
    "rhythm": ("steady", "slow", "fast", "uneven"),
    "noise": ("clean", "noisy"),
    "tone": ("open", "muffled"),
    "level": ("loud", "quiet"),
    "motion": ("still", "moving"),
}
GAIN_STEP = 80  # samples over which a resonance's gain is held
LENGTH_STEP_SECONDS = 0.02  # lengths of few prime factors, for the Fourier transforms
PITCH_RANGES_HZ = ((80.0, 180.0), (220.0, 500.0), (620.0, 1400.0))


@dataclass(frozen=True)
class Sound:
    waveform: NDArray[np.float32]  # (samples,), within -1 to 1
    clean: NDArray[np.float32]  # the same without its noise
    properties: dict[str, int]  # index into PROPERTIES, or NOT_APPLICABLE


def sound(rng: Generator, longest_seconds: float) -> Sound:
    """One sound, of 1 second to `longest_seconds`, the longest in half of the cases."""
    seconds = longest_seconds if rng.random() < 0.5 else rng.uniform(1.0, longest_seconds)
    count = round(seconds / LENGTH_STEP_SECONDS) * round(LENGTH_STEP_SECONDS * SAMPLE_RATE_HZ)
    time = np.arange(count) / SAMPLE_RATE_HZ
    found = {name: int(rng.integers(len(values))) for name, values in PROPERTIES.items()}
    kind = KINDS[found["kind"]]
    found["motion"] = int(kind in MOVING)
    if kind not in PITCHED:
        found["pitch"] = NOT_APPLICABLE
    pitch_hz = float(np.exp(rng.uniform(*np.log(PITCH_RANGES_HZ[max(found["pitch"], 0)]))))

    clip = SOURCES[kind](rng, time, pitch_hz)
    if kind in ("bell", "knock", "crackle", "chirp"):
        found["rhythm"] = NOT_APPLICABLE  # these have a rhythm of their own
    else:
        clip = clip * _envelope(rng, time, PROPERTIES["rhythm"][found["rhythm"]])
    noise_db = rng.uniform(-10, 5) if found["noise"] else rng.uniform(-60, -20)  # to the sound
    edge_hz = rng.uniform(1200, 2500) if found["tone"] else rng.uniform(4000, 8000)
    peak_db = rng.uniform(-36, -24) if found["level"] else rng.uniform(-14, 0)
    clip, noisy = _in_noise(rng, clip, noise_db, slope_db_per_octave=rng.uniform(-4, 4), edge_hz=edge_hz)
    gain = 10 ** (peak_db / 20) / (np.abs(noisy).max() + 1e-9)
    return Sound((noisy * gain).astype(np.float32), (clip * gain).astype(np.float32), found)


def _tone(rng: Generator, time: Array, pitch_hz: float) -> Array:
    phase = 2 * np.pi * pitch_hz * time
    return np.sin(phase) + rng.uniform(0, 0.4) * np.sin(2 * phase)


def _chord(rng: Generator, time: Array, pitch_hz: float) -> Array:
    ratios = [1.0, *rng.choice([1.2, 1.25, 1.333, 1.5, 1.6, 1.667, 2.0], size=3, replace=False)]
    out = np.zeros_like(time)
    for ratio in ratios:
        out += _tone(rng, time, pitch_hz * ratio)
    return out


def _buzz(rng: Generator, time: Array, pitch_hz: float) -> Array:
    return _harmonics(2 * np.pi * pitch_hz * time, pitch_hz, rng.uniform(0.5, 1.2))


def _siren(rng: Generator, time: Array, pitch_hz: float) -> Array:
    low, high = np.sort(rng.uniform(200, 3000, size=2))
    if rng.random() < 0.5:  # one glide
        path = np.linspace(0, 1, len(time)) if rng.random() < 0.5 else np.linspace(1, 0, len(time))
    else:  # up and down
        path = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.5, 2) * time + rng.uniform(0, 6))
    frequency_hz = low * (max(high, 1.5 * low) / low) ** path
    return np.sin(_phase(frequency_hz))


def _warble(rng: Generator, time: Array, pitch_hz: float) -> Array:
    depth, rate_hz = rng.uniform(0.06, 0.2), rng.uniform(5, 12)
    phase = _phase(pitch_hz * (1 + depth * np.sin(2 * np.pi * rate_hz * time)))
    return np.sin(phase) + 0.5 * np.sin(2 * phase) + 0.25 * np.sin(3 * phase)


def _bell(rng: Generator, time: Array, pitch_hz: float) -> Array:
    partials = np.array([1.0, 2.0, 2.76, 4.07, 5.4])
    decay = rng.uniform(0.15, 0.6)
    struck = np.zeros_like(time)
    for partial in partials[partials * pitch_hz < 7500]:
        struck += np.exp(-time * partial / decay) * np.sin(2 * np.pi * pitch_hz * partial * time) / partial
    return _repeat(rng, struck, rng.uniform(0.25, 0.9))


def _hiss(rng: Generator, time: Array, pitch_hz: float) -> Array:
    low = rng.uniform(800, 3500)
    return _band(rng.standard_normal(len(time)), low, low * rng.uniform(1.5, 4))


def _rumble(rng: Generator, time: Array, pitch_hz: float) -> Array:
    return _band(rng.standard_normal(len(time)), 20.0, rng.uniform(120, 500))


def _knock(rng: Generator, time: Array, pitch_hz: float) -> Array:
    hit = np.exp(-time / rng.uniform(0.01, 0.04)) * np.sin(2 * np.pi * rng.uniform(120, 900) * time)
    hit += 0.3 * np.exp(-time / 0.003) * rng.standard_normal(len(time))
    return _repeat(rng, hit, rng.uniform(0.12, 0.6))


def _crackle(rng: Generator, time: Array, pitch_hz: float) -> Array:
    clicks = (rng.random(len(time)) < rng.uniform(10, 60) / SAMPLE_RATE_HZ) * rng.exponential(1.0, len(time))
    burst = np.exp(-np.arange(160) / rng.uniform(4, 30)) * rng.standard_normal(160)
    return np.convolve(clicks, burst)[: len(time)] + 1e-6


def _chirp(rng: Generator, time: Array, pitch_hz: float) -> Array:
    length = rng.uniform(0.04, 0.15)
    start, stop = rng.uniform(1500, 5000, size=2)
    inside = np.clip(time / length, 0, 1)
    note = np.sin(_phase(start + (stop - start) * inside)) * np.sin(np.pi * inside) ** 2
    return _repeat(rng, note, rng.uniform(0.15, 0.5))


def _growl(rng: Generator, time: Array, pitch_hz: float) -> Array:
    return _resonant(rng, time, pitch_hz, moments=1)


def _creature(rng: Generator, time: Array, pitch_hz: float) -> Array:
    return _resonant(rng, time, pitch_hz, moments=int(rng.integers(4, 13)))


def _resonant(rng: Generator, time: Array, pitch_hz: float, moments: int) -> Array:
    """A rich, gliding source behind three resonances, which wander between `moments` random places."""
    glide = 2 ** (rng.uniform(0.05, 0.3) * np.sin(2 * np.pi * rng.uniform(0.5, 2.5) * time + rng.uniform(0, 6)))
    turn = np.exp(1j * _phase(pitch_hz * glide))
    centres_hz = np.sort(rng.uniform(300, 3500, size=(3, moments)), axis=0)
    slow = time[::GAIN_STEP]
    paths_hz = [np.interp(slow, np.linspace(0, time[-1], moments), centre) for centre in centres_hz]
    out, wave = np.zeros_like(time), np.ones_like(turn)
    for harmonic in range(1, min(40, int(5000 / pitch_hz)) + 1):
        wave *= turn
        frequency_hz = harmonic * pitch_hz * glide[::GAIN_STEP]
        gain = sum(1 / (1 + ((frequency_hz - path) / 120) ** 2) for path in paths_hz)
        out += np.repeat((gain + 0.02) / np.sqrt(harmonic), GAIN_STEP)[: len(out)] * wave.imag
    return out


SOURCES = {
    "tone": _tone, "chord": _chord, "buzz": _buzz, "siren": _siren, "warble": _warble, "bell": _bell, "hiss": _hiss,
    "rumble": _rumble, "knock": _knock, "crackle": _crackle, "chirp": _chirp, "growl": _growl,
    "creature": _creature,
}  # fmt: skip


def _envelope(rng: Generator, time: Array, rhythm: str) -> Array:
    if rhythm == "steady":
        return 1 - rng.uniform(0, 0.2) * np.sin(2 * np.pi * rng.uniform(0.1, 0.5) * time) ** 2
    if rhythm == "uneven":
        knots = rng.random(round(time[-1] * rng.uniform(3, 7)) + 2)
        return np.interp(time, np.linspace(0, time[-1], len(knots)), np.where(knots < 0.45, 0.0, knots))
    rate_hz = rng.uniform(1.0, 2.2) if rhythm == "slow" else rng.uniform(4.0, 9.0)
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * rate_hz * time + rng.uniform(0, 6))
    return wave ** rng.uniform(0.5, 3)


def _phase(frequency_hz: Array) -> Array:
    return 2 * np.pi * np.cumsum(frequency_hz) / SAMPLE_RATE_HZ


def _harmonics(phase: Array, pitch_hz: float, tilt: float) -> Array:
    """Harmonics of one phase up to 6 kHz, falling as harmonic ** -tilt."""
    turn = np.exp(1j * phase)
    out, wave = np.zeros_like(phase), np.ones_like(turn)
    for harmonic in range(1, min(24, int(6000 / pitch_hz)) + 1):
        wave *= turn
        out += wave.imag / harmonic**tilt
    return out


def _repeat(rng: Generator, event: Array, every_seconds: float) -> Array:
    out = np.zeros_like(event)
    start = rng.uniform(0, 0.1)
    while start < len(event) / SAMPLE_RATE_HZ:
        at = int(start * SAMPLE_RATE_HZ)
        out[at:] += rng.uniform(0.4, 1) * event[: len(event) - at]
        start += every_seconds * rng.uniform(0.85, 1.15)
    return out


def _band(signal: Array, low_hz: float, high_hz: float) -> Array:
    """Keeps low_hz to high_hz, with soft edges."""
    frequency_hz = np.fft.rfftfreq(len(signal), 1 / SAMPLE_RATE_HZ)
    gain = 1 / (1 + (frequency_hz / high_hz) ** 8)
    if low_hz > 0:
        gain = gain / (1 + (low_hz / np.maximum(frequency_hz, 1e-3)) ** 8)
    return np.fft.irfft(np.fft.rfft(signal) * gain, len(signal))


def _in_noise(
    rng: Generator, sound: Array, noise_db: float, *, slope_db_per_octave: float, edge_hz: float
) -> tuple[Array, Array]:
    """Without and with coloured noise, under one tilted spectrum that ends at `edge_hz`."""
    frequency_hz = np.maximum(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ), 60.0)
    spectrum = np.fft.rfft(sound)
    noise = rng.standard_normal(len(frequency_hz)) + 1j * rng.standard_normal(len(frequency_hz))
    noise *= frequency_hz ** (-rng.uniform(0, 2) / 2)
    noise *= 10 ** (noise_db / 20) * np.linalg.norm(spectrum) / np.linalg.norm(noise)  # power by Parseval's theorem
    gain = (frequency_hz / 1000) ** (slope_db_per_octave / 6.02) / (1 + (frequency_hz / edge_hz) ** 8)
    clean: Array = np.fft.irfft(spectrum * gain, len(sound))
    noisy: Array = np.fft.irfft((spectrum + noise) * gain, len(sound))
    return clean, noisy
