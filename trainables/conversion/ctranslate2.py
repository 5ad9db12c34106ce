"""`model.bin` of CTranslate2, read without that library.

Little endian: the version (u32, 6), the name of a specification, its revision (u32), the number of variables (u32).
Each variable: its name, rank (u8), dimensions (u32 each), type (u8), bytes (u32), data. Then the number of aliases
(u32), each two names: one variable under another name. A name is its length (u16, with the closing zero) and its bytes.

Source: `python/ctranslate2/specs/model_spec.py` of OpenNMT/CTranslate2 (MIT), read for facts.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainables.errors import InputError

VERSION = 6
TYPES: Mapping[int, str] = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2", 5: "bfloat16"}
MOST_DIMENSIONS = 8


@dataclass(frozen=True)
class Model:
    specification: str  # e.g. WhisperSpec
    revision: int
    variables: Mapping[str, np.ndarray]  # views of the file in memory
    aliases: Mapping[str, str]  # another name -> the variable


def read_model(path: Path) -> Model:
    """Raises InputError: the file cannot be read, is of another version, or does not end where it says."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from None
    reader = _Reader(content, path)
    if (version := reader.number("I")) != VERSION:
        raise InputError(
            f"{path}: a model file of CTranslate2 begins with its version {VERSION}, this one with {version}."
        )
    specification, revision = reader.name(), reader.number("I")
    variables = dict(reader.variable() for _ in range(reader.number("I")))
    aliases = {reader.name(): reader.name() for _ in range(reader.number("I"))}
    if reader.place != len(content):
        raise InputError(f"{path}: {len(content) - reader.place} bytes follow behind the last variable; is it damaged?")
    return Model(specification, revision, variables, aliases)


class _Reader:
    def __init__(self, content: bytes, path: Path) -> None:
        self.content, self.path, self.place = content, path, 0

    def bytes(self, count: int) -> bytes:
        found = self.content[self.place : self.place + count]
        if len(found) < count:
            raise InputError(f"{self.path}: ends at byte {len(self.content)}, within a variable; load it again.")
        self.place += count
        return found

    def number(self, form: str) -> int:
        return int(struct.unpack(f"<{form}", self.bytes(struct.calcsize(form)))[0])

    def name(self) -> str:
        return self.bytes(self.number("H")).rstrip(b"\0").decode("utf-8", errors="replace")

    def variable(self) -> tuple[str, np.ndarray]:
        name, rank = self.name(), self.number("B")
        if rank > MOST_DIMENSIONS:
            raise InputError(f"{self.path}: {name!r} has {rank} dimensions; is it damaged?")
        shape = tuple(self.number("I") for _ in range(rank))
        kind, size = self.number("B"), self.number("I")
        known = TYPES.get(kind)
        if known is None:
            raise InputError(f"{self.path}: {name!r} is of type {kind}, which is none of {', '.join(map(str, TYPES))}.")
        stored = np.dtype("<u2" if known == "bfloat16" else known)
        data = np.frombuffer(self.bytes(size), dtype=np.uint8)
        if size != stored.itemsize * int(np.prod(shape, dtype=np.int64)):
            raise InputError(f"{self.path}: {name!r} has {size} bytes for the shape {shape}; is it damaged?")
        values = data.view(stored).reshape(shape)
        if known == "bfloat16":  # the upper half of a float32
            values = (values.astype(np.uint32) << 16).view(np.float32)
        return name, values
