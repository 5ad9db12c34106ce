"""The words of the command line. The whole way stands in test_main_job.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.predict.command import Command, left, main, parse
from sweeps.predict.inputs import clip_of
from trainables.errors import InputError


def test_words_and_options() -> None:
    assert parse(["birds", "a.wav", "b/", "--seed", "7", "--arm", "baseline", "--output", "x.csv"]) == Command(
        "birds", ("a.wav", "b/"), arm="baseline", seed=7, output=Path("x.csv")
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no SWEEP and no INPUT"),
        (["birds"], "no INPUT was given for 'birds'"),
        (["b", "a", "--seed", "x"], "--seed"),
    ],
)
def test_what_is_missing(words: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse(words)


def test_nothing_is_loaded_for_a_sweep_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["birds", "a.wav", "--results", str(tmp_path)]) == 2
    assert "holds no sweep 'birds'" in capsys.readouterr().err


def test_clips_that_have_an_answer_are_left_out() -> None:
    wanted = [clip_of(f"/{name}.wav") for name in "abc"]
    assert [clip.id for clip in left(iter(wanted), {("/b.wav", 0.0, None)})] == ["/a.wav", "/c.wav"]
