"""Texts against a recogniser by CTC: letters that it lacks, and more letters than its frames hold. Loads no torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from trainables.data.examples import Example
from trainables.data.reading import SHOWN, Account
from trainables.writing import Spelling


def unspellable(
    examples: Sequence[Example], seconds: Sequence[float], spellings: Sequence[Spelling], account: Account
) -> set[str]:
    """The ids of the texts that some recogniser cannot write in their clips, left out in `account`."""
    found: set[str] = set()
    for each in spellings:
        if each.writer.frames is not None:
            found |= _lacking(examples, each, account) | _crowded(examples, seconds, each, account)
    return found


def _lacking(examples: Sequence[Example], spelling: Spelling, account: Account) -> set[str]:
    if spelling.lacking is None:
        return set()
    lacked = {example.id: signs for example in examples if (signs := spelling.lacking(example.target))}
    counts = Counter(sign for signs in lacked.values() for sign in signs)
    named = ", ".join(f"{sign} {count}" for sign, count in counts.most_common(2 * SHOWN))
    more = ", ..." if len(counts) > 2 * SHOWN else ""
    for example_id, signs in lacked.items():
        account.leave_out(
            f"{example_id} ({' '.join(dict.fromkeys(signs))})",
            f"{spelling.backbone} has no letter for what the text holds (in all texts: {named}{more}): write the texts "
            "in its letters, or take an encoder that was not trained to write, whose letters come from your texts.",
        )
    return set(lacked)


def _crowded(examples: Sequence[Example], seconds: Sequence[float], spelling: Spelling, account: Account) -> set[str]:
    frames, found = spelling.writer.frames, set[str]()
    if spelling.count is None or frames is None:
        return found
    needed = spelling.count([example.target for example in examples])
    for example, need, length in zip(examples, needed, seconds, strict=True):
        if need > frames.of(length):
            found.add(example.id)
            account.leave_out(
                f"{example.id} ({need} letters in {frames.of(length)} frames)",
                f"the text has more letters than its clip has frames, and {spelling.backbone} says at most one letter "
                "in a frame (two equal ones need one more between them): does the text belong to another clip? Leave "
                "such rows out with data.skip.",
            )
    return found
