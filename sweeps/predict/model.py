"""A tuned model that answers to sound: backbone and adapters in memory, clips in chunks, nothing kept on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from sweeps.machine.weights import checkpoint_to_load
from sweeps.predict.answers_file import Answer
from sweeps.predict.inputs import clip_of
from sweeps.predict.tuned import Tuned
from trainables import registry
from trainables.data.examples import Example
from trainables.data.sound.audio import load_waveform
from trainables.data.sound.store import Hearing
from trainables.errors import InputError
from trainables.training.engine import Engine, EngineKey, EngineSettings

CHUNK_CLIPS = 64  # decoded ahead: what is in memory at once, twice
THREADS = 2  # that decode
NOWHERE = "-"  # the split folder of clips whose features are not kept


class Heard:
    """Waveforms in memory, as clips that an engine answers."""

    def __init__(self, examples: Sequence[Example], waveforms: Sequence[np.ndarray], first: int) -> None:
        self.examples = tuple(examples)
        self._waveforms = waveforms
        self._first = first

    def __len__(self) -> int:
        return len(self.examples)

    def waveform(self, index: int) -> np.ndarray:
        return self._waveforms[index]

    def key(self, index: int) -> tuple[str, int]:
        return NOWHERE, self._first + index


class Model:
    """One adapter, or several whose probabilities are averaged."""

    def __init__(self, tuned: Tuned) -> None:
        from safetensors.torch import load_file

        self.tuned = tuned
        spec, config, profile = tuned.spec, tuned.config, tuned.settled.profile
        self.task = registry.task(spec.task_kind, dict(spec.task_options))
        self.labels = tuned.labels
        checkpoint = checkpoint_to_load(config, tuned.revisions, tuned.settled.miniature_recipe)
        threads = profile.facts.cores if profile.device == "cpu" else profile.threads_per_worker
        settings = EngineSettings(device=profile.device, threads=threads, kept_bytes_per_clip=0, activations="off")
        self.engine = Engine(EngineKey.of(config, tuned.precision), checkpoint, self.task, settings)
        self.hearing = Hearing.of(self.engine.backbone, miniature=tuned.settled.weights.miniature)
        self._lanes = []
        for folder in tuned.adapters.values():
            name, _ = self.engine.add_adapter(config, seed=0, dropout_seed=0)
            self.engine.bank.load_tensors(name, load_file(folder / "adapter_model.safetensors"))
            self._lanes.append(name)
        self._answered = 0

    def predict(self, inputs: Iterable[str | Path | Example]) -> Iterator[Answer]:
        """An answer to each, in order, as they are asked for; memory holds two chunks of clips however many come."""
        examples = (one if isinstance(one, Example) else clip_of(one) for one in inputs)
        with ThreadPoolExecutor(THREADS) as pool:
            ahead = _submitted(pool, examples, self._decoded)
            while ahead:
                waiting, ahead = ahead, _submitted(pool, examples, self._decoded)
                yield from self._answers([(example, future.result()) for example, future in waiting])

    def _decoded(self, example: Example) -> np.ndarray | str:
        """(samples,) float32, or the sentence why there are none."""
        try:
            return load_waveform(example, self.hearing.sample_rate_hz, limit_seconds=self.hearing.window_seconds)
        except InputError as error:
            return " ".join(problem.removeprefix(f"{example.id}: ") for problem in error.problems)

    def _answers(self, chunk: Sequence[tuple[Example, np.ndarray | str]]) -> Iterator[Answer]:
        readable = [(example, found) for example, found in chunk if not isinstance(found, str)]
        clips = Heard([example for example, _ in readable], [found for _, found in readable], self._answered)
        self._answered += len(chunk)
        said = iter(self._said(clips) if readable else ())
        for example, found in chunk:
            path, start, seconds = example.audio[0].path, example.start_seconds, example.seconds
            if isinstance(found, str):
                yield Answer(path, start, seconds, 0.0, "", {}, problem=found)
                continue
            answer, probabilities = next(said)
            heard_seconds = len(found) / self.hearing.sample_rate_hz
            yield Answer(path, start, seconds, heard_seconds, answer, probabilities)

    def _said(self, clips: Heard) -> list[tuple[str, dict[str, float]]]:
        outputs = []
        for lane in self._lanes:
            self.engine.activate(lane)
            outputs.append(self.engine.outputs(clips))
        if not self._lanes:
            outputs.append(self.engine.outputs(clips))  # untuned: no adapter was added
        if not self.labels:
            return [(str(text), {}) for text in outputs[0]]
        shares = np.mean([probabilities(np.asarray(scores, dtype=np.float64)) for scores in outputs], axis=0)
        return [
            (self.labels[int(np.argmax(row))], {name: float(p) for name, p in zip(self.labels, row, strict=True)})
            for row in shares
        ]


def probabilities(scores: np.ndarray) -> np.ndarray:
    """(N, C) logits or log-likelihoods -> the softmax of each row."""
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: np.ndarray = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def _submitted(pool: ThreadPoolExecutor, examples: Iterator[Example], decode: Any) -> list[tuple[Example, Any]]:
    return [(example, pool.submit(decode, example)) for example in islice(examples, CHUNK_CLIPS)]
