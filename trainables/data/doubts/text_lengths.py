"""Texts against what a decoder can write: those that it cannot be taught, and how long answers have to be. Loads no
torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from trainables.data.examples import Example
from trainables.data.reading import SHOWN, Account
from trainables.writing import Spelling

MOST_CHARACTERS_PER_SECOND = 40.0  # fast speech has about 20
SPARE = 1.1  # answers may be a tenth longer than the longest text


def too_long(examples: Sequence[Example], spellings: Sequence[Spelling], account: Account) -> set[str]:
    """The ids of the texts that have more tokens than some backbone's decoder has places, and of clips whose questions
    have, left out in `account`."""
    texts = [example.target for example in examples]
    asked = [example for example in examples if example.question]
    found: set[str] = set()
    for each in _with_decoders(spellings):
        if each.count is None:
            account.advice.append(
                f"{each.backbone}: its tokenizer is not at hand, so that texts longer than its "
                f"{each.limits.most_tokens} tokens are not found before the start."
            )
            continue
        for example, tokens in zip(examples, each.count(texts), strict=True):
            if tokens > each.limits.most_tokens and example.id not in found:
                found.add(example.id)
                account.leave_out(f"{example.id} ({tokens} tokens)", _problem(each))
        for example, tokens in zip(asked, each.count([str(example.question) for example in asked]), strict=True):
            if tokens > each.limits.most_tokens and example.id not in found:
                found.add(example.id)
                account.leave_out(
                    f"{example.id} ({tokens} tokens)",
                    f"its question has more tokens than the {each.limits.most_tokens} that one may have: ask in fewer "
                    "words, or leave such rows out with data.skip.",
                )
    return found


def answer_length(
    clips: Iterable[tuple[Sequence[Example], Sequence[float]]], spellings: Sequence[Spelling]
) -> tuple[float, int]:
    """How many times as long as usual an answer has to be, so that a model can say the longest text of these examples
    and seconds (1 where the usual length does), and how many texts are longer than usual for some backbone."""
    needed, longer = 1.0, set[str]()
    for examples, seconds in clips:
        for each in _with_decoders(spellings):
            counts = [] if each.count is None else each.count([example.target for example in examples])
            for example, tokens, length in zip(examples, counts, seconds, strict=False):  # without counts, none
                usual = each.limits.usual_answer(length)
                if tokens > math.ceil(usual):
                    needed = max(needed, SPARE * tokens / max(0.01, usual))
                    longer.add(example.id)
    return math.ceil(100 * needed) / 100, len(longer)


def hurried(examples: Sequence[Example], seconds: Sequence[float]) -> list[str]:
    """One sentence about texts with more letters than anyone says in such clips; none where there are none."""
    found = [
        f"{example.id}: {len(example.target)} characters in {length:.3g} s"
        for example, length in zip(examples, seconds, strict=True)
        if len(example.target) > MOST_CHARACTERS_PER_SECOND * max(length, 0.25)
    ]
    if not found:
        return []
    shown = "; ".join(found[:SHOWN]) + ("; ..." if len(found) > SHOWN else "")
    return [f"{len(found)} texts are longer than anyone says in their clips ({shown}): do they belong to others?"]


def _with_decoders(spellings: Sequence[Spelling]) -> list[Spelling]:
    """Without recognisers by CTC, whose limit is the clip (`letters.py`)."""
    return [each for each in spellings if each.writer.frames is None]


def _problem(spelling: Spelling) -> str:
    published = spelling.writer.published.most_tokens
    bytes_alone = (
        f" Its tokens are bytes; the published sizes write {published} tokens of a letter or more."
        if spelling.miniature
        else ""
    )
    which = f"the miniature of {spelling.backbone}" if spelling.miniature else spelling.backbone
    return (
        f"the text has more tokens than the {spelling.limits.most_tokens} that {which} writes: cut the clip into "
        f"shorter ones, or leave such rows out with data.skip.{bytes_alone}"
    )
