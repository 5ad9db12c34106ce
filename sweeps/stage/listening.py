"""The sound of a sweep's test clips, for its report: from the stores of stage 2, which stay until it is cleaned."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sweeps.plan.prepare import Prepared
from sweeps.state.workspace import Workspace

if TYPE_CHECKING:
    from trainables.data.sound.store import SplitStore

RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)  # of MPEG layer III
LONGEST_SECONDS = 15.0


def sound_of(prepared: Prepared, workspace: Workspace) -> Callable[[str], bytes | None]:
    """Clip -> an MP3 file of it, as the first of the sweep's backbones hears it; None where there is no store of it."""
    from trainables.data.sound.store import open_store

    hearing = next(iter(prepared.hearings))
    folders = [workspace.folder / "data" / "test", *workspace.folder.glob("fold-*/data/test")]
    places: dict[str, tuple[SplitStore, int]] = {}
    for store in (open_store(folder, hearing) for folder in folders if folder.is_dir()):
        places.update({example.id: (store, row) for row, example in enumerate(store.examples)})

    def sound(clip: str) -> bytes | None:
        found = places.get(clip)
        return None if found is None else as_mp3(*found)

    return sound


def as_mp3(store: SplitStore, row: int, *, longest_seconds: float = LONGEST_SECONDS) -> bytes | None:
    """The first `longest_seconds` of a clip as an MP3 file; None where its rate is none that MP3 has."""
    import soundfile

    rate_hz = store.sample_rate_hz
    if rate_hz not in RATES_HZ:
        return None
    waveform = store.waveform(row)[: round(longest_seconds * rate_hz)]
    target = io.BytesIO()
    # a file of floats may go beyond 1, which MP3 would clip with a crack
    loudest = float(np.abs(waveform).max(initial=0.0))
    soundfile.write(target, waveform / max(1.0, loudest), rate_hz, format="MP3")
    return target.getvalue()
