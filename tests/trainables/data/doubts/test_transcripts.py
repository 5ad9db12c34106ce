"""What is wrong with transcripts, or doubtful, is found and counted before any compute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from trainables.data.doubts.transcripts import language_advice, language_problems, usable_texts, without_spaces
from trainables.data.examples import AudioPiece, Example
from trainables.data.reading import Account
from trainables.errors import InputError
from trainables.tasks.answering import Answering
from trainables.tasks.languages import SPOKEN
from trainables.tasks.transcription import Transcription
from trainables.writing import Spelling, TextLimits, Writer

LIMITS = TextLimits(124, answer_tokens=64)
TOLD = Spelling(
    "whisper",
    Writer(LIMITS, LIMITS, ("<|en|>",), tuple(SPOKEN), told_language=True),
    miniature=True,
    count=None,
    control_tokens=frozenset({"<|en|>"}),
)
UNTOLD = Spelling(
    "moonshine",
    Writer(LIMITS, LIMITS, ("<unk>",), ("en",), told_language=False),
    miniature=True,
    count=None,
    control_tokens=frozenset({"<unk>"}),
)


def example(number: int, text: str) -> Example:
    name = f"c{number}.wav"
    return Example(name, (AudioPiece(f"/x/{name}"),), name, text)


def read(
    texts: Sequence[str], spellings: Sequence[Spelling] = (TOLD,), further: bool = False, **options: Any
) -> tuple[list[str], Account]:
    account = Account()
    examples = [example(number, text) for number, text in enumerate(texts)]
    kept = usable_texts(examples, Transcription(**options), spellings, account, further=further)
    return [each.target for each in kept], account


@pytest.mark.parametrize(
    "text",
    ["<|0.00|> one<|1.00|>", "<|en|>one", "one</s>", "[INST] one [/INST]", "one<|endoftext|>", "<\uff5cx\uff5c>one"],
)
def test_control_tokens_are_refused_or_stripped(text: str) -> None:
    kept, account = read([text, "two"])
    assert kept == ["two"]
    assert [row.where.partition(" ")[0] for row in account.left_out] == ["c0.wav"]
    assert "task.control_tokens: strip" in account.left_out[0].problem
    kept, account = read([text, "two"], control_tokens="strip")
    assert kept == ["one", "two"]
    assert not account.left_out
    assert account.guesses[0].startswith("control tokens are taken out of 1 text (")


def test_a_tokenizers_own_tokens_are_control_tokens_for_it_alone() -> None:
    assert read(["a <unk> b"], [UNTOLD])[1].left_out
    kept, account = read(["a <unk> b"], [TOLD])
    assert kept == ["a <unk> b"]
    assert account.advice[0].startswith("Words in brackets stand in 1 of 1 texts (<unk>)")


@pytest.mark.parametrize("text", ["", " \t", "...", "\u200b", "\u266a", "<|nospeech|>"])
def test_a_text_without_a_word(text: str) -> None:
    strip = {"control_tokens": "strip"}
    kept, account = read([text, "two"], **strip)
    assert kept == ["two"]
    assert "task.empty_texts: keep" in account.left_out[0].problem
    assert "data.skip" in account.left_out[0].problem
    kept, account = read([text, "two"], empty_texts="keep", **strip)
    assert kept == ["", "two"]
    assert "nothing is said in 1 of 2 clips: their texts are empty" in account.guesses


def test_further_test_data_of_silence_alone_is_kept() -> None:
    assert read(["", "..."], further=True)[0] == ["", ""]
    assert read(["", "one"], further=True)[0] == ["one"]
    assert read(["", ""])[0] == []


def test_texts_are_taught_in_one_form() -> None:
    assert read([" cafe\u0301\tnoir\u00a0\n", "\u0645\u06cc\u200c\u062e"])[0] == [
        "caf\u00e9 noir",
        "\u0645\u06cc\u200c\u062e",
    ]


def test_what_may_not_be_said_is_counted() -> None:
    _, account = read(
        [
            "[music] a",
            "(laughs) b",
            "00:00:01,500 --> 00:00:02,000 c",
            "co\u00adoperate",
            "\u0645\u06cc\u200c\u062e",
            "d",
        ]
    )
    assert [sentence.partition(" (")[0] for sentence in account.advice] == [
        "Words in brackets stand in 2 of 6 texts",
        "Times stand in 1 of 6 texts",
        "Marks that show nothing stand in 1 of 6 texts",
    ]
    assert "(U+00AD)" in account.advice[2]
    assert not read(["[music] a"], normalise="english")[1].advice
    assert read(["nan", "a", "NULL"])[1].advice[0].startswith("2 texts of 3 say 'nan', 'NULL': is that said")
    assert read(["a b"] * 12)[1].advice == ["All 12 texts are the same ('a b'): is it the right column?"]
    assert not read(["one two", "it's 19:30", "a < b"])[1].advice


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["今天天气很好", "我要喝水"], True),
        (["今日はいい天気ですね"], True),
        (["วันนี้อากาศดีมาก"], True),
        (["今天 天气 很好"], False),
        (["one two", "three"], False),
        (["नमस्ते दुनिया"], False),
        (["안녕하세요 여러분"], False),
        (["one", "好"], False),
        ([""], False),
    ],
)
def test_scripts_without_spaces(texts: list[str], found: bool) -> None:
    assert without_spaces(texts) is found


@pytest.mark.parametrize(("code", "said"), [("ku", "near it are"), ("zz", "near it are"), ("yue", "told no language")])
def test_a_language_that_nobody_can_be_told(code: str, said: str) -> None:
    (problem,) = language_problems(Transcription(language=code), [TOLD, UNTOLD])
    assert problem.startswith("task.language: whisper is told no language")
    assert said in problem


def in_languages(
    languages: Sequence[str | None], spelling: Spelling, **options: Any
) -> tuple[list[str | None], Account]:
    account = Account()
    examples = [replace(example(number, "one"), language=code) for number, code in enumerate(languages)]
    kept = usable_texts(examples, Transcription(**options), [spelling], account, further=False)
    return [each.language for each in kept], account


def test_the_language_of_a_row_becomes_a_code() -> None:
    kept, account = in_languages(["en-US", "German", "deu", None], TOLD, language="fr")
    assert kept == ["en", "de", "de", None]
    assert account.guesses == [
        "the language of every clip is in its row: de (German) 2, en (English) 1, fr (French) 1",
    ]
    assert not account.left_out


def test_languages_of_rows_that_nobody_can_be_told() -> None:
    kept, account = in_languages(["en", "ku", "?!"], TOLD)
    assert kept == ["en"]
    assert [row.where for row in account.left_out] == ["c1.wav", "c2.wav ('?!')"]
    kept, account = in_languages(["en", "ku", "de"], UNTOLD)
    assert kept == ["en", "ku", "de"]
    assert account.advice == ["2 clips are in a language that moonshine does not write; it is told no language."]


@pytest.mark.parametrize("normalise", ["numbers", "english"])
def test_one_form_of_one_language(normalise: str) -> None:
    with pytest.raises(InputError, match="take basic"):
        in_languages(["en", "de"], TOLD, normalise=normalise)
    assert in_languages(["en", "en-GB"], TOLD, normalise=normalise)[0] == ["en", "en"]


def test_languages_that_can_be_told() -> None:
    for code in SPOKEN:
        assert language_problems(Transcription(language=code), [TOLD]) == []
    assert language_advice(Transcription(), [TOLD, UNTOLD]) == []
    untold, miniature = language_advice(Transcription(language="de"), [TOLD, UNTOLD])
    assert untold.startswith("moonshine writes en (English) and is told no language")
    assert "de (German) is rehearsed, not known" in miniature


def test_questions_are_counted_and_hold_no_control_tokens() -> None:
    account = Account()
    given = [example(number, "yes") for number in range(3)]
    given[0], given[1] = replace(given[0], question="Is it<unk> loud?"), replace(given[1], question="Is it high?")
    task = Answering(prompt="What is it?")
    kept = usable_texts(given, task, [UNTOLD], account, further=False)
    assert [each.question for each in kept] == ["Is it high?", None]
    assert [row.where for row in account.left_out] == ["c0.wav (<unk>)"]
    assert "1 of 2 clips are asked the question of their row (1 different); the other 1 are asked task.prompt" in (
        account.guesses
    )
    kept = usable_texts(given, replace(task, control_tokens="strip"), [UNTOLD], Account(), further=False)
    assert [each.question for each in kept] == ["Is it  loud?", "Is it high?", None]
