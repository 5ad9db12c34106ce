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
