"""The command line of a rerun."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.rerun.command import DEFAULT_TOLERANCE, main, parse
from trainables.errors import InputError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "one RUN_ID"),
        (["a", "b"], "one RUN_ID"),
        (["a", "--tolerance"], "a value is missing"),
        (["a", "--tolerance", "nan"], "at least 0"),
        (["a", "--tolerance=-1"], "at least 0"),
        (["a", "--fast"], "--fast is not an option"),
    ],
)
def test_a_wrong_command_line_is_said_in_a_sentence(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said


def test_a_right_one_is_understood() -> None:
    assert parse(["a" * 32]).tolerance == DEFAULT_TOLERANCE
    command = parse(["--tolerance=0", "a" * 32, "--json", "--results", "there"])
    assert (command.run_id, command.tolerance, command.json, command.results) == ("a" * 32, 0.0, True, "there")


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(["a" * 32, "--tolerance", "--tolerance=0.1", "--tolerance=inf", "--results", "--json", ""])
        | st.text(max_size=12),
        max_size=5,
    )
)
def test_any_command_line_is_understood_or_refused(arguments: list[str]) -> None:
    with contextlib.suppress(InputError):
        command = parse(arguments)
        assert 0 <= command.tolerance < math.inf
        assert command.run_id in arguments
