"""The benchmark of the topmost layers on a miniature: both ways train the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.top_layers import main
from trainables.backbones import ast


def test_both_ways_train_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.top_layers.AUTO", "always")
    seen: list[int] = []
    forward = ast.LastLayer.forward
    monkeypatch.setattr(ast.LastLayer, "forward", lambda self, x, *a, **k: seen.append(1) or forward(self, x, *a, **k))
    assert main(["--size", "mini-450k", "--layers", "1,3", "--json", str(tmp_path / "top.json")]) == 0
    found = json.loads((tmp_path / "top.json").read_text())
    assert [row["layers"] for row in found] == [3, 1]
    for row in found:
        assert row["losses_differ_by"] < 1e-5
        assert min(row["computed_seconds"], row["recording_seconds"], row["kept_seconds"]) > 0
    assert seen, "one of both computes as this project does"
    assert "ratio" in capsys.readouterr().out
