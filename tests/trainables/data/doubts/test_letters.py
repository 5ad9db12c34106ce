"""Texts that a recogniser by CTC cannot write are found before any compute, with what they lack."""

from __future__ import annotations

from dataclasses import replace

from trainables import registry
from trainables.data.doubts.letters import unspellable
from trainables.data.doubts.text_lengths import answer_length, too_long
from trainables.data.examples import AudioPiece, Example
from trainables.data.reading import Account
from trainables.modeling.spellings import spellings
from trainables.modeling.vocabulary import Vocabulary
from trainables.writing import Frames, Spelling

WRITER = registry.backbone("wav2vec2").WRITER


def examples(*texts: str) -> list[Example]:
    return [Example(f"c{n}", (AudioPiece(f"/c{n}"),), f"c{n}", text) for n, text in enumerate(texts)]


def new_letters() -> Spelling:
    (found,) = spellings(registry.backbone("wav2vec2"), [], miniature=True, fetch=False)
    return found


def test_frames_of_a_clip_are_those_of_the_convolutions() -> None:
    """49 of a second, as published; 400 samples for the first, 320 for each further one."""
    frames = Frames(16_000, 400, 320)
    assert [frames.of(samples / 16_000) for samples in (0, 399, 719, 720, 16_000)] == [1, 1, 1, 2, 49]
    assert WRITER is not None
    assert WRITER.frames == frames


def test_a_text_with_more_letters_than_frames() -> None:
    account = Account()
    given = examples("aa", "ab", "a" * 10, "ab cd ef")
    seconds = [0.045, 0.045, 0.38, 0.18]  # 2, 2, 18 and 8 frames
    assert unspellable(given, seconds, [new_letters()], account) == {"c0", "c2"}
    assert [row.where for row in account.left_out] == ["c0 (3 letters in 2 frames)", "c2 (19 letters in 18 frames)"]
    assert "data.skip" in account.left_out[0].problem


def test_letters_that_a_recogniser_lacks_are_named_and_counted() -> None:
    letters = Vocabulary.made(tuple("abc"))
    known = Spelling("it", new_letters().writer, False, None, frozenset(), letters.lacking, letters.fold)
    account = Account()
    found = unspellable(examples("Abc!", "bad", "dad 5", "cab"), [9.0] * 4, [known], account)
    assert found == {"c1", "c2"}
    assert [row.where for row in account.left_out] == ["c1 (d)", "c2 (d 5)"]
    assert "it has no letter for what the text holds (in all texts: d 3, 5 1)" in account.left_out[0].problem


def test_a_decoders_limits_do_not_ask_it() -> None:
    account = Account()
    given = examples("a" * 10_000)
    assert too_long(given, [new_letters()], account) == set()
    assert answer_length([(given, [1.0])], [new_letters()]) == (1.0, 0)
    assert not account.advice


def test_a_text_that_no_recogniser_can_write_is_one_row() -> None:
    """`data.skip` counts rows: three recognisers, or both reasons, make no three rows of one."""
    short = Vocabulary.made(tuple("ab"))
    both = [replace(new_letters(), backbone=name, lacking=short.lacking) for name in ("one", "two")]
    account = Account()
    given = examples("abc" * 9, "ab" * 9, "ab")
    assert unspellable(given, [0.1] * 3, [*both, new_letters()], account) == {"c0", "c1"}
    assert [row.where for row in account.left_out] == ["c0 (c)", "c1 (18 letters in 4 frames)"]
    assert "one and two have no letter for what the text holds (in all texts: c 9)" in account.left_out[0].problem
    assert "one and two and wav2vec2 say at most one letter" in account.left_out[1].problem
    again = Account()
    assert unspellable(given, [0.1] * 3, both, again, known={"c0", "c1"}) == set()
    assert not again.left_out


def test_letters_that_the_file_says_are_mended_in_the_file() -> None:
    told = [replace(new_letters(), lacking=Vocabulary.made(("a",)).lacking, told_letters=True)]
    account = Account()
    assert unspellable(examples("ab"), [9.0], [*told, replace(told[0], backbone="hubert")], account) == {"c0"}
    (row,) = account.left_out
    assert row.problem.startswith("task.vocabulary has no letter for what the text holds (in all texts: b 1): add them")
