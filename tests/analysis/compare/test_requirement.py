"""Gates and tables: exit statuses that a CI can use, and tables that a paper can."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.compare.command import main


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("gate")
    rng = np.random.default_rng(0)
    difficulty = rng.standard_normal(300)
    made = {}
    for name, skill in (("old", 2.0), ("alike", 2.0), ("better", 5.0), ("worse_by_far", 0.0)):
        rows = []
        for seed in range(4):
            right = skill + difficulty + 0.3 * rng.logistic(size=300) > 0
            rows += [
                {"example_id": i, "seed": seed, "target": "ab"[i % 2], "output": "ab"[(i + (not ok)) % 2]}
                for i, ok in enumerate(right)
            ]
        made[name] = folder / f"{name}.csv"
        pd.DataFrame(rows).to_csv(made[name], index=False)
    return made


@pytest.mark.parametrize(
    ("second", "options", "status"),
    [
        ("alike", ("--require", "not-worse", "--margin", "0.05"), 0),
        ("alike", ("--require", "equivalent", "--margin", "0.05"), 0),
        ("alike", ("--require", "not-worse", "--margin", "0.00001"), 1),
        ("alike", ("--require", "better"), 1),
        ("better", ("--require", "better"), 0),
        ("better", ("--require", "not-worse", "--margin", "0.005"), 0),
        ("worse_by_far", ("--require", "not-worse", "--margin", "0.05"), 1),
        ("old", ("--require", "not-worse", "--margin", "0.005"), 0),
    ],
)
def test_the_exit_status_says_whether_it_was_shown(files, capsys, second: str, options: tuple, status: int) -> None:
    words = [f"old={files['old']}", f"new={files[second]}", *options]
    assert main(words) == status
    assert ("NOT shown" in capsys.readouterr().out) == (status == 1)
    assert main([*words, "--json"]) == status
    assert json.loads(capsys.readouterr().out)["requirement"]["met"] == (status == 0)


def test_answers_that_never_differ_pass_with_one_seed_too(files, capsys, tmp_path) -> None:
    one = tmp_path / "one.csv"
    one.write_text("".join(files["old"].read_text().splitlines(keepends=True)[:301]))
    assert main([f"a={one}", f"b={one}", "--require", "not-worse", "--margin", "0.001"]) == 0
    assert "never differs" in capsys.readouterr().out


def test_two_forms_of_one_answer_are_refused(files, capsys) -> None:
    assert main([f"a={files['old']}", f"b={files['alike']}", "--json", "--table", "latex"]) == 2
    assert "two forms" in capsys.readouterr().err


def test_a_gate_that_cannot_be_judged_is_refused(files, capsys) -> None:
    two = [f"a={files['old']}", f"b={files['alike']}"]
    assert main([*two, "--require", "not-worse"]) == 2
    assert "needs --margin" in capsys.readouterr().err
    assert main([*two, f"c={files['better']}", "--require", "better"]) == 2
    assert "two configurations, not 3" in capsys.readouterr().err
    assert main([*two, "--require", "good"]) == 2
    assert "one of not-worse, equivalent, better" in capsys.readouterr().err


def test_tables_for_a_paper(files, capsys) -> None:
    words = [f"old_1={files['old']}", f"b&c={files['better']}"]
    assert main([*words, "--table", "markdown"]) == 0
    text = capsys.readouterr().out
    assert "| old_1 | 4 | " in text
    assert "| first minus second | difference | 95 % interval | p |" in text
    assert main([*words, "--table", "latex"]) == 0
    text = capsys.readouterr().out
    assert r"old\_1 minus b\&c" in text
    assert text.count(r"\toprule") == text.count(r"\end{tabular}") == 2
