"""Numbers that are written in words and in digits made equal, by text2num: `twenty-one` and `21` are both `21`, and so
are `1,000` and `one thousand`, `3.5` and `three point five`, `first` and `1st`. Loads no torch.

What stands for a number in one place only is taken for one everywhere, alike in transcript and answer (`no one` becomes
`no 1`). A year in two halves stays two numbers (`nineteen eighty-four` is `19 84`).
"""

from __future__ import annotations

import re
import unicodedata

LANGUAGES = ("da", "de", "en", "es", "fr", "it", "nl", "pt")
_SPACES = "\u00a0\u202f'\u2019"  # between groups of three digits, beside the language's own mark
_GROUPED = {
    mark: re.compile(rf"(?<![\d.,])\d{{1,3}}(?:[{re.escape(mark)}{_SPACES}]\d{{3}})+(?!\d)") for mark in (",", ".")
}
_NO_POINT = re.compile(r"(?<!\d)\.|\.(?!\d)")


def numbers_as_digits(text: str, language: str) -> str:
    """The text with a number in digits wherever one is spelt out, without marks between groups of digits; a point, and
    nothing else, stands before decimals. In all but English texts a comma is taken for the decimal mark.

    Raises ValueError: a language that is none of LANGUAGES.
    """
    from text_to_num import alpha2digit

    text = unicodedata.normalize("NFC", text).lower()
    grouping, decimal = (",", ".") if language == "en" else (".", ",")
    text = _GROUPED[grouping].sub(lambda found: re.sub(r"\D", "", found[0]), text)
    text = str(alpha2digit(text, language, 0))
    if decimal == ",":
        text = re.sub(r"(?<=\d),(?=\d)", ".", text)
    return _NO_POINT.sub(" ", text)
