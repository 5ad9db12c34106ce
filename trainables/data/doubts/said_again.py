"""Sentences that are said in training and in another split: a recogniser may know them by heart, whoever says them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from trainables.data.doubts.words import listed
from trainables.data.examples import SPLITS, Example
from trainables.tasks.texts import words

FEWEST_WORDS = 3  # of a sentence; commands and numbers are said again by their nature


def repeated_sentences(examples: Sequence[Example], splits: Mapping[str, str]) -> list[str]:
    """One sentence of advice with counts, or none; texts are compared without case and signs."""
    of_split: dict[str, list[tuple[str, Example]]] = defaultdict(list)
    for example in examples:
        if form := _form(str(example.target)):
            of_split[splits[example.id]].append((form, example))
    learnt = {form for form, _ in of_split.get("train", ())}
    counts, shown = [], []
    for split in (name for name in SPLITS if name != "train"):
        again = [example for form, example in of_split.get(split, ()) if form in learnt]
        shown += [repr(str(example.target)[:60]) for example in again]
        total = sum(splits[example.id] == split for example in examples)
        counts += [f"{len(again):,} of {total:,} {split} clips"] if again else []
    if not counts:
        return []
    return [
        f"{' and '.join(counts)} say the same sentence as a training clip ({listed(list(dict.fromkeys(shown)))}): "
        "scores there are partly of texts that were learnt. Where new sentences are to be understood, give all clips "
        "of one sentence the same `group`, or leave them out of one side."
    ]


def _form(text: str) -> str:
    """What two texts have in common that are one sentence; "" for what is too short to be one."""
    found = ["".join(sign for sign in word if sign.isalnum()) for word in words(text.casefold())]
    found = [word for word in found if word]
    return " ".join(found) if len(found) >= FEWEST_WORDS else ""
