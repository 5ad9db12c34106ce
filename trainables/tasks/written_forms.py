"""Ways of writing one and the same text made equal, as far as Unicode knows them. Loads no torch.

For scoring alone: a model is taught texts with all their marks.
"""

from __future__ import annotations

import re
import unicodedata

# Typed for an apostrophe, or a mark within a word: ' ’ ‘ ‛ ʼ ʻ ′ ` ´ ＇ and Hebrew's geresh and gershayim
_APOSTROPHES = dict.fromkeys(map(ord, "\u2019\u2018\u201b\u02bc\u02bb\u2032`\u00b4\uff07\u05f3\u05f4"), "'")
# Unicode's Default_Ignorable_Code_Point outside category Cf: joiners, fillers and variation selectors
_UNSEEN = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef\u20e3]"
)
# Signs that most writers leave out: Hebrew points, Arabic vowel signs and tatweel, Syriac points. Madda and hamza
# (U+0653 to U+0655) belong to letters.
_OPTIONAL = re.compile(
    r"[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    r"\u0610-\u061a\u0640\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    r"\u0711\u0730-\u074a\u0898-\u089f\u08ca-\u08e1\u08e3-\u08ff]"
)
_DOTTED_CAPITAL = str.maketrans({"I": "\u0131", "\u0130": "i"})
_DOTTED_LANGUAGES = ("tr", "az", "tt")  # whose capital I has no dot in its small letter


def plain(text: str, language: str) -> str:
    """Compatibility forms as plain ones (NFKC), small letters (Unicode's case folding: ß is ss, and İ is i; Turkish,
    Azerbaijani and Tatar I is ı), without format characters (category Cf: joiners, soft hyphens, marks of order and
    direction) and others that show nothing, and without Hebrew points, Arabic vowel signs and tatweel. Vowel signs of
    other scripts, such as Hindi's, are letters of their words and stay."""
    text = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).translate(_APOSTROPHES)
    if language in _DOTTED_LANGUAGES:
        text = text.translate(_DOTTED_CAPITAL)
    text = unicodedata.normalize("NFKC", text.casefold().replace("i\u0307", "i"))
    return unicodedata.normalize("NFC", _OPTIONAL.sub("", seen(text)))


def seen(text: str) -> str:
    """The text without characters that show nothing."""
    return _UNSEEN.sub("", "".join(mark for mark in text if unicodedata.category(mark) != "Cf"))


def apostrophes_dropped(text: str) -> str:
    """don't -> dont"""
    return text.replace("'", "")
