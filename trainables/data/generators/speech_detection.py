"""`speech_detection`: is anybody speaking? 400 clips, half of them speech, in noise. Made in seconds, no download.

Speech comes from 40 synthetic voices, the rest from 40 sources (10 kinds, 4 variants of each), 5 clips a source; the
source is the group. Both classes share everything that must not tell them apart: background noise and its level,
loudness, length and bandwidth are drawn from the same distributions, and so is the spectral centroid, to which every
clip is tilted. What stays is what speech is: formants that move, voicing that comes and goes.

How hard it is depends on SNR_DB alone; the range is uniform and the same for both classes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from scipy.optimize import brentq

from trainables.data.examples import AudioPiece, Example
from trainables.data.generators.formants import SAMPLE_RATE_HZ, draw_voice, speak
from trainables.data.generators.noises import KINDS, coloured_noise, shape

VOICES = 40
VARIANTS = 4  # of each kind of non-speech
CLIPS_PER_GROUP = 5
SECONDS = (1.0, 1.9)
SNR_DB = (0.0, 20.0)  # of the sound to the background: lower is harder
LOUDNESS_DBFS = (-36.0, -20.0)  # of the finished clip
BANDWIDTH_HZ = (2500.0, 7500.0)
CENTROID_HZ = (600.0, 1500.0)  # of the finished clip, uniform on a logarithmic scale
TILT_DB_PER_OCTAVE = (-9.0, 9.0)  # the most that a clip is tilted to get there
NOISE_SLOPE_DB_PER_OCTAVE = (-7.0, 0.0)
LOUDEST = 4.0  # peaks are rounded off above about this multiple of the mean level


def generate(folder: Path, seed: int) -> list[Example]:
    """Writes 16 kHz mono WAV files of 16 bits into `folder`; the same seed gives the same bytes."""
    examples: list[Example] = []
    for number in range(VOICES):
        voice = draw_voice(np.random.default_rng([seed, 1, number]))
        for clip in range(CLIPS_PER_GROUP):
            rng = np.random.default_rng([seed, 2, number, clip])
            seconds = float(rng.uniform(*SECONDS))
            sound = in_background(speak(voice, seconds, rng), rng)
            examples.append(_write(folder, f"voice{number:02d}", clip, "SPEECH", sound))
    for kind_number, (kind, make) in enumerate(KINDS.items()):
        for variant in range(VARIANTS):
            for clip in range(CLIPS_PER_GROUP):
                source = np.random.default_rng([seed, 3, kind_number, variant])  # anew: the same source for each clip
                rng = np.random.default_rng([seed, 4, kind_number, variant, clip])
                samples = round(float(rng.uniform(*SECONDS)) * SAMPLE_RATE_HZ)
                sound = in_background(make(source, samples, rng), rng)
                examples.append(_write(folder, f"{kind}{variant}", clip, "NONSPEECH", sound))
    return examples


def in_background(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(samples,) of any level -> the finished clip, (samples,) in [-1, 1]."""
    sound = _limited(sound)
    noise = coloured_noise(len(sound), float(rng.uniform(*NOISE_SLOPE_DB_PER_OCTAVE)), rng)
    mixed = sound + noise / _rms(noise) * 10 ** (-rng.uniform(*SNR_DB) / 20)
    edge_hz = rng.uniform(*BANDWIDTH_HZ)
    band = shape(mixed, lambda hz: 1 / (1 + (60 / np.maximum(hz, 1)) ** 8) / (1 + (hz / edge_hz) ** 24))
    tilted = _tilted_to(band, float(np.exp(rng.uniform(*np.log(CENTROID_HZ)))))
    return _limited(tilted) * 10 ** (rng.uniform(*LOUDNESS_DBFS) / 20)


def _tilted_to(signal: np.ndarray, centroid_hz: float) -> np.ndarray:
    """The signal, (samples,), under the tilt within TILT_DB_PER_OCTAVE that brings its spectral centroid nearest."""
    power = np.abs(np.fft.rfft(signal)) ** 2
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(signal), 1 / SAMPLE_RATE_HZ), 60) / 1000)
    hz = 1000 * 2**octaves

    def excess_hz(tilt: float) -> float:
        tilted = power * 10 ** (tilt * octaves / 10)
        return float((tilted * hz).sum() / tilted.sum()) - centroid_hz

    least, most = TILT_DB_PER_OCTAVE
    if excess_hz(least) > 0:
        tilt = least
    elif excess_hz(most) < 0:
        tilt = most
    else:
        tilt = brentq(excess_hz, least, most, xtol=0.01)
    return shape(signal, lambda hz: (np.maximum(hz, 60) / 1000) ** (tilt / 6.02))


def _limited(signal: np.ndarray) -> np.ndarray:
    """The signal at a mean level of 1, its peaks rounded off."""
    limited = np.tanh(signal / (LOUDEST * _rms(signal)))
    return np.asarray(limited / _rms(limited))


def _rms(signal: np.ndarray) -> float:
    return float(np.sqrt(np.mean(signal**2)) + 1e-12)


def _write(folder: Path, group: str, clip: int, label: str, sound: np.ndarray) -> Example:
    name = f"{group}-{clip}"
    path = folder / f"{name}.wav"
    soundfile.write(path, sound, SAMPLE_RATE_HZ, subtype="PCM_16")
    return Example(id=name, audio=(AudioPiece(str(path)),), group=group, target=label)
