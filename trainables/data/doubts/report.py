"""Everything about a data set that makes a person doubt its scores, in sentences: what plan, run and data command say.

What can be found from names, targets and headers is looked for always; what needs decoded sound where it is at hand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from trainables.data.doubts.files import FileTraits
from trainables.data.doubts.groups import group_doubts
from trainables.data.doubts.labels import label_doubts, majority_doubt
from trainables.data.doubts.listen import Heard
from trainables.data.doubts.overlap import Joined, contrary, join_groups, torn
from trainables.data.doubts.properties import cropped_doubts, header_properties
from trainables.data.doubts.ratings import rating_doubts
from trainables.data.doubts.said_again import repeated_sentences
from trainables.data.doubts.shortcuts import Property, sentence, shortcuts
from trainables.data.doubts.sound import alike_doubts, facts_doubts, sound_properties
from trainables.data.doubts.tags import tag_doubts
from trainables.data.doubts.words import listed
from trainables.data.examples import Example
from trainables.data.sound.clip_facts import ClipFacts
from trainables.errors import InputError

if TYPE_CHECKING:
    from trainables.contract import Task


@dataclass(frozen=True)
class Doubts:
    """`advice` is for a person to look at; what is in `problems` would make scores wrong, and a sweep refuses it."""

    advice: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def together(
    examples: Sequence[Example], traits: Mapping[str, FileTraits], sides: Mapping[str, str] | None = None
) -> Joined:
    """The examples, those that share sound in one group, so that no split or fold that is drawn tears them apart.

    `sides` is example id -> split or fold where the data set divides itself. Raises InputError: sides share sound.
    """
    problems = [
        f"{sentence[:-1]}: scores there would be of what was learnt by heart; take these clips out of one side."
        for sentence in (torn(examples, sides, traits) if sides else ())
    ]
    if problems:
        raise InputError(problems)
    return join_groups(examples, traits)


def undivided(joined: Joined, task: Task) -> list[str]:
    """What may be the reason that examples cannot be divided into splits or folds."""
    return [*_copies(joined), *_one_folder(joined.examples, task), *_label_doubts(joined.examples, task)]


def _one_folder(examples: Sequence[Example], task: Task) -> list[str]:
    """Where the one label is the name of the one folder that holds everything."""
    labels = {str(example.target) for example in examples}
    if not task.stratified or len(labels) != 1 or not examples[0].audio:
        return []
    if not labels <= {*PurePath(examples[0].audio[0].path).parts[:-1]}:
        return []
    return [
        f"The label is the name of the folder {', '.join(labels)}, in which all clips stand: folders give no classes "
        f"here. Where the names of files tell them ({PurePath(examples[0].audio[0].path).name}), write a table with "
        "the columns audio and label."
    ]


def doubts(
    examples: Sequence[Example],
    splits: Mapping[str, str],
    task: Task,
    *,
    traits: Mapping[str, FileTraits],
    joined: Joined | None = None,
    objective: str | None = None,
    window_seconds: float = math.inf,
    heard: Heard | None = None,
    some: Mapping[str, ClipFacts] | None = None,
) -> Doubts:
    """`splits` is example id -> train | validation | test; `objective` as `val/accuracy`; `joined` what `together`
    gave, None where groups are those of the data set; `window_seconds` how much of a clip is heard at most; `heard`
    what `listen` found where clips were decoded, `some` what
    `listen_to_some` found of a part of them. Raises OSError: a file cannot be read."""
    joined = Joined(list(examples)) if joined is None else joined
    advice = [*_copies(joined), *_contrary(examples, traits), *_target_doubts(examples, splits, task)]
    if task.stratified:
        advice += majority_doubt([str(example.target) for example in examples], objective, task.metrics)
        training = [example for example in examples if splits[example.id] == "train"]
        advice += _shortcuts(training, header_properties(training, traits, window_seconds))
    if heard is None and some is not None and len(some) == len(examples):
        heard = Heard(dict(some))
    if heard is not None:
        advice += heard_doubts(examples, splits, task, heard)
    else:
        advice += _silent(examples, traits)
        sounding = {name: clip for name, clip in (some or {}).items() if not clip.silent}
        advice += facts_doubts(sounding, "clips that were decoded for this (a run looks at all)")
    advice += cropped_doubts(examples, traits, window_seconds)
    advice += group_doubts(examples, splits)
    return Doubts(tuple(advice))


def heard_doubts(examples: Sequence[Example], splits: Mapping[str, str], task: Task, heard: Heard) -> list[str]:
    """What decoded sound says: of all clips, or of those that were decoded."""
    found = [*facts_doubts(heard.facts), *alike_doubts(heard, examples, splits)]
    if task.stratified:
        training = [each for each in examples if splits[each.id] == "train" and each.id in heard.facts]
        found += _shortcuts(training, sound_properties([heard.facts[each.id] for each in training]))
    return found


def _target_doubts(examples: Sequence[Example], splits: Mapping[str, str], task: Task) -> list[str]:
    """The task may not be completed yet: names and labels are then those of the data."""
    if task.column == "targets":
        most = max((len(example.target) for example in examples), default=0)
        names = getattr(task, "names", ()) or [f"rating-{place}" for place in range(1, most + 1)]
        return rating_doubts(examples, splits, names)
    if task.column == "labels":
        known = getattr(task, "labels", ()) or sorted({label for example in examples for label in example.target})
        return tag_doubts(examples, splits, known)
    if task.column == "text":
        return [] if getattr(task, "asks", False) else repeated_sentences(examples, splits)
    return _label_doubts(examples, task)


def _label_doubts(examples: Sequence[Example], task: Task) -> list[str]:
    return label_doubts([str(example.target) for example in examples]) if task.stratified else []


def _copies(joined: Joined) -> list[str]:
    number = len(joined.sharing)
    if not number:
        return []
    shown = listed([f"{mine} and {other}" for mine, other in joined.sharing.items()])
    hold = "clip holds" if number == 1 else "clips hold"
    return [
        f"{number:,} {hold} sound of others ({shown}): copies, or stretches that overlap. {joined.groups_before:,} "
        "groups are taken as fewer, so that copies stay on one side of every split."
    ]


def _contrary(examples: Sequence[Example], traits: Mapping[str, FileTraits]) -> list[str]:
    found = contrary(examples, traits)
    if not found:
        return []
    shown = listed([" and ".join(f"{each.id} is {str(each.target)[:40]!r}" for each in same[:3]) for same in found])
    stand = "sound stands" if len(found) == 1 else "sounds stand"
    return [f"{len(found):,} {stand} under different targets ({shown}): which one is right?"]


def _shortcuts(training: Sequence[Example], properties: Sequence[Property]) -> list[str]:
    labels = [str(example.target) for example in training]
    return [sentence(found, labels) for found in shortcuts(properties, labels, [each.group for each in training])]


def _silent(examples: Sequence[Example], traits: Mapping[str, FileTraits]) -> list[str]:
    silent = [example.id for example in examples if all(traits[piece.path].silent for piece in example.audio)]
    are = "clip is" if len(silent) == 1 else "clips are"
    return [f"{len(silent):,} {are} silent throughout ({listed(silent)})."] if silent else []
