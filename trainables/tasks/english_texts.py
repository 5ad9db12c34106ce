"""The form in which word error rates of English are usually published: OpenAI's normaliser, with its table of British
and American spellings, as the package whisper-normalizer has it. Loads no torch.

Method: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision", arXiv 2212.04356, appendix C.
It leaves out what stands in brackets and sounds of hesitation (uh, um), writes contractions out (won't, will not),
numbers in digits and spellings the American way.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache


def english(text: str) -> str:
    """The text in that form; white space may stand at its ends."""
    return _normaliser()(text)


@cache
def _normaliser() -> Callable[[str], str]:
    from whisper_normalizer.english import EnglishTextNormalizer  # takes a moment

    made: Callable[[str], str] = EnglishTextNormalizer()
    return made
