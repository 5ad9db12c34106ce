"""The clips of every inner fold."""

from __future__ import annotations

from collections.abc import Mapping

from trainables.data.clips import Clips, Selection
from trainables.data.sound.store import SplitStore
from trainables.records import NO_FOLD


def fold_clips(
    stores: Mapping[str, SplitStore], folds: Mapping[str, str], outer_fold: str = NO_FOLD
) -> dict[str, tuple[Clips, Clips]]:
    """What each inner fold trains on and what validates it; without them the two splits, under the outer fold."""
    if not folds:
        return {outer_fold: (stores["train"], stores["validation"])}
    both = [stores["train"], stores["validation"]]
    held_out = {
        name: {example for example, fold in folds.items() if fold == name} for name in sorted(set(folds.values()))
    }
    prefix = "" if outer_fold == NO_FOLD else f"{outer_fold}."
    return {
        prefix + name: (Selection(both, folds.keys() - ids), Selection(both, ids)) for name, ids in held_out.items()
    }
