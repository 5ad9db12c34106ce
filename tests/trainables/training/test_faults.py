"""Faults are told apart as the libraries raise them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from trainables.errors import InputError
from trainables.training.faults import BAD_INPUT, DISK_FULL, DIVERGED, OUT_OF_MEMORY, TrainingDiverged, kind_of

TOO_MANY_BYTES = 1 << 60


def fill_database() -> None:
    with sqlite3.connect(":memory:") as database:
        database.execute("PRAGMA max_page_count=2")
        database.execute("CREATE TABLE t (x)")
        database.execute("INSERT INTO t VALUES (zeroblob(100000))")


def raised_by(action: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - each is looked at
        action()
    return caught.value


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (lambda: torch.empty(TOO_MANY_BYTES, dtype=torch.uint8), OUT_OF_MEMORY),
        (lambda: np.ones(TOO_MANY_BYTES, dtype=np.uint8), OUT_OF_MEMORY),
        (lambda: bytearray(TOO_MANY_BYTES), OUT_OF_MEMORY),
        (fill_database, DISK_FULL),
        (lambda: torch.ones(2) @ torch.ones(3), None),
        (lambda: Path("/nowhere/at/all").read_text(), None),
    ],
    ids=["torch", "numpy", "python", "sqlite", "shapes", "no-file"],
)
def test_what_libraries_raise_has_its_kind(action: Callable[[], object], kind: str | None) -> None:
    assert kind_of(raised_by(action)) == kind


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_known_by_its_number_also_behind_another_exception() -> None:
    def write() -> None:
        try:
            with open("/dev/full", "w") as file:
                file.write("x")
        except OSError as error:
            raise RuntimeError("could not save") from error

    assert kind_of(raised_by(write)) == DISK_FULL


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."), OUT_OF_MEMORY),
        (RuntimeError("MPS backend out of memory (MPS allocated: 17.5 GiB, max allowed: 18.1 GiB)."), OUT_OF_MEMORY),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), OUT_OF_MEMORY),
        (RuntimeError("CUDA error: device-side assert triggered"), None),
        (TrainingDiverged("the training loss is nan"), DIVERGED),
        (InputError("data.source: no such file"), BAD_INPUT),
    ],
)
def test_what_cannot_be_raised_here_is_known_by_its_words(error: Exception, kind: str | None) -> None:
    assert kind_of(error) == kind
