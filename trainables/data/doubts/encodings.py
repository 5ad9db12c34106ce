"""Texts whose letters were lost on their way: UTF-8 that a program read as Windows-1252 (`schÃ¶n` for `schön`)."""

from __future__ import annotations

from collections.abc import Iterable

from trainables.data.reading import SHOWN

_OLD = ("cp1252", "latin-1")


def mended(text: str) -> str | None:
    """What was written before; None for a text that is whole."""
    if text.isascii():
        return None
    for encoding in _OLD:
        try:
            found = text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        return found if found != text else None
    return None


def encoding_doubts(texts: Iterable[str], what: str) -> list[str]:
    """One sentence, or none. `what` the texts are: "texts", "classes"."""
    every = list(texts)
    found = {text: whole for text in every if (whole := mended(text)) is not None}
    if not found:
        return []
    shown = [f"{text[:40]!r} is {whole[:40]!r}" for text, whole in found.items()][:SHOWN]
    return [
        f"{sum(text in found for text in every)} of {len(every)} {what} are UTF-8 that was read as Windows-1252 "
        f"({'; '.join(shown)}): write the table anew from its source, as UTF-8."
    ]
