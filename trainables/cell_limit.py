"""How long a cell of a CSV table may be.

`csv.field_size_limit` holds for the whole process, so that one reader would change what another refuses: here it holds
for a block, one block at a time.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

_one_reader = RLock()


@contextmanager
def cells_up_to(characters: int) -> Iterator[None]:
    """Within the block `csv` raises csv.Error ("field larger than field limit") for longer cells. A reader made here
    has to be read to its end here."""
    with _one_reader:
        before = csv.field_size_limit(characters)
        try:
            yield
        finally:
            csv.field_size_limit(before)
