"""Weights of our own networks in files: read without running anything, refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from trainables.errors import InputError
from trainables.networks.weights import fill, freeze, read_weights, write_weights


class Twice(nn.Module):
    """One Linear under two names, then a norm over the batch and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = self.first
        self.norm = nn.BatchNorm1d(4)
        self.head = nn.Linear(4, 2)


def meta() -> Twice:
    with torch.device("meta"):
        return Twice()


def test_written_and_read_again(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Twice()
    write_weights(tmp_path / "a", {"width": 0.5, "blocks": [1, 2]}, model)
    config, weights = read_weights(tmp_path / "a")
    assert config == {"width": 0.5, "blocks": [1, 2]}
    assert weights.keys() == model.state_dict().keys()
    copy = meta()
    fill(copy, weights, head="head", source=tmp_path)
    assert copy.first.weight is copy.second.weight
    assert torch.equal(copy.first.weight, model.first.weight)
    assert copy.norm.num_batches_tracked.dtype == torch.int64
    assert not torch.equal(copy.head.weight, model.head.weight)
    assert copy.head.weight.abs().max() <= 0.5  # of a Linear of 4 inputs


def test_a_head_starts_the_same_every_time_and_draws_from_no_global_generator() -> None:
    weights = Twice().state_dict()
    one, other = meta(), meta()
    fill(one, weights, head="head", source=Path("x"))
    before = torch.random.get_rng_state()
    torch.manual_seed(99)
    fill(other, weights, head="head", source=Path("x"))
    torch.random.set_rng_state(before)
    assert torch.equal(one.head.weight, other.head.weight)


@pytest.mark.parametrize("wrapped", [False, True])
def test_what_torch_saved(tmp_path: Path, wrapped: bool) -> None:
    weights = {"a.weight": torch.ones(2), "b": torch.zeros(1)}
    torch.save({"cfg": {"x": 1}, "model": weights} if wrapped else weights, tmp_path / "x.pt")
    config, read = read_weights(tmp_path / "x.pt")
    assert config == ({"x": 1} if wrapped else {})
    assert read.keys() == weights.keys()
    save_file(weights, tmp_path / "x.safetensors")
    assert read_weights(tmp_path / "x.safetensors")[1].keys() == weights.keys()


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (open, ("harm-was-done", "w"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"model": {"a": torch.ones(1)}, "x": Harmful()}, "no weights can be read from it"),
        ([torch.ones(1)], "it holds neither"),
        ({"epoch": 3, "loss": 0.1}, "it holds epoch, loss"),
        ({"cfg": {}, "model": {}}, "it holds cfg, model"),
    ],
    ids=["pickled-code", "list", "numbers", "empty"],
)
def test_other_files_are_refused(
    tmp_path: Path, content: object, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(InputError, match=message):
        read_weights(tmp_path / "x.pt")
    assert not (tmp_path / "harm-was-done").exists()


def test_broken_and_absent_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(b"")
    (tmp_path / "y.pt").write_bytes(b"<html>not found</html>")
    (tmp_path / "z.safetensors").write_bytes(b"\x01\x02")
    (tmp_path / "folder").mkdir()
    (tmp_path / "no-weights").mkdir()
    (tmp_path / "no-weights" / "config.json").write_text("{}")
    for name in ("x.pt", "y.pt", "z.safetensors", "folder", "no-weights", "absent.pt"):
        with pytest.raises(InputError, match=rf"{name}: no weights can be read from it"):
            read_weights(tmp_path / name)


def test_frozen_in_another_type_with_exact_statistics_and_head() -> None:
    torch.manual_seed(0)
    model = Twice()
    model.norm.running_var.fill_(1.2345678)
    head = model.head.weight.clone()
    freeze(model, head="head", keep="", quantization="none", dtype=torch.bfloat16, device=torch.device("cpu"))
    assert model.first.weight.dtype == torch.bfloat16
    assert model.norm.running_var[0].item() == pytest.approx(1.2345678, rel=1e-7)
    assert torch.equal(model.head.weight, head)
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
