"""Generated speech with its spelling, for pre-training miniatures that write what they hear. No recordings.

Every voice first says a stock of random syllables (`data/generators/formants.py`). An utterance is a few syllables of
one voice in a row, each a word, spelled sound by sound: "fo nai tu". There is no language in it to learn by heart, so a
model has to listen; what real words look like is left to fine-tuning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from trainables.data.generators.formants import SAMPLE_RATE_HZ, draw_voice, pronounce
from trainables.data.generators.phonemes import CONSONANTS, VOWELS

SPELLINGS: Mapping[str, str] = {name: name for name in CONSONANTS} | {
    "iy": "ee", "ih": "i", "eh": "e", "ae": "a", "ah": "u", "aa": "ar", "ao": "o", "uh": "oo", "uw": "oo", "er": "er",
}  # fmt: skip
SOUNDS: tuple[str, ...] = ("", *VOWELS, *CONSONANTS)  # what a moment can be; empty: nobody speaks
MOST_SYLLABLES, MOST_SOUNDS = 12, 4  # in an utterance; in a syllable
NOBODY = -100  # where nobody speaks there is no syllable to count: cross-entropy ignores it
SILENT_MOMENT = (0, NOBODY, NOBODY)
ONSET_SHARE, GLIDE_SHARE, CODA_SHARE = 0.85, 0.25, 0.45  # of the syllables
SAID_AT_ONCE = 12  # syllables
NOISE_DB = (-50.0, -5.0)  # to the speech
BANDWIDTH_HZ = (3000.0, 8000.0)
PEAK_DB = (-14.0, 0.0)
PADDING_SECONDS = 0.2  # at most, of nobody speaking, besides what no syllable fits into


@dataclass(frozen=True)
class Syllable:
    waveform: np.ndarray  # (samples,) float32
    spelling: str
    sounds: tuple[tuple[int, int, int], ...]  # (index into SOUNDS, first sample, sample behind the last)


@dataclass(frozen=True)
class Utterance:
    waveform: np.ndarray  # (samples,) float32, within -1 to 1
    text: str
    moments: np.ndarray  # (samples, 3): index into SOUNDS, which syllable, which sound of it (or SILENT_MOMENT)


def draw_stock(rng: Generator, *, voices: int, syllables: int) -> list[list[Syllable]]:
    """Voice by voice, the syllables that it can say."""
    return [_say(rng, [_syllable(rng) for _ in range(syllables)]) for _ in range(voices)]


def utter(rng: Generator, stock: Sequence[Sequence[Syllable]], seconds: float) -> Utterance:
    """Syllables of one voice that fill `seconds`, in noise, narrowed and levelled by chance."""
    samples = round(seconds * SAMPLE_RATE_HZ)
    known = stock[int(rng.integers(len(stock)))]
    room = samples - round(rng.uniform(0, PADDING_SECONDS) * SAMPLE_RATE_HZ)
    said: list[Syllable] = []
    while True:
        following = known[int(rng.integers(len(known)))]
        if sum(len(part.waveform) for part in said) + len(following.waveform) > room:
            break
        said.append(following)
    length = sum(len(part.waveform) for part in said)
    position = int(rng.integers(samples - length + 1))
    waveform, moments = np.zeros(samples), np.tile(np.array(SILENT_MOMENT), (samples, 1))
    for number, part in enumerate(said):
        waveform[position : position + len(part.waveform)] = part.waveform * math.exp(rng.normal(0, 0.15))
        for place, (sound, first, behind) in enumerate(part.sounds):
            moments[position + first : position + behind] = sound, min(number, MOST_SYLLABLES - 1), place
        position += len(part.waveform)
    return Utterance(_recorded(rng, waveform), " ".join(part.spelling for part in said), moments)


def _syllable(rng: Generator) -> list[str]:
    vowels, consonants = list(VOWELS), list(CONSONANTS)
    names = [consonants[rng.integers(len(consonants))]] if rng.random() < ONSET_SHARE else []
    names.append(vowels[rng.integers(len(vowels))])
    glide = ("ih", "uh")[rng.integers(2)]
    if rng.random() < GLIDE_SHARE and glide != names[-1]:
        names.append(glide)
    if rng.random() < CODA_SHARE:
        names.append(consonants[rng.integers(len(consonants))])
    return names


def _say(rng: Generator, syllables: Sequence[Sequence[str]]) -> list[Syllable]:
    voice = draw_voice(rng)
    found = []
    for start in range(0, len(syllables), SAID_AT_ONCE):
        together = syllables[start : start + SAID_AT_ONCE]
        waveform, spans = pronounce(voice, together, rng)
        waveform = (waveform / np.sqrt(np.mean(waveform**2))).astype(np.float32)
        rest = [(SOUNDS.index(s.phoneme), _samples(s.start_seconds), _samples(s.end_seconds)) for s in spans]
        for names in together:
            parts = sum(1 if name in VOWELS else len(CONSONANTS[name]) for name in names)
            own, rest = rest[:parts], rest[parts:]
            first = own[0][1]
            sounds = _merged([(sound, begin - first, end - first) for sound, begin, end in own])
            found.append(Syllable(waveform[first : own[-1][2]], "".join(SPELLINGS[name] for name in names), sounds))
    return found


def _merged(sounds: Sequence[tuple[int, int, int]]) -> tuple[tuple[int, int, int], ...]:
    """A consonant's parts (closure, burst, breath) as one sound."""
    found: list[tuple[int, int, int]] = []
    for sound, first, behind in sounds:
        if found and found[-1][0] == sound:
            found[-1] = (sound, found[-1][1], behind)
        else:
            found.append((sound, first, behind))
    return tuple(found)


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)


def _recorded(rng: Generator, speech: np.ndarray) -> np.ndarray:
    noise_db, edge_hz, peak_db = rng.uniform(*NOISE_DB), rng.uniform(*BANDWIDTH_HZ), rng.uniform(*PEAK_DB)
    noisy = speech + 10 ** (noise_db / 20) * rng.standard_normal(len(speech))
    frequency_hz = np.fft.rfftfreq(len(noisy), 1 / SAMPLE_RATE_HZ)
    heard = np.fft.irfft(np.fft.rfft(noisy) / (1 + (frequency_hz / edge_hz) ** 16), len(noisy))
    return np.asarray(heard / (np.abs(heard).max() + 1e-9) * 10 ** (peak_db / 20), dtype=np.float32)
