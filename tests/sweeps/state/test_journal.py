"""The journal survives being cut anywhere: what is read is always the beginning of what was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.state.journal import Journal, Tail, _line, read_journal

EVENTS = [{"event": "asked", "trial": "a", "given": {"rank": 4, "rate": 0.1 + 0.2}}, {"event": "result", "text": "ü\n"}]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    journal = Journal(tmp_path / "stage" / "journal.jsonl")
    for event in EVENTS:
        journal.write(**event)
    journal.close()
    return journal.path


def test_what_is_written_is_read_to_the_last_bit(written: Path) -> None:
    assert read_journal(written) == EVENTS


def test_cut_at_any_byte_it_keeps_whole_events_and_takes_new_ones(written: Path) -> None:
    content = written.read_bytes()
    first = content.index(b"\n") + 1
    for length in range(len(content) + 1):
        written.write_bytes(content[:length])
        whole = (length >= first) + (length == len(content))
        assert read_journal(written) == EVENTS[:whole]
        journal = Journal(written)
        journal.write(event="new")
        journal.close()
        assert read_journal(written) == [*EVENTS[:whole], {"event": "new"}]


def test_a_tail_of_zeros_and_a_flipped_bit_are_cut_off(written: Path) -> None:
    content = bytearray(written.read_bytes())
    written.write_bytes(content + bytes(4096))
    assert read_journal(written) == EVENTS
    content[-5] ^= 1
    written.write_bytes(content)
    assert read_journal(written) == EVENTS[:1]


def test_a_line_is_one_event_whatever_stands_in_it(written: Path) -> None:
    whole = written.read_bytes()
    written.write_bytes(whole + _line('{"event": "a"}, {"event": "b"}'))  # as one list it would be two events
    with pytest.raises(ValueError, match="Extra data"):
        read_journal(written)
    written.write_bytes(whole + _line('{"event": "nan", "value": NaN}'))
    assert read_journal(written)[-1]["value"] != read_journal(written)[-1]["value"]


def test_looking_on_changes_nothing(written: Path) -> None:
    written.write_bytes(written.read_bytes() + b"half a li")
    before = written.read_bytes()
    read_journal(written)
    assert written.read_bytes() == before


def test_a_tail_gives_every_event_once_and_waits_for_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    tail = Tail(path)
    assert (tail.new(), tail.replaced) == ([], False)
    journal = Journal(path)
    journal.write(event="a")
    journal.write(event="b")
    assert [event["event"] for event in tail.new()] == ["a", "b"]
    assert tail.new() == []
    journal.write(event="c")
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    assert (tail.new(), tail.replaced) == ([], False)
    path.write_bytes(whole)
    assert [event["event"] for event in tail.new()] == ["c"]
    other = tmp_path / "other"
    other.write_bytes(whole)
    other.replace(path)
    assert tail.replaced
