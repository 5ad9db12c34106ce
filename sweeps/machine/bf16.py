"""Whether this CPU computes in bfloat16 faster than in float32: measured once on a machine, never assumed.

With instructions of its own for it (AMX, AVX-512 BF16, some ARM) a processor is two to six times as fast; without, many
times slower.
"""

from __future__ import annotations

import platform
import runpy
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.machine.provenance import cpu_model
from trainables import measured
from trainables.cache_key import digest

if TYPE_CHECKING:
    import torch

WORTH = 1.5  # so many times as fast: a training has other parts than matrix products
ROWS, INPUTS, OUTPUTS = 512, 768, 768  # a clip in a layer of AST-base
REPEATS = 5


def bf16_pays() -> bool:
    """Whoever measures first decides for this machine; only that loads torch."""
    key = digest([cpu_model(), platform.machine(), torch_build()])
    found = measured.once(f"bf16-{key}", _measure)
    return bool(found["fp32_seconds"] > WORTH * found["bf16_seconds"])


def torch_build() -> str:
    """`2.14.1+cpu`, from the file in which torch keeps it, which imports nothing."""
    package = find_spec("torch")
    assert package is not None
    assert package.origin is not None
    return str(runpy.run_path(str(Path(package.origin).with_name("version.py")))["__version__"])


def _measure() -> dict[str, float]:
    """The best of some products of matrices, in turn, forwards and for a gradient of the input, on one thread as
    trials have it."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        turns = [(_seconds(torch.float32), _seconds(torch.bfloat16)) for _ in range(REPEATS)]
    finally:
        torch.set_num_threads(threads)
    exact, rough = (min(times) for times in zip(*turns, strict=True))
    return {"fp32_seconds": exact, "bf16_seconds": rough}


def _seconds(dtype: torch.dtype) -> float:
    import torch

    rows, weight = torch.ones(ROWS, INPUTS, dtype=dtype), torch.ones(OUTPUTS, INPUTS, dtype=dtype)
    started = time.perf_counter()
    (rows @ weight.mT) @ weight
    return time.perf_counter() - started
