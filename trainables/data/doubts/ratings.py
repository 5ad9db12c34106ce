"""What is odd about ratings: missing ones, and those that never vary where they are to be scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from trainables.data.examples import SPLITS, Example

MARKS = frozenset(sign * mark for sign in (1.0, -1.0) for mark in (99, 999, 9999, 99999, 88, 888)) | {-1.0, -9.0}


def rating_doubts(examples: Sequence[Example], splits: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """A sentence for each rating that clips lack, with their count, and for each that is the same in all clips of a
    split. `splits` is example id -> train | validation | test."""
    found = []
    for place, name in enumerate(names):
        values = {each.id: each.target[place] if place < len(each.target) else None for each in examples}
        missing = sum(value is None for value in values.values())
        if missing:
            found.append(
                f"The rating {name!r} is missing in {missing:,} of {len(examples):,} clips: they have no part in its "
                "loss and score."
            )
        found += _marks(name, [value for value in values.values() if value is not None])
        for split in SPLITS:
            known = {value for key, value in values.items() if value is not None and splits[key] == split}
            if split == "train":  # there the task refuses both
                continue
            if len(known) == 1:
                found.append(
                    f"The rating {name!r} is {known.pop():g} in all {split} clips that have it: no correlation is "
                    "defined there, and it is left out of the mean."
                )
            elif not known:
                found.append(f"No {split} clip has the rating {name!r}: it is left out of the mean there.")
    return found


def _marks(name: str, values: Sequence[float]) -> list[str]:
    """A sentence where some values look like marks for a missing rating: -1 beside numbers that are not negative, or 99
    and the like far from all others."""
    counts = Counter(values)
    for mark in (min(counts, default=0.0), max(counts, default=0.0)):
        others = [value for value in counts if value != mark]
        if len(others) < 2 or mark not in MARKS:
            continue
        low, high = min(others), max(others)
        alone = mark == -1 and low >= 0 and all(other.is_integer() for other in others)
        if alone or min(abs(mark - low), abs(mark - high)) > high - low:
            clips = "1 clip" if counts[mark] == 1 else f"{counts[mark]:,} clips"
            return [
                f"The rating {name!r} is {mark:g} in {clips}, and between {low:g} and {high:g} in all others: does "
                f"{mark:g} mark a missing rating? Leave those cells empty."
            ]
    return []
