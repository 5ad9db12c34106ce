"""Which training clips an epoch takes where not each stands in it once. Loads no torch.

An epoch has as many clips as there are, drawn with replacement: `weighted` by the weight that the data give a clip,
`balanced` so that every class is heard alike. A clip with several labels has the sum of their parts, as AudioSet's
recipes have it (Gong et al. 2021, arXiv 2104.01778); clips without a label are a class of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from trainables.config import BALANCED, WEIGHTED
from trainables.data.clips import Clips, clip_weights

NO_LABEL = ("",)


def odds_of(sampling: str, clips: Clips) -> np.ndarray | None:
    """(clips,) how often each is drawn, relative to others; None where each stands in an epoch once."""
    if sampling == BALANCED:
        return balanced([example.target for example in clips.examples])
    given = clip_weights(clips) if sampling == WEIGHTED else None
    return None if given is None else given.astype(float)


def balanced(targets: Sequence[Any]) -> np.ndarray:
    """(clips,) for every label 1 over the clips that have it; `targets` are labels, or lists of them."""
    labels = [(target,) if isinstance(target, str) else tuple(target) or NO_LABEL for target in targets]
    counts = Counter(label for own in labels for label in own)
    return np.array([sum(1.0 / counts[label] for label in own) for own in labels])


def drawn(odds: np.ndarray, rng: np.random.Generator) -> list[int]:
    """As many rows as there are clips, in the order in which an epoch takes them. A clip that comes again stands there
    as its row plus the number of clips, then plus twice that, and so on: `Visits` knows it.

    Systematic sampling (Kitagawa 1996, J. Comput. Graph. Stat. 5:1): a clip comes as often as its odds say, rounded up
    or down, and so do clips of equal odds together; chance decides which.
    """
    clips = len(odds)
    order = rng.permutation(clips)
    order = order[np.argsort(odds[order], kind="stable")]  # equal odds side by side
    ends = np.cumsum(odds[order])
    places = (rng.random() + np.arange(clips)) * (ends[-1] / clips)
    rows = order[np.minimum(np.searchsorted(ends, places, side="right"), clips - 1)]
    seen: Counter[int] = Counter()
    visits = []
    for row in rows.tolist():
        visits.append(row + clips * seen[row])
        seen[row] += 1
    return [visits[place] for place in rng.permutation(clips)]


class Visits:
    """Clips that an epoch may hear several times: row r is the clip r modulo their number, in a visit of its own, for
    which masks and changes are drawn anew."""

    def __init__(self, clips: Clips) -> None:
        self.clips = clips
        self.examples: Any = _Again(clips.examples)

    def __len__(self) -> int:
        return len(self.clips)

    def waveform(self, index: int) -> np.ndarray:
        return self.clips.waveform(index % len(self.clips))

    def samples(self, index: int) -> int:
        known = getattr(self.clips, "samples", None)
        row = index % len(self.clips)
        return len(self.clips.waveform(row)) if known is None else int(known(row))

    def key(self, index: int) -> tuple[str, int]:
        return self.clips.key(index % len(self.clips))


class _Again(Sequence[Any]):
    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: Any) -> Any:
        return self._values[index % len(self._values)]

    def __iter__(self) -> Any:
        return iter(self._values)
