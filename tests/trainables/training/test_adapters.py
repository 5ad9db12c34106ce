"""Adapters that join a backbone which PEFT has wrapped already are those that PEFT itself adds; a head that is trained
whole starts from the lane's seed, whatever the backbone's head holds."""

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


def test_masks_come_from_a_seed_of_their_own() -> None:
    bank = AdapterBank(Small())
    same = {"targets": TARGETS, "rank": 2, "alpha": 4, "dropout": 0.5, "seed": 1}
    draws = bank.add("one", dropout_seed=5, **same)
    assert draws.seed == 5
    assert bank.add("two", dropout_seed=6, **same).seed == 6
    first, second = (bank.lora_parts(name)["first"] for name in ("one", "two"))
    assert torch.equal(first.a, second.a)
    assert first.dropout.draws is draws


# Heads


class WithHead(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(6, 6)
        self.head = nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))


def bank_with_head(dtype: torch.dtype = torch.float32) -> AdapterBank:
    network = WithHead().to(dtype)
    with torch.no_grad():
        network.head[0].weight.fill_(5.0)
        network.head[1].weight.fill_(7.0)
    return AdapterBank(network.requires_grad_(False), head_modules=["head"])


def add_with_head(bank: AdapterBank, name: str, seed: int) -> dict[str, Tensor]:
    bank.add(name, targets=["body"], rank=2, alpha=4, dropout=0.0, seed=seed)
    return {key: value for key, value in bank.tensors(name).items() if "head" in key}


def test_a_head_starts_from_the_lanes_seed() -> None:
    one = bank_with_head()
    first, second = add_with_head(one, "one", 1), add_with_head(one, "two", 2)
    again = add_with_head(bank_with_head(), "three", 1)
    weight = next(key for key in first if key.endswith("1.weight"))
    norm = next(key for key in first if key.endswith("0.weight"))
    assert not torch.equal(first[weight], second[weight])
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert first[weight].abs().max() <= 6**-0.5  # PyTorch's bound for a Linear of 6 inputs, not the backbone's 7.0
    assert torch.equal(first[norm], torch.ones(6))


def test_a_new_head_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    target = bank_with_head()
    torch.random.set_rng_state(before)
    add_with_head(target, "one", 1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_heads_of_half_precision_train_in_float32() -> None:
    half = bank_with_head(torch.bfloat16)
    assert {tensor.dtype for tensor in add_with_head(half, "one", 1).values()} == {torch.float32}
    assert half.model.head.original_module[1].weight.dtype == torch.bfloat16
    assert bank_with_head(torch.float64).add("one", targets=["body"], rank=1, alpha=1, dropout=0.0, seed=1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_head_is_saved_and_reloaded_with_its_adapter(dtype: torch.dtype, tmp_path: Path) -> None:
    target = bank_with_head(dtype)
    add_with_head(target, "one", 1)
    with torch.no_grad():
        for parameter in target.parameters("one"):
            parameter.add_(0.1)
    x = torch.linspace(-1, 1, 12, dtype=dtype).view(2, 6)
    expected = target.model(x)
    target.save("one", tmp_path / "adapter")
    torch.manual_seed(0)
    base = WithHead().to(dtype)
    base.body.load_state_dict(target.model.body.base_layer.state_dict())
    torch.testing.assert_close(peft.PeftModel.from_pretrained(base, tmp_path / "adapter")(x), expected)
