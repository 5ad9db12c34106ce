"""Which form texts were brought to before their errors were counted: error rates mean nothing without it."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.compare.sources import Source
from analysis.predictions.metrics import TRANSCRIPTION, Score
from trainables.errors import InputError
from trainables.tasks.texts import said_of

AS_GIVEN = "as the files give them"  # where nothing is recorded


def check_forms(metric: Score, sources: Sequence[Source]) -> None:
    """Raises InputError: texts were scored in different forms, so that the difference may be one of the forms."""
    if metric.kind != TRANSCRIPTION:
        return
    known = {source.name: source.scored_as for source in sources if source.scored_as is not None}
    if len(set(known.values())) > 1:
        forms = ", ".join(f"{name}: {form}" for name, form in known.items())
        raise InputError(
            f"Texts were brought to different forms before {metric.name} was counted ({forms}; task.normalise): their "
            "difference may be that of the forms. Compare sweeps of one form, or write the answers to files in one."
        )


def form_of(metric: Score, sources: Sequence[Source]) -> str | None:
    """The name of the form, or AS_GIVEN; None where the metric is not of texts."""
    if metric.kind != TRANSCRIPTION:
        return None
    known = {source.scored_as for source in sources if source.scored_as is not None}
    given = [source.name for source in sources if source.scored_as is None]
    if not known:
        return AS_GIVEN
    listed = ", ".join(given)
    return f"{known.pop()}{f' ({listed}: {AS_GIVEN})' if given else ''}"


def sentence_of(form: str) -> str:
    """What stands below the values."""
    if form == AS_GIVEN:
        return f"Error rates are of texts {AS_GIVEN}: capital letters and punctuation count."
    return said_of(form)
