"""Names of files that are made of what a stranger wrote."""

from __future__ import annotations

import hashlib
import re


def file_name(text: str) -> str:
    """`text` as part of a file's name: as it is where that is safe, else what is safe of it and a hash. Names of folds
    and groups come from manifests, and may hold slashes."""
    if re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}", text):
        return text
    return f"{re.sub('[^A-Za-z0-9_-]+', '_', text)[:40]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
