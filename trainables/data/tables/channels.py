"""The column `channel`: which channel of a file is heard, counted from 0, as Lhotse and most tools count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trainables.data.examples import AudioPiece
from trainables.data.sound.recording import MOST_CHANNELS
from trainables.data.tables.spellings import plain
from trainables.errors import InputError

_SIDES = {"left": 0, "l": 0, "a": 0, "right": 1, "r": 1, "b": 1}  # telephone corpora call the sides A and B


def channel_of(value: Any) -> int | None:
    """The channel that `value` names: a whole number from 0, left or right, A or B; None where it is empty.

    Raises InputError: anything else.
    """
    if value is None:
        return None
    number = _number(value)
    if number is None:
        raise InputError(f"channel is {str(value)[:40]!r}; channels are counted from 0, or called left and right.")
    return number


def tells_channels(name: str, values: Iterable[Any]) -> bool:
    """Whether a column of that name means channels of sound: a channel may also be a radio station's, and `channels`
    how many a file has."""
    filled = [value for value in values if value is not None]
    if plain(name).endswith("channels") and not any(_number(value) == 0 for value in filled):
        return False
    return not filled or any(_number(value) is not None for value in filled)


def channel_mark(piece: AudioPiece) -> str:
    """What tells the ids of two channels apart."""
    return "" if piece.channel is None else f"#{piece.channel}"


def _number(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    written = str(value).strip().lower()
    if written in _SIDES:
        return _SIDES[written]
    try:
        number = float(written)
    except (ValueError, OverflowError):
        return None
    return int(number) if 0 <= number < MOST_CHANNELS and number == int(number) else None
