"""The verdict as the note that MLflow shows on a sweep's own run: Markdown, from `verdict.json`. Loads no mlflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def verdict_note(verdict: Mapping[str, Any]) -> str:
    """The sentence, a row an arm, what a constant answer has, probabilities beside the test, the warnings."""
    parts = [f"**{_plain(verdict.get('sentence', ''))}**"]
    labels: Mapping[str, str] = verdict.get("labels") or {}
    if rows := verdict.get("rows"):
        metric = _plain(verdict.get("metric", "value"))
        lines = [f"| arm | {metric} | interval | each seed |", "|---|---:|---|---|"]
        for row in rows:
            interval, values = row.get("interval"), row.get("values", {}).values()
            between = "–" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"
            each = ", ".join(f"{value:.3f}" for value in values)
            lines.append(f"| {_plain(labels.get(row['name'], row['name']))} | {row['mean']:.3f} | {between} | {each} |")
        if constant := verdict.get("constant"):
            always = f"always “{_plain(constant['answer'])[:60]}”"
            lines.append(f"| {always} | {constant['value']:.3f} | – | a constant answer |")
        parts.append("\n".join(lines))
    if beside := verdict.get("beside"):
        parts.append(_plain(beside))
    parts += [f"- Note: {_plain(warning)}" for warning in (*verdict.get("warnings", ()), *verdict.get("design", ()))]
    if rows:
        parts.append("The report lies among the artifacts, under `report/`.")
    return "\n\n".join(parts)


def _plain(text: object) -> str:
    """Text that Markdown shows as it stands, on one line."""
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", " ".join(str(text).split()))
