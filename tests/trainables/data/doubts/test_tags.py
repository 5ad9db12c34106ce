"""Labels that a split lacks and clips without any are said with their counts."""

from __future__ import annotations

import pytest

from trainables.data.doubts.tags import tag_doubts
from trainables.data.examples import Example


def test_what_is_said() -> None:
    targets = {"a": ["dog"], "b": ["rain", "dog"], "c": [], "d": ["rain"]}
    examples = [Example(name, (), name, labels) for name, labels in targets.items()]
    splits = {"a": "train", "b": "train", "c": "validation", "d": "test"}
    found = tag_doubts(examples, splits, ("dog", "rain"))
    assert found == [
        "1 of 4 clips have no label: nothing of 2 is heard there.",
        "No validation clip has 'dog', 'rain' (2 of 2 labels): they are left out of the means there.",
        "No test clip has 'dog' (1 of 2 labels): they are left out of the means there.",
    ]
    assert tag_doubts(examples[:2], dict.fromkeys(targets, "train"), ("dog", "rain")) == []


@pytest.mark.parametrize(("label", "doubted"), [("dog+rain", True), ("dog rain", True), ("dog bark", False)])
def test_a_label_that_reads_as_several(label: str, doubted: bool) -> None:
    targets = {"a": ["dog"], "b": ["rain"], "c": [label]}
    examples = [Example(name, (), name, labels) for name, labels in targets.items()]
    found = tag_doubts(examples, dict.fromkeys(targets, "train"), ("dog", "rain", label))
    assert ["read as several in one" in sentence for sentence in found] == [True] * doubted
