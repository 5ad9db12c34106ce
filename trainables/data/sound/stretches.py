"""Which stretch of a file an example hears, in seconds, and what is wrong with it."""

from __future__ import annotations

from trainables.data.examples import AudioPiece, Example
from trainables.data.sound.recording import AudioInfo
from trainables.errors import InputError

LONGEST_SECONDS = 3600.0  # of what one example hears: more is a mistake in the data; files may be longer


def piece_bounds(piece: AudioPiece, info: AudioInfo) -> tuple[float, float]:
    """Where a piece starts and ends in its file, in seconds. Raises InputError: it starts behind the file's end, or
    names a channel that the file lacks."""
    if piece.channel is not None and piece.channel >= info.channels:
        raise InputError(
            f"{piece.path}: channel {piece.channel} is wanted and the file has {info.channels}; channels are counted "
            "from 0."
        )
    if not 0 <= piece.start_seconds < info.seconds:
        raise InputError(
            f"{piece.path}: a piece starts at {piece.start_seconds:g} s and the file has {_shown(info.seconds)} s"
            f"{_milliseconds_hint(piece.start_seconds, info.seconds)}."
        )
    if piece.seconds is None:
        return piece.start_seconds, info.seconds
    if not piece.seconds > 0:
        raise InputError(f"{piece.path}: a piece of {piece.seconds:g} seconds holds nothing; give a positive length.")
    return piece.start_seconds, min(info.seconds, piece.start_seconds + piece.seconds)


def crop_problem(example: Example, joined_seconds: float) -> str | None:
    """None where the example's crop and low-pass make sense on `joined_seconds` of sound, else what is wrong."""
    if not 0 <= example.start_seconds < joined_seconds:
        return (
            f"start_seconds is {example.start_seconds:g} and the sound has {_shown(joined_seconds)} s"
            f"{_milliseconds_hint(example.start_seconds, joined_seconds)}."
        )
    if example.seconds is not None and not example.seconds > 0:
        return f"seconds must be above 0, is {example.seconds:g}."
    if example.lowpass_hz is not None and not example.lowpass_hz >= 50:
        hint = " (kilohertz where hertz was meant?)" if example.lowpass_hz > 0 else ""
        return f"lowpass_hz must be at least 50, is {example.lowpass_hz:g}{hint}."
    return None


def too_long(seconds: float) -> str:
    return (
        f"lasts {seconds / 3600:.3g} hours; at most {LONGEST_SECONDS / 3600:g} is heard of one clip. Cut it into "
        "clips, or give each row its start_seconds and seconds."
    )


def _milliseconds_hint(start: float, available: float) -> str:
    return " (milliseconds where seconds were meant?)" if available <= start < available * 1000 and start >= 20 else ""


def _shown(seconds: float) -> str:
    return f"{seconds:.3g}" if seconds < 1000 else f"{seconds:.0f}"
