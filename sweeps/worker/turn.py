"""A trial's turn: what a worker waits for before it reports an epoch that the search decides about.

The driver writes up to which epoch a trial may report into a file, and the trial looks there. Other trials of the
machine are not kept waiting, and whoever has to leave meanwhile leaves: the epoch is saved, and reported by the next
worker that takes the trial.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOOK_SECONDS = 0.02
LEAVE = -1


@dataclass(frozen=True)
class Turn:
    """`file` holds the last epoch that may be reported, or LEAVE; None: whatever comes is reported at once."""

    file: Path | None

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Turn:
        """As Tune's configuration of a trial names it."""
        return cls(Path(config["turn"]) if config.get("turn") else None)

    def give(self, epoch: int) -> None:
        assert self.file is not None
        self.file.parent.mkdir(parents=True, exist_ok=True)
        written = self.file.with_name(f".{self.file.name}")
        written.write_text(str(epoch))
        written.replace(self.file)  # never seen half-written

    def take(self, result: dict[str, Any]) -> dict[str, Any]:
        """This result when its turn comes; `withheld` in its place where the trial has to leave before that."""
        while self.file is not None and not result["done"]:
            allowed = int(self.file.read_text())
            if allowed >= result["epoch"]:
                break
            if allowed == LEAVE:
                return {"done": True, "withheld": True}
            time.sleep(LOOK_SECONDS)
        return result
