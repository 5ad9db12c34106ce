"""One split's sound, decoded once: a folder that is memory-mapped by whoever trains on it.

`audio.npy` holds all waveforms end to end, (total samples,) float32; `offsets.npy` where each starts, (examples + 1,)
int64; `examples.jsonl` the examples in order; `store.json` the sample rate. A store holds one split and nothing else:
what is not in the folder cannot leak out of it. Where the backbones of a sweep hear clips differently, the split's
folder holds one store for each way of hearing.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from trainables.data.atomic import atomic_folder
from trainables.data.examples import Example
from trainables.data.sound.audio import load_waveform
from trainables.errors import InputError

if TYPE_CHECKING:
    from trainables.contract import Backbone

MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Hearing:
    """How a backbone hears a clip: a store serves all backbones that hear alike."""

    sample_rate_hz: int
    window_seconds: float

    @classmethod
    def of(cls, backbone: Backbone, *, miniature: bool) -> Hearing:
        window_seconds = backbone.MINIATURE_WINDOW_SECONDS if miniature else backbone.WINDOW_SECONDS
        return cls(backbone.SAMPLE_RATE_HZ, window_seconds)

    def folder(self, split: Path) -> Path:
        """Where its store lies in a split's folder that holds several."""
        return split / f"{self.sample_rate_hz}-hz-{self.window_seconds:g}-s"


def open_store(split: Path, hearing: Hearing) -> SplitStore:
    """The store of this hearing in a split's folder, which may be that store itself."""
    own = hearing.folder(split)
    return SplitStore(own if own.is_dir() else split)


def write_store(
    folder: Path,
    examples: Sequence[Example],
    *,
    sample_rate_hz: int,
    window_seconds: float,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Decodes every example and keeps at most its first `window_seconds`. `progress` gets (done, all).

    The folder appears whole or not at all; one that is there already is left as it is, so name folders by content.
    Raises InputError: everything that cannot be decoded, at once.
    """
    if folder.is_dir():
        if _is_whole(folder, len(examples)):
            return
        shutil.rmtree(folder)
    problems: list[str] = []
    offsets = [0]
    with atomic_folder(folder) as temporary:
        with (temporary / "audio.npy").open("wb") as file:
            _write_header(file, 0)
            start = file.tell()
            for done, example in enumerate(examples, start=1):
                try:
                    waveform = load_waveform(example, sample_rate_hz, limit_seconds=window_seconds)
                except InputError as error:
                    problems.extend(error.problems)
                    if len(problems) >= MOST_PROBLEMS:
                        break
                    continue
                file.write(waveform.tobytes())
                offsets.append(offsets[-1] + len(waveform))
                if progress is not None:
                    progress(done, len(examples))
            file.seek(0)
            _write_header(file, offsets[-1])
            if file.tell() != start:
                raise RuntimeError("numpy wrote array headers of two lengths")
        if problems:
            raise InputError(problems)
        np.save(temporary / "offsets.npy", np.array(offsets, dtype=np.int64))
        lines = (json.dumps(example.as_dict(), ensure_ascii=False) + "\n" for example in examples)
        (temporary / "examples.jsonl").write_text("".join(lines), encoding="utf-8")
        (temporary / "store.json").write_text(json.dumps({"sample_rate_hz": sample_rate_hz}), encoding="utf-8")


class SplitStore:
    """Reads what `write_store` wrote; opens files when they are first asked for, and maps the audio into memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def __reduce__(self) -> tuple[type[SplitStore], tuple[Path]]:
        return (SplitStore, (self.folder,))  # the folder travels to another process, never the audio

    @cached_property
    def sample_rate_hz(self) -> int:
        return int(json.loads((self.folder / "store.json").read_text(encoding="utf-8"))["sample_rate_hz"])

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        with (self.folder / "examples.jsonl").open(encoding="utf-8") as lines:
            return tuple(Example.from_dict(json.loads(line)) for line in lines)

    def __len__(self) -> int:
        return len(self.examples)

    def waveform(self, index: int) -> np.ndarray:
        """(samples,) float32, a read-only view of the file."""
        if not 0 <= index < len(self):
            raise IndexError(f"example {index} of {len(self)}")
        return self._audio[self._offsets[index] : self._offsets[index + 1]]

    def key(self, index: int) -> tuple[str, int]:
        """Names a clip of this store among those of all stores."""
        return (str(self.folder), index)

    @cached_property
    def _offsets(self) -> np.ndarray:
        offsets: np.ndarray = np.load(self.folder / "offsets.npy", allow_pickle=False)
        return offsets

    @cached_property
    def _audio(self) -> np.ndarray:
        audio: np.ndarray = np.load(self.folder / "audio.npy", mmap_mode="r", allow_pickle=False)
        return audio


def _is_whole(folder: Path, examples: int) -> bool:
    """Whether every file is as long as it says: a machine that lost power may have cut one short."""
    try:
        offsets = np.load(folder / "offsets.npy", allow_pickle=False)
        audio = np.load(folder / "audio.npy", mmap_mode="r", allow_pickle=False)
        lines = (folder / "examples.jsonl").read_bytes().count(b"\n")
        json.loads((folder / "store.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return len(offsets) == examples + 1 and len(audio) == offsets[-1] and lines == examples


def _write_header(file: BinaryIO, samples: int) -> None:
    """The header of an (samples,) float32 array. numpy pads it so that the first axis can grow in place."""
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype("<f4")), "fortran_order": False, "shape": (samples,)}
    np.lib.format.write_array_header_1_0(file, header)
