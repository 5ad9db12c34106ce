"""Any table: examples and rows with a reason, or a refusal in sentences, and the same in any order of the rows."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from trainables.data.examples import Example
from trainables.data.formats.manifest import read_manifest
from trainables.data.reading import Wanted
from trainables.errors import InputError

Rows = list[dict[str, Any]]

NAMES = (
    "audio", "path", "file_name", "Audio ", "label", "class", "target", "text", "sentence", "group", "speaker",
    "client_id", "split", "subset", "fold", "id", "start", "end", "onset", "offset", "duration", "start_ms", "seconds",
    "start_seconds", "end_seconds", "channel", "lang", "lowpass_hz", "note", "",
)  # fmt: skip
NOTHING = st.sampled_from(["", " ", None, float("nan")])
PATHS = st.sampled_from(
    ["a.wav", "b.wav", "clips/c.flac", "clips\\c.flac", "/away/x.mp3", "C:\\x.wav", "a", "https://x/y.wav"]
)
NUMBERS = st.sampled_from([0, 1, 1.0, "1", "1.0", "1e0", 2.5, -1, 1000, "0,5", "00:00:02", True, False, "08"])
WORDS = st.sampled_from(
    ["dog", "cat", " dog", "do\u0308g", "train", "dev", "test", 'say "no"', "one\ntwo", "a,b;c|d\te", "left"]
)
LISTS = st.sampled_from([["dog"], ["a.wav", "b.wav"], {"name": "dog"}, [0.5, 1]])
VALUES = NOTHING | PATHS | NUMBERS | WORDS | LISTS
FUZZ = settings(
    max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def tables(draw: st.DrawFn) -> Rows:
    """Columns that hold mostly one kind of value, so that many rows can be read."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=7, unique=True))
    names = [*dict.fromkeys(["audio", "label", *names])] if draw(st.booleans()) else names
    kinds = {name: draw(st.sampled_from([PATHS, NUMBERS, WORDS, VALUES])) for name in names}
    kinds |= {name: PATHS for name in ("audio", "path") if name in kinds and draw(st.booleans())}
    size = draw(st.integers(1, 6))
    return [{name: draw(kinds[name]) for name in names} for _ in range(size)]


def delimited(divider: str, **how: Any) -> Callable[[Rows], bytes]:
    def written(rows: Rows) -> bytes:
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, list(rows[0]), delimiter=divider, **how)
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue().encode("utf-16" if divider == "|" else "utf-8")

    return written


def parquet(rows: Rows) -> bytes:
    out = pa.BufferOutputStream()
    texts = [{name: None if value is None else str(value) for name, value in row.items()} for row in rows]
    pq.write_table(pa.Table.from_pylist(texts), out)
    return bytes(out.getvalue().to_pybytes())


FORMS: dict[str, Callable[[Rows], bytes]] = {
    "lines": lambda rows: "\n".join(map(json.dumps, rows)).encode(),
    "array": lambda rows: json.dumps(rows, indent=1, ensure_ascii=False).encode(),
    "key": lambda rows: json.dumps({"made": "today", "clips": rows}).encode(),
    "commas": delimited(","),
    "semicolons": delimited(";", quoting=csv.QUOTE_ALL),
    "tabs": delimited("\t"),
    "pipes in UTF-16": delimited("|"),
    "parquet": parquet,
}


def outcome(path: Path, content: bytes, column: str) -> tuple[list[Example], int] | tuple[str, ...]:
    """(examples by id, how many rows are left out), or the refusal."""
    path.write_bytes(content)
    try:
        reading = read_manifest(path, Wanted(column, path.parent / "cache"))
    except InputError as error:
        return error.problems
    json.dumps([example.as_dict() for example in reading.examples])
    return sorted(reading.examples, key=repr), len(reading.account.left_out)


@FUZZ
@pytest.mark.parametrize("form", FORMS)
@given(tables(), st.sampled_from(["label", "text", "targets"]), st.randoms(use_true_random=False))
def test_no_row_is_lost_and_the_order_does_not_matter(
    tmp_path: Path, form: str, rows: Rows, column: str, chance: random.Random
) -> None:
    path = tmp_path / "t.data"
    # one object alone that holds lists is no line, but a list for each column, or the files of each label
    assume(form != "lines" or len(rows) > 1 or not all(isinstance(value, list) for value in rows[0].values()))
    found = outcome(path, FORMS[form](rows), column)
    shuffled = chance.sample(rows, len(rows))
    again = outcome(path, FORMS[form](shuffled), column)
    assert found
    if isinstance(found[0], str):
        assert isinstance(again[0], str), (found, again)
        return
    assert found == again
    examples, left_out = found
    assert isinstance(left_out, int)
    assert len(examples) + left_out + empty(rows, form) == len(rows)


def empty(rows: Sequence[dict[str, Any]], form: str) -> int:
    """Rows that a text table cannot show to be rows: all their cells are blank."""
    if form in ("lines", "array", "key", "parquet"):
        return 0
    return sum(all(value is None or not str(value).strip() for value in row.values()) for row in rows)


@FUZZ
@given(
    st.lists(
        st.sampled_from(["audio", "label", "group", "split", "Label", "start", "note", ""]), min_size=2, max_size=6
    ),
    st.lists(st.lists(PATHS | WORDS | st.sampled_from(["", "1", "1.0"]), max_size=7), min_size=1, max_size=6),
    st.sampled_from([",", ";", "\t", "|"]),
    st.randoms(use_true_random=False),
)
def test_rows_of_any_length_under_columns_of_any_name(
    tmp_path: Path, names: list[str], rows: list[list[str]], divider: str, chance: random.Random
) -> None:
    """Columns that stand twice, cells that are missing or too many."""

    def written(body: list[list[str]]) -> bytes:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=divider).writerows([["audio", "label", *names], *body])
        return out.getvalue().encode()

    filled = [row for row in rows if any(cell.strip() for cell in row)]
    found = outcome(tmp_path / "t.csv", written(rows), "label")
    again = outcome(tmp_path / "t.csv", written(chance.sample(rows, len(rows))), "label")
    if isinstance(found[0], str):
        assert isinstance(again[0], str), (found, again)
        return
    assert found == again
    assert len({name.strip() for name in names if name.strip()} | {"audio", "label"}) == 2 + sum(
        bool(name.strip()) for name in names
    ), "a column that stands twice was read"
    examples, left_out = found
    assert isinstance(left_out, int)
    assert len(examples) + left_out == len(filled)
