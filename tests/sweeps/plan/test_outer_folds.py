"""Outer cross-validation: every clip is tested once, by a sweep that has not seen its group."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sweeps.config.load import load_sweep
from sweeps.config.spec import SweepSpec
from sweeps.plan.data import Clips
from sweeps.plan.outer_folds import outer_folds
from sweeps.plan.prepare import Prepared, rounds_of
from trainables.data.examples import AudioPiece, Example
from trainables.errors import InputError


def examples(folds: int = 4) -> list[Example]:
    """96 clips in 48 groups of two, both labels in each of four folds."""
    return [
        Example(
            f"clip-{number}",
            (AudioPiece(f"{number}.wav"),),
            f"group-{number // 2}",
            "SPEECH" if number // 2 % 2 else "NONSPEECH",
            fold=str(number // 4 % folds),
        )
        for number in range(96)
    ]


def spec(*overrides: str) -> SweepSpec:
    return load_sweep("qwen_lora", overrides)


def prepared(spec: SweepSpec) -> Prepared:
    class Labels:
        stratified = True

    clips = examples()
    nothing: Any = None
    outer = outer_folds(spec, clips, stratify=True)
    return Prepared(spec, nothing, nothing, {}, Labels(), Clips(clips, [0.5] * len(clips)), {}, outer=outer)  # type: ignore[arg-type]


@pytest.mark.parametrize(("wanted", "count"), [("official", 4), ("3", 3), ("leave_one_group_out", 48)])
def test_every_clip_is_tested_once_and_its_group_is_seen_by_nobody(wanted: str, count: int) -> None:
    whole = prepared(spec(f"data.folds={{outer: {wanted}}}"))
    rounds = rounds_of(whole)
    assert len(rounds) == count
    tested = [example.id for _, part in rounds for example in part.of_split("test")]
    assert sorted(tested) == sorted(example.id for example in whole.examples)
    for _, part in rounds:
        groups = {split: {e.group for e in part.of_split(split)} for split in ("train", "validation", "test")}
        assert all(groups.values())
        assert groups["test"].isdisjoint(groups["train"] | groups["validation"])
        assert groups["train"].isdisjoint(groups["validation"])
        assert len(part.of_split("validation")) / (96 - len(part.of_split("test"))) == pytest.approx(0.2, abs=0.05)


def test_inner_folds_are_drawn_anew_in_every_round() -> None:
    for _, part in rounds_of(prepared(spec("data.folds={inner: 3, outer: official}"))):
        assert set(part.folds) == {e.id for e in part.examples if part.splits[e.id] != "test"}
        assert set(part.folds.values()) == {"0", "1", "2"}


def test_without_outer_folds_there_is_one_round() -> None:
    whole = prepared(spec())
    assert rounds_of(whole) == [("-", whole)]


def test_official_folds_have_to_be_there_and_to_keep_groups_whole() -> None:
    official = spec("data.folds={outer: official}")
    with pytest.raises(InputError, match="1 of 96 examples have none"):
        outer_folds(official, [replace(examples()[0], fold=None), *examples()[1:]], stratify=True)
    with pytest.raises(InputError, match="'group-0' stands in several folds"):
        outer_folds(official, [replace(examples()[0], fold="3"), *examples()[1:]], stratify=True)
    with pytest.raises(InputError, match="one fold only"):
        outer_folds(official, examples(folds=1), stratify=True)
