"""The test clips of a sweep that is over, with what every arm answered, from the sweep's own folder alone.

Sound comes from the store that stage 2 made, by number: no request names a path.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from sweeps.browse.watch import Stage, WatchedSweep
from sweeps.state.progress import COMPLETED
from trainables.data.sound.store import SplitStore
from trainables.records import Predictions
from trainables.training.resume_points import FINAL

TEST = "test"
STORE = "store.json"


@dataclass(frozen=True)
class Clip:
    """One test clip: what it is, and arm -> what each of its seeds said."""

    example_id: str
    target: str
    answers: Mapping[str, tuple[str, ...]]
    stage: str  # whose test clip it is
    index: int | None  # in that stage's store; None: its sound is not there any more
    wrong: int  # answers of the best arm that are not the target
    right_share: float  # of all answers of all arms


def test_stage(sweep: WatchedSweep) -> list[Stage]:
    """The stages whose test answers the verdict rests on: the last look's, one an outer fold."""
    confirming = [stage for stage in sweep.stages if not stage.searches]
    look = f"confirm-{sweep.state.look}" if sweep.state.look > 1 else "confirm"
    return [stage for stage in confirming if stage.progress.folder.name == look]


def clips_of(sweep: WatchedSweep) -> list[Clip]:
    """Every test clip, the hardest first. Empty before the verdict: until then nobody looks at test answers."""
    if not sweep.finished:
        return []
    best = str((sweep.verdict or {}).get("best", ""))
    found: list[Clip] = []
    for stage in test_stage(sweep):
        runs = tuple(
            (str(trial.given.get("arm", trial.name)), path)
            for trial in stage.progress.trials.values()
            if trial.status == COMPLETED
            for path in sorted(trial.folder.glob(f"{FINAL}/*/predictions/{TEST}.parquet"))
        )
        stamps = tuple(path.stat().st_mtime_ns for _, path in runs)
        found += _read(runs, stamps, stage.name, store_folder(stage), best)
    return sorted(found, key=lambda clip: (-clip.wrong, clip.right_share, clip.example_id))


@lru_cache(maxsize=16)
def _read(
    runs: tuple[tuple[str, Path], ...], stamps: tuple[int, ...], stage: str, data: Path, best: str
) -> tuple[Clip, ...]:
    """`stamps` are the files' times: a file that was written again is read again."""
    targets: dict[str, str] = {}
    answers: dict[str, dict[str, list[str]]] = {}
    for arm, path in runs:
        said = Predictions.read_parquet(path)
        for example, target, output in zip(said.example_ids, said.targets, said.outputs, strict=True):
            targets.setdefault(example, _shown(target))
            answers.setdefault(example, {}).setdefault(arm, []).append(_shown(output))
    store = sound_of(data)
    places = {} if store is None else {example.id: index for index, example in enumerate(store.examples)}
    clips = []
    for example, target in targets.items():
        every = [answer for given in answers[example].values() for answer in given]
        clips.append(
            Clip(
                example,
                target,
                {arm: tuple(given) for arm, given in answers[example].items()},
                stage,
                places.get(example),
                sum(answer != target for answer in answers[example].get(best, ())),
                sum(answer == target for answer in every) / len(every),
            )
        )
    return tuple(clips)


def store_folder(stage: Stage) -> Path:
    return stage.progress.folder.parent / "data" / TEST


def sound_of(data: Path) -> SplitStore | None:
    """The decoded clips of a split; None where they were cleaned away. Of several ways of hearing the last by name."""
    there = [data, *sorted(data.glob("*/"), reverse=True)] if data.is_dir() else []
    folder = next((folder for folder in there if (folder / STORE).is_file()), None)
    return None if folder is None else _store(folder, (folder / STORE).stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _store(folder: Path, stamp: int) -> SplitStore:
    return SplitStore(folder)


def wav(store: SplitStore, index: int) -> bytes:
    """The clip as 16-bit WAV. Raises IndexError where there is none of this number, InputError where a store that
    decodes when a clip is heard cannot."""
    samples = np.clip(np.round(store.waveform(index) * 32767.0), -32768, 32767).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(store.sample_rate_hz)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def in_few_words(answers: Sequence[str]) -> str:
    """`SPEECH` where all seeds say it, else `SPEECH 3, NONSPEECH 2`."""
    counts = {answer: answers.count(answer) for answer in dict.fromkeys(answers)}
    if len(counts) == 1:
        return answers[0] or "(nothing)"
    ordered = sorted(counts.items(), key=lambda each: -each[1])
    return ", ".join(f"{answer or '(nothing)'} {count}×" for answer, count in ordered)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(_shown, value)) if isinstance(value, list | tuple | np.ndarray) else str(value)
