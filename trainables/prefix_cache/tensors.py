"""Tensors that are computed once and kept on disk, one file a clip, for every process that trains on a split.

A file appears whole or not at all (it is written beside and renamed), so writers need no lock: whoever comes second
writes the same again. What cannot be read whole is computed anew. Files are mapped into memory, never copied, and so
the system keeps them there once for all workers.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

KEPT = "kept"
VALUE = "value"
COUNTED_EVERY = 64  # writes
MOST_HELD = 20_000  # mapped files; the system allows a process about three times as many


class KeptTensors:
    """The tensors of one kind of a split, by number. `limit_bytes` bounds what the folder above, with every kind in it,
    may grow to; beyond that nothing is written any more, and what is there is still read. Likewise where the split's
    folder is not there or cannot be written.
    """

    def __init__(self, split: Path, kind: str, *, limit_bytes: int) -> None:
        self.folder = split / KEPT / kind
        self.limit_bytes = limit_bytes
        self.writable = split.is_dir()
        self._held: dict[int, Tensor] = {}
        self._used_bytes = 0
        self._until_counted = 0  # writes until the folder is counted again: others write there too

    def get(self, index: int) -> Tensor | None:
        """The tensor, mapped; None where it is not there, or not whole. Not to be changed in place."""
        if index not in self._held:
            try:
                found = self.read(index)
            except (OSError, SafetensorError, KeyError):
                return None
            if len(self._held) >= MOST_HELD:
                return found
            self._held[index] = found
        return self._held[index]

    def read(self, index: int) -> Tensor:
        """The tensor from its file. Raises OSError, SafetensorError or KeyError where it is not there, or not whole."""
        found: Tensor = load_file(self._path(index))[VALUE]
        return found

    def put(self, index: int, tensor: Tensor) -> bool:
        """Keeps a tensor; False where the folder is full or cannot be written."""
        size_bytes = tensor.numel() * tensor.element_size()
        if not self.writable or self.used_bytes() + size_bytes > self.limit_bytes:
            return False
        path = self._path(index)
        beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            save_file({VALUE: tensor.detach().to("cpu").contiguous()}, beside)
            os.replace(beside, path)
        except (OSError, SafetensorError):
            beside.unlink(missing_ok=True)
            self.writable = False
            return False
        self._used_bytes += size_bytes
        return self.get(index) is not None

    def used_bytes(self) -> int:
        """What all kinds take, counted now and then."""
        if self._until_counted == 0:
            self._used_bytes = sum(path.stat().st_size for path in self.folder.parent.glob("*/*.safetensors"))
            self._until_counted = COUNTED_EVERY
        self._until_counted -= 1
        return self._used_bytes

    def _path(self, index: int) -> Path:
        return self.folder / f"{index}.safetensors"
