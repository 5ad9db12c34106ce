"""Takes secrets out of text that is about to be kept or shown: errors of libraries quote addresses and headers."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

HIDDEN = "…"
SHORTEST = 8  # shorter values of a variable are words such as `token` or `none`
_SECRET_NAME = re.compile(r"TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIAL|(API|ACCESS|PRIVATE)_?KEY", re.IGNORECASE)
_PATTERNS = (
    (re.compile(r"://[^/@\s'\"]+@"), f"://{HIDDEN}@"),  # user and password of an address
    (re.compile(r"\bhf_[A-Za-z0-9]{16,}\b"), HIDDEN),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), HIDDEN),
    (re.compile(r"(?i)\b(authorization\b\W{1,4})?(bearer|basic)\s+[\w.~+/=-]{8,}"), HIDDEN),
    (re.compile(r"(?i)\b(token|password|passwd|secret|api[_-]?key|signature)=[^&\s'\"]+"), rf"\1={HIDDEN}"),
)


def redacted(text: str, environment: Mapping[str, str] | None = None) -> str:
    """`text` without values of environment variables that are named like secrets, passwords in addresses, bearer
    headers, and keys of the hub's and of AWS's form. What has no such form cannot be known."""
    environment = os.environ if environment is None else environment
    for name, value in environment.items():
        if len(value) >= SHORTEST and _SECRET_NAME.search(name) and not value.startswith(("/", "~")):
            text = text.replace(value, HIDDEN)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text
