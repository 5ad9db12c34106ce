"""`speech_detection`: is anybody speaking? 400 clips, half of them speech, in noise. Made in seconds, no download.

Speech comes from 40 synthetic voices, the rest from 40 sources (10 kinds, 4 variants of each), 5 clips a source; the
source is the group. Both classes share everything that must not tell them apart: background noise and its level,
loudness, length, bandwidth and spectral tilt are drawn from the same distributions. What stays is what speech is:
formants that move, voicing that comes and goes.

How hard it is depends on SNR_DB alone; the range is uniform and the same for both classes. A limit to know: length,
loudness and bandwidth tell nothing, but the spectral centroid alone is right in about three of four clips.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from trainables.data.examples import AudioPiece, Example
from trainables.data.generators.formants import SAMPLE_RATE_HZ, draw_voice, speak
from trainables.data.generators.noises import KINDS, coloured_noise, shape

LABELS = ("SPEECH", "NONSPEECH")
VOICES = 40
VARIANTS = 4  # of each kind of non-speech
CLIPS_PER_GROUP = 5
SECONDS = (1.0, 1.9)
SNR_DB = (-1.0, 19.0)  # of the sound to the background: lower is harder
LOUDNESS_DBFS = (-36.0, -20.0)  # of the finished clip
BANDWIDTH_HZ = (2500.0, 7500.0)
TILT_DB_PER_OCTAVE = (-4.0, 4.0)  # laid over the finished clip
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
            sound = _in_background(speak(voice, seconds, rng), rng)
            examples.append(_write(folder, f"voice{number:02d}", clip, "SPEECH", sound))
    for kind_number, (kind, make) in enumerate(KINDS.items()):
        for variant in range(VARIANTS):
            for clip in range(CLIPS_PER_GROUP):
                source = np.random.default_rng([seed, 3, kind_number, variant])  # anew: the same source for each clip
                rng = np.random.default_rng([seed, 4, kind_number, variant, clip])
                samples = round(float(rng.uniform(*SECONDS)) * SAMPLE_RATE_HZ)
                sound = _in_background(make(source, samples, rng), rng)
                examples.append(_write(folder, f"{kind}{variant}", clip, "NONSPEECH", sound))
    return examples


def _in_background(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(samples,) of any level -> the finished clip, (samples,) in [-1, 1]."""
    sound = LOUDEST * np.tanh(sound / (LOUDEST * _rms(sound)))
    noise = coloured_noise(len(sound), float(rng.uniform(*NOISE_SLOPE_DB_PER_OCTAVE)), rng)
    mixed = sound / _rms(sound) + noise / _rms(noise) * 10 ** (-rng.uniform(*SNR_DB) / 20)
    tilt = rng.uniform(*TILT_DB_PER_OCTAVE) / 6.02
    edge_hz = rng.uniform(*BANDWIDTH_HZ)

    def colour(hz: np.ndarray) -> np.ndarray:
        rumble = 1 / (1 + (60 / np.maximum(hz, 1)) ** 8)
        return np.asarray((np.maximum(hz, 60) / 1000) ** tilt * rumble / (1 + (hz / edge_hz) ** 24))

    shaped = shape(mixed, colour)
    return np.clip(shaped / _rms(shaped) * 10 ** (rng.uniform(*LOUDNESS_DBFS) / 20), -1, 1)


def _rms(signal: np.ndarray) -> float:
    return float(np.sqrt(np.mean(signal**2)) + 1e-12)


def _write(folder: Path, group: str, clip: int, label: str, sound: np.ndarray) -> Example:
    name = f"{group}-{clip}"
    path = folder / f"{name}.wav"
    soundfile.write(path, sound, SAMPLE_RATE_HZ, subtype="PCM_16")
    return Example(id=name, audio=(AudioPiece(str(path)),), group=group, target=label)
