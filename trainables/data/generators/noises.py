"""Ten kinds of sound that are no speech. `KINDS[name](variant, samples, clip)` -> (samples,) float64, of any level.

`variant` is a generator seeded by the source (which engine, which bell), so that clips of one source resemble one
another; `clip` is the clip's own. All at SAMPLE_RATE_HZ. Several kinds come close to speech on purpose: harmonic and
gliding (engine, siren, music), noisy with a wandering resonance (wind), in bursts at the rate of syllables (birds,
knocks, water).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.fft import next_fast_len

from trainables.data.generators.formants import SAMPLE_RATE_HZ

Generator = np.random.Generator
Sound = Callable[[Generator, int, Generator], np.ndarray]


def shape(signal: np.ndarray, gain: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Filters with zero phase, (samples,) -> (samples,); `gain` takes frequencies in Hz."""
    padded = next_fast_len(len(signal) + 2048, real=True)  # room for the filter's ringing
    spectrum = np.fft.rfft(signal, padded) * gain(np.fft.rfftfreq(padded, 1 / SAMPLE_RATE_HZ))
    shaped: np.ndarray = np.fft.irfft(spectrum, padded)[: len(signal)]
    return shaped


def coloured_noise(samples: int, slope_db_per_octave: float, rng: Generator) -> np.ndarray:
    """Noise whose power falls by the given slope above 50 Hz: 0 is white, -3 pink, -6 brown."""
    return shape(rng.normal(size=samples), lambda hz: (np.maximum(hz, 50) / 1000) ** (slope_db_per_octave / 6.02))


def engine(variant: Generator, samples: int, clip: Generator) -> np.ndarray:
    base_hz = variant.uniform(40, 140)
    cylinders = variant.uniform(0.5, 1, size=int(variant.integers(3, 7)))
    resonances = variant.uniform([200, 700, 1500], [500, 1400, 2800])
    revs = np.exp(clip.uniform(-0.15, 0.15) + clip.uniform(0.02, 0.25) * _wander(samples, clip.uniform(0.5, 2.5), clip))
    phase = np.cumsum(base_hz * revs / SAMPLE_RATE_HZ)
    strokes = np.flatnonzero(np.diff(np.floor(phase)) > 0)
    pulses = np.zeros(samples)
    pulses[strokes] = cylinders[np.arange(len(strokes)) % len(cylinders)] * clip.uniform(0.8, 1, len(strokes))
    pulses += 0.01 * clip.normal(size=samples)
    return shape(pulses, lambda hz: _peaks(hz, resonances, 180) / (1 + hz / 900))


def rain(variant: Generator, samples: int, clip: Generator) -> np.ndarray:
    centre_hz, width_hz = variant.uniform(1500, 5500), variant.uniform(1500, 4500)
    hiss = shape(clip.normal(size=samples), lambda hz: _peaks(hz, np.array([centre_hz]), width_hz))
    hiss *= 1 + 0.5 * _wander(samples, clip.uniform(1, 5), clip)
    drops = _strikes(samples, variant.uniform(10, 60), clip)
    return _unit(hiss) + variant.uniform(0.2, 1) * _unit(
        shape(drops, lambda hz: _peaks(hz, np.array([0.6 * centre_hz]), 900))
    )


def knocks(variant: Generator, samples: int, clip: Generator) -> np.ndarray:
    modes_hz = np.sort(variant.uniform(120, 2800, size=5))
    decay_seconds = variant.uniform(0.01, 0.06, size=5)
    hits = _beat(samples, variant.uniform(2.5, 8), 0.25, clip)
    body = _ring(hits, modes_hz, decay_seconds, clip.uniform(0.3, 1, size=5))
    click = _ring(hits, variant.uniform(2000, 5000, size=2), np.array([0.003, 0.005]), np.array([0.5, 0.5]))
    return np.asarray(body + click)


def birds(variant: Generator, samples: int, clip: Generator) -> np.ndarray:
    centre_hz, bend, rate = variant.uniform(900, 3500), variant.uniform(-0.5, 0.5), variant.uniform(3, 9)
    trill_hz, depth = variant.uniform(15, 45), variant.uniform(0, 0.12)
    time = np.arange(samples) / SAMPLE_RATE_HZ
    position, envelope = _syllables(samples, rate, clip)
    pitch_hz = centre_hz * (1 + bend * (position - 0.5) + depth * np.sin(2 * np.pi * trill_hz * time))
    return np.asarray(envelope * _harmonics(pitch_hz, np.array([1.0, 0.4, 0.15, 0.05])))


def bell(variant: Generator, samples: int, clip: Generator) -> np.ndarray:
    base_hz = variant.uniform(180, 900)
    # the partials of a church bell, slightly off
    ratios = np.array([0.5, 1, 1.19, 1.5, 2, 2.51, 3.01, 4.17]) * variant.uniform(0.97, 1.03, size=8)
    decay_seconds = variant.uniform(0.15, 1.0) / np.sqrt(ratios)
    hits = _beat(samples, variant.uniform(1.2, 4), 0.15, clip)
    return _ring(hits, base_hz * ratios, decay_seconds, clip.uniform(0.3, 1, size=8) / np.sqrt(ratios))


def music(variant: Generator, samples: int, clip: Generator) -> np.ndarray:
    root_hz, rate = variant.uniform(90, 260), variant.uniform(2, 6)
    overtones = variant.uniform(0.3, 1, size=12) / np.arange(1, 13) ** variant.uniform(0.7, 1.8)
    vibrato, chord = variant.uniform(0, 0.02), variant.integers(1, 4)
    notes = np.cumsum(np.diff(_beat(samples, rate, 0.3, clip) > 0, prepend=False).clip(0))
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14])
    melody = scale[clip.integers(0, len(scale), size=int(notes[-1]) + 1)][notes]
    _, envelope = _syllables(samples, rate, clip)
    time = np.arange(samples) / SAMPLE_RATE_HZ
    wobble = 1 + vibrato * np.sin(2 * np.pi * 5.5 * time)
    voices = [_harmonics(root_hz * 2 ** ((melody + step) / 12) * wobble, overtones) for step in (0, 4, 7)[: int(chord)]]
    return np.asarray((0.35 + envelope) * np.sum(voices, axis=0))


def wind(variant: Generator, samples: int, clip: Generator) -> np.ndarray:
    base_hz, width = variant.uniform(300, 1100), variant.uniform(0.15, 0.6)
    noise = clip.normal(size=samples)
    pitch_hz = base_hz * np.exp(0.5 * _wander(samples, variant.uniform(0.8, 4), clip))
    gusts = np.exp(0.8 * _wander(samples, variant.uniform(0.8, 5), clip))
    # a wandering band: noise modulates a tone's phase and amplitude
    slow = shape(noise, lambda hz: 1 / (1 + (hz / (width * base_hz)) ** 2))
    tone = np.cos(2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ)
    second = np.cos(2 * np.pi * np.cumsum(2.7 * pitch_hz) / SAMPLE_RATE_HZ)
    return gusts * (_unit(slow) * (tone + 0.4 * second) + 0.3 * _unit(coloured_noise(samples, -4, clip)))


def crackle(variant: Generator, samples: int, clip: Generator) -> np.ndarray:
    snaps = _strikes(samples, variant.uniform(15, 70), clip) ** 3
    flames = coloured_noise(samples, -6, clip) * np.exp(0.5 * _wander(samples, variant.uniform(2, 8), clip))
    snapped = shape(snaps, lambda hz: _peaks(hz, variant.uniform([500, 1800], [1500, 4500]), 1200))
    return _unit(snapped) + variant.uniform(0.1, 0.8) * _unit(flames)


def siren(variant: Generator, samples: int, clip: Generator) -> np.ndarray:
    base_hz, depth, rate = variant.uniform(250, 800), variant.uniform(0.15, 0.7), variant.uniform(0.5, 5)
    squareness, horn_hz = variant.uniform(0, 6), variant.uniform(600, 1800)
    time = np.arange(samples) / SAMPLE_RATE_HZ
    swing = np.tanh((1 + squareness) * np.sin(2 * np.pi * (rate * time + clip.random())))
    tone = _harmonics(base_hz * 2 ** (depth * swing), 1 / np.arange(1, 11))
    return shape(tone, lambda hz: _peaks(hz, np.array([horn_hz, 2.3 * horn_hz]), 400))


def water(variant: Generator, samples: int, clip: Generator) -> np.ndarray:
    low_hz, rate = variant.uniform(250, 700), variant.uniform(15, 50)
    sound = 0.02 * coloured_noise(samples, -3, clip)
    for _ in range(max(int(clip.poisson(rate * samples / SAMPLE_RATE_HZ)), 3)):
        begin, length = int(clip.integers(0, samples)), int(clip.uniform(0.02, 0.09) * SAMPLE_RATE_HZ)
        time = np.arange(min(length, samples - begin)) / SAMPLE_RATE_HZ
        pitch_hz = low_hz * np.exp(clip.uniform(0, 1.8)) * (1 + clip.uniform(0, 6) * time)  # a rising bubble
        decay = np.exp(-time / (length / SAMPLE_RATE_HZ / 4))
        bubble = decay * np.sin(2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ)
        sound[begin : begin + len(time)] += clip.uniform(0.2, 1) * bubble
    return sound


KINDS: dict[str, Sound] = {
    "engine": engine,
    "rain": rain,
    "knocks": knocks,
    "birds": birds,
    "bell": bell,
    "music": music,
    "wind": wind,
    "crackle": crackle,
    "siren": siren,
    "water": water,
}


def _unit(signal: np.ndarray) -> np.ndarray:
    return np.asarray(signal / (np.sqrt(np.mean(signal**2)) + 1e-12))


def _peaks(hz: np.ndarray, centres_hz: np.ndarray, width_hz: float) -> np.ndarray:
    return np.asarray(sum(1 / (1 + ((hz - centre) / (width_hz / 2)) ** 2) for centre in centres_hz))


def _wander(samples: int, rate_hz: float, rng: Generator) -> np.ndarray:
    """A smooth random path in about [-1, 1] that changes `rate_hz` times a second."""
    points = max(int(samples / SAMPLE_RATE_HZ * rate_hz) + 3, 4)
    knots = rng.uniform(-1, 1, size=points)
    position = np.arange(samples) / SAMPLE_RATE_HZ * rate_hz
    left = position.astype(int)
    ease = (1 - np.cos(np.pi * (position - left))) / 2
    return np.asarray(knots[left] * (1 - ease) + knots[left + 1] * ease)


def _beat(samples: int, rate_hz: float, unevenness: float, rng: Generator) -> np.ndarray:
    """(samples,) zeros with a stroke of random strength at each beat; at least two strokes."""
    gaps = np.maximum(1 + unevenness * rng.normal(size=int(samples / SAMPLE_RATE_HZ * rate_hz) + 3), 0.3) / rate_hz
    times = np.cumsum(gaps) - gaps[0] * rng.uniform(0.5, 1)
    strokes = np.zeros(samples)
    places = (times * SAMPLE_RATE_HZ).astype(int)
    places = places[(places >= 0) & (places < samples)]
    strokes[places] = rng.uniform(0.4, 1, size=len(places))
    return strokes


def _strikes(samples: int, rate_hz: float, rng: Generator) -> np.ndarray:
    """Impulses of random size at random times."""
    count = max(int(rng.poisson(rate_hz * samples / SAMPLE_RATE_HZ)), 3)
    strikes = np.zeros(samples)
    strikes[rng.integers(0, samples, size=count)] = rng.uniform(-1, 1, size=count)
    return strikes


def _ring(hits: np.ndarray, modes_hz: np.ndarray, decay_seconds: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    """Every hit excites damped modes."""
    samples = len(hits)
    time = np.arange(samples) / SAMPLE_RATE_HZ
    response = np.zeros(samples)
    for mode_hz, decay, strength in zip(modes_hz, decay_seconds, strengths, strict=True):
        response += strength * np.exp(-time / decay) * np.sin(2 * np.pi * mode_hz * time)
    return np.fft.irfft(np.fft.rfft(hits, 2 * samples) * np.fft.rfft(response, 2 * samples), 2 * samples)[:samples]


def _syllables(samples: int, rate_hz: float, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Position within the current unit, 0 to 1, and a smooth envelope that swells once a unit."""
    phase = np.cumsum(rate_hz * (1 + 0.3 * _wander(samples, rate_hz, rng))) / SAMPLE_RATE_HZ + rng.random()
    position = phase % 1
    loudness = rng.uniform(0.15, 1, size=int(phase[-1]) + 1)[phase.astype(int)]
    share = rng.uniform(0.5, 0.95)
    envelope = np.where(position < share, np.sin(np.pi * np.minimum(position / share, 1)), 0.0)
    return position, loudness * envelope


def _harmonics(pitch_hz: np.ndarray, strengths: np.ndarray) -> np.ndarray:
    """A tone with overtones, those above 7.5 kHz left out; pitch_hz (samples,)."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    tone = np.zeros(len(pitch_hz))
    for number, strength in enumerate(strengths, start=1):
        tone += strength * np.sin(number * phase) * (number * pitch_hz < 7500)
    return tone
