"""`voice_ratings`: how high, fast and small does a speaker sound? 320 rated clips of 64 voices, made in seconds.

A rating is what a listener would say on a scale from 1 to 7: pitch, pace and the shortness of the vocal tract, each
with a listener's error of half a point, to one decimal. One rating in twenty is missing, as in real tables. The voice
is the group. Background noise, loudness and bandwidth are those of `speech_detection`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from trainables.data.examples import AudioPiece, Example
from trainables.data.generators.formants import SAMPLE_RATE_HZ, Voice, draw_voice, speak
from trainables.data.generators.speech_detection import in_background

VOICES, CLIPS_PER_VOICE = 64, 5
SECONDS = (1.0, 1.9)
NAMES = ("high", "fast", "small")
ERROR, MISSING = 0.5, 0.05  # of a listener, in points; share of ratings
LEAST, MOST = 1.0, 7.0


def generate(folder: Path, seed: int) -> list[Example]:
    """Writes 16 kHz mono WAV files of 16 bits into `folder`; the same seed gives the same bytes and ratings."""
    voices = [draw_voice(np.random.default_rng([seed, 1, number])) for number in range(VOICES)]
    heard = np.array([_qualities(voice) for voice in voices])
    points = (LEAST + MOST) / 2 + 1.5 * (heard - heard.mean(axis=0)) / heard.std(axis=0)
    examples = []
    for number, voice in enumerate(voices):
        for clip in range(CLIPS_PER_VOICE):
            rng = np.random.default_rng([seed, 2, number, clip])
            sound = in_background(speak(voice, float(rng.uniform(*SECONDS)), rng), rng)
            name = f"voice{number:02d}-{clip}"
            soundfile.write(folder / f"{name}.wav", sound, SAMPLE_RATE_HZ, subtype="PCM_16")
            examples.append(
                Example(
                    id=name,
                    audio=(AudioPiece(str(folder / f"{name}.wav")),),
                    group=f"voice{number:02d}",
                    target=_rated(points[number], rng),
                )
            )
    return examples


def _qualities(voice: Voice) -> tuple[float, ...]:
    return float(np.log(voice.pitch_hz)), float(np.log(voice.pace)), float(np.log(voice.tract))


def _rated(points: np.ndarray, rng: np.random.Generator) -> list[float | None]:
    said = np.clip(points + ERROR * rng.standard_normal(len(points)), LEAST, MOST)
    missing = rng.uniform(size=len(points)) < MISSING
    missing[rng.integers(len(points))] = False  # a clip has one at least
    return [None if gone else round(float(value), 1) for value, gone in zip(said, missing, strict=True)]
