"""Languages as people write them, and their ISO 639 codes. Loads no torch.

`SPOKEN`: what Whisper's multilingual checkpoints up to `large-v2` are told, from `whisper/tokenizer.py` of their
authors (Radford et al. 2022, arXiv 2212.04356), under their names there.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

_LISTED = """
en english, zh chinese, de german, es spanish, ru russian, ko korean, fr french, ja japanese, pt portuguese, tr turkish,
pl polish, ca catalan, nl dutch, ar arabic, sv swedish, it italian, id indonesian, hi hindi, fi finnish, vi vietnamese,
he hebrew, uk ukrainian, el greek, ms malay, cs czech, ro romanian, da danish, hu hungarian, ta tamil, no norwegian,
th thai, ur urdu, hr croatian, bg bulgarian, lt lithuanian, la latin, mi maori, ml malayalam, cy welsh, sk slovak,
te telugu, fa persian, lv latvian, bn bengali, sr serbian, az azerbaijani, sl slovenian, kn kannada, et estonian,
mk macedonian, br breton, eu basque, is icelandic, hy armenian, ne nepali, mn mongolian, bs bosnian, kk kazakh,
sq albanian, sw swahili, gl galician, mr marathi, pa punjabi, si sinhala, km khmer, sn shona, yo yoruba, so somali,
af afrikaans, oc occitan, ka georgian, be belarusian, tg tajik, sd sindhi, gu gujarati, am amharic, yi yiddish, lo lao,
uz uzbek, fo faroese, ht haitian creole, ps pashto, tk turkmen, nn nynorsk, mt maltese, sa sanskrit, lb luxembourgish,
my myanmar, bo tibetan, tl tagalog, mg malagasy, as assamese, tt tatar, haw hawaiian, ln lingala, ha hausa, ba bashkir,
jw javanese, su sundanese
"""
SPOKEN: Mapping[str, str] = dict(entry.split(maxsplit=1) for entry in _LISTED.replace("\n", " ").strip().split(", "))
_OTHER_NAMES: Mapping[str, str] = {
    "burmese": "my",
    "valencian": "ca",
    "flemish": "nl",
    "haitian": "ht",
    "letzeburgesch": "lb",
    "pushto": "ps",
    "panjabi": "pa",
    "moldavian": "ro",
    "moldovan": "ro",
    "sinhalese": "si",
    "castilian": "es",
    "mandarin": "zh",
    "cantonese": "yue",
    "farsi": "fa",
    "kurdish": "ku",
    "filipino": "tl",
    "bokmal": "no",
    "bokmål": "no",
}
# Codes of what the list has under another one
_LISTED_AS: Mapping[str, str] = {"cmn": "zh", "nb": "no", "jv": "jw", "fil": "tl", "mo": "ro", "sh": "sr"}
_CODES: Mapping[str, str] = {name: code for code, name in SPOKEN.items()} | dict(_OTHER_NAMES)
NEAREST = 3


def language_code(written: str) -> str | None:
    """The code of a language as people write it: `en`, `EN`, `eng`, `en-US`, `en_US.UTF-8`, `English`. It need not be
    one of SPOKEN. None for what is neither a name that we know nor made like a code."""
    from langcodes import Language
    from langcodes.tag_parser import LanguageTagError

    plain = written.strip().casefold()
    if plain in _CODES:
        return _CODES[plain]
    try:
        code = Language.get(plain.partition(".")[0]).language
    except (LanguageTagError, ValueError):
        return None
    if code is None or not 2 <= len(code) <= 3 or not code.isalpha():
        return None
    return _LISTED_AS.get(code, code)


def named(code: str) -> str:
    """`de (German)`; a code without a name as it is."""
    return f"{code} ({SPOKEN[code].title()})" if code in SPOKEN else code


def nearest(written: str, known: Sequence[str]) -> list[str]:
    """Those codes of `known` that `written` may have been meant for, the nearest first: by code and by name."""
    plain = written.strip().casefold()
    names = {SPOKEN.get(code, code): code for code in known}
    found = difflib.get_close_matches(plain, [*known, *names], n=2 * NEAREST, cutoff=0.5)
    return list(dict.fromkeys(names.get(each, each) for each in found))[:NEAREST]
