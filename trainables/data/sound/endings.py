"""Which files are sound, and which of them can be read, by the endings of their names."""

from __future__ import annotations

from functools import cache
from pathlib import PurePath

import soundfile

from trainables.data.sound import compressed

# libsndfile's names of its formats are endings of files but for a few; people write these endings too
_FURTHER = (".wave", ".bwf", ".aif", ".aifc", ".snd", ".oga", ".opus", ".mp2", ".mp1", ".mpga", ".sph", ".sf", ".8svx")
_NO_ENDINGS = (".raw", ".mat4", ".mat5", ".mpc2k")  # samples without a header, and names that no file has

# Sound, or films with sound, that libsndfile does not decode
_UNREAD = frozenset(
    f".{name}"
    for name in (
        *("3gp", "3gpp", "aac", "ac3", "adts", "amr", "ape", "asf", "avi", "awb", "dff", "dsf", "dts", "eac3", "f4a"),
        *("flv", "gsm", "m4a", "m4b", "m4p", "m4r", "m4v", "mka", "mkv", "mov", "mp4", "mpc", "mpeg", "mpg", "pcm"),
        *(
            "qcp",
            "ra",
            "ram",
            "raw",
            "rm",
            "shn",
            "sln",
            "spx",
            "tak",
            "tta",
            "vox",
            "weba",
            "webm",
            "wma",
            "wmv",
            "wv",
        ),
    )
)


# Those of them that the optional decoder reads
_COMPRESSED = frozenset(
    f".{name}"
    for name in (
        *("3gp", "3gpp", "aac", "ac3", "adts", "amr", "ape", "asf", "awb", "dsf", "dts", "eac3", "f4a", "m4a", "m4b"),
        *("m4p", "m4r", "mka", "mkv", "mov", "mp4", "mpc", "ra", "tta", "weba", "webm", "wma", "wv"),
    )
)


@cache
def readable_endings() -> frozenset[str]:
    """Endings of the files that can be decoded, in small letters with their dot."""
    known = {f".{name.lower()}" for name in soundfile.available_formats()} - {*_NO_ENDINGS}
    return frozenset(known | {*_FURTHER})


def ending_of(path: str | PurePath) -> str:
    """In small letters with its dot, "" where there is none: `PurePath.suffix`, which takes ten times as long."""
    name = str(path).rstrip("/").rpartition("/")[2]
    dot = name.rfind(".")
    return name[dot:].lower() if 0 < dot < len(name) - 1 else ""


def is_sound(path: str | PurePath) -> bool:
    """Whether a file's ending says that it holds sound, of a format that is read or not."""
    ending = ending_of(path)
    return ending in readable_endings() or ending in _UNREAD


def is_readable(path: str | PurePath) -> bool:
    """Whether a file's ending is one of sound that can be decoded."""
    ending = ending_of(path)
    return ending in readable_endings() or (ending in _COMPRESSED and compressed.is_installed())
