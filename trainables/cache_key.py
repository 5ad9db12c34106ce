"""What a computed tensor depends on besides its clip, in few characters: under another digest it is another tensor."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from trainables.contract import Loaded


def digest(parts: Sequence[str]) -> str:
    """Sixteen hex digits."""
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()[:16]


def source_digest(module: Any) -> str:
    """Of the file that a backbone is: what it computes may have changed with it."""
    return hashlib.sha256(Path(module.__file__).read_bytes()).hexdigest()


def versions() -> list[str]:
    """Of the libraries that compute features and what lies behind them."""
    return [f"{name} {version(name)}" for name in ("torch", "transformers", "torchaudio", "bitsandbytes")]


def front_end(loaded: Loaded) -> Iterator[str]:
    """The settings of what makes features: those of the processors, and what else the backbone notes."""
    from torch import Tensor

    parts = loaded.processor.values() if isinstance(loaded.processor, Mapping) else [loaded.processor]
    for part in parts:
        written = getattr(part, "to_json_string", None)
        if callable(written):
            yield str(written())
    for name, value in sorted(loaded.extra.items()):
        shown = hashlib.sha256(value.numpy().tobytes()).hexdigest() if isinstance(value, Tensor) else repr(value)
        yield f"{name} {shown}"
