"""Conversations about a sound, as people fine-tune language models with them: `messages` (role, content) or
`conversations` (from, value), or a `query` with its `response`, or Alpaca's `instruction`, `input` and `output`, and
the sound in `audios` (ms-swift "Custom dataset", LLaMA-Factory "data/README.md"); in a CSV also as JSON in a cell. The
answer is what is learnt; the question is read where the task asks (`Wanted.questions`).
"""

from __future__ import annotations

import json
import re
from ast import literal_eval
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from trainables.data.formats.known import KnownTable
from trainables.data.reading import Account, Wanted
from trainables.data.sound.endings import is_sound
from trainables.data.tables.spellings import QUESTION
from trainables.data.tables.table import Row, Table
from trainables.data.tables.values import filled

_LISTS = ("messages", "conversations", "conversation")
_ANSWERING = ("assistant", "gpt", "model", "bot", "chatbot")
_ASKING = ("user", "human")
_SOUNDS = ("audios", "audio", "audio_path")
_ONE_SOUND = ("audio", "audio_path", "audio_file", "wav", "path", "file", "input")  # beside Alpaca's columns
_INLINE = re.compile(r"<audio>\s*([^<>\s][^<>]*?)\s*</audio>")
_PAIRS = (("query", "response"), ("instruction", "output"), ("prompt", "response"))  # question, answer


def _read(path: Path, table: Table, wanted: Wanted, account: Account) -> tuple[Table, Wanted]:
    rows: list[Row] = []
    questions: set[str] = set()
    instructed = 0
    name = wanted.columns.get(QUESTION, QUESTION)
    for where, row in table.rows:
        turns = _turns(row)
        answers = [text for role, text, _ in turns if role in _ANSWERING]
        sounds = _sounds(row) or [sound for _, _, named in turns for sound in named]
        own = row.get(wanted.columns.get(wanted.column, wanted.column))
        if len(sounds) != 1:
            account.leave_out(where, "names no sound." if not sounds else "names several sounds; a clip is one.")
            continue
        if filled(own) is None or isinstance(own, bool):
            if len(answers) != 1:
                account.leave_out(where, "has no answer." if not answers else "has several answers; a clip has one.")
                continue
            row = {**row, wanted.column: answers[0]}
        asked = [_INLINE.sub("", text).replace("<audio>", "").strip() for role, text, _ in turns if role in _ASKING]
        if wanted.questions and name not in row:
            row = {**row, name: "\n".join(filled_in) if (filled_in := [text for text in asked if text]) else None}
        rows.append((where, {**row, "audio": sounds[0]}))
        questions |= set(asked)
        instructed += any(role == "system" for role, _, _ in turns)
    account.origins[wanted.column] = "the answers"
    further = f" and {instructed} instructions to the model" if instructed else ""
    account.guesses.append(
        f"The questions of the conversations are asked ({len(questions)} different), and their answers are learnt"
        f"{f'; {instructed} instructions to the model are not read' if instructed else ''}."
        if wanted.questions
        else f"The answers of the conversations are read, and not the questions ({len(questions)} different{further}): "
        "the task has its own."
    )
    unread = (*_LISTS, *_SOUNDS, *_ONE_SOUND, *(name for pair in _PAIRS for name in pair))
    kept = ("audio", wanted.column, *wanted.columns.values(), *([name] if wanted.questions else []))
    rows = [(where, {key: row[key] for key in row if key in kept or key not in unread}) for where, row in rows]
    return replace(table, rows=rows), wanted


def _turns(row: Mapping[str, Any]) -> list[tuple[str, str, list[Any]]]:
    """(role, text, sounds that it names) of each turn."""
    listed = next((of for name in _LISTS if isinstance(of := _parsed(row.get(name)), list)), None)
    if listed is None:
        question, answer = next(((q, a) for q, a in _PAIRS if a in row), _PAIRS[0])
        further = row.get("input") if question == "instruction" and not _is_sound(row.get("input")) else None
        asked = "\n".join(str(text) for text in (row.get(question), further) if filled(text) is not None)
        listed = [{"role": "user", "content": asked}, {"role": "assistant", "content": row.get(answer)}]
    said = [pair for turn in listed if isinstance(turn, Mapping) for pair in _said(turn)]
    turns = [(role.lower(), *_content(content)) for role, content in said]
    return [turn for turn in turns if turn[0] not in _ANSWERING or turn[1]]


def _said(turn: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """(role, content); some write a question and its answer as one turn, `{human: ..., assistant: ...}`."""
    if "role" in turn or "from" in turn:
        return [(str(turn.get("role", turn.get("from"))), turn.get("content", turn.get("value")))]
    return [(str(role), content) for role, content in turn.items()]


def _content(content: Any) -> tuple[str, list[Any]]:
    """A text, or parts `{type: text | audio, ...}`, as chat templates take them."""
    if not isinstance(content, list):
        text = str(content or "").strip()
        return text, _INLINE.findall(text)
    parts = [part for part in content if isinstance(part, Mapping)]
    text = " ".join(str(part["text"]) for part in parts if part.get("text")).strip()
    named = [
        next((part[key] for key in ("audio", "audio_url", "path", "url") if part.get(key)), None) for part in parts
    ]
    return text, [sound for sound, part in zip(named, parts, strict=True) if part.get("type") != "text" and sound]


def _sounds(row: Mapping[str, Any]) -> list[Any]:
    value = next((of for name in _SOUNDS if (of := filled(_parsed(row.get(name)))) is not None), None)
    if value is None and _is_alpaca(row):
        value = next(row[name] for name in _ONE_SOUND if _is_sound(row.get(name)))
    return [] if value is None else value if isinstance(value, list) else [value]


def _holds_turns(row: Mapping[str, Any]) -> bool:
    turns = next((_parsed(row[name]) for name in _LISTS if name in row), None)
    return isinstance(turns, list) and bool(turns) and isinstance(turns[0], Mapping)


def _is_alpaca(row: Mapping[str, Any]) -> bool:
    return any(_is_sound(row.get(name)) for name in _ONE_SOUND)


def _is_sound(value: Any) -> bool:
    path = value.get("path") if isinstance(value, Mapping) else value
    return isinstance(path, str) and is_sound(path.strip())


def _parsed(value: Any) -> Any:
    """What a cell holds that is JSON in a text, or as Python writes it; any other value as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    for parse in (json.loads, literal_eval):
        try:
            return parse(value.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return value


TABLES = (
    *(KnownTable("conversations", frozenset({name}), {}, _read, _holds_turns) for name in _LISTS),
    *(KnownTable("questions and answers", frozenset({"audios", *pair}), {}, _read) for pair in _PAIRS),
    KnownTable("instructions and their output", frozenset({"instruction", "output"}), {}, _read, _is_alpaca),
)
