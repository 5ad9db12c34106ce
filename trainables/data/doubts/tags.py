"""What is odd about clips of several labels: labels that a split lacks, and clips that have none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from trainables.data.doubts.labels import JOINTS, several_in_one
from trainables.data.doubts.words import listed
from trainables.data.examples import SPLITS, Example


def tag_doubts(examples: Sequence[Example], splits: Mapping[str, str], labels: Sequence[str]) -> list[str]:
    """A sentence for each split that lacks labels, and how many clips have no label at all. `splits` is example id ->
    train | validation | test."""
    found = []
    empty = sum(not example.target for example in examples)
    if empty:
        found.append(f"{empty:,} of {len(examples):,} clips have no label: nothing of {len(labels)} is heard there.")
    found += several_in_one(Counter(label for each in examples for label in each.target), joints=(*JOINTS, " "))
    for split in SPLITS:
        own = [each for each in examples if splits[each.id] == split]
        counts = Counter(label for each in own for label in each.target)
        never = [label for label in labels if not counts[label]]
        if own and never and split != "train":  # there the task refuses it
            found.append(
                f"No {split} clip has {listed([repr(label) for label in never])} ({len(never)} of {len(labels)} "
                "labels): they are left out of the means there."
            )
    return found
