"""What a trial takes of a device's memory: an estimate before anything is loaded."""

from __future__ import annotations

BYTES_PER_PARAM = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp64": 8.0}
NF4_BYTES_PER_PARAM = 0.55  # 4 bits, and a constant per block of 64 that is quantized again (arXiv 2305.14314)
NF4_KEPT_SHARE = 0.15  # embeddings and output layer, where nobody counted them: 1.28 of 8.40 billion in Qwen2-Audio
ADAPTER_BYTES_PER_PARAM = 16  # fp32 weight, gradient and AdamW's two moments
ACTIVATION_BYTES = 15_000  # per clip, root of a parameter and byte of precision; see `needed_bytes`
WORKER_BYTES = 1 << 30  # a Python process with torch and Ray


def needed_bytes(
    total_params: int,
    quantization: str,
    precision: str,
    *,
    trainable_params: int,
    batch_size: int,
    kept_params: int | None = None,
) -> int:
    """Device memory of one trial; an estimate, meant to err upwards.

    Weights: `total_params` in the working precision; with nf4, `kept_params` of them (embeddings, output layer, norms)
    stay in it. Adapter: fp32 with gradient and AdamW moments. Activations: with gradient checkpointing they grow with
    tokens x width x layers, and parameters with width^2 x layers, so per clip they are taken as ACTIVATION_BYTES x
    sqrt(parameters) x bytes per value (2.7 GB a clip for 8.4 billion parameters in bf16, logits over 156,032 tokens
    included). On top 10 % for fragmentation, and a worker's own part.
    """
    value_bytes = BYTES_PER_PARAM[precision]
    if quantization == "nf4":
        kept = int(total_params * NF4_KEPT_SHARE) if kept_params is None else kept_params
        weights = kept * value_bytes + (total_params - kept) * NF4_BYTES_PER_PARAM
    else:
        weights = total_params * value_bytes
    adapter = trainable_params * ADAPTER_BYTES_PER_PARAM
    activations = batch_size * clip_bytes(total_params, precision)
    return int(1.1 * (weights + adapter + activations)) + WORKER_BYTES


def clip_bytes(total_params: int, precision: str) -> int:
    """What one clip of a batch takes while a model of so many parameters trains; see `needed_bytes`."""
    return int(ACTIVATION_BYTES * total_params**0.5 * BYTES_PER_PARAM[precision])
