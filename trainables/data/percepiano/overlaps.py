"""Performances of overlapping bars are one group: a split between them would test on music that was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trainables.data.percepiano.performances import Performance


class Stretch(NamedTuple):
    """A segment: number `segment` of those of `bars` bars in its piece."""

    piece: str
    start: int  # the bars before it
    bars: int
    segment: int

    @property
    def end(self) -> int:
        return self.start + self.bars


def groups(performances: Sequence[Performance]) -> list[str]:
    """For each performance its group: a chain of overlapping segments, named as the longest, as in
    `Schubert_D960_mv2-16bars-1`.

    Segment k of b bars stands for the bars (k - 1) b + 1 to k b of its piece, so that a segment of 16 bars joins the
    two of 8 in it. (Opus 935 is numbered by bars and WoO 80 by variations; there all segments have one length, and
    two of one length never overlap.)
    """
    names: dict[Stretch, str] = {}
    chain: list[Stretch] = []
    for stretch in sorted({_stretch(each) for each in performances}):
        if chain and (stretch.piece != chain[0].piece or stretch.start >= max(each.end for each in chain)):
            names |= dict.fromkeys(chain, _name(chain))
            chain = []
        chain.append(stretch)
    if chain:
        names |= dict.fromkeys(chain, _name(chain))
    return [names[_stretch(each)] for each in performances]


def _stretch(performance: Performance) -> Stretch:
    bars, segment = performance.bars, performance.segment
    return Stretch(performance.piece, (segment - 1) * bars, bars, segment)


def _name(chain: Sequence[Stretch]) -> str:
    longest = max(chain, key=lambda stretch: (stretch.bars, -stretch.start))
    return f"{longest.piece}-{longest.bars}bars-{longest.segment}"
