"""What each look at a confirmation may spend of the level: fixed before its first run, kept with its record."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.stats.looks import interim_looks
from analysis.stats.sequential import levels, little_chance


@dataclass(frozen=True)
class Account:
    """Looks at increasing numbers of seeds, the last one all of them, that share a two-sided `alpha`."""

    looks: tuple[int, ...]
    alpha: float

    @classmethod
    def of(cls, seeds: int, alpha: float) -> Account:
        """Of a confirmation with so many seeds, at least FEWEST_SEEDS."""
        return cls(interim_looks(seeds), alpha)

    @property
    def planned(self) -> int:
        """Seeds of an arm that goes on to the end."""
        return self.looks[-1]

    @property
    def futile_below(self) -> float:
        return little_chance(self.looks)

    def number(self, seeds: int) -> int:
        """Which look (from 1) is over so many seeds. Where a run failed it is the look that would have had one more,
        or an earlier one, whose level is smaller."""
        return next(number for number, look in enumerate(self.looks, start=1) if look >= min(seeds, self.planned))

    def level(self, seeds: int) -> float:
        """Of a test over so many seeds."""
        return levels(self.looks, self.alpha)[self.number(seeds) - 1]

    def interval_level(self, seeds: int, *, shown: bool) -> float:
        """Of the interval of a difference over so many seeds.

        Of one that was shown it is that of its test: such intervals hold at all looks at once. Who was given up claims
        nothing, and has the interval that its seeds give (its coverage: benchmarks/FALSE_WINNERS.md).
        """
        last = self.number(seeds) == len(self.looks)
        return self.level(seeds) if shown or last else self.alpha
