"""What a sweep leaves out of its data stands in a file beside its results."""

from __future__ import annotations

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sweeps.config.spec import DataSpec
from sweeps.plan.data import Clips
from sweeps.plan.left_out import left_out_rows, write_left_out
from trainables.data.reading import Account
from trainables.records import LEFT_OUT_FILE


def account(*problems: str) -> Account:
    found = Account()
    for number, problem in enumerate(problems, start=2):
        found.leave_out(f"t.csv line {number}", problem)
    return found


def prepared(main: Account, further: Account) -> Any:
    data = DataSpec("t.csv", evaluate={"far": "far.csv"})
    return SimpleNamespace(
        spec=SimpleNamespace(data=data),
        clips=Clips([], [], main),
        evaluations={"test_far": Clips([], [], further)},
    )


def test_the_list_names_source_place_and_reason(tmp_path: Path) -> None:
    ready = prepared(account("is empty.", 'holds "a", and\na line break.'), account("does not exist."))
    path = write_left_out(ready, tmp_path)
    assert path == tmp_path / LEFT_OUT_FILE
    assert path is not None
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["source", "where", "problem"],
            ["t.csv", "t.csv line 2", "is empty."],
            ["t.csv", "t.csv line 3", 'holds "a", and\na line break.'],
            ["far.csv", "t.csv line 2", "does not exist."],
        ]
    assert [path.name for path in tmp_path.iterdir()] == [LEFT_OUT_FILE]


def test_where_nothing_is_left_out_there_is_no_file(tmp_path: Path) -> None:
    ready = prepared(Account(), Account())
    assert left_out_rows(ready) == []
    assert write_left_out(ready, tmp_path) is None
    assert list(tmp_path.iterdir()) == []
