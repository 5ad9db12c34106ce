"""A folder appears whole or not at all, whoever else writes it at the same time."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Yields an empty folder beside `folder`; renames it to `folder` when the block ends without an exception.

    Where another writer was faster, its folder stays and this one's work is dropped: callers write the same content.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.parent / f".{folder.name}.{uuid.uuid4().hex[:12]}"  # same file system, so a rename is atomic
    temporary.mkdir()
    try:
        yield temporary
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
