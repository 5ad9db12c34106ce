"""CTranslate2 and onnxruntime answer as the model that was merged; without these packages one sentence says so."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trainables import registry
from trainables.errors import InputError
from trainables.release.ctranslate import convert, ctranslate_code
from trainables.release.merged import write_front_end, write_merged
from trainables.release.onnx_file import onnx_code, write_onnx
from trainables.release.plain_code import run

LABELS = ("bell", "drum", "horn")
OPTIONS: dict[str, dict[str, Any]] = {
    "classification": {"labels": LABELS},
    "transcription": {},
    "regression": {"names": ("high", "fast"), "centre": (3.0, 40.0), "spread": (1.0, 5.0)},
}


def loaded(name: str, folder: Path, kind: str = "") -> tuple[Any, Any, Any, str]:
    """(backbone, what it loaded, task, size): a miniature's shape with random weights."""
    backbone: Any = registry.backbone(name)
    kind = kind or backbone.TASKS[0]
    task = registry.task(kind, dict(OPTIONS[kind]))
    size = next(iter(backbone.MINIATURE_SIZES))
    backbone.write(backbone.build(size, task, seed=0), size, folder)
    how = {"quantization": "none", "dtype": torch.float32, "device": torch.device("cpu")}
    return backbone, backbone.load(str(folder), task, size=size, **how), task, size


def clips(rate: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    times = [np.arange(round(seconds * rate)) / rate for seconds in (0.83, 1.21)]
    return [(np.sin(1500 * t) * 0.3 + 0.05 * rng.standard_normal(len(t))).astype(np.float32) for t in times]


def ours(backbone: Any, found: Any, task: Any) -> list[Any]:
    answers = []
    with torch.no_grad():
        for clip in clips(backbone.SAMPLE_RATE_HZ):
            batch = backbone.collate(found, [backbone.features(found, clip)], task, None)
            answers.append(backbone.predict(found.model, batch)[0])
    return answers


@pytest.mark.parametrize("name", ["ast", "whisper_encoder", "wav2vec2", "htsat"])
def test_onnxruntime_gives_the_same_logits(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    backbone, found, task, _ = loaded(name, tmp_path / "weights")
    expected = ours(backbone, found, task)
    out = tmp_path / "out"
    out.mkdir()
    first = backbone.features(found, clips(backbone.SAMPLE_RATE_HZ)[0])
    write_onnx(backbone, found, found.model, task, first, out)
    write_front_end(found, out)
    answer = run(onnx_code(found, backbone, task), str(out))
    for clip, logits in zip(clips(backbone.SAMPLE_RATE_HZ), expected, strict=True):
        assert answer(clip) == pytest.approx(logits.tolist(), abs=2e-4)


def test_onnxruntime_gives_ratings_in_their_units(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    backbone, found, task, _ = loaded("ast", tmp_path / "weights", "regression")
    heard = np.array([scores.tolist() for scores in ours(backbone, found, task)])
    out = tmp_path / "out"
    out.mkdir()
    write_onnx(backbone, found, found.model, task, backbone.features(found, clips(backbone.SAMPLE_RATE_HZ)[0]), out)
    write_front_end(found, out)
    answer = run(onnx_code(found, backbone, task), str(out))
    said = np.array([answer(clip) for clip in clips(backbone.SAMPLE_RATE_HZ)])
    assert said == pytest.approx(heard * [1.0, 5.0] + [3.0, 40.0], abs=2e-3)


def test_a_front_end_that_only_this_package_has_is_refused(tmp_path: Path) -> None:
    backbone, found, task, _ = loaded("efficientat", tmp_path)
    with pytest.raises(InputError, match="of no use; take --merge"):
        write_onnx(backbone, found, found.model, task, torch.zeros(128, 10), tmp_path)


def test_ctranslate2_writes_the_same_texts(tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2")
    backbone, found, task, size = loaded("whisper", tmp_path / "weights")
    expected = ours(backbone, found, task)
    out = tmp_path / "out"
    code = ctranslate_code(found, backbone, task, backbone.MINIATURE_WINDOW_SECONDS)
    write_merged(backbone, found, found.model, task, size=size, dtype="fp32", folder=out)
    convert(out, "fp32")
    assert "model.bin" in {path.name for path in out.iterdir()}
    answer = run(code, str(out))
    assert [answer(clip) for clip in clips(backbone.SAMPLE_RATE_HZ)] == expected


def test_a_package_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctranslate2.converters", None)
    with pytest.raises(InputError, match="uv sync --extra export"):
        convert(tmp_path, "fp32")
