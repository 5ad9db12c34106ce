"""How many trials a worker takes: what the file says, what memory holds, and for auto what pays."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from sweeps.config.load import load_sweep
from sweeps.plan.packing import trials_per_worker, wanted_trials
from trainables.packing.compatibility import AUTO_LANES


def profile(device: str = "cpu", precision: str = "fp32", concurrency: int = 2) -> Any:
    return SimpleNamespace(device=device, precision=precision, concurrency=concurrency)


@pytest.mark.parametrize(
    ("overrides", "machine", "quantizations", "lanes", "trials"),
    [
        (["packing=off"], profile("cuda"), ["nf4"], 1, 1),
        (["packing=6"], profile(), ["none"], 1, 6),
        (["packing=6"], profile(), ["none"], 3, 2),  # seeds and folds share the batch too
        (["packing=6", "trials=4"], profile(), ["none"], 1, 4),
        (["packing=6"], profile(precision="fp16"), ["none"], 1, 1),
        (["packing=auto", "trials=400", "train.batch_size=8"], profile(), ["none"], 1, 1),
        (["packing=auto", "trials=400", "train.batch_size=8"], profile(), ["none", "nf4"], 1, AUTO_LANES),
        (["packing=auto", "trials=400", "train.batch_size=8"], profile("cuda"), ["none"], 2, AUTO_LANES // 2),
        (["packing=auto", "trials=16"], profile("cuda"), ["none"], 1, 2),  # else nothing is left to learn from
    ],
)
def test_what_the_file_says_or_what_may_pay(
    overrides: list[str], machine: Any, quantizations: list[str], lanes: int, trials: int
) -> None:
    assert wanted_trials(load_sweep("qwen_lora", overrides), machine, quantizations, lanes) == trials


def test_memory_bounds_the_clips_of_all_that_train_together() -> None:
    spec = replace(load_sweep("qwen_lora", ["packing=16", "train.batch_size=2"]), explore_seeds=(1, 2))
    sizes = {name: SimpleNamespace(total_params=1_000_000) for name in ("3b", "7b")}  # 60 MB a clip in fp32
    backbone = SimpleNamespace(SIZES=sizes, MINIATURE_SIZES={})
    for free_bytes, trials in ((10**12, 8), (4 * 60_000_000 * 12, 3), (10**6, 1)):
        machine = profile()
        machine.facts = SimpleNamespace(free_bytes=free_bytes)
        prepared: Any = SimpleNamespace(spec=spec, profile=machine, backbones={"qwen2_audio": backbone})
        assert trials_per_worker(prepared) == trials
