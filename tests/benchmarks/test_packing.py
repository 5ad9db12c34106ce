"""A cell of the packing benchmark on a small model: what it compares trains the same, its figures are consistent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import packing
from benchmarks.packing import cells, show, worth_packing
from benchmarks.packing_workloads import REAL, TINY, WORKLOADS
from trainables import registry


@pytest.mark.slow
def test_lanes_packed_in_turn_and_in_processes_of_their_own() -> None:
    from rich.console import Console

    workload = replace(WORKLOADS["NF4 Qwen2-style, 512 wide"], batch_sizes=(1,))
    one, two = cells(workload, (1, 2), steps=2, rounds=1, device="cpu", processes=2)
    assert (one["lanes"], two["lanes"]) == (1, 2)
    for cell in (one, two):
        assert cell["largest_difference_of_losses"] < 1e-5
        assert cell["packed_clips_per_second"] == pytest.approx(2 * cell["lanes"] / cell["packed_seconds"])
        assert min(cell["in_turn_seconds"], cell["processes_seconds"]) > 0
    assert two["processes_peak_mib"] > 1.8 * one["processes_peak_mib"]
    assert two["packed_peak_mib"] < 1.2 * one["packed_peak_mib"]
    console = Console(width=160, record=True)
    show([one, two], console)
    assert "NF4 Qwen2-style" in console.export_text()


def test_what_runs_on_a_gpu_has_the_published_shape() -> None:
    for workload in REAL:
        assert workload.size in registry.backbone(workload.backbone).SIZES
        assert not workload.wider


def test_half_precision_is_packed_where_a_sweep_would_choose_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packing, "bf16_pays", lambda: True)
    assert worth_packing(TINY) == list(TINY)
    monkeypatch.setattr(packing, "bf16_pays", lambda: False)
    assert [each.precision for each in worth_packing(TINY)] == ["fp32", "fp32"]
    assert "left out: tiny AST bf16" in capsys.readouterr().err
