"""Questions of pre-training are truly answered, and their tokenizer loses nothing."""

from collections import Counter

import numpy as np

from trainables.backbones.qwen2_audio import (
    AUDIO_TOKEN,
    END_OF_TURN,
    MINIATURE_VOCABULARY,
    SPECIAL_TOKENS,
    chat,
    config,
)
from trainables.miniature.questions import OPEN_WORDS, about, of_clip, open_question, tokenizer
from trainables.miniature.sounds import KINDS, NOT_APPLICABLE, PROPERTIES

BELL = dict.fromkeys(PROPERTIES, 0) | {"kind": KINDS.index("bell"), "rhythm": NOT_APPLICABLE}


def test_true_answers_are_true() -> None:
    rng = np.random.default_rng(0)
    answers = {values[BELL[name]].upper() for name, values in PROPERTIES.items() if name != "rhythm"}
    seen: Counter[bool] = Counter()
    for _ in range(300):
        question = about(rng, BELL)
        assert question.answer in question.prompt
        denied = question.answer.startswith("NON")
        assert (question.answer.removeprefix("NON") in answers) != denied
        seen[denied] += 1
    assert 0.15 < seen[True] / 300 < 0.35  # half of one half


def test_open_questions_come_with_each_answer() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        first, second = open_question(rng)
        assert first.prompt == second.prompt
        assert first.answer != second.answer
        assert first.answer in first.prompt
        assert second.answer in first.prompt
    assert not {word for values in PROPERTIES.values() for word in values} & set(OPEN_WORDS)
    assert len(of_clip(rng, BELL, 2)) == 4


def test_tokeniser_fits_the_model() -> None:
    made = tokenizer(MINIATURE_VOCABULARY)
    assert len(made) == MINIATURE_VOCABULARY
    assert made.convert_ids_to_tokens(range(len(SPECIAL_TOKENS))) == list(SPECIAL_TOKENS)
    assert made.convert_tokens_to_ids(AUDIO_TOKEN) == config("mini-1m").audio_token_id  # type: ignore[attr-defined]
    assert made.convert_tokens_to_ids(END_OF_TURN) != made.unk_token_id


def test_tokeniser_loses_nothing_and_keeps_the_chat_short() -> None:
    made = tokenizer(MINIATURE_VOCABULARY)
    text = "Überall, 3.5 kHz?\n Answer DIGIT or ENVIRONMENT."
    assert made.decode(made(text, add_special_tokens=False)["input_ids"]) == text
    prompt = "Does this clip contain speech? Answer SPEECH or NONSPEECH."
    before, after = chat(prompt, "qwen2_audio")
    assert len(made(before + after, add_special_tokens=False)["input_ids"]) <= 24
