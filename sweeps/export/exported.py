"""What an export has written, for its card and for whoever publishes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeps.export.check import Checked
from sweeps.predict.tuned import Found


@dataclass(frozen=True)
class Exported:
    """What was written."""

    folder: Path
    found: Found
    manifest: dict[str, Any]
    checked: dict[int | None, Checked]  # seed -> what was compared
    code: str | None  # by which it answers without this package
