"""Numbers as the report writes them."""

from __future__ import annotations

GIB, MIB = 2**30, 2**20


def value(number: float | None) -> str:
    """Three places for what is of the order of 1, three digits else."""
    if number is None or number != number:
        return "-"
    return f"{number:.3f}" if 0.001 <= abs(number) < 100.0 or number == 0.0 else f"{number:.3g}"


def signed(number: float) -> str:
    if abs(number) < 0.0005:
        return "0.000"
    return f"{number:+.3f}" if abs(number) < 100.0 else f"{number:+.3g}"


def p_value(number: float | None) -> str:
    """Never 0; `cannot tell` where nothing could be tested."""
    if number is None:
        return "cannot tell"
    return "< 0.001" if number < 0.001 else f"{number:.3f}"


def bytes_of(number: float | None) -> str:
    if number is None:
        return "-"
    if number >= GIB:
        return f"{number / GIB:.2f} GiB"
    return f"{number / MIB:.2f} MiB" if number >= MIB / 10 else f"{number / 1024:.1f} KiB"


def duration(seconds: float | None) -> str:
    """In the largest fitting unit."""
    if seconds is None:
        return "-"
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
