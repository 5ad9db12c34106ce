"""CSV cut as a whole, against the csv module row by row."""

import csv
import itertools
from pathlib import Path

import pytest

from analysis.predictions import csv_columns as module
from analysis.predictions.csv_columns import csv_columns

QUICK = {
    "plain": b"a,b\n1,2\n3,4\n",
    "no last line end": b"a,b\n1,2\n3,4",
    "empty cells": b"a,b\n,\n3,\n",
    "Windows": b"\xef\xbb\xbfa,b\r\n1,2\r\n3,4\r\n",
    "empty lines around": b"\n\na,b\n1,2\n\n\n",
    "no rows": b"a,b\n",
    "other scripts": "a,b\n\u00e9,e\u0301 \u2028\n".encode(),
    "spaces": b"a,b\n 1,2 \n",
}
SLOW = {
    "quoted": b'a,b\n"1,5",2\n',
    "an empty line between": b"a,b\n1,2\n\n3,4\n",
    "one column": b"a\n1\n\n2\n",
    "old Macintosh": b"a,b\r1,2\r",
}


@pytest.mark.parametrize("content", QUICK.values(), ids=QUICK)
def test_both_ways_give_the_same(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    content = content.removeprefix(module.BYTE_ORDER_MARK)
    assert module._cut(content, ",") == csv_columns(path) == module._read(content, ",")


@pytest.mark.parametrize("content", SLOW.values(), ids=SLOW)
def test_what_cannot_be_cut_is_read(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert module._cut(content, ",") is None
    assert csv_columns(path) == module._read(content, ",")


@pytest.mark.parametrize("divider", module.DIVIDERS)
def test_every_divider(divider: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for lines in ((("a", "b"), ("1", "2")), (('"a"', "b"), ("1", f'"2{divider}3"'))):
        text = "".join(f"{divider.join(line)}\n" for line in lines)
        path.write_text(text)
        with path.open(newline="") as file:
            names, row = csv.reader(file, delimiter=divider)
        assert csv_columns(path) == {name: [cell] for name, cell in zip(names, row, strict=True)}


@pytest.mark.parametrize("content", [b"a, b\n 1,2 \n", b'a, "b"\n1, "2"\n'])
def test_spaces_beside_the_dividers(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert csv_columns(path) == {"a": ["1"], "b": ["2"]}


def test_every_short_file() -> None:
    """All texts of seven marks: the same columns, or the same refusal."""
    cut = 0
    for letters in itertools.product("x,\n", repeat=7):
        content = "".join(letters).encode()
        quick = module._cut(content, ",")
        if quick is not None:
            cut += 1
            assert quick == module._read(content, ",")
    assert cut > 50


@pytest.mark.parametrize("content", [b"", b"\n\n", b"a,a\n1,2\n", b"a,b\n1\n", b"a,b\n1,2,3\n", b"a,b\n\xff,1\n"])
def test_what_is_wrong_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"empty|stands twice|cells|decode"):
        csv_columns(path)


def test_long_cells_are_read_and_other_readers_keep_their_limit(tmp_path: Path):
    path = tmp_path / "long.csv"
    path.write_text('id,text\na,"' + "x" * 200_000 + '"\n')
    before = csv.field_size_limit()
    assert len(csv_columns(path)["text"][0]) == 200_000
    assert csv.field_size_limit() == before
