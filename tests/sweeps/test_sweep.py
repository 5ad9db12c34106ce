"""A whole sweep's order of events; tests/test_main_job.py runs one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.config.load import load_sweep
from sweeps.state.manifest import Manifest
from sweeps.state.workspace import new_workspace
from sweeps.sweep import run_sweep
from trainables.errors import InputError


def test_no_clip_is_read_before_it_is_clear_which_sweep_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ["profile=cpu", f"results={tmp_path}"]
    workspace = new_workspace(tmp_path, "qwen_lora")
    text = load_sweep("qwen_lora", given).source_text
    Manifest("qwen_lora", text, ".", "f", True, "cpu", "fp32", {}).write(workspace)
    monkeypatch.setattr("sweeps.plan.data.open_source", lambda *given, **more: pytest.fail("data were read"))
    with pytest.raises(InputError, match="was interrupted, and was started with another file"):
        run_sweep("qwen_lora", [*given, "trials=9"])
