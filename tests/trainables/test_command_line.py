"""Words into options with every problem at once; and the exit status and sentence of every way that a command ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from trainables import command_line
from trainables.command_line import NOT_NEGATIVE, Exit, Parser, number, to_copy
from trainables.errors import InputError, SweepFailed, SweepStopped


@pytest.fixture
def parser() -> Parser:
    parser = Parser("a.b", "SWEEP [options]", "Does.", exits={Exit.DONE: "said"}, sections={"examples": "  one"})
    parser.words({"SWEEP": "which one", "key=value": "95 %% of it"})
    parser.value(
        "--alpha", "LEVEL", "(default: %(default)s)", read=number("a share", lambda x: 0 < x < 1), default=0.05
    )
    parser.value("--seed", "N", "of the numbers", read=NOT_NEGATIVE, default=0)
    parser.value("--output", "FOLDER", "where")
    parser.flag("--json", "as JSON")
    return parser


def test_words_and_options_in_any_order(parser: Parser) -> None:
    given, problems = parser.read(["a", "--alpha", "0.1", "b", "--json", "--output=-there", "c=--d"])
    assert problems == []
    assert (given.words, given.alpha, given.seed, given.output) == (["a", "b", "c=--d"], 0.1, 0, "-there")
    assert given.json


def test_a_value_may_begin_with_a_dash(parser: Parser) -> None:
    given, problems = parser.read(["--output", "-x", "--output", "--y"])
    assert (given.output, problems) == ("--y", [])


def test_an_option_under_its_second_name() -> None:
    parser = Parser("a.b", "SWEEP [options]", "Does.", exits={Exit.DONE: "said"}, sections={"examples": "  one"})
    parser.value("--margin", "M", "in the unit", also="--worth", read=number("a share", lambda x: 0 < x < 1))
    assert parser.read(["--worth", "0.1"])[0].margin == parser.read(["--margin=0.1"])[0].margin == 0.1
    assert parser.read(["--worth=2"])[1] == ["--worth 2: expected a share."]


def test_what_follows_an_unknown_option_is_its_value(parser: Parser) -> None:
    assert [problem.split(";")[0] for problem in parser.read(["a", "--colour", "red"])[1]] == [
        "--colour is not an option"
    ]


def test_every_problem_is_said_at_once(parser: Parser) -> None:
    _, problems = parser.read(["--alpha", "2", "--seed", "-1", "--colour=red", "--out", "--output"])
    assert sorted(problems) == [
        "--alpha 2: expected a share.",
        "--colour is not an option; there are --alpha, --seed, --output, --json, --help.",
        "--out is not an option; did you mean --output?",  # no abbreviations
        "--output: a value is missing; write --output FOLDER.",
        "--seed -1: expected a whole number, at least 0.",
    ]


@pytest.mark.parametrize("text", ["", "x", "nan", "1e999", "0", "1"])
def test_a_number_out_of_range_is_a_problem(parser: Parser, text: str) -> None:
    assert parser.read([f"--alpha={text}"])[1] == [f"--alpha {text}: expected a share."]


def test_an_option_in_the_place_of_a_value_is_read_as_an_option(parser: Parser) -> None:
    given, problems = parser.read(["--output", "--json"])
    assert given.json
    assert problems == ["--output: a value is missing; write --output FOLDER."]


def test_what_argparse_refuses_is_a_sentence(parser: Parser) -> None:
    with pytest.raises(InputError, match="--json"):
        parser.read(["--json=1"])


def test_the_help_text(parser: Parser, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(parser.read, pytest.fail, ["x", "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: python -m a.b SWEEP [options]\n\nDoes.\n")
    for part in ("SWEEP", "which one", "95 % of it", "--alpha LEVEL", "(default: 0.05)", "examples:\n  one"):
        assert part in shown
    assert "exit status:\n  0     said\n  2     bad input\n  130   interrupted" in shown


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (InputError(["one.", "two."]), 2, "error: one.\nerror: two.\n"),
        (SweepFailed("nothing came of it"), 1, "failed: nothing came of it\n"),
        (SweepStopped("the disk is full"), 3, "stopped: the disk is full; the same command goes on where it was\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_every_way_to_end_has_a_status_and_a_sentence(
    fault: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def act(request: Sequence[str]) -> None:
        raise fault

    assert command_line.main(list, act, []) == status
    assert capsys.readouterr().err == said


def test_what_the_action_returns_is_the_status() -> None:
    assert command_line.main(list, lambda request: None, []) == 0
    assert command_line.main(list, lambda request: Exit.FAILED, []) == 1


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    def act(request: Sequence[str]) -> None:
        raise BrokenPipeError("of a worker's socket")

    with pytest.raises(BrokenPipeError):
        command_line.main(list, act, [])
    with pytest.raises(ZeroDivisionError):
        command_line.main(list, lambda request: 1 // 0, [])


@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_reader_that_has_gone_ends_the_command_quietly(lines: int) -> None:
    code = (
        "import sys\n"
        "from trainables.command_line import main\n"
        f"sys.exit(main(list, lambda request: print('line\\n' * {lines}), []))\n"
    )
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (Exit.NO_READER, "")


def test_the_table_of_the_module_names_every_status() -> None:
    rows = [line.split("|")[1].strip() for line in str(command_line.__doc__).splitlines() if line.startswith("| ")]
    assert rows[1:] == [str(int(status)) for status in Exit]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment of its own, in the folder where somebody stands; nothing of it on the PATH."""
    here = tmp_path / ".venv" / "bin" / "python"
    here.parent.mkdir(parents=True)
    here.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(here))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    return here


def test_a_command_to_copy_starts_python_as_it_was_started(
    started: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert to_copy("sweeps.list") == ".venv/bin/python -m sweeps.list"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert to_copy("sweeps.list") == f"{started} -m sweeps.list"
    monkeypatch.setenv("PATH", f"{started.parent}:/usr/bin")  # as an environment that is activated
    assert to_copy("sweeps.list") == "python -m sweeps.list"
    monkeypatch.setenv("UV_RUN_RECURSION_DEPTH", "1")
    assert to_copy("sweeps.list") == "uv run python -m sweeps.list"


def test_a_command_to_copy_runs_whatever_is_in_its_words(
    started: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "told.py").write_text("import sys; print(sys.argv[1:])", encoding="utf-8")
    words = ["my clips/a.csv", "it's", "$HOME", "search.rank={choice: [8, 16]}", "--plan"]
    ran = subprocess.run(to_copy("told", *words), shell=True, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(words)
