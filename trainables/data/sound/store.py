"""One split's sound, decoded once: a folder that is memory-mapped by whoever trains on it.

`samples.i2` holds the waveforms that are whole multiples of 1/32768, as files of 16 bits are at their own rate, one
behind the other as int16; `samples.f4` holds all others as float32. `places.npy` says where each example lies,
`examples.jsonl.gz` has the examples in order, `facts.npy` what decoding showed of them (`clip_facts.py`), `store.json`
the sample rate. Of sound that is decoded whenever it is heard there are no samples: `places.npy` has the
lengths. A store holds one split and nothing else: what is not in the folder cannot leak out of it. Where the
backbones of a sweep hear clips differently, the split's folder holds one store for each way of hearing.

Stores of earlier versions (`audio.npy`, `offsets.npy`, `examples.jsonl`) are read as they are.
"""

from __future__ import annotations

import gzip
import json
import shutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainables.data.atomic import atomic_folder
from trainables.data.decoding.clips import as_floats
from trainables.data.decoding.on_demand import OnDemand, samples_of
from trainables.data.examples import Example
from trainables.data.sound.audio import headers_of
from trainables.data.sound.recording import AudioInfo
from trainables.data.sound.store_writer import (
    FACTS_NAME,
    FLOATS_NAME,
    INTEGERS_NAME,
    MOST_PROBLEMS,
    PLACES,
    PLACES_NAME,
    StoreWriter,
)
from trainables.data.storing import INT16, LAZY
from trainables.errors import InputError

if TYPE_CHECKING:
    from trainables.contract import Backbone, Size

EARLIER_NAME = "audio.npy"  # of earlier versions: all samples as float32, with `offsets.npy`


@dataclass(frozen=True)
class Hearing:
    """How a backbone hears a clip: a store serves all backbones that hear alike."""

    sample_rate_hz: int
    window_seconds: float

    @classmethod
    def of(cls, backbone: Backbone, *, miniature: bool, sizes: Sequence[Size] = ()) -> Hearing:
        """`sizes`, where it is no miniature, are those that a sweep has: the longest of their windows."""
        window_seconds = backbone.MINIATURE_WINDOW_SECONDS if miniature else backbone.WINDOW_SECONDS
        if not miniature and sizes:
            window_seconds = max(size.window_seconds or backbone.WINDOW_SECONDS for size in sizes)
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
    kept_as: str = INT16,
    headers: Mapping[str, AudioInfo | tuple[str, ...]] | None = None,
) -> None:
    """Decodes every example and keeps at most its first `window_seconds`, as `kept_as` of STORES says; LAZY decodes
    nothing, and takes the lengths of clips from `headers`, which are read where they are not given. `progress` gets
    (done, all).

    The folder appears whole or not at all; one that is there already is left as it is, so name folders by content.
    Raises InputError: everything that cannot be decoded, at once.
    """
    if folder.is_dir():
        if _is_whole(folder, len(examples)):
            return
        shutil.rmtree(folder)
    with atomic_folder(folder) as temporary:
        if kept_as == LAZY:
            np.save(temporary / PLACES_NAME, _lazy_places(examples, sample_rate_hz, window_seconds, headers or {}))
        else:
            with StoreWriter(temporary, examples, sample_rate_hz, window_seconds, progress, kept_as) as writer:
                writer.write_all()
        with gzip.open(temporary / "examples.jsonl.gz", "wt", compresslevel=1, encoding="utf-8") as lines:
            lines.writelines(json.dumps(example.as_dict(), ensure_ascii=False) + "\n" for example in examples)
        about: dict[str, Any] = {"sample_rate_hz": sample_rate_hz, "examples": len(examples)}
        if kept_as == LAZY:
            about |= {"decoded_when_heard": True, "window_seconds": window_seconds}
        (temporary / "store.json").write_text(json.dumps(about), encoding="utf-8")


def _lazy_places(
    examples: Sequence[Example],
    sample_rate_hz: int,
    window_seconds: float,
    headers: Mapping[str, AudioInfo | tuple[str, ...]],
) -> np.ndarray:
    """How many samples each clip has. Raises InputError: everything that headers show to be wrong."""
    paths = list(dict.fromkeys(piece.path for example in examples for piece in example.audio))
    unknown = [path for path in paths if path not in headers]
    known = {**headers, **dict(zip(unknown, headers_of(unknown), strict=True))}

    def info_of(path: str) -> AudioInfo:
        found = known[path]
        if isinstance(found, tuple):
            raise InputError(found)
        return found

    places = np.zeros(len(examples), dtype=PLACES)
    problems: dict[str, None] = {}
    for index, example in enumerate(examples):
        try:
            places["samples"][index] = samples_of(example, info_of, sample_rate_hz, window_seconds)
        except InputError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise InputError(list(problems)[:MOST_PROBLEMS])
    return places


class SplitStore:
    """Reads what `write_store` wrote; opens files when they are first asked for, and maps the audio into memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def __reduce__(self) -> tuple[type[SplitStore], tuple[Path]]:
        return (SplitStore, (self.folder,))  # the folder travels to another process, never the audio

    @property
    def sample_rate_hz(self) -> int:
        return int(self._about["sample_rate_hz"])

    @cached_property
    def _about(self) -> dict[str, Any]:
        about: dict[str, Any] = json.loads((self.folder / "store.json").read_text(encoding="utf-8"))
        return about

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
        """(samples,) float32, read-only. Raises InputError: a clip of a lazy store cannot be decoded."""
        if not 0 <= index < len(self):
            raise IndexError(f"example {index} of {len(self)}")
        if self._on_demand is not None:
            return self._on_demand.waveform(index, self.examples[index])
        place = self._places[index]
        start, stop = int(place["start"]), int(place["start"] + place["samples"])
        if not place["is_16_bit"]:
            return self._floats[start:stop]
        waveform = as_floats(self._integers[start:stop])
        waveform.flags.writeable = False
        return waveform

    def samples(self, index: int) -> int:
        """How many `waveform` has."""
        return int(self._places["samples"][index])

    @property
    def as_floats(self) -> int:
        """How many clips are kept as float32."""
        if self._on_demand is not None or (self.folder / EARLIER_NAME).is_file():
            return 0
        return int((~self._places["is_16_bit"]).sum())

    def key(self, index: int) -> tuple[str, int]:
        """Names a clip of this store among those of all stores."""
        return (str(self.folder), index)

    @cached_property
    def _on_demand(self) -> OnDemand | None:
        if not self._about.get("decoded_when_heard"):
            return None
        return OnDemand(self.sample_rate_hz, float(self._about["window_seconds"]))

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
        if about.get("decoded_when_heard"):
            return bool(len(places) == _lines(folder) == examples == about["examples"])
        facts = np.load(folder / FACTS_NAME, allow_pickle=False)
        lines = _lines(folder)
        sizes = {
            INTEGERS_NAME: 2 * int(places["samples"][places["is_16_bit"]].sum()),
            FLOATS_NAME: 4 * int(places["samples"][~places["is_16_bit"]].sum()),
        }
        as_long = all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, EOFError, KeyError, zlib.error):
        return False
    return as_long and len(places) == len(facts) == lines == examples == about["examples"]


def _lines(folder: Path) -> int:
    with gzip.open(folder / "examples.jsonl.gz") as packed:
        return sum(part.count(b"\n") for part in iter(lambda: packed.read(1 << 20), b""))
