"""What a backbone that writes texts makes of them: constants that a plan counts with. Loads no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass


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
class Writer:
    """A backbone's constants for texts."""

    published: TextLimits
    miniature: TextLimits
    control_tokens: tuple[str, ...]  # of the miniatures' tokenizer, whose other tokens are bytes
    languages: tuple[str, ...]  # codes (ISO 639) of what it writes
    told_language: bool  # its prompt names the language, clip by clip
    before_text: str = ""  # what every text begins with


@dataclass(frozen=True)
class Spelling:
    """A backbone's texts as tokens, with the weights that a sweep has."""

    backbone: str
    writer: Writer
    miniature: bool
    count: Callable[[Sequence[str]], list[int]] | None  # tokens of each text; None: its tokenizer is not at hand
    control_tokens: frozenset[str]

    @property
    def limits(self) -> TextLimits:
        return self.writer.miniature if self.miniature else self.writer.published
