"""Adapters that join a backbone which PEFT has wrapped already are those that PEFT itself adds."""

import json
from pathlib import Path

import peft
import pytest
import torch
from torch import Tensor, nn

from trainables.modeling.nf4 import to_nf4
from trainables.modeling.seeded import seeded_init
from trainables.training.adapters import AdapterBank

TARGETS = ("first", "deep.second")
MANY = tuple(f"layers.{index}.{name}" for index in range(12) for name in ("query", "value"))  # PEFT shortens from 20 on


class Small(nn.Module):
    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        with seeded_init(0):
            self.first = nn.Linear(6, 5)
            self.deep = nn.ModuleDict({"second": nn.Conv2d(5, 4, 1)})
            self.classifier = nn.Linear(4, 3)
        self.requires_grad_(False).to(dtype)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.deep["second"](self.first(x)[..., None, None]).flatten(1))


class Layered(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        with seeded_init(0):
            self.layers = nn.ModuleList(
                nn.ModuleDict({name: nn.Linear(4, 4) for name in ("query", "value", "rest")}) for _ in range(12)
            )
        self.requires_grad_(False)


def add(bank: AdapterBank, name: str, *, rank: int = 2, seed: int = 7, targets: tuple[str, ...] = TARGETS) -> None:
    bank.add(name, targets=targets, rank=rank, alpha=2 * rank, dropout=0.0, seed=seed)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("heads", [(), ("classifier",)])
def test_a_later_adapter_is_the_one_that_a_fresh_peft_model_gets(dtype: torch.dtype, heads: tuple[str, ...]) -> None:
    fresh = AdapterBank(Small(dtype), heads)
    add(fresh, "late")
    warm = AdapterBank(Small(dtype), heads)
    add(warm, "early", rank=3, seed=1)
    warm.remove("early")
    add(warm, "other", rank=4, seed=2)
    add(warm, "late")
    for bank in (fresh, warm):
        bank.activate("late")
    assert fresh.tensors("late").keys() == warm.tensors("late").keys()
    for key, value in fresh.tensors("late").items():
        assert value.dtype == torch.float32
        assert torch.equal(value, warm.tensors("late")[key]), key
    for a, b in zip(fresh.parameters("late"), warm.parameters("late"), strict=True):
        assert torch.equal(a, b)
    trained = {id(p) for p in warm.parameters("late")}
    assert trained == {id(p) for p in warm.peft.parameters() if p.requires_grad}
    x = torch.ones(2, 6, dtype=dtype)
    with torch.autocast("cpu", dtype, enabled=dtype == torch.bfloat16):
        assert torch.equal(fresh.peft(x), warm.peft(x))


def test_modules_that_nobody_adapted_so_far_are_wrapped_when_they_are_wanted() -> None:
    bank = AdapterBank(Small())
    add(bank, "narrow", targets=("first",))
    add(bank, "wide")
    add(bank, "wide again", seed=8)
    assert list(bank.lora_parts("narrow")) == ["first"]
    assert list(bank.lora_parts("wide")) == list(bank.lora_parts("wide again")) == list(TARGETS)


def test_a_later_adapter_is_saved_so_that_peft_reads_it(tmp_path: Path) -> None:
    bank = AdapterBank(Small(), ["classifier"])
    add(bank, "early", seed=1)
    add(bank, "late")
    bank.activate("late")
    for parameter in bank.parameters("late"):
        nn.init.normal_(parameter, generator=torch.Generator().manual_seed(0))
    bank.save("late", tmp_path / "adapter")
    assert set(json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())["target_modules"]) == set(TARGETS)
    x = torch.ones(2, 6)
    read = peft.PeftModel.from_pretrained(Small(), str(tmp_path / "adapter"))
    torch.testing.assert_close(read(x), bank.peft(x))
    with bank.disabled():
        torch.testing.assert_close(bank.peft(x), Small()(x))


def test_what_is_saved_does_not_depend_on_who_came_first(tmp_path: Path) -> None:
    fresh, warm = AdapterBank(Layered()), AdapterBank(Layered())
    add(fresh, "one", targets=MANY)
    add(warm, "early", targets=MANY, seed=1)
    add(warm, "one", targets=MANY)
    fresh.save("one", tmp_path / "fresh")
    warm.save("one", tmp_path / "warm")
    for file in ("adapter_config.json", "adapter_model.safetensors"):
        assert (tmp_path / "fresh" / file).read_bytes() == (tmp_path / "warm" / file).read_bytes()
    assert json.loads((tmp_path / "warm" / "adapter_config.json").read_text())["target_modules"] == list(MANY)


def test_layers_in_four_bits_take_later_adapters_like_first_ones() -> None:
    banks = [AdapterBank(Layered()) for _ in range(2)]
    for bank in banks:
        to_nf4(bank.model, keep="", compute_dtype=torch.bfloat16, device=torch.device("cpu"))
    fresh, warm = banks
    add(warm, "early", targets=MANY, seed=1)
    for bank in banks:
        add(bank, "late", targets=MANY)
    for key, value in fresh.tensors("late").items():
        assert value.dtype == torch.float32
        assert torch.equal(value, warm.tensors("late")[key])


def test_who_is_left_answers_when_the_adapter_of_the_lowest_layer_goes() -> None:
    bank = AdapterBank(Small(), ["classifier"])
    add(bank, "top", targets=("deep.second",))
    add(bank, "whole")
    bank.remove("whole")
    x = torch.ones(2, 6)
    with bank.disabled():
        torch.testing.assert_close(bank.peft(x), Small()(x))
    add(bank, "again")
    assert list(bank.lora_parts("again")) == list(TARGETS)
