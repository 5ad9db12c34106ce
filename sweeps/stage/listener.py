"""Searchers, schedulers and callbacks that know a terminal, a connection or a file: no snapshot of Tune's holds it."""

from __future__ import annotations

_LISTENING: dict[str, Listener] = {}


class Listener:
    """What holds a terminal, a connection or a file, which no snapshot can keep.

    Tune writes its callbacks, searcher and scheduler into the experiment's snapshot. Of a listener it writes the name
    only, and a snapshot that is read gets the listener of that name that this driver has made."""

    def __init__(self) -> None:
        _LISTENING[type(self).__name__] = self

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (_listening, (type(self).__name__,))


def _listening(name: str) -> Listener:
    return _LISTENING[name]
