"""What a process beside this one can be asked to do (`processes.py`): plain values go there and come back, and bytes.

A job takes its settings once, and then a part of the work at a time; it answers with one reply or several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from trainables.data.decoding.clips import ROW, Decoded, decode
from trainables.data.decoding.pieces import Pieces, pieces_of
from trainables.data.examples import AudioPiece, Example
from trainables.data.sound.audio import headers_of
from trainables.data.sound.recording import AudioInfo


@dataclass(frozen=True)
class Reply:
    """Plain values, and bytes that stand behind them."""

    values: Any
    content: Sequence[bytes] = ()


Job = Callable[[Mapping[str, Any], Any], Iterator[Reply]]


def plain_clip(number: int, example: Example) -> list[Any]:
    """As much of an example as decoding it takes."""
    pieces = [[piece.path, piece.start_seconds, piece.seconds, piece.channel] for piece in example.audio]
    return [number, example.id, pieces, example.lowpass_hz, example.start_seconds, example.seconds]


def decoded_of(reply: Reply) -> Decoded:
    """What a reply of `_decode` says."""
    rows, integers, floats = reply.content
    return Decoded(np.frombuffer(rows, ROW), integers, floats, {number: tuple(found) for number, found in reply.values})


def headers_in(reply: Reply) -> list[AudioInfo | tuple[str, ...]]:
    return [AudioInfo(*found[1:]) if found[0] else tuple(found[1:]) for found in reply.values]


def pieces_in(reply: Reply) -> list[Pieces]:
    return [Pieces(*found) for found in reply.values]


def _decode(settings: Mapping[str, Any], clips: Any) -> Iterator[Reply]:
    examples = [
        (
            number,
            Example(
                id=name,
                audio=tuple(AudioPiece(*piece) for piece in pieces),
                group="",
                target="",
                lowpass_hz=lowpass_hz,
                start_seconds=start,
                seconds=seconds,
            ),
        )
        for number, name, pieces, lowpass_hz, start, seconds in clips
    ]
    for part in decode(examples, **settings):
        yield Reply(
            [[number, list(found)] for number, found in part.problems.items()],
            (part.rows.tobytes(), part.integers, part.floats),
        )


def _headers(settings: Mapping[str, Any], paths: Any) -> Iterator[Reply]:
    yield Reply([[0, *found] if isinstance(found, tuple) else [1, *astuple(found)] for found in headers_of(paths)])


def _pieces(settings: Mapping[str, Any], paths: Any) -> Iterator[Reply]:
    yield Reply([astuple(found) for found in pieces_of(paths)])


JOBS: Mapping[str, Job] = {"decode": _decode, "headers": _headers, "pieces": _pieces}
