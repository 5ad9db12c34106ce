"""NF4 for networks that are plain modules: their Linears become bitsandbytes' 4-bit ones.

4-bit NormalFloat with double quantization: Dettmers et al. 2023 (arXiv 2305.14314). Backbones of transformers are
quantized by its own loader.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from bitsandbytes.nn import Linear4bit, Params4bit
from torch import nn

# What bitsandbytes quantizes from and computes in; its CPU kernel leaves float64 products uninitialised
KNOWN_DTYPES = (torch.float32, torch.bfloat16, torch.float16)


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
    marked: Any = model
    marked.is_loaded_in_4bit = True  # by this PEFT knows that it has to dequantize before it merges


def _linear4bit(linear: nn.Linear, compute_dtype: torch.dtype, device: torch.device) -> Linear4bit:
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
    # Its eval-mode forward on such CPUs repacks the weights for good, and gradients through the layer are lost.
    quantized.support_avx512bf16_for_cpu = False
    return quantized
