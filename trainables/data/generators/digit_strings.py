"""`digit_strings`: which digits are said? 480 strings of two to five digits with their transcripts, no download.

40 synthetic voices (`formants.py`), 12 strings each; the voice is the group. "Three" begins with f, as it does for many
Londoners: the synthesiser has no th. Noise, loudness and bandwidth are drawn alike for all strings. For strings of
recorded digits see `trainables.data.fsdd_digits`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile

from trainables.data.examples import AudioPiece, Example
from trainables.data.generators.formants import SAMPLE_RATE_HZ, Voice, draw_voice, pronounce
from trainables.data.generators.noises import coloured_noise, shape

# Syllables by their phonemes, as the synthesiser knows them
DIGITS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "zero": (("z", "ih"), ("r", "ao", "uh")),
    "one": (("w", "ah", "n"),),
    "two": (("t", "uw"),),
    "three": (("f", "r", "iy"),),
    "four": (("f", "ao"),),
    "five": (("f", "aa", "ih", "v"),),
    "six": (("s", "ih", "k", "s"),),
    "seven": (("s", "eh"), ("v", "uh", "n")),
    "eight": (("eh", "ih", "t"),),
    "nine": (("n", "aa", "ih", "n"),),
}
VOICES = 40
STRINGS_PER_VOICE = 12
FEWEST, MOST = 2, 5  # digits in a string
PAUSE_SHARE = 0.5  # of the gaps between digits
SNR_DB = (10.0, 40.0)
NOISE_SLOPE_DB_PER_OCTAVE = (-7.0, 0.0)
BANDWIDTH_HZ = (3500.0, 7500.0)
PEAK_DBFS = (-14.0, -1.0)


def generate(folder: Path, seed: int) -> list[Example]:
    """Writes 16 kHz mono WAV files of 16 bits into `folder`; the same seed gives the same bytes."""
    examples: list[Example] = []
    for number in range(VOICES):
        voice, name = draw_voice(np.random.default_rng([seed, 1, number])), f"voice{number:02d}"
        for index in range(STRINGS_PER_VOICE):
            rng = np.random.default_rng([seed, 2, number, index])
            words = [list(DIGITS)[digit] for digit in rng.integers(len(DIGITS), size=rng.integers(FEWEST, MOST + 1))]
            path = folder / f"{name}-{index:02d}.wav"
            soundfile.write(path, recorded(say(voice, words, rng), rng), SAMPLE_RATE_HZ, subtype="PCM_16")
            examples.append(Example(id=path.stem, audio=(AudioPiece(str(path)),), group=name, target=" ".join(words)))
    return examples


def say(voice: Voice, words: list[str], rng: np.random.Generator) -> np.ndarray:
    """(samples,) at SAMPLE_RATE_HZ, of no particular level."""
    syllables: list[tuple[str, ...]] = []
    for place, word in enumerate(words):
        if place and rng.random() < PAUSE_SHARE:
            syllables.append(())
        syllables += DIGITS[word]
    waveform, _ = pronounce(voice, syllables, rng)
    return waveform


def recorded(speech: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(samples,) of any level -> the same in a room, through a telephone or better, within -1 to 1."""
    noise = coloured_noise(len(speech), float(rng.uniform(*NOISE_SLOPE_DB_PER_OCTAVE)), rng)
    ratio = 10 ** (-rng.uniform(*SNR_DB) / 20)
    edge_hz = rng.uniform(*BANDWIDTH_HZ)
    mixed = speech / np.sqrt(np.mean(speech**2)) + ratio * noise / np.sqrt(np.mean(noise**2))
    band = shape(mixed, lambda hz: 1 / (1 + (60 / np.maximum(hz, 1)) ** 8) / (1 + (hz / edge_hz) ** 24))
    return np.asarray(band / np.abs(band).max() * 10 ** (rng.uniform(*PEAK_DBFS) / 20))
