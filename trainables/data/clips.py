"""Clips that can be trained on or answered: a whole store, or what a fold takes from several."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import numpy as np

from trainables.data.examples import Example
from trainables.data.sound.store import SplitStore


class Clips(Protocol):
    @property
    def examples(self) -> Sequence[Example]: ...

    def __len__(self) -> int: ...

    def waveform(self, index: int) -> np.ndarray:
        """(samples,) float32."""
        ...

    def key(self, index: int) -> tuple[str, int]:
        """The same clip has the same key, whoever holds it."""
        ...


def lengths(clips: Clips, sample_rate_hz: int) -> list[float]:
    """How many seconds of each clip are heard."""
    return [samples(clips, row) / sample_rate_hz for row in range(len(clips))]


def samples(clips: Clips, row: int) -> int:
    """How many samples a clip has: clips that know it without decoding say so in a method of that name."""
    known = getattr(clips, "samples", None)
    return len(clips.waveform(row)) if known is None else int(known(row))


def clip_weights(clips: Clips) -> np.ndarray | None:
    """(clips,) float32, the weight of each clip's loss in training, with a mean of 1: twice the weight is the clip
    twice, and a learning rate means what it means without weights. None where no clip has one."""
    given = [example.weight for example in clips.examples]
    if all(weight is None for weight in given):
        return None
    weights = np.array([1.0 if weight is None else weight for weight in given])
    relative: np.ndarray = (weights / weights.mean()).astype(np.float32)
    return relative


class Selection:
    """The clips of some stores whose ids are wanted, store by store in each store's order."""

    def __init__(self, stores: Sequence[SplitStore], wanted: Collection[str]) -> None:
        self._places = [
            (store, row) for store in stores for row, example in enumerate(store.examples) if example.id in wanted
        ]
        self.examples = tuple(store.examples[row] for store, row in self._places)

    def __len__(self) -> int:
        return len(self._places)

    def waveform(self, index: int) -> np.ndarray:
        store, row = self._places[index]
        return store.waveform(row)

    def samples(self, index: int) -> int:
        store, row = self._places[index]
        return store.samples(row)

    def key(self, index: int) -> tuple[str, int]:
        store, row = self._places[index]
        return store.key(row)
