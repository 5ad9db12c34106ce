"""What goes wrong in training, told apart by kind. Loads no torch.

A kind decides what happens: after `OUT_OF_MEMORY` the epoch is tried again with smaller batches; `DIVERGED` and
`BAD_INPUT` would happen again and end the trial; `DISK_FULL` ends the sweep in good order; whatever has no kind here is
tried again in a new process.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator

from trainables.errors import InputError

DIVERGED = "diverged"
OUT_OF_MEMORY = "out of memory"
BAD_INPUT = "bad input"
DISK_FULL = "disk full"

# Of RuntimeErrors nobody has a class for; CUDA's own class is torch.OutOfMemoryError
MEMORY_TEXTS = (
    "CUDA out of memory",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "MPS backend out of memory",
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",  # Windows
)
DISK_TEXTS = ("No space left on device", "Disk quota exceeded", "database or disk is full")
DISK_NUMBERS = (errno.ENOSPC, errno.EDQUOT)


class TrainingDiverged(RuntimeError):
    """A loss or a validation score is no longer a finite number."""


def kind_of(error: BaseException) -> str | None:
    """The kind of an exception, or of the one that it was raised from; None where it has none here."""
    for each in _chain(error):
        if isinstance(each, TrainingDiverged):
            return DIVERGED
        if isinstance(each, InputError):
            return BAD_INPUT
        if _is_memory(each):
            return OUT_OF_MEMORY
        if is_disk_full(each):
            return DISK_FULL
    return None


def is_disk_full(error: BaseException) -> bool:
    """Whether this exception says that a disk, or the quota on it, is full: the system's words or SQLite's."""
    if isinstance(error, OSError) and error.errno in DISK_NUMBERS:
        return True
    return any(text in str(error) for text in DISK_TEXTS)


def _is_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's, and Ray's
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in MEMORY_TEXTS)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The exception, and what it was raised from or while handling; each once."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
