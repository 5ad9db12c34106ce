"""Writes the samples of a store: threads decode, and each clip goes to the disk as soon as it is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from trainables.data.decoding.clips import Decoded, decode
from trainables.data.decoding.jobs import decoded_of, plain_clip
from trainables.data.decoding.processes import in_processes, pays
from trainables.data.examples import Example
from trainables.data.sound.audio import headers_of
from trainables.data.sound.batches import batches, decoding_threads
from trainables.data.sound.clip_facts import FACTS
from trainables.data.sound.recording import AudioInfo
from trainables.data.storing import FLOAT32, INT16
from trainables.errors import InputError

INTEGERS_NAME, FLOATS_NAME, PLACES_NAME, FACTS_NAME = "samples.i2", "samples.f4", "places.npy", "facts.npy"
PLACES = np.dtype([("start", "<i8"), ("samples", "<i4"), ("is_16_bit", "?")])  # in samples of its file
MOST_PROBLEMS = 20
WAITING_BATCHES = 2  # for each thread
LOOKED_AT = 32  # examples, to know whether clips are resampled


class StoreWriter:
    """`write_all` decodes every example. Clips lie in the order in which threads finish them, each at its own place."""

    def __init__(
        self,
        folder: Path,
        examples: Sequence[Example],
        sample_rate_hz: int,
        window_seconds: float,
        progress: Callable[[int, int], None] | None,
        kept_as: str = INT16,
    ) -> None:
        self._folder, self._examples = folder, examples
        self._settings: dict[str, Any] = {
            "sample_rate_hz": sample_rate_hz,
            "window_seconds": window_seconds,
            "as_floats": kept_as == FLOAT32,
        }
        self._progress, self._done = progress, 0
        self._places = np.zeros(len(examples), dtype=PLACES)
        self._facts = np.zeros(len(examples), dtype=FACTS)
        self._problems: dict[int, tuple[str, ...]] = {}
        self._lock = Lock()

    def __enter__(self) -> StoreWriter:
        self._integers = (self._folder / INTEGERS_NAME).open("wb")
        self._floats = (self._folder / FLOATS_NAME).open("wb")
        return self

    def __exit__(self, *exc: object) -> None:
        self._integers.close()
        self._floats.close()

    def write_all(self) -> None:
        """Raises InputError: everything that cannot be decoded, at most about MOST_PROBLEMS."""
        work = list(batches(self._examples, range(len(self._examples))))
        if not (self._pays() and self._in_processes(work)):
            self._in_threads(iter(work))
        if self._problems:
            raise InputError([problem for number in sorted(self._problems) for problem in self._problems[number]])
        np.save(self._folder / PLACES_NAME, self._places)
        np.save(self._folder / FACTS_NAME, self._facts)

    def _pays(self) -> bool:
        """What resamples loads torch, which is too much for a process, and lets go of Python's lock."""
        step = max(1, len(self._examples) // LOOKED_AT)
        return pays(len(self._examples)) and all(
            isinstance(header, AudioInfo) and header.sample_rate_hz == self._settings["sample_rate_hz"]
            for header in headers_of([piece.path for example in self._examples[::step] for piece in example.audio])
        )

    def _in_processes(self, work: list[list[int]]) -> bool:
        return in_processes(
            "decode",
            self._settings,
            work,
            lambda batch: [plain_clip(number, self._examples[number]) for number in batch],
            lambda batch, reply: self._keep(decoded_of(reply)),
        )

    def _in_threads(self, work: Iterator[list[int]]) -> None:
        threads = decoding_threads()
        with ThreadPoolExecutor(threads) as pool:
            try:
                self._run(pool, work, threads * WAITING_BATCHES)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _run(self, pool: ThreadPoolExecutor, work: Iterator[list[int]], most: int) -> None:
        running: set[Future[bool]] = {pool.submit(self._decode, batch) for batch in islice(work, most)}
        going = True
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                going = future.result() and going
            if going:
                running |= {pool.submit(self._decode, batch) for batch in islice(work, len(done))}

    def _decode(self, batch: Sequence[int]) -> bool:
        clips = [(number, self._examples[number]) for number in batch]
        return all(self._keep(part) for part in decode(clips, **self._settings))

    def _keep(self, part: Decoded) -> bool:
        """False where so much is wrong already that the rest need not be decoded."""
        rows = part.rows
        with self._lock:
            for kind, file, content in ((True, self._integers, part.integers), (False, self._floats, part.floats)):
                of_kind = rows[rows["is_16_bit"] == kind]
                lengths = of_kind["samples"].astype(np.int64)
                numbers = of_kind["number"]
                self._places["start"][numbers] = file.tell() // (2 if kind else 4) + np.cumsum(lengths) - lengths
                self._places["samples"][numbers] = lengths
                self._places["is_16_bit"][numbers] = kind
                self._facts[numbers] = of_kind["facts"]
                file.write(content)
            self._problems.update(part.problems)
            self._done += len(rows)
            if self._progress is not None and len(rows):
                self._progress(self._done, len(self._examples))
            return len(self._problems) < MOST_PROBLEMS
