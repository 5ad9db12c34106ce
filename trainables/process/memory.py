"""How much memory this process takes, on the device that it trains on."""

from __future__ import annotations

import psutil


def start_counting(device: str) -> None:
    """From here on `peak_bytes` counts anew, where the device can."""
    if device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()


def peak_bytes(device: str) -> int:
    """cuda: the most that tensors have taken since `start_counting`.

    mps, cpu: what is taken now, as the driver or the operating system has it; libraries and warm backbones included.
    """
    if device == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated())
    if device == "mps":
        import torch

        return int(torch.mps.driver_allocated_memory())
    return int(psutil.Process().memory_info().rss)
