"""What a backbone that writes texts makes of them: constants that a plan counts with. Loads no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LETTERS_OF_FILE = "task.vocabulary"  # the key of a sweep file that says the letters of new heads


@dataclass(frozen=True)
class TextLimits:
    """How many tokens a decoder writes. An answer ends after `answer_tokens`, or so many for each second of sound."""

    most_tokens: int  # of a text: the decoder's places without its prompt
    answer_tokens: int | None = None
    answer_tokens_per_second: float = 0.0  # where `answer_tokens` is None

    def of_answer(self, seconds: float, scale: float = 1.0) -> int:
        """The most tokens of an answer to a clip of `seconds`, `scale` times as many as usual."""
        return min(self.most_tokens, math.ceil(self.usual_answer(seconds) * scale))

    def usual_answer(self, seconds: float) -> float:
        """The most tokens of an answer, not yet a whole number and not bounded by the decoder's places."""
        return self.answer_tokens_per_second * seconds if self.answer_tokens is None else self.answer_tokens


@dataclass(frozen=True)
class Frames:
    """A recogniser by CTC says at most one letter in a frame. What makes frames of sound: convolutions that together
    take `first_samples` for the first, and `step_samples` more for each further one."""

    sample_rate_hz: int
    first_samples: int
    step_samples: int

    def of(self, seconds: float) -> int:
        """How many a clip has, at least one: what is shorter is padded."""
        return 1 + max(0, round(seconds * self.sample_rate_hz) - self.first_samples) // self.step_samples


@dataclass(frozen=True)
class Writer:
    """A backbone's constants for texts."""

    published: TextLimits
    miniature: TextLimits
    control_tokens: tuple[str, ...]  # of the miniatures' tokenizer, whose other tokens are bytes
    languages: tuple[str, ...]  # codes (ISO 639) of what it writes; none: whatever its letters spell
    told_language: bool  # its prompt names the language, clip by clip
    before_text: str = ""  # what every text begins with
    frames: Frames | None = None  # it writes letter by letter (CTC): no limit but its frames; None: a decoder writes


@dataclass(frozen=True)
class Spelling:
    """A backbone's texts as tokens, with the weights that a sweep has."""

    backbone: str
    writer: Writer
    miniature: bool
    # tokens of each text, or the frames that it needs at least; None: its tokenizer is not at hand
    count: Callable[[Sequence[str]], list[int]] | None
    control_tokens: frozenset[str]
    lacking: Callable[[str], list[str]] | None = None  # what a text has and a recogniser's own letters have not
    fold: str = ""  # lower | upper: texts are brought to this case, the only one of its letters
    makes_letters: bool = False  # its letters are those of the training texts
    told_letters: bool = False  # its letters are those of the sweep file

    @property
    def letters_of(self) -> str:
        """Who has its letters: the backbone, or the key of the sweep file that says them for all new heads."""
        return LETTERS_OF_FILE if self.told_letters else self.backbone

    @property
    def limits(self) -> TextLimits:
        return self.writer.miniature if self.miniature else self.writer.published
