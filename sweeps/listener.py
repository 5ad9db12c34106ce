"""Tune callbacks that belong to the driver: they hold a terminal and a connection, which no snapshot can keep."""

from __future__ import annotations

from ray.tune import Callback

_LISTENING: dict[str, Listener] = {}


class Listener(Callback):  # type: ignore[misc]
    """Tune writes its callbacks into the experiment's snapshot. Of a listener it writes the name only, and a snapshot
    that is read gets the listener of that name that this driver has made."""

    def __init__(self) -> None:
        _LISTENING[type(self).__name__] = self

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (_listening, (type(self).__name__,))


def _listening(name: str) -> Listener:
    return _LISTENING[name]
