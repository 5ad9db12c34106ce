"""Messages for users: whole, in one line each, and harmless on a terminal."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from trainables.errors import LONGEST_PROBLEM, InputError


def test_one_problem_or_several() -> None:
    assert InputError("a").problems == ("a",)
    assert InputError(["a", "b"]).problems == ("a", "b")
    assert str(InputError(["a", "b"])) == "a\nb"


@given(st.text(max_size=200))
def test_nothing_of_a_file_steers_a_terminal(text: str) -> None:
    (problem,) = InputError(text).problems
    assert problem.isprintable()
    assert not text.isprintable() or problem == text


def test_a_long_quotation_keeps_its_ends() -> None:
    (problem,) = InputError("first " + "x" * 3 * LONGEST_PROBLEM + " last").problems
    assert problem.startswith("first x")
    assert problem.endswith("x last")
    assert len(problem) <= LONGEST_PROBLEM + 5


def test_it_travels_between_processes() -> None:
    error = pickle.loads(pickle.dumps(InputError(["a", "b"])))
    assert isinstance(error, InputError)
    assert error.problems == ("a", "b")
