"""A tuned model that answers to sound: backbone and adapters in memory, clips in chunks, nothing kept on disk."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from sweeps.machine.weights import checkpoint_to_load
from sweeps.predict.answers_file import Answer
from sweeps.predict.inputs import clip_of
from sweeps.predict.loadable import HEADS, Tuned
from sweeps.predict.windows import windows
from trainables import registry
from trainables.contract import Backbone
from trainables.data.clips import Clips
from trainables.data.examples import Example
from trainables.data.sound.audio import Decoder, as_waveform
from trainables.data.sound.store import Hearing
from trainables.errors import InputError
from trainables.modeling.heads import load_heads
from trainables.modeling.nf4 import to_full
from trainables.sizes import hearing_of
from trainables.training.adapter_kinds import as_saved, weights_of
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.thresholds import read_thresholds

CHUNK_CLIPS = 64  # that a thread takes at once; in memory is one chunk more than there are threads
BATCH_CLIPS = 16  # in a forward pass
MOST_THREADS = 4  # that decode and, on CPUs, compute: a batch's activations each
FOUND = 0.5  # probability from which on a clip has a label, where no run has chosen one
NOWHERE = "-"  # the split folder of clips whose features are not kept


class Heard:
    """Waveforms in memory, as clips that an engine answers."""

    def __init__(self, examples: Sequence[Example], waveforms: Sequence[np.ndarray]) -> None:
        self.examples = tuple(examples)
        self._waveforms = waveforms

    def __len__(self) -> int:
        return len(self.examples)

    def waveform(self, index: int) -> np.ndarray:
        return self._waveforms[index]

    def key(self, index: int) -> tuple[str, int]:
        return NOWHERE, index


@dataclass(frozen=True)
class Chunk:
    """Clips, and what a thread has made of them."""

    found: Sequence[
        tuple[Example, np.ndarray | str]
    ]  # (samples,) float32 at the backbone's rate, or why there are none
    clips: Heard  # those that could be read
    outputs: list[Any] | None  # of these clips; None where they pass in the main thread


@dataclass(frozen=True)
class Said:
    """To one clip, by one adapter or several together."""

    answer: str
    probabilities: dict[str, float] = field(default_factory=dict)
    ratings: dict[str, float] = field(default_factory=dict)


class Model:
    """One adapter, or several whose probabilities are averaged."""

    def __init__(self, tuned: Tuned, *, full_precision: bool = False, batch_size: int = BATCH_CLIPS) -> None:
        """`batch_size`: so many clips pass together at most; answers do not depend on it. `full_precision`: the
        backbone's weights, 4-bit ones too, become float32 with the values that they stand for, so that adapters can be
        merged into them."""
        from safetensors.torch import load_file

        self.tuned = tuned
        config, profile = tuned.config, tuned.profile
        self.task = registry.task(tuned.task_kind, dict(tuned.task_options))
        self.labels, self.ratings = tuned.labels, tuned.ratings
        checkpoint = str(tuned.base or checkpoint_to_load(config, tuned.revisions, tuned.recipe))
        cores = profile.facts.cores if profile.device == "cpu" else profile.threads_per_worker
        self.threads = max(1, min(MOST_THREADS, profile.facts.cores))
        # an operation on one clip is too small for several cores, so that each core takes clips of its own; where all
        # have to switch between adapters together, or a text is written token by token, they take turns
        self.side_by_side = profile.device == "cpu" and self.task.kind in HEADS and len(tuned.adapters) <= 1
        settings = EngineSettings(
            device=profile.device,
            threads=max(1, cores // self.threads) if self.side_by_side else cores,
            evaluation_batch_size=batch_size,
            kept_bytes_per_clip=0,
            activations="off",
        )
        key = EngineKey.of(config, tuned.precision)
        if tuned.merged:  # into weights of full precision
            key = replace(key, quantization="none")
        self.engine = Engine(key, checkpoint, self.task, settings)
        self.hearing = heard_by(self.engine.backbone, tuned)
        if full_precision:
            to_full(self.engine.model)
            self.engine.model.float()
        if tuned.merged and tuned.base is not None:
            load_heads(self.engine.model, self.engine.loaded.head_modules, tuned.base)
        self.lanes: dict[int, str] = {}  # seed -> the engine's name for its adapter
        for seed, folder in tuned.adapters.items():
            name, _ = self.engine.add_adapter(as_saved(config), seed=0, dropout_seed=0)
            self.engine.bank.load_tensors(name, load_file(folder / weights_of(config)))
            self.lanes[seed] = name
        self._seed: int | None = None  # of the active adapter
        self.thresholds = self._chosen_thresholds()

    def predict(self, inputs: Iterable[str | Path | Example], *, hop_seconds: float | None = None) -> Iterator[Answer]:
        """An answer to each, in order, as they are asked for; memory holds a few chunks of clips however many come.

        Of a clip that is longer than the backbone's window its beginning is heard; with `hop_seconds` all of it, a
        window every so many seconds, each with an answer of its own.
        """
        examples: Iterator[Example] = (one if isinstance(one, Example) else clip_of(one) for one in inputs)
        if hop_seconds is not None:
            examples = windows(examples, self.hearing.window_seconds, hop_seconds)
        with ThreadPoolExecutor(self.threads) as pool:
            waiting: deque[Future[Chunk]] = deque()
            while chunk := list(islice(examples, CHUNK_CLIPS)):
                waiting.append(pool.submit(self._worked, chunk))
                if len(waiting) > self.threads:
                    yield from self._answers(waiting.popleft().result())
            while waiting:
                yield from self._answers(waiting.popleft().result())

    def outputs(self, clips: Clips, seed: int | None) -> list[Any]:
        """(C,) scores or a text for each clip, by the adapter of `seed`; None where the model has none."""
        if seed is not None and seed != self._seed:
            self.engine.activate(self.lanes[seed])
            self._seed = seed
        return self.engine.outputs(clips)

    def _worked(self, examples: Sequence[Example]) -> Chunk:
        with Decoder() as decoder:  # windows of one recording: opened once
            found = [(example, self._decoded(example, decoder)) for example in examples]
        readable = [(example, sound) for example, sound in found if not isinstance(sound, str)]
        clips = Heard([example for example, _ in readable], [sound for _, sound in readable])
        (seed,) = self.lanes or (None,) if self.side_by_side else (None,)
        return Chunk(found, clips, self.outputs(clips, seed) if self.side_by_side else None)

    def _decoded(self, example: Example, decoder: Decoder) -> np.ndarray | str:
        """(samples,) float32, or the sentence why there are none."""
        rate_hz, window_seconds = self.hearing.sample_rate_hz, self.hearing.window_seconds
        try:
            return as_waveform(example, decoder.heard(example, window_seconds), rate_hz, window_seconds)
        except InputError as error:
            return " ".join(problem.removeprefix(f"{example.id}: ") for problem in error.problems)

    def _answers(self, chunk: Chunk) -> Iterator[Answer]:
        said = iter(self._said(chunk) if len(chunk.clips) else ())
        for example, found in chunk.found:
            path, start, seconds = example.audio[0].path, example.start_seconds, example.seconds
            if isinstance(found, str):
                yield Answer(path, start, seconds, 0.0, "", {}, problem=found)
                continue
            one = next(said)
            heard_seconds = len(found) / self.hearing.sample_rate_hz
            question = "" if self.tuned.prompt is None else example.question or self.tuned.prompt
            yield Answer(
                path, start, seconds, heard_seconds, one.answer, one.probabilities,
                ratings=one.ratings, question=question,
            )  # fmt: skip

    def _said(self, chunk: Chunk) -> list[Said]:
        clips = chunk.clips
        seeds = tuple(self.lanes) or (None,)
        outputs = [self.outputs(clips, seed) for seed in seeds] if chunk.outputs is None else [chunk.outputs]
        if self.ratings:
            unrated = [[None] * len(self.ratings)] * len(clips)
            means = np.mean([self.task.answers(unrated, scores).outputs for scores in outputs], axis=0)
            return [Said(json.dumps(row), {}, dict(zip(self.ratings, row, strict=True))) for row in means.tolist()]
        if not self.labels:
            return [Said(str(text)) for text in outputs[0]]
        if self.task.column == "labels":
            heard = [self.task.answers([[]] * len(clips), scores).outputs for scores in outputs]
        else:
            heard = [list(probabilities(np.asarray(scores, dtype=np.float64))) for scores in outputs]
        shares = [dict(zip(self.labels, row, strict=True)) for row in np.mean(heard, axis=0).tolist()]
        if self.task.column == "labels":
            return [Said(";".join(self._found(row)), row) for row in shares]
        return [Said(max(row, key=lambda name: row[name]), row) for row in shares]

    def _chosen_thresholds(self) -> np.ndarray:
        """(C,) of several adapters the mean, as of their probabilities."""
        base = [self.tuned.base] if self.tuned.merged and self.tuned.base is not None else []
        chosen = [read_thresholds(folder, self.labels) for folder in (*self.tuned.adapters.values(), *base)]
        known = [own for own in chosen if own is not None]
        return np.mean(known, axis=0) if known else np.full(len(self.labels), FOUND)

    def _found(self, shares: Mapping[str, float]) -> list[str]:
        return [name for name, least in zip(self.labels, self.thresholds, strict=True) if shares[name] >= least]


def heard_by(backbone: Backbone, tuned: Tuned) -> Hearing:
    """How the model hears clips."""
    if tuned.window_seconds is not None:
        return Hearing(backbone.SAMPLE_RATE_HZ, tuned.window_seconds)
    return hearing_of(backbone, tuned.sizes, miniature=tuned.miniature)


def probabilities(scores: np.ndarray) -> np.ndarray:
    """(N, C) logits or log-likelihoods -> the softmax of each row."""
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: np.ndarray = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares
