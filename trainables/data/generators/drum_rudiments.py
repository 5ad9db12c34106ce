"""`drum_rudiments`: which of the 40 rudiments of the Percussive Arts Society is played? Made in seconds, no download.

12 players, each with a snare drum and a room of their own, play every rudiment once: 480 clips of 2.4 seconds. The
player is the group. A clip is the rudiment over and over, in the player's tempo give or take TEMPO_SPREAD, with either
hand leading. Tempo, loudness, dynamics, timing and the spacing of grace notes are drawn alike for all rudiments.

What tells them apart is rhythm, accents, grace notes and, as far as the two hands sound different, sticking. A limit to
know: some differ in sticking alone (single, double and triple strokes in a row), so nobody should expect 100 %. The
miniatures hear the first two seconds, in which every rudiment comes round at least once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from trainables.data.examples import AudioPiece, Example
from trainables.data.generators.rudiments import RUDIMENTS, Rudiment, Stroke
from trainables.data.generators.snare import SAMPLE_RATE_HZ, Drum, Hit, draw_drum

PLAYERS = 12
SECONDS = 2.4
TEMPO_BPM = (95.0, 125.0)  # of a player
TEMPO_SPREAD = 0.08  # of a clip around it
LEAD_SECONDS = (0.0, 0.1)  # before the first stroke, its grace notes left out
JITTER_SECONDS = (0.001, 0.006)  # standard deviation of a player's timing
JITTER_DB = (0.4, 1.5)
ACCENT_DB = (4.0, 9.0)
GRACE_DB = (-14.0, -8.0)
FLAM_SECONDS = (0.022, 0.038)  # from the grace note to its stroke
DRAG_SECONDS = (0.035, 0.050)  # from one grace note to the next, and to the stroke
REBOUND_DB = (-2.5, -0.5)  # the second of two strokes by one hand
BOUNCE_SECONDS, BOUNCE_DB = (0.018, 0.028), (-4.0, -2.5)  # of a buzz, from one bounce to the next
LOUDNESS_DBFS = (-32.0, -20.0)
NOISE_DB = (-50.0, -30.0)  # of the room, below the playing


@dataclass(frozen=True)
class Player:
    """How somebody plays, whatever it is."""

    drum: Drum
    tempo_bpm: float
    jitter_seconds: float
    jitter_db: float
    accent_db: float
    grace_db: float
    flam_seconds: float
    drag_seconds: float
    rebound_db: float
    bounce_seconds: float
    bounce_db: float


def generate(folder: Path, seed: int) -> list[Example]:
    """Writes 16 kHz mono WAV files of 16 bits into `folder`; the same seed gives the same bytes."""
    examples: list[Example] = []
    for number in range(PLAYERS):
        player = draw_player(np.random.default_rng([seed, 1, number]))
        for rudiment in RUDIMENTS:
            rng = np.random.default_rng([seed, 2, number, rudiment.number])
            name = f"player{number:02d}-{rudiment.number:02d}-{rudiment.name}"
            path = folder / f"{name}.wav"
            soundfile.write(path, clip(player, rudiment, rng), SAMPLE_RATE_HZ, subtype="PCM_16")
            group = f"player{number:02d}"
            examples.append(Example(id=name, audio=(AudioPiece(str(path)),), group=group, target=rudiment.name))
    return examples


def draw_player(rng: np.random.Generator) -> Player:
    drum = draw_drum(rng)
    ranges = (
        TEMPO_BPM, JITTER_SECONDS, JITTER_DB, ACCENT_DB, GRACE_DB, FLAM_SECONDS, DRAG_SECONDS, REBOUND_DB,
        BOUNCE_SECONDS, BOUNCE_DB,
    )  # fmt: skip
    return Player(drum, *(float(rng.uniform(*bounds)) for bounds in ranges))


def clip(player: Player, rudiment: Rudiment, rng: np.random.Generator) -> np.ndarray:
    """(samples,) in [-1, 1]."""
    sound = player.drum.play(perform(player, rudiment, rng), SECONDS, rng)
    sound /= np.sqrt(np.mean(sound**2))
    sound += rng.standard_normal(len(sound)) * 10 ** (rng.uniform(*NOISE_DB) / 20)
    return np.asarray(np.clip(sound * 10 ** (rng.uniform(*LOUDNESS_DBFS) / 20), -1, 1))


def perform(player: Player, rudiment: Rudiment, rng: np.random.Generator) -> list[Hit]:
    """Every touch of a stick on the head, grace notes and bounces included, in order of the score."""
    beat_seconds = 60 / (player.tempo_bpm * (1 + rng.uniform(-TEMPO_SPREAD, TEMPO_SPREAD)))
    start = 2 * DRAG_SECONDS[1] + float(rng.uniform(*LEAD_SECONDS))
    left_leads = bool(rng.integers(2))
    hits: list[Hit] = []
    before = ""  # the hand of the stroke before
    while start < SECONDS:
        for stroke in rudiment.strokes(mirrored=left_leads):
            at = start + float(rng.normal(0, player.jitter_seconds))
            hits += _touches(player, stroke, at, rebound=stroke.hand == before, rng=rng)
            start += float(stroke.beats) * beat_seconds
            before = stroke.hand
        left_leads ^= rudiment.alternates
    return hits


def _touches(player: Player, stroke: Stroke, at: float, *, rebound: bool, rng: np.random.Generator) -> list[Hit]:
    """A stroke with what belongs to it."""
    level_db = float(rng.normal(0, player.jitter_db)) + player.accent_db * stroke.accent
    if rebound and not stroke.accent and not stroke.grace:
        level_db += player.rebound_db
    spacing = player.flam_seconds if len(stroke.grace) == 1 else player.drag_seconds
    grace = [
        Hit(at - spacing * (len(stroke.grace) - index), hand.upper(), player.grace_db + float(rng.normal(0, 1)))
        for index, hand in enumerate(stroke.grace)
    ]
    bounces = [Hit(at + n * player.bounce_seconds, stroke.hand, level_db + n * player.bounce_db) for n in range(1, 6)]
    return [*grace, Hit(at, stroke.hand, level_db), *(bounces if stroke.buzz else [])]
