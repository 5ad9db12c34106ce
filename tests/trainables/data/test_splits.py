from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data.examples import Example
from trainables.data.splits import SplitRow, draw_folds, draw_splits, summarise
from trainables.errors import InputError


def clip(name: str, group: str, label: str = "a", split: str | None = None) -> Example:
    return Example(id=name, audio=(), group=group, target=label, split=split)


def even(groups: int = 40, clips: int = 5) -> list[Example]:
    return [clip(f"{a}{g}-{i}", f"{a}{g}", a) for a in "ab" for g in range(groups) for i in range(clips)]


def sides(examples: list[Example], splits: dict[str, str]) -> dict[str, set[str]]:
    """Group -> splits that hold a part of it."""
    found: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        found[example.group].add(splits[example.id])
    return found


def test_equal_groups_meet_the_shares_exactly():
    examples = even()
    splits = draw_splits(examples, validation=0.2, test=0.4, seed=42, stratify=True)
    assert Counter((splits[e.id], e.target) for e in examples) == {
        ("train", "a"): 80,
        ("train", "b"): 80,
        ("validation", "a"): 40,
        ("validation", "b"): 40,
        ("test", "a"): 80,
        ("test", "b"): 80,
    }
    assert all(len(of_group) == 1 for of_group in sides(examples, splits).values())


def test_six_speakers_against_three_hundred_sources():
    rng = np.random.default_rng(0)
    examples = [clip(f"s{g}-{i}", f"s{g}", "a") for g in range(6) for i in range(40)]
    examples += [clip(f"n{i}", f"n{rng.integers(300)}", "b") for i in range(240)]
    for seed in range(5):
        splits = draw_splits(examples, validation=0.2, test=0.4, seed=seed, stratify=True)
        speakers = Counter(next(iter(side)) for group, side in sides(examples, splits).items() if group[0] == "s")
        assert sorted(speakers.values()) == [1, 2, 3]
        others = Counter(splits[e.id] for e in examples if e.target == "b")
        assert others == {"train": 96, "validation": 48, "test": 96}


def test_the_seed_decides_and_the_order_does_not():
    examples = even()
    first = draw_splits(examples, validation=0.2, test=0.4, seed=1, stratify=True)
    assert first == draw_splits(examples[::-1], validation=0.2, test=0.4, seed=1, stratify=True)
    assert first != draw_splits(examples, validation=0.2, test=0.4, seed=2, stratify=True)


def test_every_split_gets_every_label_that_has_enough_groups():
    # a rare label in three groups of very different size, each mixed with the common one
    examples = [clip(f"c{i}", f"c{i}", "a") for i in range(30)]
    for group, (rare, common) in {"x": (10, 3), "y": (1, 20), "z": (1, 1)}.items():
        examples += [clip(f"{group}r{i}", group, "b") for i in range(rare)]
        examples += [clip(f"{group}c{i}", group, "a") for i in range(common)]
    for seed in range(10):
        splits = draw_splits(examples, validation=0.2, test=0.2, seed=seed, stratify=True)
        assert {splits[e.id] for e in examples if e.target == "b"} == {"train", "validation", "test"}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from("abc")), min_size=12, max_size=60),
    st.integers(0, 2**32 - 1),
)
def test_no_group_ever_stands_on_two_sides(pairs, seed):
    examples = [clip(str(i), f"g{group}", label) for i, (group, label) in enumerate(pairs)]
    try:
        splits = draw_splits(examples, validation=0.25, test=0.25, seed=seed, stratify=False)
    except InputError:
        assert len({e.group for e in examples}) < 3
        return
    assert set(splits) == {e.id for e in examples}
    assert set(splits.values()) == {"train", "validation", "test"}
    assert all(len(of_group) == 1 for of_group in sides(examples, splits).values())


def test_a_complete_split_column_stands():
    names = {0: "train", 1: "validation", 2: "test"}
    examples = [replace(e, split=names[int(e.group[1:]) % 3]) for e in even(groups=6)]
    splits = draw_splits(examples, validation=0.1, test=0.1, seed=0, stratify=True)
    assert splits == {e.id: e.split for e in examples}


def test_validation_is_drawn_from_train_where_the_column_lacks_it():
    examples = [replace(e, split="test" if int(e.group[1:]) < 10 else "train") for e in even(groups=20)]
    splits = draw_splits(examples, validation=0.2, test=0.4, seed=0, stratify=True)
    assert all((splits[e.id] == "test") == (e.split == "test") for e in examples)
    assert Counter((splits[e.id], e.target) for e in examples)["validation", "a"] == 10  # a fifth of 50
    assert all(len(of_group) == 1 for of_group in sides(examples, splits).values())


@pytest.mark.parametrize(
    ("examples", "words"),
    [
        ([], "no examples"),
        ([clip("1", "g"), clip("2", "h", "b")], "2 groups cannot fill 3 splits"),
        ([clip(str(i), str(i), "a") for i in range(9)], "at least two labels"),
        ([clip(str(i), str(i), "a" if i < 8 else "b") for i in range(9)], "holds the label 'a' only"),
        ([clip(str(i), str(i), "ab"[i % 2], "train") for i in range(8)] + [clip("x", "x")], "fill it for all"),
        (
            [clip(f"{g}{i}", f"{g}", "ab"[g % 2], ["train", "test"][i]) for g in range(8) for i in range(2)],
            "own split puts group '0' on several sides .* and 7 further groups.*data.columns: {group: \"\"}",
        ),
        ([clip(str(i), str(i), "ab"[i % 2], "test") for i in range(8)], "The train split is empty"),
        ([clip(str(i), str(i), "ab"[i % 2], "holdout") for i in range(8)], "'holdout'"),
    ],
)
def test_what_cannot_be_split_is_said(examples, words):
    with pytest.raises(InputError, match=words):
        draw_splits(examples, validation=0.2, test=0.2, seed=0, stratify=True)


@pytest.mark.parametrize(("validation", "test"), [(0.5, 0.5), (-0.1, 0.2), (0.9, 0.9)])
def test_shares_must_leave_training_data(validation, test):
    with pytest.raises(InputError, match="below 1"):
        draw_splits(even(), validation=validation, test=test, seed=0, stratify=True)


def test_every_problem_is_said_at_once():
    examples = [clip(str(i), str(i), "a" if i < 8 else "b") for i in range(9)]
    with pytest.raises(InputError) as caught:
        draw_splits(examples, validation=0.2, test=0.2, seed=0, stratify=True)
    assert len(caught.value.problems) == 2  # two of the three splits lack b


def test_folds_are_even_and_by_group():
    examples = even(groups=20)
    folds = draw_folds(examples, 5, seed=3)
    assert set(folds.values()) == {"0", "1", "2", "3", "4"}
    assert set(Counter((folds[e.id], e.target) for e in examples).values()) == {20}
    assert all(len(of_group) == 1 for of_group in sides(examples, folds).values())
    assert folds == draw_folds(examples, 5, seed=3) != draw_folds(examples, 5, seed=4)


def test_folds_need_groups():
    with pytest.raises(InputError, match="3 groups"):
        draw_folds([clip(str(i), str(i % 3)) for i in range(9)], 4, seed=0)
    with pytest.raises(InputError, match="at least 2"):
        draw_folds(even(), 1, seed=0)


def test_the_summary_names_labels_that_a_split_lacks():
    examples = [clip("1", "g", "a"), clip("2", "g", "a"), clip("3", "h", "b")]
    assert summarise(examples, {"1": "train", "2": "train", "3": "test"}) == [
        SplitRow("train", "a", 2, 1),
        SplitRow("train", "b", 0, 0),
        SplitRow("test", "a", 0, 0),
        SplitRow("test", "b", 1, 1),
    ]


def test_targets_that_are_no_labels_are_not_stratified():
    examples = [Example(id=str(i), audio=(), group=str(i), target=[i / 9, 0.5]) for i in range(10)]
    splits = draw_splits(examples, validation=0.2, test=0.2, seed=0, stratify=False)
    assert Counter(splits.values()) == {"train": 6, "validation": 2, "test": 2}
    assert [row.label for row in summarise(examples, splits, stratify=False)] == ["-", "-", "-"]
