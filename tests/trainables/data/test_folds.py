"""What each inner fold trains on and what validates it."""

from __future__ import annotations

from pathlib import Path

from trainables.data.folds import fold_clips
from trainables.data.sound.store import SplitStore


def ids(clips: object) -> list[str]:
    return [example.id for example in clips.examples]  # type: ignore[attr-defined]


def test_without_folds_the_two_splits_stand_under_the_outer_fold(tone_stores: dict[str, Path]) -> None:
    stores = {split: SplitStore(folder) for split, folder in tone_stores.items()}
    assert fold_clips(stores, {}) == {"-": (stores["train"], stores["validation"])}
    assert list(fold_clips(stores, {}, "3")) == ["3"]


def test_every_clip_outside_test_validates_one_fold_and_trains_the_others(tone_stores: dict[str, Path]) -> None:
    stores = {split: SplitStore(folder) for split, folder in tone_stores.items()}
    seen = [example.id for split in ("train", "validation") for example in stores[split].examples]
    folds = {name: str(place % 3) for place, name in enumerate(seen)}
    found = fold_clips(stores, folds, "official")
    assert list(found) == ["official.0", "official.1", "official.2"]
    assert sorted(name for _, held_out in found.values() for name in ids(held_out)) == sorted(seen)
    for train, held_out in found.values():
        assert sorted(ids(train) + ids(held_out)) == sorted(seen)
