"""A data source looked at by itself, before there is a sweep: what was understood, and what its clips are like."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeps.config.spec import DataSpec
from sweeps.plan.data import Clips, read_source
from trainables.data.doubts.files import read_traits
from trainables.data.doubts.labels import absent_doubts
from trainables.data.doubts.listen import Heard, listen
from trainables.data.doubts.overlap import Joined
from trainables.data.doubts.report import doubts, together, undivided
from trainables.data.doubts.sound import facts_doubts
from trainables.data.doubts.words import listed
from trainables.data.examples import SPLITS
from trainables.data.reading import Wanted
from trainables.data.sound.facts import SoundFacts, median
from trainables.data.splits import SplitRow, draw_splits, summarise
from trainables.data.understood import Understood, understood
from trainables.errors import InputError
from trainables.tasks.texts import words

if TYPE_CHECKING:
    from trainables.contract import Task
    from trainables.data.examples import Example


@dataclass(frozen=True)
class ClassRow:
    """The clips of one class."""

    label: str
    clips: int
    groups: int
    shortest_seconds: float
    median_seconds: float
    longest_seconds: float
    level_db: float | None  # of full scale, in the middle of the clips; None: not decoded, or all silent


@dataclass(frozen=True)
class TextFacts:
    """The transcripts of a data set, counted in words."""

    different: int  # texts
    fewest_words: int
    median_words: float
    most_words: int


@dataclass(frozen=True)
class Inspection:
    source: str
    task: str
    clips: int
    groups: int
    understood: Understood
    sound: SoundFacts | None
    splits: tuple[SplitRow, ...]  # as the source gives them; empty where a sweep draws them
    groups_of_splits: dict[str, int]
    classes: tuple[ClassRow, ...]  # empty where targets are no labels
    texts: TextFacts | None
    problems: tuple[str, ...]  # for which a sweep would refuse these clips

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def inspect_source(
    source: str,
    wanted: Wanted,
    task: Task,
    *,
    base_folder: Path,
    seed: int,
    hear: Callable[[Sequence[Example]], Heard] | None = None,
) -> tuple[Clips, Inspection]:
    """The clips of a source, of any length and in the groups that a sweep would take, and what there is to say of them.
    `hear` decodes them, as `listen` does; without it nothing is said that only decoded sound tells.

    Raises InputError: it cannot be read. What a sweep would refuse later is in `problems`.
    """
    clips = read_source(source, wanted, task, base_folder=base_folder, seed=seed, hear=hear or listen)
    examples, doubts, problems, heard = _divided(clips, task, seed, hear)
    levels_db = {name: clip.level_db for name, clip in heard.facts.items() if not clip.silent} if heard else {}
    given = {example.id: example.split for example in examples if example.split is not None}
    divided = [example for example in examples if example.id in given]
    return replace(clips, examples=examples), Inspection(
        source=source,
        task=task.kind,
        clips=len(examples),
        groups=len({example.group for example in examples}),
        understood=understood(clips.account, doubts),
        sound=clips.sound,
        splits=tuple(summarise(divided, given, task.stratified)) if given else (),
        groups_of_splits={split: len(groups) for split, groups in _groups(divided, given).items()},
        classes=tuple(_classes(examples, clips.seconds, levels_db)) if task.stratified else (),
        texts=_texts([str(example.target) for example in examples]) if task.column == "text" else None,
        problems=(*_undecodable(heard.problems if heard else {}), *problems),
    )


def _divided(
    clips: Clips, task: Task, seed: int, hear: Callable[[Sequence[Example]], Heard] | None
) -> tuple[list[Example], Sequence[str], list[str], Heard | None]:
    """The examples in groups that hold copies together; doubts; why a sweep could not divide them, as it would with the
    shares that it has by default; and what was heard."""
    traits = read_traits(clips.headers)
    sides = {example.id: example.split for example in clips.examples if example.split is not None}
    problems: list[str] = []
    try:
        joined = together(clips.examples, traits, sides if len(sides) == len(clips.examples) else None)
    except InputError as error:
        problems += error.problems
        joined = Joined(list(clips.examples))
    heard = clips.heard if hear is None or clips.heard is not None else hear(joined.examples)
    try:
        splits = draw_splits(
            joined.examples,
            validation=DataSpec.validation,
            test=DataSpec.test,
            seed=seed,
            stratify=task.stratified,
        )
    except InputError as error:
        said = [*undivided(joined, task), *(facts_doubts(heard.facts) if heard is not None else ())]
        return joined.examples, said, [*problems, *error.problems], heard
    found = doubts(joined.examples, splits, task, traits=traits, joined=joined, heard=heard)
    advice = [*found.advice, *(_absent(joined.examples) if task.stratified else ())]
    return joined.examples, advice, [*problems, *found.problems], heard


def _absent(examples: Sequence[Example]) -> list[str]:
    """Of the splits that the source gives; a sweep names the classes that those which it draws lack."""
    divided = [(str(example.target), example.split) for example in examples if example.split is not None]
    return absent_doubts([label for label, _ in divided], [split for _, split in divided])


def _undecodable(problems: Mapping[str, str]) -> list[str]:
    """What is wrong with sound that could not be heard, each problem once; `problems` are by example id."""
    places: dict[str, list[str]] = defaultdict(list)
    for name, problem in problems.items():
        places[problem].append(name)
    return [f"{listed(names)}: {problem}" for problem, names in places.items()]


def _groups(examples: Sequence[Example], splits: Mapping[str, str]) -> dict[str, set[str]]:
    """In the order in which splits are shown."""
    found: dict[str, set[str]] = {split: set() for split in SPLITS if split in splits.values()}
    for example in examples:
        found[splits[example.id]].add(example.group)
    return found


def _classes(
    examples: Sequence[Example], seconds_of: Sequence[float], levels_db: Mapping[str, float]
) -> list[ClassRow]:
    """`levels_db` by example id, where they are known."""
    of_class: dict[str, list[tuple[float, Example]]] = defaultdict(list)
    for example, seconds in zip(examples, seconds_of, strict=True):
        of_class[str(example.target)].append((seconds, example))
    rows = []
    for label in sorted(of_class):
        lengths = sorted(seconds for seconds, _ in of_class[label])
        levels = sorted(levels_db[each.id] for _, each in of_class[label] if each.id in levels_db)
        rows.append(
            ClassRow(
                label=label,
                clips=len(lengths),
                groups=len({example.group for _, example in of_class[label]}),
                shortest_seconds=round(lengths[0], 3),
                median_seconds=round(median(lengths), 3),
                longest_seconds=round(lengths[-1], 3),
                level_db=round(median(levels), 1) if levels else None,
            )
        )
    return rows


def _texts(texts: Sequence[str]) -> TextFacts:
    counts = sorted(len(words(text)) for text in texts)
    return TextFacts(len(Counter(texts)), counts[0], median(counts), counts[-1])
