"""The text of a file, in the encoding that its first bytes name, else UTF-8."""

from __future__ import annotations

import codecs
from pathlib import Path

from trainables.errors import InputError

# the longer marks first: UTF-32's begins as UTF-16's does
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHERS = (
    (b"PK\x03\x04", "a ZIP archive (unpack it) or an Excel workbook (save the sheet as CSV)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as CSV"),
    (b"BZh", "compressed (bzip2): unpack it"),
    (b"\xfd7zXZ", "compressed (xz): unpack it"),
    (b"\x28\xb5\x2f\xfd", "compressed (zstandard): unpack it"),
    (b"SQLite format 3", "a SQLite database: export the table as CSV"),
    (b"version https://git-lfs", "a pointer of Git LFS and not the file itself: fetch it with `git lfs pull`"),
    (b"<!DOCTYPE", "a web page and no table: was a page of log-in or error downloaded in its place?"),
    (b"<html", "a web page and no table: was a page of log-in or error downloaded in its place?"),
    (b"\x89HDF", "an HDF5 file: write its sound to WAV or FLAC files, and a table of them"),
    (b"\x93NUMPY", "an array of NumPy and no table: write the table as CSV or Parquet"),
    (b"RIFF", "a sound file and no table"),
    (b"fLaC", "a sound file and no table"),
    (b"OggS", "a sound file and no table"),
)


def decoded(path: Path, content: bytes) -> str:
    """Raises InputError: another kind of file, or text in an encoding that nothing names."""
    for start, what in _OTHERS:
        if content[:64].lstrip().lower().startswith(start.lower()):
            raise InputError(f"{path}: is {what}.")
    if content[257:262] == b"ustar":
        raise InputError(
            f"{path}: is a tar archive, and archives are not read, WebDataset's shards among them: unpack it "
            f"(`tar -xf {path.name}`), and name the folder or a table of its files."
        )
    if content[:2] == b"\x80\x04" or content[:2] == b"\x80\x05":
        raise InputError(f"{path}: is a pickle of Python, which is never loaded: write the table as CSV or Parquet.")
    mark, encoding = next(((m, e) for m, e in _MARKS if content.startswith(m)), (b"", "utf-8"))
    if not mark and b"\0" in content[:4000] and len(content) // 3 <= content.count(b"\0"):
        raise InputError(f"{path}: looks like UTF-16 without its mark; save it as UTF-8.")
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        if mark:
            raise InputError(f"{path}: begins as {encoding.upper()} and is none (byte {error.start}).") from None
        raise InputError(
            f"{path}: is not written in UTF-8 ({_looks(content, error.start)}); save it as UTF-8."
        ) from None
    return text


def _looks(content: bytes, place: int) -> str:
    line = content.count(b"\n", 0, place) + 1
    byte = content[place : place + 1]
    shown = byte.decode("cp1252", "ignore")
    guess = f", which is {shown!r} in Latin-1 or Windows-1252" if shown.isalpha() or shown in "’“”–…" else ""
    return f"line {line}, byte {place}: 0x{byte.hex().upper()}{guess}"
