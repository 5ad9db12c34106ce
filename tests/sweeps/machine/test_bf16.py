"""bfloat16 on a CPU is decided by a measurement, which is made once and is one of times."""

import time
from pathlib import Path
from typing import Any

import pytest
import torch

from sweeps.machine import bf16
from sweeps.machine.bf16 import bf16_pays


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("factor", "pays"), [(3.0, True), (1.2, False), (0.2, False)])
def test_it_pays_where_it_is_clearly_faster(factor: float, pays: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds: Any = {torch.float32: factor, torch.bfloat16: 1.0}
    monkeypatch.setattr(bf16, "_seconds", seconds.__getitem__)
    assert bf16_pays() is pays
    monkeypatch.setattr(bf16, "_seconds", lambda dtype: 1.0)
    assert bf16_pays() is pays  # as it was decided


def test_what_is_measured_are_products_on_one_thread(own_cache: Path) -> None:
    threads = torch.get_num_threads()
    started = time.perf_counter()
    found = bf16._measure()
    assert 0.0 < found["fp32_seconds"] + found["bf16_seconds"] < (time.perf_counter() - started)
    assert torch.get_num_threads() == threads
    bf16_pays()
    assert len(list((own_cache / "measured").iterdir())) == 1
