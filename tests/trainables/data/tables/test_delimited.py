"""Text tables: what divides them, what stands above them, and quotes that are not closed."""

from __future__ import annotations

from typing import Any

import pytest

from trainables.data.tables.delimited import delimited_rows
from trainables.errors import InputError

TWO = [{"audio": "a.wav", "text": "one, two"}, {"audio": "b.wav", "text": "three"}]


def rows(text: str, name: str = "t.csv", renamed: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    return [dict(row) for _, row in delimited_rows(name, text, renamed).rows]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ('audio,text\na.wav,"one, two"\nb.wav,three\n', "divided by commas"),
        ("audio;text\na.wav;one, two\nb.wav;three\n", "divided by semicolons"),
        ("audio\ttext\na.wav\tone, two\nb.wav\tthree\n", "divided by tabs"),
        ("audio|text\na.wav|one, two\nb.wav|three\n", "divided by |"),
        ("sep=;\naudio;text\na.wav;one, two\nb.wav;three\n", "divided by semicolons"),
        ("sep=!\naudio!text\na.wav!one, two\nb.wav!three\n", "divided by '!'"),
        ("audio;text\ra.wav;one, two\rb.wav;three\r", "divided by semicolons"),
        ("\n\naudio;text\r\n\r\na.wav;one, two\r\n\r\nb.wav;three", "divided by semicolons"),
        ("# made by a tool, version 2\n#\naudio;text\na.wav;one, two\nb.wav;three\n", "divided by semicolons"),
        ('audio, text\na.wav, "one, two"\nb.wav, three\n', "divided by commas"),
        ('"audio";"text"\n"a.wav";"one, two"\n"b.wav";"three"\n', "divided by semicolons"),
    ],
)
def test_the_header_says_what_divides(text: str, form: str) -> None:
    table = delimited_rows("t.csv", text)
    assert [{name: cell.strip() for name, cell in row.items()} for _, row in table.rows] == TWO
    assert table.form == form
    assert not table.broken


def test_spaces_divide_where_they_do_so_in_every_line() -> None:
    table = delimited_rows("t.txt", "wav    label\na.wav  dog\nb.wav  cat\n")
    assert [row for _, row in table.rows] == [{"wav": "a.wav", "label": "dog"}, {"wav": "b.wav", "label": "cat"}]
    assert table.form == "divided by spaces"
    assert rows("wav text\na.wav one two\n") == [{"wav text": "a.wav one two"}]


def test_names_of_the_sweep_file_count_as_names_of_a_header() -> None:
    assert rows("itemid;said, done\nc0;x\n", renamed=("itemid",)) == [{"itemid": "c0", "said, done": "x"}]


def test_a_header_in_a_note_is_taken_and_said() -> None:
    table = delimited_rows("t.csv", '# segments of 2017\n# audio, start_seconds, label\ny.wav, 1.000, "/m/0,/m/1"\n')
    assert [row for _, row in table.rows] == [{"audio": "y.wav", "start_seconds": "1.000", "label": "/m/0,/m/1"}]
    assert table.guesses == ["The columns of t.csv are named in a note above them: audio, start_seconds, label."]


def test_a_name_that_begins_with_a_hash_is_a_name() -> None:
    assert rows("audio,label\n#1.wav,a\n") == [{"audio": "#1.wav", "label": "a"}]


def test_a_text_with_a_quoted_line_break_is_one_text() -> None:
    text = 'audio,text\na.wav,"first line,\nsecond, ""line"" of 2\n"\nb.wav,x\n'
    assert [row["text"] for row in rows(text)] == ['first line,\nsecond, "line" of 2\n', "x"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"Yes," he said.', '"Yes," he said.'),
        ('a "quoted" word', 'a "quoted" word'),
        ('"all ""of"" it"', 'all "of" it'),
        ('"', '"'),
        ('"opened', '"opened'),
    ],
)
def test_quotes_in_a_table_of_tabs_are_text(written: str, read: str) -> None:
    assert rows(f"audio\ttext\na.wav\t{written}\nb.wav\tx\n") == [
        {"audio": "a.wav", "text": read},
        {"audio": "b.wav", "text": "x"},
    ]


def test_tabs_and_line_breaks_within_quotes_in_a_table_of_tabs() -> None:
    assert rows('audio\ttext\na.wav\t"one\ttwo\nthree"\n') == [{"audio": "a.wav", "text": "one\ttwo\nthree"}]


CLIPS = [f"c{number:03d}.wav,twenty {number}" for number in range(12)]


def with_quotes(*places: int, names: str = "c{:03d}.wav") -> str:
    lines = [f"{names.format(number)},twenty {number}" for number in range(12)]
    for place in places[:1]:
        lines[place] = f'{names.format(place)},"twenty {place}'
    for place in places[1:]:
        lines[place] += '"'
    return "audio,text\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("names", ["c{:03d}.wav", "LJ{:03d}-0001", "{:06d}", "clips/{:d}.FLAC"])
def test_quotes_of_two_rows_swallow_what_is_between_them(names: str) -> None:
    with pytest.raises(InputError, match=r"t.csv line 5: opens a quote that takes in 4 further rows of the table"):
        rows(with_quotes(3, 7, names=names))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (with_quotes(8), r"line 10: opens a quote that no line closes"),
        ('audio,text\na.wav,"b" c\n', r"line 2: has text behind a closed quote"),
        ('audio,text\na.wav,"x\ny" z\n', r"line 3: has text behind a closed quote \(the row begins in line 2\)"),
        ('audio,text\na.wav,"' + "x y\n" * 50_000 + '"\n', r"line 2: has a field of more than 131,072 characters"),
        ("audio,label,label\na.wav,x,y\n", r"line 1: names the column 'label' 2 times"),
        ("\n# x\naudio, label ,label\na.wav,x,y\n", r"line 3: names the column 'label' 2 times"),
        ("c000.wav,dog\nc001.wav,cat\n", r"line 1: is no header, since 'c000.wav' looks like a file"),
        ("dog\tclips/c000.flac\n", r"line 1: is no header, since 'clips/c000.flac' looks like a file"),
    ],
)
def test_what_makes_a_whole_table_unsure(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        rows(text)


def test_long_and_short_rows_are_named_and_the_others_read() -> None:
    table = delimited_rows("t.csv", "audio,label,group\na.wav,x,g\nb.wav,x\nc.wav,x,y,g\nd.wav,x,g\n,,\n")
    assert [row["audio"] for _, row in table.rows] == ["a.wav", "d.wav"]
    assert table.broken == [
        ("t.csv line 3", "has fewer values than the header has columns."),
        ("t.csv line 4", "has more values than the header has columns (an unquoted comma?)."),
    ]
    assert table.guesses == ["1 lines of t.csv hold no value and are no rows."]


def test_a_comma_at_the_end_of_the_header_is_no_column() -> None:
    table = delimited_rows("t.csv", "audio,label,\na.wav,x,\nb.wav,y\n")
    assert [row["label"] for _, row in table.rows] == ["x", "y"]
    assert not table.broken


def test_row_names_without_a_name_are_pointed_out() -> None:
    table = delimited_rows("t.tsv", "audio\tlabel\n1\ta.wav\tx\n2\tb.wav\ty\n")
    assert {problem for _, problem in table.broken} == {
        "has more values than the header has columns, one more in every row: does the first column lack a name?"
    }


def test_tables_that_were_joined_with_their_headers() -> None:
    table = delimited_rows("t.csv", "audio,label\na.wav,x\naudio, label\nb.wav,y\n")
    assert [row["audio"] for _, row in table.rows] == ["a.wav", "b.wav"]
    assert table.guesses == ["1 lines of t.csv repeat its header and are no rows."]


@pytest.mark.parametrize("divider", [",", ";", "\t", "|"])
@pytest.mark.parametrize("between", ["", "\n", "\r\n  \r\n"])
def test_a_title_above_the_header(divider: str, between: str) -> None:
    text = f"Annotations of 2024\n{between}" + "\n".join(map(divider.join, [["file", "label"], ["a.wav", "x"]]))
    table = delimited_rows("t.csv", text)
    assert [row for _, row in table.rows] == [{"file": "a.wav", "label": "x"}]
    assert "Line 1 of t.csv (Annotations of 2024) is a title" in table.guesses[0]
    assert table.rows[0][0] == f"t.csv line {len(text.splitlines())}"


def test_a_column_alone_is_no_title() -> None:
    assert [row for _, row in delimited_rows("t.csv", "audio\na.wav\nb.wav\n").rows] == [
        {"audio": "a.wav"},
        {"audio": "b.wav"},
    ]
