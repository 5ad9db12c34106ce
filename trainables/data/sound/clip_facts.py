"""What decoding shows of each clip: its level, whether it is silent or clipped, how channels were mixed.

Taken in the pass that writes a store, and kept beside it; `measuring.py` has the same without a store.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainables.data.sound import channels
from trainables.data.sound.audio import Heard

FACTS = np.dtype(
    [
        ("sample_rate_hz", "<i4"),  # of the first piece
        ("channels", "<u2"),  # of the first piece
        ("mixing", "u1"),  # `channels.PLAIN`, DEAD, CANCELLING, SPEAKERS or CHOSEN; the first that is not plain
        ("seconds", "<f4"),  # that are heard, at most the backbone's window
        ("peak", "<f4"),  # of full scale, of the mono sound
        ("level_db", "<f4"),  # root mean square, of full scale; -inf: silent throughout
        ("clipped_share", "<f4"),  # of the file's samples at full scale, in [0, 1]
    ]
)
SHOWN = 3


def facts_of(heard: Sequence[Heard]) -> tuple[float, ...]:
    """A row of FACTS for an example, of its decoded pieces."""
    first = heard[0]
    frames = sum(len(part.waveform) for part in heard)
    energy = sum(float(np.dot(part.waveform, part.waveform)) for part in heard)
    rules = [part.rule for part in heard if part.rule != channels.PLAIN]
    return (
        first.info.sample_rate_hz,
        first.info.channels,
        rules[0] if rules else channels.PLAIN,
        sum(len(part.waveform) / part.info.sample_rate_hz for part in heard),
        max(float(max(part.waveform.max(), -part.waveform.min())) for part in heard),
        10 * float(np.log10(energy / frames)) if energy else -np.inf,
        max(part.levels.clipped_share for part in heard),
    )


def sentences(ids: Sequence[str], facts: np.ndarray) -> list[str]:
    """What a person should know of the clips before they are trained on, each once with its count and examples."""
    found = []
    for wrong, words in (
        (facts["peak"] == 0, "are silent throughout"),
        (facts["mixing"] == channels.CANCELLING, "have channels that cancel: the first one is heard"),
        (facts["mixing"] == channels.DEAD, "have a dead channel: the others are heard"),
        (facts["clipped_share"] > 0.01, "are clipped: more than 1 % of their samples stand at full scale"),
    ):
        rows = np.flatnonzero(wrong)
        if len(rows):
            more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
            shown = ", ".join(ids[row] for row in rows[:SHOWN])
            found.append(f"{len(rows)} of {len(facts)} clips {words} ({shown}{more})")
    mixed = facts["mixing"] == channels.SPEAKERS
    if mixed.any() and not mixed.all():
        found.append(
            f"{int(mixed.sum())} of {len(facts)} clips are mixed down from more than two channels, others are not"
        )
    return found
