"""Writes the samples of a store: threads decode, and each clip goes to the disk as soon as it is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path
from threading import Lock

import numpy as np

from trainables.data.examples import Example
from trainables.data.sound.audio import Decoder, as_waveform
from trainables.data.sound.batches import batches
from trainables.data.sound.clip_facts import FACTS, facts_of
from trainables.data.sound.measuring import decoding_threads
from trainables.errors import InputError

INTEGERS_NAME, FLOATS_NAME, PLACES_NAME, FACTS_NAME = "samples.i2", "samples.f4", "places.npy", "facts.npy"
PLACES = np.dtype([("start", "<i8"), ("samples", "<i4"), ("is_16_bit", "?")])  # in samples of its file
FULL_SCALE = np.float32(2.0**15)
MOST_PROBLEMS = 20
WAITING_BATCHES = 2  # for each thread


class StoreWriter:
    """`write_all` decodes every example. Clips lie in the order in which threads finish them, each at its own place."""

    def __init__(
        self,
        folder: Path,
        examples: Sequence[Example],
        sample_rate_hz: int,
        window_seconds: float,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._folder, self._examples = folder, examples
        self._sample_rate_hz, self._window_seconds = sample_rate_hz, window_seconds
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
        work = batches(self._examples, range(len(self._examples)))
        threads = decoding_threads()
        with ThreadPoolExecutor(threads) as pool:
            try:
                self._run(pool, work, threads * WAITING_BATCHES)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        if self._problems:
            raise InputError([problem for number in sorted(self._problems) for problem in self._problems[number]])
        np.save(self._folder / PLACES_NAME, self._places)
        np.save(self._folder / FACTS_NAME, self._facts)

    def _run(self, pool: ThreadPoolExecutor, work: Iterator[list[int]], most: int) -> None:
        running: set[Future[None]] = {pool.submit(self._decode, batch) for batch in islice(work, most)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
            if len(self._problems) < MOST_PROBLEMS:
                running |= {pool.submit(self._decode, batch) for batch in islice(work, len(done))}

    def _decode(self, batch: Sequence[int]) -> None:
        with Decoder() as decoder:
            for number in batch:
                example = self._examples[number]
                try:
                    heard = decoder.heard(example, self._window_seconds)
                    waveform = as_waveform(example, heard, self._sample_rate_hz, self._window_seconds)
                except InputError as error:
                    with self._lock:
                        self._problems[number] = error.problems
                        if len(self._problems) >= MOST_PROBLEMS:
                            return
                    continue
                integers = as_integers(waveform)
                facts = facts_of(heard)
                with self._lock:
                    self._write(number, waveform, integers)
                    self._facts[number] = facts
                    self._done += 1
                    if self._progress is not None:
                        self._progress(self._done, len(self._examples))

    def _write(self, number: int, waveform: np.ndarray, integers: np.ndarray | None) -> None:
        file, samples = (self._floats, waveform) if integers is None else (self._integers, integers)
        self._places[number] = (file.tell() // samples.itemsize, len(samples), integers is not None)
        file.write(samples.tobytes())


def as_integers(waveform: np.ndarray) -> np.ndarray | None:
    """(samples,) int16 from which `as_floats` gives the same float32, to the last bit; None where there are none."""
    scaled = waveform * FULL_SCALE
    if scaled.max() > 32767 or scaled.min() < -32768:
        return None
    integers = scaled.astype("<i2")
    return integers if np.array_equal(as_floats(integers).view(np.int32), waveform.view(np.int32)) else None


def as_floats(integers: np.ndarray) -> np.ndarray:
    """(samples,) int16 -> (samples,) float32, in units of full scale."""
    floats = integers.astype(np.float32)
    floats /= FULL_SCALE
    return floats
