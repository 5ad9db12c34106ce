"""One form for texts that are compared. Loads no torch.

`basic`: compatibility forms as plain ones (Unicode NFKC), lower case, apostrophes dropped (don't -> dont), every other
mark of punctuation and symbol a space, white space folded. Numbers stay as they are written: `7` is not `seven`.
`none`: the text as it is, white space at its ends apart.
"""

from __future__ import annotations

import unicodedata

NORMALISATIONS = ("none", "basic")
APOSTROPHES = dict.fromkeys(map(ord, "'\u2018\u2019\u02bc"))


def normalised(text: str, how: str) -> str:
    """`text` in the form `how`, one of NORMALISATIONS."""
    if how == "none":
        return text.strip()
    plain = unicodedata.normalize("NFKC", text).lower().translate(APOSTROPHES)
    return " ".join("".join(" " if unicodedata.category(mark)[0] in "PS" else mark for mark in plain).split())
