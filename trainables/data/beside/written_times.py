"""Transcripts of conversations in plain text, with the times of every turn: `0.50 2.10 A: hello` as Fisher and CallHome
have them (catalog.ldc.upenn.edu/LDC2004T19, LDC97T14), `[00:01.2 --> 00:02.5] hello`, and Switchboard's `*-trans.text`
(`sw2001A-ms98-a-0002 0.98 4.50 hi`, openslr.org/5, isip.piconepress.com).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trainables.data.beside.timed_files import Stretch, seconds_of, text_of
from trainables.errors import InputError

_TIME = r"((?:\d+:)?\d+:\d+(?:[.,]\d+)?|\d+[.]\d+)"  # a whole number may be a sample, or anything
_BETWEEN = r"\s*(?:-->|[-,;]|\]?\s)\s*"
_VOICE = r"(?:([A-Za-z][\w.-]{0,24}(?: \w{1,12})?)\s*:(?=\s|$))?"
_TURN = re.compile(rf"[\[(]?{_TIME}{_BETWEEN}[\[(]?{_TIME}[\])]?[:,]?\s+{_VOICE}\s*(.*)")
_SWITCHBOARD = re.compile(r"sw0?(\d{4})([AB])-\S+\s+(\d+(?:\.\d+)?)\s+(\d+(?:\.\d+)?)\s+(.*)")
_NOTE = ("#", ";")
_SIDES = {"A": "A", "B": "B", "A1": "A", "B1": "B"}  # of a call; A2 is another voice on the line of A


def are_turns(lines: Sequence[str]) -> bool:
    """Whether every line of a text, but for notes and what continues the one above, begins with two times."""
    kept = [line for line in lines if line.strip() and not line.startswith(_NOTE)]
    return bool(kept) and _turn(kept[0]) and all(_turn(line) or line[:1].isspace() for line in kept)


def holds_turns(path: Path) -> bool:
    """`are_turns` of a file; False for what is no text."""
    try:
        return are_turns(text_of(path).splitlines())
    except InputError:
        return False


def _turn(line: str) -> bool:
    return _TURN.fullmatch(line.rstrip()) is not None


def turns(path: Path) -> list[Stretch]:
    """The stretches of a text of which `are_turns` is true; a line without times continues the one above. The sides A
    and B of a call are its channels. Names of voices say nothing outside their file, and are no groups."""
    found: list[Stretch] = []
    for line in text_of(path).splitlines():
        if not line.strip() or line.startswith(_NOTE):
            continue
        match = _TURN.fullmatch(line.rstrip())
        if match is None:
            found[-1] = replace(found[-1], text=f"{found[-1].text} {line.strip()}")
            continue
        start, end, voice, text = match.groups()
        found.append(Stretch(seconds_of(start), seconds_of(end), text.strip(), channel=_SIDES.get(voice or "")))
    return [stretch for stretch in found if stretch.text.strip() and stretch.end_seconds > stretch.start_seconds]


def is_switchboard(line: str) -> bool:
    return _SWITCHBOARD.fullmatch(line.strip()) is not None


def switchboard(path: Path) -> list[Stretch]:
    """The stretches of `sw2001A-ms98-a-trans.text`, of the recording `sw02001`; other lines are none."""
    matches = [_SWITCHBOARD.fullmatch(line.strip()) for line in text_of(path).splitlines()]
    found = [
        Stretch(float(match[3]), float(match[4]), match[5].strip(), recording=f"sw0{match[1]}", channel=match[2])
        for match in matches
        if match
    ]
    return [stretch for stretch in found if stretch.text and stretch.end_seconds > stretch.start_seconds]
