"""YAML as values with lines; the traps of YAML 1.1; and text that means harm."""

from __future__ import annotations

import time

import pytest

from sweeps.config.located_yaml import dump, parse
from trainables.errors import InputError


def plain(text: str) -> object:
    root, problems = parse(text, "x")
    assert not problems
    return root.plain()


def test_numbers_are_those_of_yaml_1_2() -> None:
    assert plain("[1e-3, 1.5E+2, 2e5, .5, 3., 010, -7, 1_000, 1:30, 0x1F, .inf]") == [
        1e-3, 150.0, 2e5, 0.5, 3.0, 10, -7, "1_000", "1:30", "0x1F", float("inf"),
    ]  # fmt: skip
    assert plain('[yes, off, "off", ~, null, none, 2024-01-01, <<]') == [
        "yes", "off", "off", None, None, "none", "2024-01-01", "<<",
    ]  # fmt: skip


def test_what_is_dumped_reads_back() -> None:
    values = {
        "a": ["yes", "1e-3", "010", "", "~", "null", "1:30", 1e-5, 1, True, None, "é\n\u2028#: "],
        "on": {"no": []},
    }
    assert plain(dump(values)) == values


def test_lines_of_keys_and_of_list_entries() -> None:
    root, _ = parse("a:\n  b:\n    - 1\n    - 2\nc: 3\n", "f")
    assert [root.locate(path) for path in [("a",), ("a", "b"), ("a", "b", 1), ("c",), ("a", "zzz"), ("zzz",)]] == [
        "f:1", "f:2", "f:4", "f:5", "f:1", "f:1",
    ]  # fmt: skip


def test_every_problem_that_does_not_stop_the_reading() -> None:
    _, problems = parse("a: 1\na: 2\nb: !!set {x}\n[c]: 1\nd: !!int x\ne: !own 3\n", "f")
    assert [problem.split(": ")[0] for problem in problems] == ["f:2", "f:3", "f:4", "f:5", "f:6"]


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "aliases"),
        ("a: &a [*a]", "refer to themselves"),
        ("a: &a {b: *a}", "refer to themselves"),
        ("a: *nowhere", "x:1: not valid YAML"),
        ("[" * 50_000, "nested deeper"),
        ("a: " + "{b: " * 40, "nested deeper"),
        ("- 1\n" * 30_000, "more than 20000 values"),
        ("a: 1\n\tb: 2", "x:2: not valid YAML"),
        ("a: 1\nb: \x07", "x:2: not valid YAML: a character"),
        ("a: \udcff", "not valid YAML: a character"),
        ("%YAML 3.0\n---\na: 1", "not valid YAML"),
        ("a: 'x", "not valid YAML"),
        ("? a\n? [b\n", "not valid YAML"),
        ("x" * 300_000, "longer than"),
    ],
    ids=lambda value: value[:12],
)
def test_harmful_text_gets_one_clear_error_and_fast(text: str, message: str) -> None:
    start = time.process_time()
    with pytest.raises(InputError, match=message) as caught:
        parse(text, "x")
    assert len(caught.value.problems) == 1
    assert time.process_time() - start < 20


def test_a_number_too_long_for_python() -> None:
    _, problems = parse("a: " + "9" * 5000, "x")
    assert len(problems) == 1
    assert "cannot be read as a number" in problems[0]


def test_an_alias_in_a_modest_file_is_fine() -> None:
    assert plain("a: &a {b: 1}\nc: *a") == {"a": {"b": 1}, "c": {"b": 1}}
