"""bitsandbytes, imported without torch's compiler.

It hands some of its functions to `torch.compile` while it is imported, which loads the compiler (a second of processor
time, 570 modules) in every worker, also where none of these functions is ever called. Here they are compiled at their
first call. Import this before PEFT, which imports bitsandbytes by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, cast

import torch


@contextmanager
def compiled_when_called() -> Iterator[None]:
    """Within the block `torch.compile` returns functions that are compiled at their first call, with the same
    options."""
    at_once = torch.compile

    def later(function: Callable[..., Any] | None = None, **options: Any) -> Callable[..., Any]:
        if function is None:  # a decorator with options
            return lambda decorated: later(decorated, **options)
        compiled: list[Callable[..., Any]] = []

        @wraps(function)
        def call(*values: Any, **named: Any) -> Any:
            if not compiled:
                compiled.append(at_once(function, **options))
            return compiled[0](*values, **named)

        return call

    torch.compile = cast(Any, later)
    try:
        yield
    finally:
        torch.compile = at_once


with compiled_when_called():
    import bitsandbytes  # noqa: F401
