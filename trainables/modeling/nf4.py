"""NF4 (4-bit NormalFloat) with double quantization: Dettmers et al. 2023 (arXiv 2305.14314).

Models of transformers are quantized by its own loader, as `loader_settings` says; of networks that are plain modules
`to_nf4` makes the Linears bitsandbytes' 4-bit ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from transformers import BitsAndBytesConfig

if TYPE_CHECKING:
    from bitsandbytes.nn import Linear4bit

# What bitsandbytes quantizes from and computes in; its CPU kernel leaves float64 products uninitialised
KNOWN_DTYPES = (torch.float32, torch.bfloat16, torch.float16)


def loader_settings(compute_dtype: torch.dtype, *, keep: Sequence[str]) -> BitsAndBytesConfig:
    """What `from_pretrained` is to be told. The modules `keep` stay out of 4 bits; see `keep_gradients`."""
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute_dtype,
        llm_int8_skip_modules=[*keep],
    )


def keep_gradients(model: nn.Module) -> None:
    """On CPUs with AVX512-BF16 a 4-bit layer's forward in eval mode repacks its weights for good, and gradients through
    it are lost: switched off, in place."""
    module: Any
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def to_nf4(model: nn.Module, *, keep: str, compute_dtype: torch.dtype, device: torch.device) -> None:
    """Replaces every Linear, except those whose whole name matches the pattern `keep`, in place.

    The weights are quantized on `device` and frozen; products are computed in `compute_dtype`, in float32 where that is
    float64. The rest of the model stays as it is, where it is.
    """
    computed = compute_dtype if compute_dtype in KNOWN_DTYPES else torch.float32
    linears = [(name, module) for name, module in model.named_modules() if type(module) is nn.Linear]
    for name, module in linears:
        if not re.fullmatch(keep, name):
            model.set_submodule(name, _linear4bit(module, computed, device))
    keep_gradients(model)
    marked: Any = model
    marked.is_loaded_in_4bit = True  # by this PEFT knows that it has to dequantize before it merges


def to_full(model: nn.Module, dtype: torch.dtype = torch.float32) -> int:
    """Replaces every 4-bit Linear by a plain one with the weights that it stands for, in place; how many there were."""
    from bitsandbytes.functional import dequantize_4bit
    from bitsandbytes.nn import Linear4bit

    quantized = [(name, module) for name, module in model.named_modules() if isinstance(module, Linear4bit)]
    for name, module in quantized:
        weight = dequantize_4bit(module.weight.data, module.weight.quant_state).to(dtype)
        with torch.device("meta"):
            plain = nn.Linear(module.in_features, module.out_features, bias=module.bias is not None)
        plain.weight = nn.Parameter(weight, requires_grad=False)
        if module.bias is not None:
            plain.bias = nn.Parameter(module.bias.data.to(dtype), requires_grad=False)
        model.set_submodule(name, plain)
    marked: Any = model
    for mark in ("is_loaded_in_4bit", "is_quantized"):  # by these transformers and PEFT know
        if getattr(marked, mark, False):
            setattr(marked, mark, False)
    for mark in ("hf_quantizer", "quantization_method"):
        if quantized and hasattr(marked, mark):
            delattr(marked, mark)
    return len(quantized)


def _linear4bit(linear: nn.Linear, compute_dtype: torch.dtype, device: torch.device) -> Linear4bit:
    from bitsandbytes.nn import Linear4bit, Params4bit

    with torch.device("meta"):
        quantized = Linear4bit(
            linear.in_features,
            linear.out_features,
            bias=linear.bias is not None,
            compute_dtype=compute_dtype,
            compress_statistics=True,
            quant_type="nf4",
        )
    quantized.weight = Params4bit(
        linear.weight.detach().to(compute_dtype).contiguous(),
        requires_grad=False,
        compress_statistics=True,
        quant_type="nf4",
        module=quantized,
    ).to(device)
    quantized.bias = linear.bias
    return quantized
