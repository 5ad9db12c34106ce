"""What a file is by its first bytes, whatever it is called: sound that libsndfile does not read, or no sound at all.

Nothing here decodes. The sentences name no file and no number that differs between alike files.
"""

from __future__ import annotations

import codecs

HEAD_BYTES = 4096
COMPRESSED_HOW = (
    "which is not read without the optional decoder: `uv sync --extra compressed`, or convert: ffmpeg -i IN OUT.flac."
)

# (offset, bytes there, what it is). Sound that FFmpeg's libraries decode and libsndfile does not.
_COMPRESSED = (
    (4, b"ftyp", "AAC or ALAC (.m4a, .mp4)"),
    (0, b"ADIF", "AAC"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA (.wma, .asf)"),
    (0, b"\x1a\x45\xdf\xa3", "WebM or Matroska (.webm, .mka)"),
    (0, b"#!AMR", "AMR"),
    (0, b"FLV", "Flash video"),
    (0, b".ra\xfd", "RealAudio"),
    (0, b".RMF", "RealAudio"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio (.ape)"),
    (0, b"TTA1", "True Audio (.tta)"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"DSD ", "DSD"),
    (0, b"\x0b\x77", "AC-3"),
    (0, b"\x7f\xfe\x80\x01", "DTS"),
    (0, b"#!SILK", "SILK"),
    (8, b"AVI ", "video (.avi)"),
    (28, b"Speex   ", "Speex"),
)
_OTHER = (
    (b"version https://git-lfs", "is a Git LFS pointer and not the sound: fetch it with `git lfs pull`."),
    (b"/annex/objects", "is a git-annex pointer and not the sound: fetch it with `git annex get`."),
    (b"PK\x03\x04", "is a ZIP archive, not sound: unpack it."),
    (b"PK\x05\x06", "is a ZIP archive, not sound: unpack it."),
    (b"\x1f\x8b", "is compressed with gzip, not sound: unpack it."),
    (b"7z\xbc\xaf", "is a 7z archive, not sound: unpack it."),
    (b"BZh", "is compressed with bzip2, not sound: unpack it."),
    (b"\xfd7zXZ", "is compressed with xz, not sound: unpack it."),
    (b"Rar!", "is a RAR archive, not sound: unpack it."),
    (b"%PDF", "is a PDF, not sound."),
    (b"\x89PNG", "is a picture (PNG), not sound."),
    (b"\xff\xd8\xff", "is a picture (JPEG), not sound."),
    (b"GIF8", "is a picture (GIF), not sound."),
    (b"MThd", "is MIDI: notes, not sound; render it with a synthesizer."),
    (b"\x93NUMPY", "is a NumPy array, not sound: write it as WAV with its sample rate."),
    (b"PAR1", "is a Parquet file, not sound: name it as data.source."),
    (b"SQLite format 3", "is a database, not sound."),
)


def compressed_kind(head: bytes) -> str | None:
    """The name of a format that only the optional decoder reads; None for anything else."""
    for at, magic, name in _COMPRESSED:
        if head[at : at + len(magic)] == magic:
            return name
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:  # the sync word with layer 0: no MPEG layer has it
        return "AAC (.aac)"
    return None


def not_sound(head: bytes) -> str | None:
    """A sentence for a file that is no sound by its content; None where nothing speaks against it."""
    for magic, problem in _OTHER:
        if head.startswith(magic):
            return problem
    if not any(head):
        return "holds nothing but zero bytes: a copy or a download that broke off?"
    return _as_text(head)


def _as_text(head: bytes) -> str | None:
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)  # a letter may be cut in two at the end
    except UnicodeDecodeError:
        return None
    printable = sum(letter.isprintable() or letter in "\t\r\n\f" for letter in text)
    start = "".join(text.split())[:400].lower()
    if not start or printable < 0.98 * len(text):
        return None
    if start.startswith(("<!doctypehtml", "<html", "<head", "<body")) or (start[0] == "<" and "<html" in start):
        return "is an HTML page, not sound: a download that asked for a login, or a wrong address?"
    if start.startswith("<"):
        return "is XML text, not sound: a download that failed?"
    if start.startswith(('{"', "{}", "[{", '["', "[[")):
        return "is JSON text, not sound: a download that failed, or a list of clips?"
    return "is a text, not sound."
