"""The engines that a worker process keeps loaded: a trial that comes back finds its backbone warm."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable

import torch

from trainables.training.engine import Engine, EngineKey


class WarmEngines:
    """Engines by key, the least recently used dropped first when the next one would not fit.

    `loads` counts the backbones loaded since the process began.
    """

    def __init__(self) -> None:
        self._engines: OrderedDict[EngineKey, tuple[Engine, int]] = OrderedDict()
        self.loads = 0

    def get(self, key: EngineKey, size_bytes: int, budget_bytes: int, load: Callable[[], Engine]) -> Engine:
        """The engine for `key`; `load` makes it when it is not here, after making room within `budget_bytes`."""
        if key not in self._engines:
            while self._engines and sum(b for _, b in self._engines.values()) + size_bytes > budget_bytes:
                self._engines.popitem(last=False)
                free_memory()
            self._engines[key] = (load(), size_bytes)
            self.loads += 1
        self._engines.move_to_end(key)
        return self._engines[key][0]

    def clear(self) -> None:
        """Drops every engine: the next trial loads its backbone anew."""
        self._engines.clear()
        free_memory()


def free_memory() -> None:
    """Gives back what nobody holds any more."""
    gc.collect()  # adapters and modules refer to each other
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
