from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sweeps.run import main, parse
from trainables.errors import InputError


def test_flags_are_overrides_and_modes_are_not() -> None:
    command = parse(["a.yaml", "--plan", "trials=4", "--profile", "cuda", "--search.rank={choice: [4, 8]}", "--json"])
    assert command.file == "a.yaml"
    assert command.overrides == ("trials=4", "profile=cuda", "search.rank={choice: [4, 8]}")
    assert command.plan
    assert command.json


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no sweep file"),
        (["a.yaml", "b.yaml"], "one sweep file at a time"),
        (["a.yaml", "--profile"], "a value is missing"),
        (["a.yaml", "--json", "--quiet"], "--quiet goes with neither"),
        (["a.yaml", "--plann"], "--plann is not an option; did you mean --plan"),
        (["a.yaml", "--resume", "--new"], "one of --resume and --new at a time"),
    ],
)
def test_a_command_line_that_cannot_be_understood(arguments: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(arguments)


def test_how_an_interrupted_sweep_is_met() -> None:
    assert parse(["a.yaml"]).mode == "auto"
    assert parse(["a.yaml", "--resume"]).mode == "resume"
    assert parse(["a.yaml", "--new", "trials=3"]).mode == "new"


def test_bad_input_ends_with_2_and_one_line_a_problem(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sweep = tmp_path / "broken.yaml"
    sweep.write_text("name: x\nbackbone: qwen2_audi\ntrails: 3\n")
    assert main([str(sweep)]) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    first, *problems = error.splitlines()
    assert first == f"reading {sweep} ..."
    assert all(line.startswith("error: ") for line in problems)
    assert "qwen2_audio" in error
    assert "trials" in error


def test_the_first_line_is_there_before_anything_heavy_is_loaded() -> None:
    """What takes seconds to load is loaded behind it; 0.3 s of a quiet machine, so a wide margin on a busy one."""
    code = """
import sys, sweeps.run, trainables.doing as doing
def stop(text):
    print(text, [m for m in ("torch", "ray", "mlflow", "numpy", "rich", "yaml", "optuna") if m in sys.modules])
    sys.exit()
sweeps.run.doing = stop
sweeps.run.main(["qwen_lora", "--plan"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "reading qwen_lora []\n"


def test_a_program_that_reads_along_hears_no_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--json", "--quiet"):
        assert main([str(tmp_path / "none.yaml"), option]) == 2
        assert capsys.readouterr().err.startswith("error: ")


def test_what_is_meant_by_other_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qwen_lra", "--profile", "gpu"]) == 2
    assert "(nearest: qwen_lora)" in capsys.readouterr().err
    assert main(["qwen_lora", "--profile", "gpu"]) == 2
    error = capsys.readouterr().err
    assert "got 'gpu' (nearest: cuda)" in error
    assert main(["qwen_lora", "objective.metric=val/perplexity"]) == 2
    assert "(known: val/accuracy" in capsys.readouterr().err  # and not nearest to a metric of another kind


def test_help_is_worth_reading_and_loads_nothing_heavy() -> None:
    code = "import sys, sweeps.run; sweeps.run.main(['--help']); print([m for m in HEAVY if m in sys.modules])"
    code = code.replace("HEAVY", "('torch', 'ray', 'mlflow', 'optuna')")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]")
    for part in ("--plan", "key=value", "MLFLOW_TRACKING_URI", "examples:"):
        assert part in done.stdout
