"""Outputs of the frozen part below the adapters, per clip: recorded once per sweep and used where that is faster.

Every clip is recorded alone, so that what is kept does not depend on who met it first, nor in which batch. Whether it
pays is measured once per split and cut, and the answer kept beside the tensors: all workers, and a sweep that goes on,
do the same.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainables.data.clips import Clips
from trainables.data.kept import KeptTensors
from trainables.settled import digest
from trainables.shortcut import Shortcut, stacked

AUTO, ALWAYS, OFF = "auto", "always", "off"
WORTH = 2.0  # so many times faster than computing has reading to be
DECISION = "decision.json"


@dataclass
class _Ledger:
    """One split and one cut."""

    kept: KeptTensors
    use: bool | None = None  # None: not known yet


class Activations:
    """What a model's cuts give. `settled_by` names all that the values depend on but the cut and the clip."""

    def __init__(
        self,
        shortcuts: Callable[[str], Shortcut],
        *,
        settled_by: Sequence[str],
        run: Callable[[Clips, int], Any],  # the whole model on one clip alone
        shape: Callable[[Clips, int], torch.Size],  # of a clip's features
        device: torch.device,
        mode: str,
        limit_bytes: Callable[[Clips], int],
    ) -> None:
        self.settled_by, self.run, self.shape, self.device = list(settled_by), run, shape, device
        self.mode, self.limit_bytes = mode, limit_bytes
        self._make, self._shortcuts = shortcuts, dict[str, Shortcut]()
        self._ledgers: dict[tuple[str, str], _Ledger] = {}

    def filled(self, cut: str | None, clips: Clips, rows: Sequence[int]) -> AbstractContextManager[None]:
        """Inside, a pass over these clips starts after `cut`; where that does not pay, it is an ordinary one."""
        if cut is None or self.mode == OFF:
            return nullcontext()
        ledgers = [self._ledger(cut, clips, row) for row in rows]
        if not all(self._pays(ledger, cut, clips, row) for ledger, row in zip(ledgers, rows, strict=True)):
            return nullcontext()
        shortcut = self._shortcut(cut)
        kept = [self._tensor(ledger, shortcut, clips, row) for ledger, row in zip(ledgers, rows, strict=True)]
        largest = max((self.shape(clips, row) for row in rows), key=torch.Size.numel)
        if not shortcut.knows(largest):
            self._record(shortcut, clips, next(row for row in rows if self.shape(clips, row) == largest))
        return shortcut.filled(stacked(kept).to(self.device), largest)

    def decisions(self) -> dict[str, bool]:
        """Cut -> whether it is used, of those that were met."""
        return {cut: bool(ledger.use) for (_, cut), ledger in self._ledgers.items() if ledger.use is not None}

    def _tensor(self, ledger: _Ledger, shortcut: Shortcut, clips: Clips, row: int) -> Tensor:
        _, index = clips.key(row)
        found = ledger.kept.get(index)
        if found is None:
            found = self._record(shortcut, clips, row)
            ledger.kept.put(index, found)
        return found

    def _record(self, shortcut: Shortcut, clips: Clips, row: int) -> Tensor:
        return shortcut.record(lambda: self.run(clips, row), self.shape(clips, row)).to("cpu")

    def _pays(self, ledger: _Ledger, cut: str, clips: Clips, row: int) -> bool:
        if ledger.use is None:
            path = ledger.kept.folder / DECISION
            ledger.use = self.mode == ALWAYS or _read(path)
            if ledger.use is None:
                ledger.use = _agree(path, self._measure(ledger, cut, clips, row))
        return ledger.use

    def _measure(self, ledger: _Ledger, cut: str, clips: Clips, row: int) -> dict[str, Any]:
        """Times of computing and of reading a clip's tensor, each the better of two after a first."""
        shortcut, (_, index) = self._shortcut(cut), clips.key(row)

        def timed(act: Callable[[], Tensor]) -> float:
            started = time.perf_counter()
            act().to(self.device)
            if self.device.type == "cuda":
                torch.cuda.synchronize()
            return time.perf_counter() - started

        computing = min([timed(lambda: self._record(shortcut, clips, row)) for _ in range(3)][1:])
        recorded = self._record(shortcut, clips, row)
        whole_bytes = recorded.numel() * recorded.element_size() * len(clips)
        fits = ledger.kept.put(index, recorded) and ledger.kept.used_bytes() + whole_bytes <= ledger.kept.limit_bytes
        reading = min(timed(lambda: ledger.kept.read(index).clone()) for _ in range(2)) if fits else None
        return {
            "use": reading is not None and computing > WORTH * reading,
            "computing_seconds": computing,
            "reading_seconds": reading,
            "clip_bytes": recorded.numel() * recorded.element_size(),
        }

    def _shortcut(self, cut: str) -> Shortcut:
        if cut not in self._shortcuts:
            self._shortcuts[cut] = self._make(cut)
        return self._shortcuts[cut]

    def _ledger(self, cut: str, clips: Clips, row: int) -> _Ledger:
        split, _ = clips.key(row)
        if (split, cut) not in self._ledgers:
            kind = digest([*self.settled_by, cut])
            self._ledgers[split, cut] = _Ledger(
                KeptTensors(Path(split), f"activations-{kind}", limit_bytes=self.limit_bytes(clips))
            )
        return self._ledgers[split, cut]


def _read(path: Path) -> bool | None:
    try:
        return bool(json.loads(path.read_text(encoding="utf-8"))["use"])
    except (OSError, ValueError, KeyError):
        return None


def _agree(path: Path, found: dict[str, Any]) -> bool:
    """Whoever comes first decides; where nothing can be written, each for itself."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(found), encoding="utf-8")
        os.link(beside, path)  # fails where another was faster
    except OSError:
        pass
    finally:
        beside.unlink(missing_ok=True)
    agreed = _read(path)
    return bool(found["use"]) if agreed is None else agreed
