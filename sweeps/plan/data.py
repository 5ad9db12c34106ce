"""The clips of a sweep: read, checked, and divided into splits and folds. Only where clips may be left out are they
decoded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import compress
from operator import not_
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeps.config.spec import SweepSpec
from sweeps.plan.texts import check_lengths, teachable, with_task, without_empty_rule
from trainables.cache import cache_folder
from trainables.data.doubts.check import Header, check_examples, place_of, read_headers
from trainables.data.doubts.listen import Heard, listen
from trainables.data.doubts.some import LONGEST_SECONDS, listen_to_some
from trainables.data.doubts.undecodable import leave_out_undecodable
from trainables.data.reading import Account, Skip, Wanted
from trainables.data.sound.clip_facts import ClipFacts
from trainables.data.sound.facts import SoundFacts, sound_facts
from trainables.data.sound.lengths import of_length
from trainables.data.sound.recording import AudioInfo
from trainables.data.sources import open_source
from trainables.data.splits import draw_folds, draw_splits

if TYPE_CHECKING:
    from trainables.contract import Task
    from trainables.data.examples import Example
    from trainables.writing import Spelling


@dataclass(frozen=True)
class Clips:
    """Examples that were checked, and what their headers say."""

    examples: Sequence[Example]
    seconds: Sequence[float]  # how long each of them is after its crop
    account: Account = field(default_factory=Account)  # how their source was understood
    sound: SoundFacts | None = None  # what the headers of their files say, counted
    headers: Mapping[str, Header] = field(default_factory=dict)  # of every file that they are of, by path
    heard: Heard | None = None  # what all of them sound like, where they were decoded
    left_out: int = 0  # further ones, too short or too long for the task

    def only(self, kept: Iterable[bool]) -> Clips:
        kept = list(kept)
        return replace(self, examples=list(compress(self.examples, kept)), seconds=list(compress(self.seconds, kept)))


def read_clips(
    spec: SweepSpec,
    source: str,
    task: Task,
    window_seconds: float,
    spellings: Sequence[Spelling] = (),
    *,
    further: bool = False,
    heard_seconds: float | None = None,
) -> Clips:
    """The examples of a source that the sweep can use, every one checked; `window_seconds` is what the backbones take
    whole, `spellings` how they write texts; `further`: of a further test set; `heard_seconds` is what the backbones
    hear at most. Raises InputError with every problem.
    """
    home = Path(spec.base_folder)
    wanted = Wanted(
        column=task.column,
        cache_folder=cache_folder(),
        columns={name: column for name, column in spec.data.columns.items() if isinstance(column, str)},
        gathered=gathered if isinstance(gathered := spec.data.columns.get(task.column, ""), tuple) else (),
        separator=spec.data.separator,
        layout=spec.data.layout,
        audio_folder=None if spec.data.audio_folder is None else home.absolute() / spec.data.audio_folder,
        skip=Skip.from_text(spec.data.skip),
        questions=getattr(task, "asks", False),
    )
    clips = read_source(
        source,
        wanted,
        task,
        spellings,
        base_folder=home,
        seed=spec.explore_seeds[0],
        further=further,
        hear=partial(listen, limit_seconds=LONGEST_SECONDS, window_seconds=heard_seconds),
    )
    shortest, longest = task.usable_seconds(window_seconds)
    if (shortest, longest) == (0.0, math.inf) and task.column != "text":
        return clips
    kept = of_length(clips.seconds, shortest_seconds=shortest, longest_seconds=longest, window_seconds=window_seconds)
    fitting = clips.only(kept)
    writable = check_lengths(fitting.examples, fitting.seconds, task, spellings, clips.account, wanted.skip)
    for example, length in compress(zip(clips.examples, clips.seconds, strict=True), map(not_, kept)):
        bound = f"shorter than {shortest:g} s" if length < shortest else f"longer than {longest:g} s"
        clips.account.leave_out(example.id, f"is {bound}, which the task does not take.")
    return replace(fitting.only(writable), left_out=kept.count(False))


def read_source(
    source: str,
    wanted: Wanted,
    task: Task,
    spellings: Sequence[Spelling] = (),
    *,
    base_folder: Path,
    seed: int,
    further: bool = False,
    hear: Callable[[Sequence[Example]], Heard] = listen,
) -> Clips:
    """The examples of a source, of any length, every one checked; `seed` is a generator's, `hear` decodes them
    where some may be left out.

    Raises InputError with every problem.
    """
    reading = open_source(source, wanted, base_folder=base_folder, seed=seed)
    reading = teachable(reading, task, spellings, further=further)
    account = reading.account
    headers = read_headers(reading.examples)
    seconds = check_examples(reading.examples, without_empty_rule(task), headers, account, wanted.skip)
    seconds, heard = leave_out_undecodable(reading.examples, seconds, account, wanted.skip, hear)
    usable = [not math.isnan(lasts) for lasts in seconds]
    if not any(usable):  # whatever may be left out, something must be there
        account.refuse_beyond(Skip(), len(seconds))
    clips = Clips(reading.examples, seconds, account, heard=heard).only(usable)
    used = {piece.path for example in clips.examples for piece in example.audio}
    headers = {path: header for path, header in headers.items() if path in used}
    readable = [(path, header) for path, header in headers.items() if isinstance(header, AudioInfo)]
    return replace(clips, sound=sound_facts(readable, clips.seconds), headers=headers)


def decoded_some(clips: Clips, window_seconds: float) -> dict[str, ClipFacts]:
    """What some of the clips sound like, by example id, or all where they were decoded already. Raises InputError: one
    of them cannot be decoded."""
    if clips.heard is not None:
        return {example.id: clips.heard.facts[example.id] for example in clips.examples}
    some = listen_to_some(clips.examples, clips.seconds, window_seconds)
    if some.problems:
        account = Account()
        for example in clips.examples:
            if example.id in some.problems:
                account.leave_out(place_of(example), some.problems[example.id], sound=True)
        account.refuse_beyond(Skip(), len(clips.examples))
    return some.facts


def split_examples(spec: SweepSpec, task: Task, examples: Sequence[Example]) -> dict[str, str]:
    """The split of each example, drawn from the sweep's seed."""
    return draw_splits(
        examples,
        validation=spec.data.validation,
        test=spec.data.test,
        seed=spec.explore_seeds[0],
        stratify=task.stratified,
    )


def inner_folds(spec: SweepSpec, task: Task, examples: Sequence[Example], splits: Mapping[str, str]) -> dict[str, str]:
    """The fold of every example that is not a test example, where the file asks for folds."""
    if spec.data.inner_folds is None:
        return {}
    seen = [example for example in examples if splits[example.id] != "test"]
    return draw_folds(seen, spec.data.inner_folds, spec.explore_seeds[0], stratify=task.stratified)


def complete_task(
    spec: SweepSpec, task: Task, examples: Sequence[Example], splits: Mapping[str, str]
) -> tuple[SweepSpec, Task]:
    """Puts into the task, and so into the spec that workers get, what the file leaves to the data: a classification's
    labels and balanced weights, the weights from training examples alone."""
    training = [example.target for example in examples if splits[example.id] == "train"]
    completed: Any = task.completed([example.target for example in examples], training)
    if completed is task:
        return spec, task
    return with_task(spec, completed), completed
