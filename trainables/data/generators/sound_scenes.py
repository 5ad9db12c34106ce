"""`sound_scenes`: which of ten kinds of sound are there? 360 clips of 30 places, made in seconds, no download.

Each place has sources of its own: its engine, its birds, its bells. A clip holds none to three of them at levels of
their own, in background noise, loudness and bandwidth as in `speech_detection`. The place is the group.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from trainables.data.examples import AudioPiece, Example
from trainables.data.generators.formants import SAMPLE_RATE_HZ
from trainables.data.generators.noises import KINDS
from trainables.data.generators.speech_detection import in_background

PLACES, CLIPS_PER_PLACE = 30, 12
SECONDS = (1.2, 1.9)
SHARES = (0.1, 0.3, 0.35, 0.25)  # of clips with none, one, two and three kinds
LEVEL_DB = (-8.0, 0.0)  # of each source


def generate(folder: Path, seed: int) -> list[Example]:
    """Writes 16 kHz mono WAV files of 16 bits into `folder`; the same seed gives the same bytes and labels."""
    examples = []
    for place in range(PLACES):
        for clip in range(CLIPS_PER_PLACE):
            rng = np.random.default_rng([seed, 1, place, clip])
            kinds = sorted(rng.choice(len(KINDS), size=rng.choice(len(SHARES), p=SHARES), replace=False).tolist())
            samples = round(float(rng.uniform(*SECONDS)) * SAMPLE_RATE_HZ)
            sound = 1e-3 * rng.standard_normal(samples)
            for kind in kinds:
                source = np.random.default_rng([seed, 2, kind, place])  # the same source in all clips of a place
                made = list(KINDS.values())[kind](source, samples, rng)
                sound += made / np.sqrt(np.mean(made**2) + 1e-12) * 10 ** (rng.uniform(*LEVEL_DB) / 20)
            name = f"place{place:02d}-{clip:02d}"
            path = folder / f"{name}.wav"
            soundfile.write(path, in_background(sound, rng), SAMPLE_RATE_HZ, subtype="PCM_16")
            labels = [list(KINDS)[kind] for kind in kinds]
            examples.append(Example(id=name, audio=(AudioPiece(str(path)),), group=f"place{place:02d}", target=labels))
    return examples
