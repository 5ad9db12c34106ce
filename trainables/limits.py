"""What this process may use of the machine; a container is given less than there is. Loads no torch."""

from __future__ import annotations

import os
from pathlib import Path

_LIMITS = Path("/sys/fs/cgroup")  # cgroup v2


def usable_cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota = container_limit("cpu.max").split()  # "quota period" in microseconds
    if len(quota) == 2 and quota[0].isdigit():
        return max(1, min(cores, int(quota[0]) // int(quota[1])))
    return cores


def container_limit(name: str) -> str:
    """What the container's file of this name says; empty where there is none."""
    try:
        return (_LIMITS / name).read_text().strip()
    except OSError:
        return ""
