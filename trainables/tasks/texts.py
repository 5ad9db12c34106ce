"""One form for texts that are compared, and the one rule for what a word and a character of them is. Loads no torch.

Every form is in Unicode's composed form (NFC), its white space, of any kind, single spaces.

`none`: nothing else is changed.
`basic`: `written_forms.plain`, then apostrophes dropped (don't -> dont), every other mark of punctuation and symbol a
space, and what holds neither letter nor digit is no word. Numbers stay as they are written: `7` is not `seven`.
`numbers`: `basic`, with numbers in digits (`number_words`).
`english`: what published word error rates of English go by (`english_texts`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache, partial

from trainables.tasks.english_texts import english
from trainables.tasks.number_words import numbers_as_digits
from trainables.tasks.replacements import replaced
from trainables.tasks.written_forms import apostrophes_dropped, plain, seen

NORMALISATIONS = ("none", "basic", "numbers", "english")
_SPOKEN = re.compile(r"[^\W_]")  # a letter or a digit


@lru_cache(maxsize=1 << 16)  # every epoch asks for the same transcripts
def normalised(text: str, how: str, language: str = "en", replacements: Sequence[str] = ()) -> str:
    """`text` in the form `how`, one of NORMALISATIONS; `language` (ISO 639) is what it is written in.

    `replacements` are entries `FROM -> TO` (`replacements.replaced`), a tuple.
    """
    if replacements:
        return replaced(normalised(text, how, language), replacements, partial(normalised, how=how, language=language))
    if how == "none":
        return _joined(words(text))
    if how == "english":
        return _joined(words(english(seen(text))))
    if how == "numbers":
        text = numbers_as_digits(seen(text), language)
    return _joined(_spoken(apostrophes_dropped(plain(text, language)), kept="." if how == "numbers" else ""))


def words(text: str) -> list[str]:
    """What white space separates, in NFC: the words that every word error counts."""
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).split()


def characters(text: str) -> str:
    """What every character error counts, one by one: the words and the single spaces between them."""
    return _joined(words(text))


def said_of(form: str) -> str:
    """What stands beside error rates; `form` is the name of the one that texts were scored in."""
    return f"Error rates are of texts in the form {form} (task.normalise)."


def _joined(found: Sequence[str]) -> str:
    return " ".join(found)


def _spoken(text: str, kept: str) -> list[str]:
    """The words of a text without punctuation and symbols, the characters `kept` apart."""
    bare = "".join(
        " " if unicodedata.category(mark)[0] in "PS" and mark not in kept else mark
        for mark in unicodedata.normalize("NFC", text)
    )
    return [word for word in words(bare) if _SPOKEN.search(word)]
