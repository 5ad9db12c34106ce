"""What a data set is made of: examples, each a stretch of sound with a target. Loads no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SPLITS = ("train", "validation", "test")


_LATER = ("channel", "language", "weight", "question")


def _said(part: AudioPiece | Example) -> dict[str, Any]:
    values = {name: getattr(part, name) for name in part.__slots__}
    return {name: value for name, value in values.items() if value is not None or name not in _LATER}


@dataclass(frozen=True, slots=True)
class AudioPiece:
    """A file, or a stretch of one."""

    path: str  # absolute
    start_seconds: float = 0.0
    seconds: float | None = None  # None: to the end of the file
    channel: int | None = None  # from 0; None: the mean of all


@dataclass(frozen=True, slots=True)
class Example:
    """One clip and what is to be learnt about it. Holds paths and numbers, never samples."""

    id: str  # unique within a data set
    audio: tuple[AudioPiece, ...]  # joined in order
    group: str  # examples of one group never stand on two sides of a split
    target: Any  # a label (str), a text (str), or ratings (list of float)
    split: str | None = None  # train | validation | test, where the source says so
    fold: str | None = None  # the source's own fold
    lowpass_hz: float | None = None  # everything from here up is removed
    start_seconds: float = 0.0  # crop, counted on the joined pieces
    seconds: float | None = None  # None: to the end
    language: str | None = None  # as the source writes it; None: the task's
    weight: float | None = None  # of its loss in training, relative to other clips; None: 1
    question: str | None = None  # what it is asked; None: what the task asks

    def as_dict(self) -> dict[str, Any]:
        """Plain values only, for JSON. Fields that came later stand there where they say something: what is written of
        other examples stays as it was."""
        return {**_said(self), "audio": [_said(piece) for piece in self.audio]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Example:
        return cls(**{**values, "audio": tuple(AudioPiece(**piece) for piece in values["audio"])})
