"""Blocks in HTML and Markdown: nothing from a record becomes markup."""

import re

import pytest

from analysis.report.document import Code, Document, Heading, Matrix, Picture, Pictures, Section, Table, Text, slug
from analysis.report.numbers import bytes_of, duration, p_value, signed, value

NASTY = '<script>alert("x")</script> | *stars* `ticks` [link](x) & \\'


@pytest.fixture
def document() -> Document:
    blocks = [
        Text(NASTY),
        Text(NASTY, "warning"),
        Heading(NASTY),
        Table((NASTY, "n"), [(NASTY, "1")], NASTY),
        Code(f"{NASTY}\n```\nfence"),
        Pictures([Picture("one", "<svg><path/></svg>", NASTY)]),
    ]
    return Document(NASTY, [Text("opening", "verdict")], [Section("Part & one", blocks)])


def test_html_escapes_everything_but_its_own_pictures(document: Document) -> None:
    page = document.as_html()
    assert "<script>alert" not in page
    assert page.count("<script") == 1
    assert "&lt;script&gt;alert" in page
    assert '<svg role="img" aria-label="&lt;script' in page
    assert '<h2 id="part-one">Part &amp; one</h2>' in page
    assert '<a href="#part-one">' in page
    assert '<td class="number">1</td>' in page
    assert '<p class="verdict">opening</p>' in page


def test_markdown_keeps_its_tables_whole(document: Document) -> None:
    text = document.as_markdown("pictures")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [3, 3, 3]
    assert "<script" not in text.replace("\\<script", "").split("````")[0]
    assert "> **opening**" in text
    assert "](pictures/one.svg)" in text
    fences = re.findall(r"^`{3,}", text, flags=re.MULTILINE)
    assert fences == ["````", "```", "````"]  # the fence is longer than what it holds


def test_pictures_are_found_wherever_they_stand(document: Document) -> None:
    assert [picture.name for picture in document.pictures()] == ["one"]


def test_a_matrix_has_quiet_zeros_and_marks_its_diagonal() -> None:
    page = Document("d", [Matrix(("a", "b<"), ((3.0, 0.0), (0.5, 2.5)), "caption")]).as_html()
    assert '<td class="own" style="background: rgba(var(--heat), 0.55)">3</td><td class="zero">·</td>' in page
    assert ">0.5</td>" in page
    assert "<th>b&lt;</th>" in page
    text = Document("d", [Matrix(("a", "b"), ((3.0, 0.0), (0.5, 2.5)), "caption")]).as_markdown("p")
    assert "| a | 3 | · |" in text


def test_long_tables_can_be_sorted_and_all_show_that_they_scroll() -> None:
    short, long = (Table(("name", "n"), [("a", "1")] * rows) for rows in (7, 8))
    page = Document("d", [short, long]).as_html()
    assert page.count('<table class="sorts">') == 1
    assert page.count('<div class="table" tabindex="0">') == 2  # a keyboard scrolls what it can reach


def test_pictures_have_the_colours_of_the_page() -> None:
    picture = Picture("p", '<svg><path style="stroke: #1a1a1a; fill: #d55e00"/></svg>', "c")
    page = Document("d", [Pictures([picture])]).as_html()
    assert "stroke: var(--ink)" in page
    assert "fill: #d55e00" in page


def test_slugs() -> None:
    assert slug("Methods, for a paper") == "methods-for-a-paper"
    assert slug("???") == "part"


def test_numbers_in_words() -> None:
    assert [value(None), value(float("nan")), value(0.5), value(0.0), value(123.4), value(0.00012)] == [
        "-", "-", "0.500", "0.000", "123", "0.00012",
    ]  # fmt: skip
    assert [signed(0.0312), signed(-0.5)] == ["+0.031", "-0.500"]
    assert [p_value(None), p_value(0.0), p_value(0.04321)] == ["cannot tell", "< 0.001", "0.043"]
    assert [bytes_of(None), bytes_of(3 * 2**30), bytes_of(2**20), bytes_of(2048)] == [
        "-", "3.00 GiB", "1.00 MiB", "2.0 KiB",
    ]  # fmt: skip
    assert [duration(None), duration(3.21), duration(45), duration(600), duration(10800)] == [
        "-", "3.2 s", "45 s", "10.0 min", "3.0 h",
    ]  # fmt: skip
