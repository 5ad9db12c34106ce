"""What belongs to the driver and is handed to Tune: it holds a terminal, a connection or a file, which no snapshot can
keep."""

from __future__ import annotations

_LISTENING: dict[str, Listener] = {}


class Listener:
    """Tune writes its callbacks, searcher and scheduler into the experiment's snapshot. Of a listener it writes the
    name only, and a snapshot that is read gets the listener of that name that this driver has made."""

    def __init__(self) -> None:
        _LISTENING[type(self).__name__] = self

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (_listening, (type(self).__name__,))


def _listening(name: str) -> Listener:
    return _LISTENING[name]
