"""Conversations about a sound: the answer is what is learnt."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


ANSWERS = ("dog", "cat")
QUESTION = "<audio>What is it?"


def messages(answer: str, question: Any = QUESTION) -> list[dict[str, Any]]:
    return [
        {"role": "system", "content": "Listen."},
        {"role": "user", "content": question},
        {"role": "assistant", "content": answer},
    ]


def inline(number: int) -> str:
    return f"<audio>{number}.wav</audio>\nWhat is it?"


def parts(number: int, key: str) -> list[dict[str, str]]:
    return [{"type": "audio", key: f"{number}.wav"}, {"type": "text", "text": "What is it?"}]


FORMS: dict[str, Callable[[int, str], dict[str, Any]]] = {
    "messages": lambda n, a: {"messages": messages(a), "audios": [f"{n}.wav"]},
    "one path": lambda n, a: {"messages": messages(a), "audio": f"{n}.wav"},
    "inline": lambda n, a: {"messages": messages(a, inline(n))},
    "parts": lambda n, a: {"messages": messages(a, parts(n, "audio"))},
    "parts by address": lambda n, a: {"messages": messages(a, parts(n, "audio_url"))},
    "sharegpt": lambda n, a: {
        "conversations": [{"from": "human", "value": QUESTION}, {"from": "gpt", "value": a}],
        "audios": [f"{n}.wav"],
    },
    "pairs": lambda n, a: {"conversation": [{"human": QUESTION, "assistant": a}], "audios": [f"{n}.wav"]},
    "query": lambda n, a: {"query": QUESTION, "response": a, "audios": [f"{n}.wav"]},
    "alpaca": lambda n, a: {"instruction": QUESTION, "input": "", "output": a, "audios": [f"{n}.wav"]},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("column", ["label", "text"])
def test_forms_of_conversations(lay: Lay, read_source: Read, form: str, column: str) -> None:
    rows = [FORMS[form](number, answer) for number, answer in enumerate(ANSWERS)]
    folder = lay(["0.wav", "1.wav"], {"t.jsonl": lines(*rows), "t.json": json.dumps(rows)})
    for name in ("t.jsonl", "t.json"):
        reading = read_source(folder / name, column)
        found = [(Path(clip.audio[0].path).name, clip.target) for clip in reading.examples]
        assert found == [("0.wav", "dog"), ("1.wav", "cat")]
        assert "questions (1 different" in " ".join(reading.account.guesses)
        assert reading.account.origins[column] == "the answers"


@pytest.mark.parametrize("form", FORMS)
def test_questions_are_read_where_the_task_asks(lay: Lay, read_source: Read, form: str) -> None:
    rows = [FORMS[form](number, answer) for number, answer in enumerate(ANSWERS)]
    folder = lay(["0.wav", "1.wav"], {"t.jsonl": lines(*rows)})
    reading = read_source(folder / "t.jsonl", "text", questions=True)
    assert [(clip.target, clip.question) for clip in reading.examples] == [
        ("dog", "What is it?"),
        ("cat", "What is it?"),
    ]
    assert "questions of the conversations are asked (1 different)" in " ".join(reading.account.guesses)
    assert {clip.question for clip in read_source(folder / "t.jsonl", "text").examples} == {None}


def test_several_questions_about_one_sound_are_several_clips_of_one_group(lay: Lay, read_source: Read) -> None:
    asked = [("What is it?", "dog"), ("Is it loud?", "no"), ("Is it loud?", "no")]
    rows = [{"messages": messages(answer, f"<audio>{question}"), "audios": ["0.wav"]} for question, answer in asked]
    folder = lay(["0.wav"], {"t.jsonl": lines(*rows)})
    reading = read_source(folder / "t.jsonl", "text", skip=1, questions=True)
    assert [clip.id for clip in reading.examples] == ["0.wav#1", "0.wav#2"]
    assert {clip.group for clip in reading.examples} == {"0.wav"}
    assert "say the same of it" in reading.account.left_out[0].problem
    with pytest.raises(InputError, match="different answers"):
        read_source(folder / "t.jsonl", "text")


def test_a_table_with_a_column_of_questions(lay: Lay, read_source: Read) -> None:
    text = "audio,text,question,asked\n0.wav,a dog,What is it?,Who?\n1.wav,no,,Where?\n"
    folder = lay(["0.wav", "1.wav"], {"t.csv": text})
    reading = read_source(folder / "t.csv", "text", questions=True)
    assert [clip.question for clip in reading.examples] == ["What is it?", None]
    renamed = read_source(folder / "t.csv", "text", questions=True, question="asked").examples
    assert [clip.question for clip in renamed] == ["Who?", "Where?"]


def test_an_input_of_alpaca_that_is_text_belongs_to_the_question(lay: Lay, read_source: Read) -> None:
    row = {"instruction": "Which?", "input": "a or b", "output": "a", "audios": ["0.wav"]}
    (clip,) = read_source(lay(["0.wav"], {"t.jsonl": lines(row)}) / "t.jsonl", "text", questions=True).examples
    assert clip.question == "Which?\na or b"


def test_a_label_of_its_own_stands_above_the_answer(lay: Lay, read_source: Read) -> None:
    rows = [{"messages": messages("It is a dog.")[:2], "label": n, "audios": [f"{n}.wav"]} for n in (0, 1)]
    examples = read_source(lay(["0.wav", "1.wav"], {"t.jsonl": lines(*rows)}) / "t.jsonl").examples
    assert [clip.target for clip in examples] == ["0", "1"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"messages": messages("dog") * 2, "audios": ["0.wav"]}, "line 2: has several answers"),
        ({"messages": messages("dog")[:2], "audios": ["0.wav"]}, "line 2: has no answer"),
        ({"messages": messages("dog"), "audios": ["0.wav", "1.wav"]}, "line 2: names several sounds"),
        ({"messages": messages("dog"), "audios": []}, "line 2: names no sound"),
        ({"messages": "dog", "audios": ["0.wav"]}, "line 2: has no answer"),
        ({"messages": [1, None], "audios": ["0.wav"]}, "line 2: has no answer"),
    ],
)
def test_rows_that_are_no_clip(lay: Lay, read_source: Read, row: dict[str, Any], expected: str) -> None:
    folder = lay(["0.wav", "1.wav"], {"t.jsonl": lines(FORMS["messages"](0, "dog"), row)})
    with pytest.raises(InputError, match=expected):
        read_source(folder / "t.jsonl")
    assert len(read_source(folder / "t.jsonl", skip=1).examples) == 1


@pytest.mark.parametrize("written", [json.dumps, repr])
@pytest.mark.parametrize("name", ["messages", "conversations"])
def test_turns_that_are_text_in_a_cell(
    lay: Callable[..., Path], read_source: Callable[..., Reading], written: Callable[[Any], str], name: str
) -> None:
    turns = [{"role": "user", "content": '<audio>What is "said"?'}, {"role": "assistant", "content": "it's, one"}]
    quoted = written(turns).replace('"', '""')
    text = f'{name},audios\n"{quoted}","{written(["a.wav"]).replace(chr(34), chr(34) * 2)}"\n'
    (clip,) = read_source(lay(["a.wav"], {"t.csv": text}) / "t.csv", "text").examples
    assert (clip.id, clip.target) == ("a.wav", "it's, one")


@pytest.mark.parametrize("sound", ["audio", "audio_path", "path", "input"])
def test_alpaca(lay: Callable[..., Path], read_source: Callable[..., Reading], sound: str) -> None:
    row = {"instruction": "Write what is said.", "input": "", "output": "one", sound: "a.wav"}
    reading = read_source(lay(["a.wav"], {"t.json": json.dumps([row])}) / "t.json", "text")
    assert [(clip.id, clip.target) for clip in reading.examples] == [("a.wav", "one")]
    assert not reading.account.columns_unread
