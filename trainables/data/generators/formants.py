"""A small rule-based speech synthesiser: nonsense utterances of many voices, from published formant frequencies.

Source and filter (Fant 1960; Klatt 1980): a pulse train for voicing and noise for breath are shaped by a cascade of
formant resonators, hiss of fricatives by a resonator of its own. The filter follows the phonemes' targets every
8 ms and is applied in overlapping frames in the frequency domain. The targets (`phonemes.py`) are scaled by the voice's
tract. Intelligible it is not; speech it is, to an ear and to a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainables.data.generators.phonemes import CONSONANTS, VOWELS, Segment

SAMPLE_RATE_HZ = 16_000
HOP = 128
FRAME = 512
FFT = 1024  # zero-padded, so that a frame's ringing does not wrap around
BANDWIDTHS_HZ = np.array([70.0, 100.0, 150.0, 220.0, 300.0])


@dataclass(frozen=True)
class Voice:
    """A speaker. `tract` scales all formants: above 1 is a shorter vocal tract than an average man's."""

    pitch_hz: float
    tract: float
    pace: float  # above 1 speaks faster
    breath: float
    melody: float  # relative size of pitch movements
    tilt_hz: float  # corner of the glottal low-pass: higher is a more pressed, brighter voice


def draw_voice(rng: np.random.Generator) -> Voice:
    """Men, women and children in equal shares, with overlap."""
    pitch_hz, tract = [(115.0, 1.0), (200.0, 1.16), (270.0, 1.3)][rng.integers(3)]
    return Voice(
        pitch_hz=pitch_hz * float(np.exp(rng.normal(0, 0.13))),
        tract=tract * float(np.exp(rng.normal(0, 0.04))),
        pace=float(rng.uniform(0.8, 1.35)),
        breath=float(rng.uniform(0.01, 0.12)),
        melody=float(rng.uniform(0.05, 0.25)),
        tilt_hz=float(rng.uniform(150, 900)),
    )


@dataclass(frozen=True)
class Spoken:
    """A segment in its place."""

    phoneme: str  # a key of VOWELS or CONSONANTS; empty: a pause
    segment: Segment
    formants_hz: tuple[float, float, float]
    rise: float  # of the pitch


@dataclass(frozen=True)
class Span:
    """When a phoneme sounds; its neighbours reach into it by about 30 ms."""

    phoneme: str
    start_seconds: float
    end_seconds: float


def speak(voice: Voice, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """A nonsense utterance that fills `seconds`: (samples,) float64 at SAMPLE_RATE_HZ, of no particular level."""
    samples = round(seconds * SAMPLE_RATE_HZ)
    return _sound(voice, _babble(voice, _frames_of(samples), rng), samples, rng)


def pronounce(
    voice: Voice, syllables: Sequence[Sequence[str]], rng: np.random.Generator
) -> tuple[np.ndarray, list[Span]]:
    """The given syllables: (samples,) float64 at SAMPLE_RATE_HZ, of no particular level, and when what sounds.

    A syllable is a sequence of phonemes with one vowel; an empty one is a short pause.
    """
    spoken: list[Spoken] = []
    for syllable in syllables:
        spoken += _syllable(voice, syllable, rng) if syllable else [_pause(rng)]
    ends = np.cumsum([_frame_count(part.segment, voice) for part in spoken]) * HOP / SAMPLE_RATE_HZ
    spans = [
        Span(part.phoneme, float(start), float(end))
        for part, start, end in zip(spoken, [0.0, *ends[:-1]], ends, strict=True)
    ]
    samples = round(float(ends[-1]) * SAMPLE_RATE_HZ)
    still = Spoken("", Segment(None, 0.1), spoken[-1].formants_hz, 1.0)
    while sum(_frame_count(part.segment, voice) for part in spoken) < _frames_of(samples):
        spoken.append(still)
    return _sound(voice, spoken, samples, rng), spans


def _frames_of(samples: int) -> int:
    return samples // HOP + FRAME // HOP + 1


def _sound(voice: Voice, spoken: Sequence[Spoken], samples: int, rng: np.random.Generator) -> np.ndarray:
    frames = _frames_of(samples)
    tracks = _tracks(voice, spoken, frames)
    total = (frames - 1) * HOP + FRAME
    time = np.arange(total) / HOP
    pitch_hz = np.interp(time, np.arange(frames), tracks["pitch"]) * (1 + 0.01 * _smooth(rng.normal(size=total), 400))
    voiced = _pulses(pitch_hz) * np.interp(time, np.arange(frames), tracks["voicing"])
    noise = rng.normal(size=total)
    breath = 0.25 * noise * np.interp(time, np.arange(frames), tracks["breath"])
    hiss = 0.5 * rng.normal(size=total) * np.interp(time, np.arange(frames), tracks["hiss"])

    frequency = np.fft.rfftfreq(FFT, 1 / SAMPLE_RATE_HZ)  # (bins,)
    throat = _cascade(frequency, tracks["formants"])  # (frames, bins)
    glottis = 1 / (1 + 1j * frequency / voice.tilt_hz)
    centre_hz = tracks["hiss_hz"][:, None]
    mouth = 1j * frequency * centre_hz / _damping(frequency, centre_hz, tracks["hiss_width_hz"][:, None])
    spectrum = throat * (glottis * _frames(8 * voiced) + _frames(breath)) + mouth * _frames(hiss)
    return _overlap_add(np.fft.irfft(spectrum, FFT), total + FFT)[FRAME // 2 : FRAME // 2 + samples]


def _babble(voice: Voice, frames: int, rng: np.random.Generator) -> list[Spoken]:
    """Random syllables that fill `frames`."""
    spoken: list[Spoken] = []
    length = 0
    while length < frames:
        vowel = str(rng.choice(list(VOWELS)))
        accent = float(rng.choice([1.0, 0.7], p=[0.6, 0.4]))
        nucleus = Segment(VOWELS[vowel], float(rng.uniform(0.07, 0.12)) + 0.06 * (accent == 1.0), voicing=accent)
        parts: list[tuple[str, Segment]] = []
        if rng.random() < 0.88:
            parts += _consonant(str(rng.choice(list(CONSONANTS))))
        parts.append((vowel, nucleus))
        if rng.random() < 0.35:
            parts += _consonant(str(rng.choice(list(CONSONANTS))))
        if rng.random() < 0.12:
            parts.append(("", Segment(None, float(rng.uniform(0.06, 0.18)))))  # a pause
        rise = _rise(voice, accent, rng)
        spoken += [Spoken(name, part, part.formants_hz or VOWELS[vowel], rise) for name, part in parts]
        length += sum(_frame_count(part, voice) for _, part in parts)
    return spoken


def _syllable(voice: Voice, phonemes: Sequence[str], rng: np.random.Generator) -> list[Spoken]:
    vowel = next(name for name in phonemes if name in VOWELS)
    accent = float(rng.choice([1.0, 0.7], p=[0.6, 0.4]))
    seconds = float(rng.uniform(0.07, 0.12)) + 0.06 * (accent == 1.0)
    parts: list[tuple[str, Segment]] = []
    for name in phonemes:
        parts += [(name, Segment(VOWELS[name], seconds, voicing=accent))] if name in VOWELS else _consonant(name)
    rise = _rise(voice, accent, rng)
    return [Spoken(name, part, part.formants_hz or VOWELS[vowel], rise) for name, part in parts]


def _pause(rng: np.random.Generator) -> Spoken:
    return Spoken("", Segment(None, float(rng.uniform(0.06, 0.18))), VOWELS["uh"], 1.0)


def _consonant(name: str) -> list[tuple[str, Segment]]:
    return [(name, part) for part in CONSONANTS[name]]


def _rise(voice: Voice, accent: float, rng: np.random.Generator) -> float:
    return 1 + voice.melody * (float(rng.uniform(0, 1)) if accent == 1.0 else -float(rng.uniform(0, 0.5)))


def _tracks(voice: Voice, spoken: Sequence[Spoken], frames: int) -> dict[str, np.ndarray]:
    """Targets by frame, smoothed as the articulators are."""
    segments = [part.segment for part in spoken]
    repeats = [_frame_count(segment, voice) for segment in segments]

    def track(values: list[float], width: int) -> np.ndarray:
        return _smooth(np.repeat(np.array(values, dtype=float), repeats)[:frames], width)

    formants = np.stack([track([part.formants_hz[k] for part in spoken], 7) for k in range(3)], axis=1) * voice.tract
    upper = np.full((frames, 2), [3500.0, 4500.0]) * voice.tract
    decline = np.linspace(1.08, 0.88, frames)
    return {
        "formants": np.concatenate([formants, upper], axis=1),  # (frames, 5)
        "pitch": voice.pitch_hz * decline * track([part.rise for part in spoken], 15),
        "voicing": track([s.voicing for s in segments], 4),
        "breath": track([s.breath + voice.breath * (s.voicing > 0) for s in segments], 3),
        "hiss": track([s.hiss for s in segments], 2),
        "hiss_hz": track([min(s.hiss_hz * voice.tract**0.5, 7000) for s in segments], 2),
        "hiss_width_hz": track([s.hiss_width_hz for s in segments], 2),
    }


def _frame_count(segment: Segment, voice: Voice) -> int:
    return max(round(segment.seconds / voice.pace * SAMPLE_RATE_HZ / HOP), 1)


def _pulses(pitch_hz: np.ndarray) -> np.ndarray:
    """One unit pulse per period, split over two samples so that periods need not be whole samples."""
    phase = np.cumsum(pitch_hz / SAMPLE_RATE_HZ)
    ends = np.flatnonzero(np.diff(np.floor(phase)) > 0)
    late = (phase[ends + 1] - np.floor(phase[ends + 1])) / (pitch_hz[ends + 1] / SAMPLE_RATE_HZ)  # 0 to 1 sample ago
    train = np.zeros(len(pitch_hz))
    train[ends + 1] += 1 - late
    train[ends] += late
    train *= np.sqrt(SAMPLE_RATE_HZ / np.maximum(pitch_hz, 1))  # as loud at any pitch
    return train


def _damping(frequency: np.ndarray, centre_hz: np.ndarray, width_hz: np.ndarray | float) -> np.ndarray:
    """The denominator of a resonator; its numerator is centre_hz squared (or as much at the centre)."""
    damping: np.ndarray = centre_hz**2 - frequency**2 + 1j * frequency * width_hz
    return damping


def _cascade(frequency: np.ndarray, formants_hz: np.ndarray) -> np.ndarray:
    """(bins,), (frames, 5) -> (frames, bins) complex."""
    damping = np.ones((len(formants_hz), len(frequency)), dtype=complex)
    for index, width_hz in enumerate(BANDWIDTHS_HZ):
        damping *= _damping(frequency, formants_hz[:, index, None], width_hz) * 1e-6  # keeps the product near 1
    response: np.ndarray = (formants_hz**2 * 1e-6).prod(axis=1, keepdims=True) / damping
    return response


def _frames(signal: np.ndarray) -> np.ndarray:
    """(samples,) -> (frames, bins): spectra of Hann windows, HOP apart."""
    windows = np.lib.stride_tricks.sliding_window_view(signal, FRAME)[::HOP]
    spectra: np.ndarray = np.fft.rfft(windows * np.hanning(FRAME + 1)[:-1], FFT)
    return spectra


def _overlap_add(frames: np.ndarray, samples: int) -> np.ndarray:
    signal = np.zeros(samples)
    for index, frame in enumerate(frames):
        signal[index * HOP : index * HOP + FFT] += frame
    return signal * (2 * HOP / FRAME)


def _smooth(values: np.ndarray, width: int) -> np.ndarray:
    """Moving average over `width` values, edges held."""
    padded = np.pad(values, (width // 2, width - 1 - width // 2), mode="edge")
    sums = np.cumsum(np.concatenate([[0.0], padded]))
    means: np.ndarray = (sums[width:] - sums[:-width]) / width
    return means
