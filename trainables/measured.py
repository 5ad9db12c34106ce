"""What a machine has measured about itself, kept where every process and every later sweep finds it: a sweep that is
begun again decides as before, to the same bits. Whoever measures first decides for all. Loads no torch.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from trainables.cache import cache_folder


def once(name: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The measurement of this name, made where this machine has none; `name` says all that it depends on."""
    path = cache_folder() / "measured" / f"{name}.json"
    return read(path) or agree(path, measure())


def read(path: Path) -> dict[str, Any]:
    """Empty where there is nothing, or nothing whole."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def agree(path: Path, found: dict[str, Any]) -> dict[str, Any]:
    """Whoever comes first decides; where nothing can be written, each for itself."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(found), encoding="utf-8")
        os.link(beside, path)  # fails where another was faster
    except OSError:
        pass
    finally:
        with suppress(OSError):
            beside.unlink()
    return read(path) or found
