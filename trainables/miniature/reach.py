"""The same function in weights that a LoRA adapter moves further per step.

A LoRA update is added to a matrix, so what it does grows with the matrix's input; in a narrow model it does little in
the 30 steps of a small sweep. Here the inputs of the layers' matrices are made larger and the matrices smaller by the
same factor: what the model computes stays the same, what an adapter does to it is multiplied.
"""

from __future__ import annotations

from typing import Any

import torch


@torch.no_grad()
def extend_reach(model: Any, factor: float) -> None:
    """Qwen2AudioForConditionalGeneration, in place."""
    for layer in model.model.language_model.layers:
        _attention(layer.self_attn, layer.self_attn.o_proj, factor)
        layer.input_layernorm.weight *= factor
        layer.post_attention_layernorm.weight *= factor
        layer.mlp.gate_proj.weight /= factor
        layer.mlp.down_proj.weight /= factor  # its input grows with up_proj's, whose matrix therefore stays
    for layer in model.model.audio_tower.layers:
        _attention(layer.self_attn, layer.self_attn.out_proj, factor)
        for norm in (layer.self_attn_layer_norm, layer.final_layer_norm):
            norm.weight *= factor
            norm.bias *= factor
        layer.fc1.weight /= factor  # GELU is not homogeneous: fc2 stays as it is


def _attention(attention: Any, output: Any, factor: float) -> None:
    """Queries and keys as before; values larger, and the output projection smaller."""
    attention.q_proj.weight /= factor
    attention.k_proj.weight /= factor
    attention.v_proj.bias *= factor
    output.weight /= factor
