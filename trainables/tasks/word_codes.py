"""Words as single characters, so that texts are compared word by word at the speed of characters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainables.tasks.texts import words

SURROGATES, MOST = range(0xD800, 0xE000), 0x110000  # code points that are no characters; all of them
COLUMNS_KEPT = 8  # a comparison asks for the same column up to ten times
TOGETHER = 1 << 14  # texts that are cut into words at once
END = "\0"  # a word of its own between two of them; white space to no one


class _Codes(dict[str, str]):
    """A character for each word, in the order in which they come."""

    def __missing__(self, word: str) -> str:
        place = len(self)
        if place >= SURROGATES.start:
            place += len(SURROGATES)
        if place >= MOST:
            raise OverflowError
        self[word] = character = chr(place)
        return character


_CODES = _Codes()  # of all texts of this process: kept codes stay comparable
_KEPT: tuple[tuple[list[str], list[str]], ...] = ()  # columns and their codes, the latest first


def comparable(*columns: Sequence[str]) -> tuple[list[Any], ...]:
    """Each column's texts as sequences of one item a word, the same item for the same word in all of them.

    Strings of one character a word; lists of words where there are more different ones than characters.
    """
    try:
        return tuple(map(_codes_of, columns))
    except OverflowError:
        return tuple([words(text) for text in column] for column in columns)


def _codes_of(column: Sequence[str]) -> list[str]:
    """Kept are copies: they equal the column at a glance where it holds the same objects, and not once it is changed.
    A new tuple replaces the old one, which another thread may read."""
    global _KEPT
    texts = list(column)
    for kept, codes in _KEPT:
        if kept == texts:
            return codes
    parts = (_coded(texts[start : start + TOGETHER]) for start in range(0, len(texts), TOGETHER))
    codes = [code for part in parts for code in part]
    _KEPT = ((texts, codes), *_KEPT[: COLUMNS_KEPT - 1])
    return codes


def _coded(texts: Sequence[str]) -> list[str]:
    together = f" {END} ".join(texts)
    if together.count(END) >= len(texts):  # one of them has that word
        return ["".join(map(_CODES.__getitem__, words(text))) for text in texts]
    return "".join(map(_CODES.__getitem__, words(together))).split(_CODES[END])
