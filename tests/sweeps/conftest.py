"""A finished sweep for the tests of several rooms, made once: tests/sweeps/finished.py."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.sweeps.finished import made_miniatures, make_sweep

__all__ = ["make_sweep"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Around fixtures of a module too, which a patch in a test would come too late for; other tests of the process have
    the machine's own miniatures."""
    if "make_sweep" not in getattr(item, "fixturenames", ()):
        return (yield)
    with made_miniatures():
        return (yield)
