"""Names from data and checkpoints stay texts in the code of a card. What the code answers: tests/sweeps/export."""

from __future__ import annotations

import ast
from types import SimpleNamespace

import pytest

from trainables import registry
from trainables.release.plain_code import plain_code, run

HOSTILE = 'bell"\n\nraise SystemExit("never")  # \\'


@pytest.mark.parametrize("name", ["htsat", "qwen2_audio"])
def test_a_label_cannot_become_code(name: str) -> None:
    backbone = registry.backbone(name)
    options = {"labels": (HOSTILE, "drum")} | ({"prompt": HOSTILE} if name == "qwen2_audio" else {})
    task = registry.task(backbone.TASKS[0], options)
    loaded = SimpleNamespace(equal_shapes=False, extra={"family": "qwen2_audio", "window_frames": 200})
    code = plain_code(loaded, backbone, task, 2.0)
    assert code is not None
    tree = ast.parse(code)
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    (labels,) = [n.value for n in ast.walk(tree) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "LABELS"]
    assert ast.literal_eval(labels) == [HOSTILE, "drum"]


def test_networks_that_transformers_does_not_have_need_this_package() -> None:
    backbone = registry.backbone("efficientat")
    task = registry.task("classification", {"labels": ("a", "b")})
    assert plain_code(SimpleNamespace(equal_shapes=False), backbone, task, 2.0) is None


def test_code_runs_as_from_a_file() -> None:
    answer = run("def answer(waveform):\n    return [FOLDER, len(waveform)]\n", "here")
    assert answer([1, 2, 3]) == ["here", 3]  # type: ignore[arg-type]
