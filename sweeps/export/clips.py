"""The sweep's own test clips, and what it recorded of them: an export has to answer them alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sweeps.predict.model import Heard, heard_by
from sweeps.predict.tuned import TEST, Found
from trainables.data.clips import Clips, Selection
from trainables.data.examples import Example
from trainables.data.sound.audio import load_waveform
from trainables.data.sound.store import Hearing, open_store
from trainables.errors import InputError
from trainables.outline import outline
from trainables.records import Predictions

SPLIT = "test"


@dataclass(frozen=True)
class RecordedClips:
    """Some of the test clips, evenly drawn, or all."""

    clips: Clips
    recorded: Mapping[int | None, Predictions]  # seed -> all test answers of its run
    count: int  # of test clips in all
    hearing: Hearing


def read_clips(found: Found, most: int) -> RecordedClips:
    """At most so many. Raises InputError: no predictions, or the sound cannot be had any more."""
    recorded = {seed: _read(folder / TEST) for seed, folder in found.left.items()}
    ids = next(iter(recorded.values())).example_ids
    places = np.unique(np.linspace(0, len(ids) - 1, min(most, len(ids))).round().astype(int))
    wanted = {ids[place] for place in places}
    backbone = outline(found.tuned.config.backbone)
    hearing = heard_by(backbone, found.tuned)
    folder = found.workspace.store(SPLIT)
    if folder.is_dir():
        return RecordedClips(Selection([open_store(folder, hearing)], wanted), recorded, len(ids), hearing)
    examples = [example for example in _from_the_data(found) if example.id in wanted]
    waveforms = [
        load_waveform(example, hearing.sample_rate_hz, limit_seconds=hearing.window_seconds) for example in examples
    ]
    return RecordedClips(Heard(examples, waveforms), recorded, len(ids), hearing)


def _read(path: object) -> Predictions:
    try:
        return Predictions.read_parquet(path)  # type: ignore[arg-type]
    except Exception:
        raise InputError(f"SWEEP: {path} cannot be read, so an export could not be checked against it.") from None


def _from_the_data(found: Found) -> list[Example]:
    """The decoded sound was cleaned away: the sweep's data are read again."""
    from sweeps.plan.prepare import prepare_settled

    try:
        prepared = prepare_settled(found.settled, found.manifest.data_fingerprint)
    except InputError as error:
        raise InputError(
            [
                f"SWEEP: its decoded test clips are gone, and its data cannot be read again: {problem}"
                for problem in error.problems
            ]
        ) from None
    if prepared.data_fingerprint != found.manifest.data_fingerprint:
        raise InputError(
            f"SWEEP: the data of {found.workspace.sweep_id} are no longer what it was tested on, and its decoded test "
            "clips are gone: an export could not be checked."
        )
    return prepared.of_split(SPLIT)
