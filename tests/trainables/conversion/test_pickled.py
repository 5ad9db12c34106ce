"""Weights that were pickled become safetensors, and a pickle that holds more than tensors is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from trainables.command_line import main
from trainables.import_bin import act, parse


def test_tensors_come_through_and_a_second_name_is_dropped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = tmp_path / "it", tmp_path / "out"
    folder.mkdir()
    shared = torch.arange(6.0).reshape(2, 3)
    torch.save({"a": shared, "b": torch.ones(2, dtype=torch.float16)}, folder / "pytorch_model-00001-of-00002.bin")
    torch.save({"c": shared.T, "d": shared[:1], "e": torch.zeros(0)}, folder / "pytorch_model-00002-of-00002.bin")
    for name in ("config.json", "pytorch_model.bin.index.json", "tokenizer.json", "modeling_own.py"):
        (folder / name).write_text("{}")
    assert main(parse, act, [str(folder), str(out)]) == 0
    found = load_file(out / "model.safetensors")
    assert set(found) == {"a", "b", "c", "d", "e"}
    assert torch.equal(found["c"], shared.T)
    assert {path.name for path in out.iterdir()} == {"model.safetensors", "config.json", "tokenizer.json"}
    torch.save({"a": shared, "b": shared}, folder / "pytorch_model.bin")
    for part in folder.glob("pytorch_model-*"):
        part.unlink()
    assert main(parse, act, [str(folder), str(tmp_path / "again")]) == 0
    assert "1 of them were stored under a second name" in capsys.readouterr().out
    assert set(load_file(tmp_path / "again" / "model.safetensors")) == {"a"}


def test_what_is_more_than_tensors_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "it"
    folder.mkdir()
    assert main(parse, act, [str(folder), str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "holds no pytorch_model.bin" in said
    assert "holds no config.json" in said
    (folder / "config.json").write_text("{}")
    for content in (Path("a"), {"a": 3}):
        torch.save(content, folder / "pytorch_model.bin")
        assert main(parse, act, [str(folder), str(tmp_path / "out")]) == 2
    (folder / "pytorch_model.bin").write_bytes(b"no pickle")
    assert main(parse, act, [str(folder), str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()
