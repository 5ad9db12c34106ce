"""NF4 of plain modules: values, what is kept, gradients, and adapters on top."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from bitsandbytes import functional
from bitsandbytes.nn import Linear4bit
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn

from trainables.modeling.nf4 import to_nf4

CPU = torch.device("cpu")
# Dettmers et al. 2023, appendix E
NF4 = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]  # fmt: skip


class Network(nn.Module):
    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(width, 96), nn.GELU(), nn.Linear(96, 40, bias=False))
        self.gate = nn.Linear(40, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.gate(self.body(x)))


def network(width: int = 64) -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Network(width).requires_grad_(False)


def quantized(dtype: torch.dtype = torch.float32, width: int = 64) -> Network:
    model = network(width)
    to_nf4(model, keep="head|gate", compute_dtype=dtype, device=CPU)
    return model.to(dtype)


def weights(layer: Linear4bit) -> Tensor:
    return functional.dequantize_4bit(layer.weight.data, layer.weight.quant_state)


def test_weights_are_the_nearest_of_sixteen_values_per_block_of_64() -> None:
    """Up to the error of the block scales, which are held in 8 bits themselves (double quantization)."""
    exact, layer = network().body[0].weight, quantized().body[0]
    assert isinstance(layer, Linear4bit)
    assert layer.weight.quant_state.nested
    blocks = exact.reshape(-1, 64).numpy()
    scales = np.abs(blocks).max(1, keepdims=True)
    nearest = np.array(NF4)[np.abs(blocks[..., None] / scales[..., None] - np.array(NF4)).argmin(-1)] * scales
    error = np.abs(weights(layer).reshape(-1, 64).numpy() - nearest) / scales
    assert np.quantile(error, 0.99) < 0.02
    assert error.mean() < 0.01


def test_what_is_named_is_kept_and_the_rest_is_not() -> None:
    model, exact = quantized(), network()
    assert [type(m).__name__ for m in (model.body[0], model.body[2], model.gate, model.head)] == [
        "Linear4bit", "Linear4bit", "Linear", "Linear",
    ]  # fmt: skip
    assert torch.equal(model.gate.weight, exact.gate.weight)
    assert torch.equal(model.body[0].bias, exact.body[0].bias)
    assert model.body[2].bias is None


@pytest.mark.parametrize("width", [64, 72, 24])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_products_are_those_of_the_dequantized_weights(dtype: torch.dtype, width: int) -> None:
    """In float64 too, where bitsandbytes' own CPU kernel gives memory that nobody wrote."""
    layer = quantized(dtype, width).body[0].eval()
    x = torch.linspace(-1, 1, 5 * width, dtype=dtype).view(5, width)
    expected = nn.functional.linear(x.double(), weights(layer).double(), layer.bias.double())
    within = 0.02 if dtype == torch.bfloat16 else 1e-5
    for given in (x, x.clone().requires_grad_()):
        got = layer(given)
        assert got.dtype == dtype
        torch.testing.assert_close(got.double(), expected, rtol=within, atol=within)


def test_gradients_after_an_evaluation() -> None:
    """On CPUs with AVX512-BF16 an eval-mode forward would repack the weights for good."""
    layer = quantized().body[0]
    with torch.no_grad():
        layer.eval()(torch.ones(2, 64))
    x = torch.ones(2, 64, requires_grad=True)
    layer.train()(x).sum().backward()
    torch.testing.assert_close(x.grad, weights(layer).sum(0).expand(2, -1), rtol=1e-4, atol=1e-5)
    assert layer.weight.grad is None


def test_adapters_train_on_it_and_merge() -> None:
    """Merged, the weights are quantized anew: nearly the same answers, not those without the adapter."""
    model = quantized()
    plain = copy.deepcopy(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        adapted = get_peft_model(
            model, LoraConfig(r=4, lora_alpha=8, target_modules=["body.0", "body.2"], init_lora_weights=False)
        )
    x = torch.linspace(-2, 2, 10 * 64).view(10, 64)
    adapted(x).square().mean().backward()
    trained = {name for name, parameter in adapted.named_parameters() if parameter.grad is not None}
    assert trained == {name for name, _ in adapted.named_parameters() if "lora_" in name}
    with torch.no_grad():
        expected, untuned = adapted(x), plain(x)
        merged = adapted.merge_and_unload()
        assert isinstance(merged.body[0], Linear4bit)
        difference = (merged(x) - expected).abs().mean()
    assert difference < 0.4 * (untuned - expected).abs().mean()
