"""What should be said of labels before they are compared: those that no target has, and numbers that look like labels.

Files are read in Unicode's composed form and without outer spaces (`analysis.predictions.files`). A label that occurs
among outputs only is then most often a capital, or what a sweep recorded in another form.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

from analysis.compare.sources import Source
from analysis.predictions.metrics import CLASSIFICATION, REGRESSION, Score, columns

SHOWN = 5  # labels that a note names


def label_notes(metric: Score, sources: Sequence[Source], *, chosen: bool) -> list[str]:
    """Sentences for the reader; `chosen`: the metric was asked for by name."""
    if metric.kind == CLASSIFICATION:
        return [note for source in sources if (note := _only_outputs(source)) is not None]
    if metric.kind == REGRESSION and not chosen:
        return _taken_as_regression(metric, sources)
    return []


def spelled_alike(label: str) -> str:
    """The label in composed Unicode (NFC), without outer spaces and capitals."""
    return unicodedata.normalize("NFC", label).strip().casefold()


def _only_outputs(source: Source) -> str | None:
    targets = {str(target) for run in source.runs.values() for target in run.targets if target}
    stray = Counter(
        str(output) for run in source.runs.values() for output in run.outputs if output and output not in targets
    )
    if not stray:
        return None
    meant: dict[str, str] = {spelled_alike(target): target for target in sorted(targets)}
    parts = []
    for label, count in stray.most_common(SHOWN):
        twin = meant.get(spelled_alike(label))
        alike = f", but for spelling the target {_shown(twin)}" if twin is not None else ""
        parts.append(f"{_shown(label)} ({count} times{alike})")
    more = f" and {len(stray) - SHOWN} more" if len(stray) > SHOWN else ""
    return (
        f"{source.name}: labels that occur among its outputs and never as a target count as wrong: "
        f"{', '.join(parts)}{more}."
    )


def _shown(label: str) -> str:
    """Quoted; letters beyond ASCII also by code point, since two forms look alike."""
    return f"{label!r}" if label.isascii() else f"{label!r} ({' '.join(f'U+{ord(c):04X}' for c in label)})"


def _taken_as_regression(metric: Score, sources: Sequence[Source]) -> list[str]:
    def whole(side: str) -> bool:
        tables = [columns(getattr(run, side)) for source in sources for run in source.runs.values()]
        return all(bool((table == table.round()).all()) for table in tables)

    note = f"Targets and outputs are numbers, so they are taken as regression, and {metric.name} is compared."
    if whole("targets") and whole("outputs"):
        note += " All are whole: if they are labels, say --metric accuracy."
    elif whole("targets"):
        note += (
            " The targets are whole and the outputs are not: if these are labels and probabilities, write the label "
            "that the model chose as output, and the probabilities as score/CLASS columns."
        )
    return [note]
