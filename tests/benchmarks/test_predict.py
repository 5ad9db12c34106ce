"""Both ways of benchmarks.predict answer the same clips alike, which makes their speeds comparable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.predict.arms import prepare, run


@pytest.mark.slow
def test_both_ways_answer_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare("ast", tmp_path, 70)
    found = []
    for arm in ("pipeline", "sweeps.predict"):
        run(arm, str(tmp_path), 70, 8)
        found.append(json.loads(capsys.readouterr().out.splitlines()[-1]))
    assert found[0]["answers"] == found[1]["answers"]
    assert len(found[0]["answers"]) == 70
