"""Sentences that stand on both sides of a split are counted."""

from __future__ import annotations

from trainables.data.doubts.said_again import repeated_sentences
from trainables.data.examples import Example


def clips(**texts: str) -> list[Example]:
    return [Example(name, (), name, text) for name, text in texts.items()]


SPLITS = {"a": "train", "b": "train", "c": "validation", "d": "test", "e": "test"}


def test_what_is_said() -> None:
    texts = {"a": "She had your dark suit.", "b": "Don't ask me", "c": "don't  ask ME!", "d": "she had your DARK suit"}
    (said,) = repeated_sentences(clips(**texts, e="she had your suit"), SPLITS)
    assert said.startswith("1 of 1 validation clips and 1 of 2 test clips say the same sentence as a training clip")
    assert "(\"don't  ask ME!\", 'she had your DARK suit')" in said
    assert "the same `group`" in said


def test_new_sentences_and_short_texts_are_no_matter() -> None:
    assert not repeated_sentences(clips(a="one two", b="", c="one two", d="", e="three four five six"), SPLITS)
    assert not repeated_sentences(clips(a="a b c d", b="x", c="a b c", d="a b c d e", e="y"), SPLITS)
    assert not repeated_sentences(clips(a="a b c d", b="a b c d"), SPLITS)
    assert not repeated_sentences([], SPLITS)


def test_every_repeated_clip_counts_and_a_few_are_shown() -> None:
    examples = [Example(f"{side}{n}", (), "g", f"sentence number {n}") for side in ("train", "test") for n in range(9)]
    splits = {example.id: example.id[:-1] for example in examples}
    (said,) = repeated_sentences(examples, splits)
    assert said.startswith("9 of 9 test clips say")
    assert "'sentence number 2' and 6 more)" in said
