"""Where packing may pay at all, before anything is measured. Loads no torch."""

from __future__ import annotations

AUTO_LANES = 16  # more gained nothing in benchmarks/packing.py


def may_pay(device: str, quantization: str, precision: str, batch_size: int) -> bool:
    """Whether a larger batch can be cheaper by the clip. A CPU is busy with 8 clips in float32 as with 80."""
    return device != "cpu" or quantization == "nf4" or precision == "bf16" or batch_size == 1
