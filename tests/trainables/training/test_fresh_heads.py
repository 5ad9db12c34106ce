"""A head that is trained whole starts from the lane's seed, whatever the backbone's head holds."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from trainables.training.adapters import AdapterBank


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(6, 6)
        self.head = nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))


def bank(dtype: torch.dtype = torch.float32) -> AdapterBank:
    network = Network().to(dtype)
    with torch.no_grad():
        network.head[0].weight.fill_(5.0)
        network.head[1].weight.fill_(7.0)
    return AdapterBank(network.requires_grad_(False), head_modules=["head"])


def add(bank: AdapterBank, name: str, seed: int) -> dict[str, Tensor]:
    bank.add(name, targets=["body"], rank=2, alpha=4, dropout=0.0, seed=seed)
    return {key: value for key, value in bank.tensors(name).items() if "head" in key}


def test_the_head_comes_from_the_seed() -> None:
    one = bank()
    first, second, again = add(one, "one", 1), add(one, "two", 2), add(bank(), "three", 1)
    weight = next(key for key in first if key.endswith("1.weight"))
    norm = next(key for key in first if key.endswith("0.weight"))
    assert not torch.equal(first[weight], second[weight])
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert first[weight].abs().max() <= 6**-0.5  # PyTorch's bound for a Linear of 6 inputs, not the backbone's 7.0
    assert torch.equal(first[norm], torch.ones(6))


def test_the_global_generator_is_left_alone() -> None:
    before = torch.random.get_rng_state()
    target = bank()
    torch.random.set_rng_state(before)
    add(target, "one", 1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_heads_of_half_precision_train_in_float32() -> None:
    half = bank(torch.bfloat16)
    assert {tensor.dtype for tensor in add(half, "one", 1).values()} == {torch.float32}
    assert half.model.head.original_module[1].weight.dtype == torch.bfloat16
    assert bank(torch.float64).add("one", targets=["body"], rank=1, alpha=1, dropout=0.0, seed=1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_saved_and_reloaded_with_the_adapter(dtype: torch.dtype, tmp_path: Path) -> None:
    from peft import PeftModel

    target = bank(dtype)
    add(target, "one", 1)
    with torch.no_grad():
        for parameter in target.parameters("one"):
            parameter.add_(0.1)
    x = torch.linspace(-1, 1, 12, dtype=dtype).view(2, 6)
    expected = target.model(x)
    target.save("one", tmp_path / "adapter")
    torch.manual_seed(0)
    base = Network().to(dtype)
    base.body.load_state_dict(target.model.body.base_layer.state_dict())
    torch.testing.assert_close(PeftModel.from_pretrained(base, tmp_path / "adapter")(x), expected)
