"""One split's sound, decoded once: a folder that is memory-mapped by whoever trains on it.

`samples.i2` holds the waveforms that are whole multiples of 1/32768, as files of 16 bits are at their own rate, one
behind the other as int16; `samples.f4` holds all others as float32. `places.npy` says where each example lies,
`examples.jsonl.gz` has the examples in order, `facts.npy` what decoding showed of them (`clip_facts.py`), `store.json`
the sample rate. A store holds one split and nothing else: what is not in the folder cannot leak out of it. Where the
backbones of a sweep hear clips differently, the split's folder holds one store for each way of hearing.

Stores of earlier versions (`audio.npy`, `offsets.npy`, `examples.jsonl`) are read as they are.
"""

from __future__ import annotations

import gzip
import json
import shutil
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainables.data.atomic import atomic_folder
from trainables.data.examples import Example
from trainables.data.sound.store_writer import (
    FACTS_NAME,
    FLOATS_NAME,
    INTEGERS_NAME,
    PLACES,
    PLACES_NAME,
    StoreWriter,
    as_floats,
)

if TYPE_CHECKING:
    from trainables.contract import Backbone

EARLIER_NAME = "audio.npy"  # of earlier versions: all samples as float32, with `offsets.npy`


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
    with atomic_folder(folder) as temporary:
        with StoreWriter(temporary, examples, sample_rate_hz, window_seconds, progress) as writer:
            writer.write_all()
        with gzip.open(temporary / "examples.jsonl.gz", "wt", compresslevel=1, encoding="utf-8") as lines:
            lines.writelines(json.dumps(example.as_dict(), ensure_ascii=False) + "\n" for example in examples)
        about = {"sample_rate_hz": sample_rate_hz, "examples": len(examples)}
        (temporary / "store.json").write_text(json.dumps(about), encoding="utf-8")


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
        if (self.folder / EARLIER_NAME).is_file():
            content = (self.folder / "examples.jsonl").read_bytes()
        else:
            content = gzip.decompress((self.folder / "examples.jsonl.gz").read_bytes())
        return tuple(Example.from_dict(json.loads(line)) for line in content.splitlines())

    @property
    def facts(self) -> np.ndarray | None:
        """(examples,) of `clip_facts.FACTS`; None of a store that an earlier version wrote."""
        path = self.folder / FACTS_NAME
        return np.load(path, allow_pickle=False) if path.is_file() else None

    def __len__(self) -> int:
        return len(self.examples)

    def waveform(self, index: int) -> np.ndarray:
        """(samples,) float32, a read-only view of the file."""
        if not 0 <= index < len(self):
            raise IndexError(f"example {index} of {len(self)}")
        place = self._places[index]
        start, stop = int(place["start"]), int(place["start"] + place["samples"])
        if not place["is_16_bit"]:
            return self._floats[start:stop]
        waveform = as_floats(self._integers[start:stop])
        waveform.flags.writeable = False
        return waveform

    def key(self, index: int) -> tuple[str, int]:
        """Names a clip of this store among those of all stores."""
        return (str(self.folder), index)

    @cached_property
    def _places(self) -> np.ndarray:
        if not (self.folder / EARLIER_NAME).is_file():
            return np.asarray(np.load(self.folder / PLACES_NAME, allow_pickle=False))
        offsets = np.load(self.folder / "offsets.npy", allow_pickle=False)
        places = np.zeros(len(offsets) - 1, dtype=PLACES)
        places["start"], places["samples"] = offsets[:-1], np.diff(offsets)
        return places

    @cached_property
    def _floats(self) -> np.ndarray:
        earlier = self.folder / EARLIER_NAME
        if earlier.is_file():
            return np.asanyarray(np.load(earlier, mmap_mode="r", allow_pickle=False))
        return np.memmap(self.folder / FLOATS_NAME, dtype="<f4", mode="r")

    @cached_property
    def _integers(self) -> np.ndarray:
        return np.memmap(self.folder / INTEGERS_NAME, dtype="<i2", mode="r")


def _is_whole(folder: Path, examples: int) -> bool:
    """Whether every file is as long as it says: a machine that lost power may have cut one short."""
    try:
        about = json.loads((folder / "store.json").read_text(encoding="utf-8"))
        if (folder / EARLIER_NAME).is_file():
            offsets = np.load(folder / "offsets.npy", allow_pickle=False)
            audio = np.load(folder / EARLIER_NAME, mmap_mode="r", allow_pickle=False)
            lines = (folder / "examples.jsonl").read_bytes().count(b"\n")
            return len(offsets) == examples + 1 and len(audio) == offsets[-1] and lines == examples
        places = np.load(folder / PLACES_NAME, allow_pickle=False)
        facts = np.load(folder / FACTS_NAME, allow_pickle=False)
        with gzip.open(folder / "examples.jsonl.gz") as packed:
            lines = sum(part.count(b"\n") for part in iter(lambda: packed.read(1 << 20), b""))
        sizes = {
            INTEGERS_NAME: 2 * int(places["samples"][places["is_16_bit"]].sum()),
            FLOATS_NAME: 4 * int(places["samples"][~places["is_16_bit"]].sum()),
        }
        as_long = all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, EOFError, KeyError, zlib.error):
        return False
    return as_long and len(places) == len(facts) == lines == examples == about["examples"]
