"""One pass over the sound of clips: what they are like, which cannot be decoded, and fingerprints to find those that
sound alike. What it finds is kept in the cache folder: the next time only clips that are new or changed are decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from trainables.data.doubts.alike import Fingerprint, fingerprint
from trainables.data.examples import Example
from trainables.data.sound import kept
from trainables.data.sound.audio import Decoder, as_waveform
from trainables.data.sound.batches import batches, decoding_threads
from trainables.data.sound.clip_facts import FACTS, ClipFacts, as_row, facts_of
from trainables.data.sound.problems import SoundError
from trainables.data.sound.store import SplitStore
from trainables.errors import InputError

FILES_AT_ONCE = 8  # of a task: clips may be long


@dataclass(frozen=True)
class Heard:
    """By example id: every clip has facts or a problem."""

    facts: dict[str, ClipFacts] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)  # one sentence without the file's name
    fingerprints: dict[str, Fingerprint] = field(default_factory=dict)  # of clips that are long enough


def listen(
    examples: Sequence[Example],
    limit_seconds: float | None = None,
    window_seconds: float | None = None,
    *,
    fingerprints: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Heard:
    """Decodes every clip, at most `limit_seconds` of it. `window_seconds` is what a backbone hears of it; `progress`
    gets (done, all). Fingerprints are not kept: with them every clip is decoded. Raises nothing for what is wrong with
    the sound."""
    names = [_key(example, limit_seconds, window_seconds) for example in examples]
    known = {} if fingerprints else kept.recall([name for name in names if name])
    values: list[Any] = [known.get(name) for name in names]
    unknown = [number for number, value in enumerate(values) if value is None]
    heard = Heard()
    done = len(values) - len(unknown)

    def of_batch(batch: Sequence[int]) -> list[tuple[int, list[Any] | str, Fingerprint | None]]:
        with Decoder() as decoder:
            return [
                (number, *_heard(decoder, examples[number], limit_seconds, window_seconds, fingerprints))
                for number in batch
            ]

    with ThreadPoolExecutor(decoding_threads()) as pool:
        for found in pool.map(of_batch, list(batches(examples, unknown, FILES_AT_ONCE))):
            for number, value, words in found:
                values[number] = value
                if words is not None:
                    heard.fingerprints[examples[number].id] = words
            done += len(found)
            if progress is not None:
                progress(done, len(examples))
    kept.keep({name: values[number] for number in unknown if (name := names[number])})
    for example, value in zip(examples, values, strict=True):
        if isinstance(value, str):
            heard.problems[example.id] = value
        else:
            heard.facts[example.id] = ClipFacts(*value)
    return heard


def kept_facts(store: SplitStore) -> Heard:
    """What a store kept of its clips when it decoded them; nothing where an earlier version wrote it."""
    if store.facts is None or store.facts.dtype != FACTS:
        return Heard()
    rows = zip(store.examples, store.facts.tolist(), strict=True)
    return Heard({example.id: ClipFacts(*row) for example, row in rows})


def _heard(
    decoder: Decoder, example: Example, limit_seconds: float | None, window_seconds: float | None, fingerprints: bool
) -> tuple[list[Any] | str, Fingerprint | None]:
    """At the rate of the clip's first file."""
    try:
        pieces = decoder.heard(example, limit_seconds)
        rate = pieces[0].info.sample_rate_hz
        waveform = as_waveform(example, pieces, rate, limit_seconds)
    except SoundError as error:
        return error.problem, None
    except InputError as error:
        return error.problems[0], None
    facts = list(as_row(facts_of(waveform, rate, pieces, window_seconds)))
    return facts, fingerprint(waveform, rate) if fingerprints else None


def _key(example: Example, limit_seconds: float | None, window_seconds: float | None) -> str:
    """Empty where a file cannot be looked at."""
    try:
        files = [
            kept.key("heard", piece.path, piece.start_seconds, piece.seconds, piece.channel) for piece in example.audio
        ]
    except OSError:
        return ""
    rest = (example.start_seconds, example.seconds, example.lowpass_hz, limit_seconds, window_seconds)
    return f"{files} {' '.join(map(str, rest))}"
