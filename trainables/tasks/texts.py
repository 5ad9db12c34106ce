"""One form for texts that are compared, and the one rule for what a word and a character of them is. Loads no torch.

Every form is in Unicode's composed form (NFC), its white space, of any kind, single spaces.

`none`: nothing else is changed.
`basic`: `written_forms.plain`, then apostrophes dropped (don't -> dont), every other mark of punctuation and symbol a
space, and what holds neither letter nor digit is no word. Numbers stay as they are written: `7` is not `seven`.
"""

from __future__ import annotations

import re
import unicodedata

from trainables.tasks.written_forms import apostrophes_dropped, plain

NORMALISATIONS = ("none", "basic")
_SPOKEN = re.compile(r"[^\W_]")  # a letter or a digit


def normalised(text: str, how: str, language: str = "en") -> str:
    """`text` in the form `how`, one of NORMALISATIONS; `language` (ISO 639) is what it is written in."""
    if how == "none":
        return joined(words(text))
    return joined(spoken(apostrophes_dropped(plain(text, language))))


def words(text: str) -> list[str]:
    """What white space separates, in NFC: the words that every word error counts."""
    return unicodedata.normalize("NFC", text).split()


def characters(text: str) -> str:
    """What every character error counts, one by one: the words and the single spaces between them."""
    return joined(words(text))


def joined(found: list[str]) -> str:
    return " ".join(found)


def spoken(text: str, kept: str = "") -> list[str]:
    """The words of a text without punctuation and symbols, the characters `kept` apart."""
    bare = "".join(
        " " if unicodedata.category(mark)[0] in "PS" and mark not in kept else mark
        for mark in unicodedata.normalize("NFC", text)
    )
    return [word for word in words(bare) if _SPOKEN.search(word)]
