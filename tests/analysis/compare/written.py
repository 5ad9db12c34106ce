"""Files of answers for tests of the command line, and what it says of them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.compare.command import main

SEEDS = (1, 2, 3, 4, 5)


def classified(
    path: Path,
    chance: float,
    *,
    seeds=SEEDS,
    examples: int = 120,
    stream: int = 0,
    yes: int | None = None,
    scores: bool = True,
) -> Path:
    """Two classes; the same difficulty of every example in every file."""
    difficulty = np.random.default_rng(99).standard_normal(examples)
    rng = np.random.default_rng([stream, examples])
    rows = []
    for seed in seeds:
        margin = chance + difficulty + rng.logistic(size=examples)
        for i in range(examples):
            target = ("no", "yes")[i % 2 if yes is None else i < yes]
            output = target if margin[i] > 0 else {"no": "yes", "yes": "no"}[target]
            row = {"example_id": f"e{i}", "target": target, "output": output, "group": f"g{i}"}
            if seeds != (None,):
                row["seed"] = seed
            if scores:
                row |= {f"score/{name}": abs(margin[i]) * (output == name) for name in ("no", "yes")}
            rows.append(row)
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def outcome(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict:
    assert main([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    assert main([*map(str, words)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return captured.err


def named(found: dict, name: str) -> list[dict]:
    return [test for test in found["tests"] if test["name"].startswith(name)]


def regression(path: Path, outputs: np.ndarray, targets: np.ndarray) -> Path:
    rows = {"example_id": [f"e{i}" for i in range(len(targets))], "target": targets, "output": outputs}
    pd.DataFrame(rows).to_csv(path, index=False)
    return path
