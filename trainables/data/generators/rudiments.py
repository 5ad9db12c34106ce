"""The 40 International Drum Rudiments as the Percussive Arts Society publishes them (PAS, 1984): sticking and rhythm.

A stroke is written as its hand, R or L; in front of it grace notes in small letters (`lR`: a flam, `llR`: a drag),
behind it `z` for a stroke that bounces on and `>` for an accent. Lengths are in beats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_STROKE = re.compile(r"([rl]*)([RL])(z?)(>?)")
_MIRROR = str.maketrans("RLrl", "LRlr")

WHOLE, HALF, THIRD, QUARTER, SIXTH, EIGHTH = (Fraction(1, parts) for parts in (1, 2, 3, 4, 6, 8))


@dataclass(frozen=True)
class Stroke:
    """One primary stroke, in the hands of somebody who starts with the right."""

    hand: str  # R | L
    grace: str  # hands of the grace notes before it: "" | l | r | ll | rr
    buzz: bool
    accent: bool
    beats: Fraction  # until the next stroke


@dataclass(frozen=True)
class Rudiment:
    number: int  # of the PAS list
    name: str
    sticking: str  # once through
    lengths: tuple[Fraction, ...]  # one per stroke
    alternates: bool  # the second time through begins with the other hand

    def strokes(self, *, mirrored: bool = False) -> list[Stroke]:
        """Once through; `mirrored` with the hands changed."""
        text = self.sticking.translate(_MIRROR) if mirrored else self.sticking
        return [
            Stroke(hand, grace, bool(buzz), bool(accent), beats)
            for (grace, hand, buzz, accent), beats in zip(_STROKE.findall(text), self.lengths, strict=True)
        ]

    @property
    def beats(self) -> Fraction:
        """How long it takes once through."""
        return sum(self.lengths, Fraction(0))


def _even(count: int, length: Fraction, *then: Fraction) -> tuple[Fraction, ...]:
    return (length,) * count + then


def _roll(doubles: int, *ending: Fraction) -> tuple[Fraction, ...]:
    """Open rolls: double strokes in thirty-second notes, then single ones."""
    return _even(2 * doubles, EIGHTH, *ending)


_TABLE: tuple[tuple[str, str, tuple[Fraction, ...], bool], ...] = (
    # Rolls of single strokes
    ("single_stroke_roll", "R L R L R L R L", _even(8, EIGHTH), False),
    ("single_stroke_four", "R L R L", _even(3, SIXTH, HALF), False),
    ("single_stroke_seven", "R L R L R L R", _even(6, SIXTH, WHOLE), True),
    # Rolls of many bounces
    ("multiple_bounce_roll", "Rz Lz Rz Lz", _even(4, QUARTER), False),
    ("triple_stroke_roll", "R R R L L L", _even(6, SIXTH), False),
    # Open rolls of double strokes
    ("double_stroke_open_roll", "R R L L R R L L", _roll(4), False),
    ("five_stroke_roll", "R R L L R>", _roll(2, HALF), True),
    ("six_stroke_roll", "R> L L R R L>", (QUARTER, *_roll(2), QUARTER), False),
    ("seven_stroke_roll", "R R L L R R L>", _roll(3, QUARTER), False),
    ("nine_stroke_roll", "R R L L R R L L R>", _roll(4, WHOLE), True),
    ("ten_stroke_roll", "R R L L R R L L R> L>", _roll(4, QUARTER, 3 * QUARTER), False),
    ("eleven_stroke_roll", "R R L L R R L L R R L>", _roll(5, 3 * QUARTER), False),
    ("thirteen_stroke_roll", "R R L L R R L L R R L L R>", _roll(6, HALF), True),
    ("fifteen_stroke_roll", "R R L L R R L L R R L L R R L>", _roll(7, QUARTER), False),
    ("seventeen_stroke_roll", "R R L L R R L L R R L L R R L L R>", _roll(8, WHOLE), True),
    # Diddles
    ("single_paradiddle", "R> L R R", _even(4, QUARTER), True),
    ("double_paradiddle", "R> L R L R R", _even(6, SIXTH), True),
    ("triple_paradiddle", "R> L R L R L R R", _even(8, QUARTER), True),
    ("single_paradiddle_diddle", "R> L R R L L", _even(6, SIXTH), False),
    # Flams
    ("flam", "lR", (HALF,), True),
    ("flam_accent", "lR> L R", _even(3, THIRD), True),
    ("flam_tap", "lR> R", _even(2, QUARTER), True),
    ("flamacue", "lR L> R L lR", _even(4, QUARTER, WHOLE), True),
    ("flam_paradiddle", "lR> L R R", _even(4, QUARTER), True),
    ("single_flammed_mill", "lR> R L R", _even(4, QUARTER), True),
    ("flam_paradiddle_diddle", "lR> L R R L L", _even(6, SIXTH), True),
    ("pataflafla", "lR> L R rL>", _even(4, QUARTER), False),
    ("swiss_army_triplet", "lR> R L", _even(3, THIRD), False),
    ("inverted_flam_tap", "lR> L", _even(2, QUARTER), True),
    ("flam_drag", "lR> L L R", (THIRD, SIXTH, SIXTH, THIRD), True),
    # Drags
    ("drag", "llR", (HALF,), True),
    ("single_drag_tap", "llR L>", _even(2, HALF), True),
    ("double_drag_tap", "llR llR L>", _even(3, HALF), True),
    ("lesson_25", "llR L R>", (QUARTER, QUARTER, HALF), False),
    ("single_dragadiddle", "R> R L R R", (EIGHTH, EIGHTH, QUARTER, QUARTER, QUARTER), True),
    ("drag_paradiddle_1", "R> llR L R R", (HALF, *_even(4, QUARTER)), True),
    ("drag_paradiddle_2", "R> llR llR L R R", (HALF, HALF, *_even(4, QUARTER)), True),
    ("single_ratamacue", "llR L R L>", _even(3, SIXTH, HALF), True),
    ("double_ratamacue", "llR llR L R L>", (HALF, *_even(3, SIXTH, HALF)), True),
    ("triple_ratamacue", "llR llR llR L R L>", (HALF, HALF, *_even(3, SIXTH, HALF)), True),
)
RUDIMENTS: tuple[Rudiment, ...] = tuple(Rudiment(number, *row) for number, row in enumerate(_TABLE, start=1))
