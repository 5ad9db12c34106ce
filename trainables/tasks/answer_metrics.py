"""How near a free answer is to the one that was wanted, answer by answer, 0 to 1. Loads no torch.

Words: `texts.words`, of texts in the form in which the task scores them. Nothing else is changed: the official script
of SQuAD also drops a, an and the, and Google's `rouge_score` everything but a-z and 0-9.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache

from trainables.tasks.texts import words


def exact_match(target: str, output: str) -> float:
    """1 where both are the same, else 0."""
    return float(target == output)


@lru_cache(maxsize=1 << 17)  # a jackknife over groups asks for the same pairs again and again
def token_f1(target: str, output: str) -> float:
    """F1 of the words as bags: twice the words in common over those of both (Rajpurkar et al. 2016, "SQuAD", arXiv
    1606.05250). Of two empty texts 1."""
    wanted, said = words(target), words(output)
    return _f1(sum((Counter(wanted) & Counter(said)).values()), wanted, said)


@lru_cache(maxsize=1 << 17)
def rouge_l(target: str, output: str) -> float:
    """F1 of the longest common subsequence of words (Lin 2004, "ROUGE", aclanthology W04-1013, with beta 1). Of two
    empty texts 1."""
    from rapidfuzz.distance import LCSseq

    wanted, said = words(target), words(output)
    return _f1(int(LCSseq.similarity(wanted, said)), wanted, said)


def mean_over(score: Callable[[str, str], float], targets: Sequence[str], outputs: Sequence[str]) -> float:
    """The mean of a score of each answer."""
    return sum(map(score, targets, outputs)) / len(targets)


def _f1(common: int, wanted: Sequence[str], said: Sequence[str]) -> float:
    return 2 * common / (len(wanted) + len(said)) if wanted or said else 1.0
