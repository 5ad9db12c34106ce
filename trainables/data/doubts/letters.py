"""Texts against a recogniser by CTC: letters that it lacks, and more letters than its frames hold. Loads no torch."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

from trainables.data.examples import Example
from trainables.data.reading import SHOWN, Account
from trainables.writing import LETTERS_OF_FILE, Spelling


def unspellable(
    examples: Sequence[Example],
    seconds: Sequence[float],
    spellings: Sequence[Spelling],
    account: Account,
    *,
    known: Collection[str] = (),
) -> set[str]:
    """The ids of the texts that some recogniser cannot write in their clips, left out in `account`: each once, whatever
    the number of recognisers, so that `data.skip` counts rows. `known`: ids that are left out already."""
    recognisers = [each for each in spellings if each.writer.frames is not None]
    left = [(one, length) for one, length in zip(examples, seconds, strict=True) if one.id not in known]
    found = _lacking([one for one, _ in left], recognisers, account)
    return found | _crowded([row for row in left if row[0].id not in found], recognisers, account)


def _lacking(examples: Sequence[Example], recognisers: Sequence[Spelling], account: Account) -> set[str]:
    alike: dict[tuple[str, ...], dict[str, list[str]]] = defaultdict(dict)  # who lacks letters -> id -> the letters
    for example in examples:
        lacked = {
            each.letters_of: signs for each in recognisers if each.lacking and (signs := each.lacking(example.target))
        }
        if lacked:
            alike[tuple(lacked)][example.id] = max(lacked.values(), key=len)
    for names, texts in alike.items():
        problem = _without_letters(names, Counter(sign for signs in texts.values() for sign in signs))
        for example_id, signs in texts.items():
            account.leave_out(f"{example_id} ({' '.join(dict.fromkeys(signs))})", problem)
    return {example_id for texts in alike.values() for example_id in texts}


def _without_letters(names: Sequence[str], counts: Counter[str]) -> str:
    named = ", ".join(f"{sign} {count}" for sign, count in counts.most_common(2 * SHOWN))
    more = ", ..." if len(counts) > 2 * SHOWN else ""
    advice = []
    if LETTERS_OF_FILE in names:
        advice.append("add them to that key, or leave it out, so that the letters come from your texts")
    if set(names) - {LETTERS_OF_FILE}:
        advice.append(
            "write the texts in a trained recogniser's letters, or take an encoder that was not trained to write, "
            "whose letters come from your texts"
        )
    has = "has" if len(names) == 1 else "have"
    return (
        f"{' and '.join(names)} {has} no letter for what the text holds (in all texts: {named}{more}): "
        f"{'; '.join(advice)}."
    )


def _crowded(rows: Sequence[tuple[Example, float]], recognisers: Sequence[Spelling], account: Account) -> set[str]:
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)  # who has too few frames -> places
    found = set[str]()
    needed = {each.backbone: each.count([example.target for example, _ in rows]) for each in recognisers if each.count}
    for number, (example, length) in enumerate(rows):
        narrow = {
            each.backbone: f"{example.id} ({needed[each.backbone][number]} letters in {frames.of(length)} frames)"
            for each in recognisers
            if each.backbone in needed
            and (frames := each.writer.frames) is not None
            and needed[each.backbone][number] > frames.of(length)
        }
        if narrow:
            found.add(example.id)
            alike[tuple(narrow)].append(next(iter(narrow.values())))
    for names, places in alike.items():
        for place in places:
            account.leave_out(
                place,
                f"the text has more letters than its clip has frames, and {' and '.join(names)} "
                f"{'says' if len(names) == 1 else 'say'} at most one letter in a frame (two equal ones need one more "
                "between them): does the text belong to another clip? Leave such rows out with data.skip.",
            )
    return found
