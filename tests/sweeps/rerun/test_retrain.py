"""A recorded sweep is restored as it was prepared."""

from __future__ import annotations

from typing import Any

import pytest

from sweeps.config.load import load_sweep
from sweeps.rerun.recorded import RecordedRun
from sweeps.state.workspace import EXPLORE
from trainables.records import PARAM_PRECISION

SPEC = load_sweep("qwen_lora")


def recorded(params: dict[str, Any], config_id: str, **more: Any) -> RecordedRun:
    values: dict[str, Any] = {
        "run_id": "0" * 32, "name": "trial 0", "sweep_id": "s-1", "stage": EXPLORE, "role": "trial", "fold": "-",
        "status": "completed", "reason": "", "config_id": config_id, "trial_id": "trial_00000", "seed": 42,
        "params": {name: str(value) for name, value in params.items()}, "started_seconds": 10.0, "curves": {},
        "answers": {}, "source_texts": (SPEC.source_text,), "provenance": {}, "sweep_params": {}, "miniature": True,
    }  # fmt: skip
    return RecordedRun(**(values | more))


def test_the_precision_is_that_of_the_record_whatever_this_machine_would_choose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sweeps.rerun.retrain import restore

    monkeypatch.setenv("AUDIO_SWEEPS_MINIATURE", "test")
    for precision in ("bf16", "fp32"):
        run = recorded({}, "c1", sweep_params={PARAM_PRECISION: precision})
        assert restore(run, SPEC.source_text, ".", "cpu").profile.precision == precision
