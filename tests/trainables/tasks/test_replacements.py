"""Words of one's own that count as equal."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainables.errors import InputError
from trainables.tasks.replacements import read_replacements
from trainables.tasks.texts import normalised
from trainables.tasks.transcription import Transcription


@pytest.mark.parametrize(
    ("entries", "text", "expected"),
    [
        (("okay -> ok", "uh ->"), "Okay, uh, okays!", "ok okays"),
        (("Dr. -> doctor",), "Dr. Who", "doctor who"),
        (("new york -> nyc", "york -> jorvik"), "New York and York", "nyc and jorvik"),
        (("a -> b", "b -> a"), "a b", "b a"),
        (("don't -> do not",), "don\u2019t", "do not"),
        (("a.c -> x",), "abc a c", "abc x"),
    ],
)
def test_whole_words_once_the_longest_first(entries: tuple[str, ...], text: str, expected: str) -> None:
    assert normalised(text, "basic", "en", entries) == expected
    assert Transcription(replacements=entries).form(text) == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", '{"okay": "ok", "uh": ""}'),
        ("a.csv", "from,to\nokay,ok\n\nuh,\n"),
        ("a.csv", "\ufeffokay,ok\nuh,\n"),
        ("a.tsv", "okay\tok\nuh\t\n"),
    ],
)
def test_files(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert read_replacements(tmp_path / name) == ("okay -> ok", "uh ->")
    task = Transcription(replacements=name).with_files(tmp_path)
    assert task.replacements == ("okay -> ok", "uh ->")
    assert task.form("Okay, uh") == "ok"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", '["okay"]', "one JSON object"),
        ("a.json", '{"okay": 1}', "one JSON object"),
        ("a.json", "{", "is no JSON"),
        ("a.json", "{}", "holds no replacement"),
        ("a.csv", "a,b,c\n", "two columns"),
        ("a.txt", "a b", "must be a .json"),
        ("a.json", None, "cannot be read"),
        ("a.json", b"\xff\xfe", "not written in UTF-8"),
    ],
)
def test_what_a_file_may_not_be(tmp_path: Path, name: str, content: str | bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=said):
        read_replacements(tmp_path / name)


def test_every_wrong_entry_is_named() -> None:
    with pytest.raises(InputError) as raised:
        Transcription(replacements=("okay", "... -> x", "a -> b", "A! -> c"))
    said = ("must be FROM", "holds no word", "becomes 'b' and 'c'")
    assert len(raised.value.problems) == len(said)
    assert all(part in problem for part, problem in zip(said, raised.value.problems, strict=True))
