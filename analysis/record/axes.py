"""What the axes of a search are, from its file: unordered choices, or numbers on a linear or a logarithmic scale.

The values of a few trials cannot tell: every continuous axis has few different ones then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

CHOICE, LINEAR, LOG = "choice", "linear", "log"
KINDS = {"uniform": LINEAR, "int": LINEAR, "log_uniform": LOG, "log_int": LOG}
LOG_CHOICES = 8.0  # numbers to choose from that span so much are drawn on a log scale


def axis_scales(yaml_text: str) -> dict[str, str]:
    """Axis -> its scale, of every open axis of a sweep file as run; empty where the text is no such file.

    Numbers to choose from have the scale on which they lie more evenly.
    """
    try:
        file = yaml.safe_load(yaml_text) if yaml_text else None
    except yaml.YAMLError:
        return {}
    search = file.get("search") if isinstance(file, Mapping) else None
    augment = file.get("augment") if isinstance(file, Mapping) else None
    found: dict[str, str] = {}
    for part in (search, augment):
        for name, said in part.items() if isinstance(part, Mapping) else ():
            scale = _scale(said)
            if scale is not None:
                found[str(name)] = scale
    return found


def _scale(said: Any) -> str | None:
    if isinstance(said, list):  # several axes of one name, each with its condition
        scales = {scale for each in said if (scale := _scale(each)) is not None}
        return scales.pop() if len(scales) == 1 else (CHOICE if scales else None)
    if not isinstance(said, Mapping):
        return None
    if "choice" in said:
        return _of_choices(said["choice"])
    return next((scale for kind, scale in KINDS.items() if kind in said), None)


def _of_choices(values: Any) -> str:
    if not isinstance(values, Sequence) or not all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    ):
        return CHOICE
    return LOG if min(values) > 0 and max(values) / min(values) >= LOG_CHOICES else LINEAR
