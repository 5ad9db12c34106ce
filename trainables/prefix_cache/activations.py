"""Outputs of the frozen part below the adapters, per clip: recorded once per sweep and used where that is faster.

Every clip is recorded alone, so that what is kept does not depend on who met it first, nor in which batch. Whether it
pays is measured once on a machine, and what a sweep decided stands beside the tensors: all its workers, the sweep that
goes on and the sweep that is begun again do the same.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainables import measured
from trainables.cache_key import digest
from trainables.data.clips import Clips
from trainables.prefix_cache.cut import Prefix, stacked
from trainables.prefix_cache.tensors import KeptTensors

AUTO, ALWAYS, OFF = "auto", "always", "off"
WORTH = 2.0  # so many times faster than computing has reading to be
DECISION = "decision.json"


@dataclass
class _Ledger:
    """One split and one cut."""

    kept: KeptTensors
    use: bool | None = None  # None: not known yet


class Activations:
    """What a model's cuts give. `computed_by` names all that the values depend on but the cut and the clip."""

    def __init__(
        self,
        prefixes: Callable[[str], Prefix],
        *,
        computed_by: Sequence[str],
        run: Callable[[Clips, int], Any],  # the whole model on one clip alone
        shape: Callable[[Clips, int], torch.Size],  # of a clip's features
        device: torch.device,
        mode: str,
        limit_bytes: Callable[[Clips], int],
    ) -> None:
        self.computed_by, self.run, self.shape, self.device = list(computed_by), run, shape, device
        self.mode, self.limit_bytes = mode, limit_bytes
        self._make, self._prefixes = prefixes, dict[str, Prefix]()
        self._ledgers: dict[tuple[str, str], _Ledger] = {}

    def filled(self, cut: str | None, *parts: tuple[Clips, Sequence[int]]) -> AbstractContextManager[None]:
        """Inside, a pass over these rows of clips, part after part, starts after `cut`; where that does not pay, it is
        an ordinary one."""
        if cut is None or self.mode == OFF:
            return nullcontext()
        known = [(self._ledger(cut, clips, row), clips, row) for clips, rows in parts for row in rows]
        if not all(self._pays(ledger, cut, clips, row) for ledger, clips, row in known):
            return nullcontext()
        prefix = self._prefix(cut)
        kept = [self._tensor(ledger, prefix, clips, row) for ledger, clips, row in known]
        shapes = [self.shape(clips, row) for _, clips, row in known]
        largest = max(shapes, key=torch.Size.numel)
        if not prefix.knows(largest):
            _, clips, row = known[shapes.index(largest)]
            self._record(prefix, clips, row)
        return prefix.filled(stacked(kept).to(self.device), largest)

    def decisions(self) -> dict[str, bool]:
        """Cut -> whether it is used, of those that were met."""
        return {cut: bool(ledger.use) for (_, cut), ledger in self._ledgers.items() if ledger.use is not None}

    def _tensor(self, ledger: _Ledger, prefix: Prefix, clips: Clips, row: int) -> Tensor:
        _, index = clips.key(row)
        found = ledger.kept.get(index)
        if found is None:
            with self._from_below(prefix, clips, row):
                found = self._record(prefix, clips, row)
            ledger.kept.put(index, found)
        return found

    def _from_below(self, prefix: Prefix, clips: Clips, row: int) -> AbstractContextManager[None]:
        """Inside, a pass over this clip starts after the highest cut under this one that is kept of it: sweeps over
        `layers` have several."""
        _, index = clips.key(row)
        shape = self.shape(clips, row)
        for cut in reversed(prefix.before):
            below = self._prefixes.get(cut)
            if below is not None and below.knows(shape):
                kept = self._ledger(cut, clips, row).kept.get(index)
                if kept is not None:
                    return below.filled(stacked([kept]).to(self.device), shape)
        return nullcontext()

    def _record(self, prefix: Prefix, clips: Clips, row: int) -> Tensor:
        return prefix.record(lambda: self.run(clips, row), self.shape(clips, row)).to("cpu")

    def _pays(self, ledger: _Ledger, cut: str, clips: Clips, row: int) -> bool:
        if ledger.use is None:
            ledger.use = self.mode == ALWAYS or measured.read(ledger.kept.folder / DECISION).get("use")
        if ledger.use is None:
            found = measured.once(ledger.kept.folder.name, lambda: self._measure(cut, clips, row))
            needed_bytes = ledger.kept.used_bytes() + found["clip_bytes"] * len(clips)
            pays = found["computing_seconds"] > WORTH * found["reading_seconds"]
            use = pays and needed_bytes <= ledger.kept.limit_bytes
            if ledger.kept.writable:
                use = measured.agree(ledger.kept.folder / DECISION, {"use": use, **found})["use"]
            ledger.use = use
        return bool(ledger.use)

    def _measure(self, cut: str, clips: Clips, row: int) -> dict[str, Any]:
        """Times of computing and of reading a clip's tensor, each the better of two after a first."""
        prefix = self._prefix(cut)

        def timed(act: Callable[[], Tensor]) -> float:
            started = time.perf_counter()
            act().to(self.device)
            if self.device.type == "cuda":
                torch.cuda.synchronize()
            return time.perf_counter() - started

        computing = min([timed(lambda: self._record(prefix, clips, row)) for _ in range(3)][1:])
        recorded = self._record(prefix, clips, row)
        with tempfile.TemporaryDirectory() as folder:
            kept = KeptTensors(Path(folder), "measured", limit_bytes=1 << 62)
            kept.put(0, recorded)
            reading = min([timed(lambda: kept.read(0).clone()) for _ in range(3)][1:])
        size_bytes = recorded.numel() * recorded.element_size()
        return {"computing_seconds": computing, "reading_seconds": reading, "clip_bytes": size_bytes}

    def _prefix(self, cut: str) -> Prefix:
        if cut not in self._prefixes:
            self._prefixes[cut] = self._make(cut)
        return self._prefixes[cut]

    def _ledger(self, cut: str, clips: Clips, row: int) -> _Ledger:
        split, _ = clips.key(row)
        if (split, cut) not in self._ledgers:
            kind = digest([*self.computed_by, cut])
            self._ledgers[split, cut] = _Ledger(
                KeptTensors(Path(split), f"activations-{kind}", limit_bytes=self.limit_bytes(clips))
            )
        return self._ledgers[split, cut]
