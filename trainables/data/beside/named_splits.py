"""Splits that the names of all files begin with: `cat/train_01.wav`, `cat/test_07.wav`."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import PurePath

from trainables.data.reading import Reading, Wanted
from trainables.data.split_names import is_plain, split_names

_FIRST_WORD = re.compile(r"[^\W_]+")


def with_named_splits(reading: Reading, wanted: Wanted) -> Reading:
    """The reading with these splits, where nothing else gave one and train and another stand there; said in its
    account. `data.columns: {split: ""}` takes none. Raises InputError: as `split_names`."""
    examples = reading.examples
    if not examples or any(example.split for example in examples) or "split" in wanted.columns:
        return reading
    words = {example.id: _FIRST_WORD.match(PurePath(example.id).name) for example in examples}
    first = {name: word[0].lower() for name, word in words.items() if word}
    if len(first) < len(examples) or not all(map(is_plain, {*first.values()})):
        return reading
    of = split_names(first.values()).of
    if "train" not in of.values() or len({*of.values()}) < 2:
        return reading
    counts = Counter(of[word] for word in first.values())
    told = ", ".join(f"{split} {count}" for split, count in counts.items())
    reading.account.origins["split"] = f"the first word of the files' names ({', '.join(of)})"
    reading.account.guesses.append(
        f"the names of all files begin with that of a split, and the splits are these ({told}); if they are not, say "
        '`data.columns: {split: ""}`.'
    )
    return replace(reading, examples=[replace(example, split=of[first[example.id]]) for example in examples])
