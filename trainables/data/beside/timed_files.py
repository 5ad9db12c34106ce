"""What is said or heard when, out of one file: Praat's TextGrid, subtitles (SRT, VTT), labels of HTK (`.lab`) and the
segments of NIST (`.stm`). Praat's are read by praatio, subtitles by webvtt-py.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from trainables.data.tables.encoding import decoded
from trainables.errors import InputError

MOST_BYTES = 1 << 28
_HTK_SECONDS = 1e-7  # HTK counts in 100 nanoseconds
_HTK = re.compile(r"\s*(\d+(?:\.\d+)?)[ \t]+(\d+(?:\.\d+)?)[ \t]+(\S.*?)\s*")
_STM = re.compile(r"(\S+)\s+(\S+)\s+(\S+)\s+(\d+(?:\.\d+)?)\s+(\d+(?:\.\d+)?)\s+(?:<([^>]*)>\s*)?(.*)")


@dataclass(frozen=True)
class Stretch:
    """A part of a recording and what stands there. Seconds; `end_seconds` lies behind `start_seconds`."""

    start_seconds: float
    end_seconds: float
    text: str
    tier: str = ""  # of a TextGrid
    speaker: str | None = None
    recording: str | None = None  # its name, where the file says which of several it is
    channel: str | None = None  # as the file calls it: "1", "A"


def text_grid(path: Path) -> list[Stretch]:
    """The filled intervals of every tier; points are none. Raises InputError: it is no TextGrid."""
    from praatio.utilities.errors import PraatioException
    from praatio.utilities.textgrid_io import parseTextgridStr

    try:
        tiers = parseTextgridStr(text_of(path), includeEmptyIntervals=False)["tiers"]
        found = [
            Stretch(float(start), float(end), " ".join(str(label).split()), str(tier["name"]))
            for tier in tiers
            if tier["class"] == "IntervalTier"
            for start, end, label in tier["entries"]
        ]
    except (PraatioException, LookupError, ValueError, TypeError, AttributeError, RecursionError):
        raise InputError(f"{path}: is no TextGrid that can be read; save it anew with Praat.") from None
    return [stretch for stretch in found if stretch.text and stretch.end_seconds > stretch.start_seconds]


def subtitles(path: Path) -> list[Stretch]:
    """The cues of VTT or SRT that say something; lines are joined, marks of style left out. Raises InputError: it is
    none."""
    import webvtt

    form = path.suffix.lower().removeprefix(".")
    try:
        captions = webvtt.from_buffer(io.StringIO(text_of(path)), format=form).captions
        found = [
            Stretch(
                seconds_of(caption.start),
                seconds_of(caption.end),
                " ".join(html.unescape(caption.text).split()),
                speaker=caption.voice or None,
            )
            for caption in captions
        ]
    except (webvtt.errors.MalformedFileError, webvtt.errors.MalformedCaptionError, ValueError, LookupError):
        raise InputError(f"{path}: is no {form.upper()} that can be read.") from None
    return [stretch for stretch in found if stretch.text and stretch.end_seconds > stretch.start_seconds]


def is_htk(line: str) -> bool:
    """Whether a line has start, end and label."""
    return _HTK.fullmatch(line) is not None


def htk_labels(path: Path) -> list[Stretch]:
    """Lines of start, end and label: whole numbers are 100 ns, as HTK writes them, others seconds. Raises InputError:
    other lines are among them."""
    lines = [line for line in text_of(path).splitlines() if line.strip()]
    matches = [_HTK.fullmatch(line) for line in lines]
    if not all(matches):
        number = matches.index(None) + 1
        raise InputError(f"{path}: line {number} is not START END LABEL.")
    times = [match.group(1, 2, 3) for match in matches if match]
    unit = _HTK_SECONDS if all(time.isdigit() for start, end, _ in times for time in (start, end)) else 1.0
    found = [Stretch(round(float(a) * unit, 7), round(float(b) * unit, 7), label) for a, b, label in times]
    return [stretch for stretch in found if stretch.end_seconds > stretch.start_seconds]


def stm(path: Path) -> list[Stretch]:
    """Lines of recording, channel, speaker, start, end, labels in <> and text (NIST's SCTK; openslr.org/51, TED-LIUM).
    What is not scored is left out. Raises InputError: other lines are among them."""
    found = []
    for number, line in enumerate(text_of(path).splitlines(), start=1):
        if not line.strip() or line.startswith(";;"):
            continue
        match = _STM.fullmatch(line.strip())
        if match is None:
            raise InputError(f"{path}: line {number} is not RECORDING CHANNEL SPEAKER START END <LABELS> TEXT.")
        recording, channel, speaker, start, end, _, text = match.groups()
        if text.strip().lower() == "ignore_time_segment_in_scoring" or float(end) <= float(start):
            continue
        found.append(
            Stretch(float(start), float(end), text.strip(), speaker=speaker, recording=recording, channel=channel)
        )
    return found


READERS: Mapping[str, Callable[[Path], list[Stretch]]] = {
    ".textgrid": text_grid,
    ".vtt": subtitles,
    ".srt": subtitles,
    ".stm": stm,
    ".lab": htk_labels,
}


def text_of(path: Path) -> str:
    """What a file holds. Raises InputError: no text in a known encoding, too large, or unreadable."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path}: is larger than {MOST_BYTES >> 20} MiB; is it what its name says?")
        return decoded(path, path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from None


def seconds_of(clock: str) -> float:
    """`01:02:03.500` or `02:03.500`."""
    seconds = 0.0
    for part in clock.replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return round(seconds, 3)
