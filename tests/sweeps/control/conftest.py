"""A sweep's folder, begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.config.load import load_sweep
from sweeps.state.manifest import Manifest
from sweeps.state.workspace import Workspace

SPEC = load_sweep("qwen_lora", ["trials=3", "train.epochs=3"])


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path, "tones-1")
    workspace.folder.mkdir()
    Manifest("tones", SPEC.source_text, ".", "f", True, "cpu", "fp32", {}).write(workspace)
    return workspace
