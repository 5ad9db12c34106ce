"""What a plan knows of transcripts before any compute: the files that their task names, which texts a model can be
taught, how long its answers have to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sweeps.config.spec import SweepSpec
from trainables.data.doubts.letters import unspellable
from trainables.data.doubts.text_lengths import answer_length, hurried, too_long
from trainables.data.doubts.transcripts import language_advice, language_problems, usable_texts, without_spaces
from trainables.data.examples import SPLITS
from trainables.data.reading import Account, Reading, Skip
from trainables.errors import InputError
from trainables.modeling.spellings import spellings
from trainables.modeling.vocabulary import Vocabulary, characters_of
from trainables.tasks.text_task import KEEP, TextTask
from trainables.writing import Spelling

if TYPE_CHECKING:
    from trainables.contract import Backbone, Size, Task
    from trainables.data.examples import Example

WINDOW = "window_seconds"
_CASES: Mapping[str, tuple[Callable[[str], str], str]] = {
    "": (str, ""),
    "lower": (str.lower, "small letters"),
    "upper": (str.upper, "capital letters"),
}
SHOWN_LETTERS = 5


def with_task(spec: SweepSpec, task: Task) -> SweepSpec:
    """The sweep with the options of this task, which workers then make again."""
    made: Any = task
    return replace(spec, task_options={option.name: getattr(made, option.name) for option in fields(made)})


def texts_scored_as(task: Task) -> str:
    """The form of texts that the task's error rates are of; empty where its answers are no texts."""
    asked: Any = task
    return asked.scored_as if isinstance(asked, TextTask) else ""


def read_task_files(spec: SweepSpec, task: Task) -> tuple[SweepSpec, Task]:
    """The sweep and its task with what a file holds that the task names: workers, and whoever repeats the sweep from
    its record, need that file no more. Raises InputError: it cannot be read."""
    whole: Any = task
    if isinstance(whole, TextTask):
        whole = whole.with_files(Path(spec.base_folder))
    return (spec, task) if whole is task else (with_task(spec, whole), whole)


def spellings_of(
    task: Task, backbones: Mapping[str, Backbone], sizes: Mapping[str, Sequence[Size]], *, miniature: bool, fetch: bool
) -> list[Spelling]:
    """How the sweep's backbones spell texts; none where the task has no texts. `fetch`: whether the hub may be asked
    for a tokenizer. Raises InputError where one of them cannot be told the task's language."""
    asked: Any = task
    if not isinstance(asked, TextTask):
        return []
    found = [
        each
        for name, backbone in backbones.items()
        for each in spellings(backbone, sizes[name], miniature=miniature, fetch=fetch)
    ]
    if problems := language_problems(asked, found):
        raise InputError(problems)
    letters = getattr(asked, "vocabulary", None)
    if letters is None:
        return found
    said = Vocabulary.made(letters)
    return [
        replace(each, lacking=said.lacking, fold=said.fold, makes_letters=False, told_letters=True)
        if each.makes_letters
        else each
        for each in found
    ]


def teachable(reading: Reading, task: Task, spellings: Sequence[Spelling], *, further: bool) -> Reading:
    """The source with its texts as they are taught; what is left out, taken out or doubtful is in the account."""
    asked: Any = task
    if not isinstance(asked, TextTask):
        return reading
    return Reading(usable_texts(reading.examples, asked, spellings, reading.account, further=further), reading.account)


def check_lengths(
    examples: Sequence[Example],
    seconds: Sequence[float],
    task: Task,
    spellings: Sequence[Spelling],
    account: Account,
    skip: Skip,
) -> list[bool]:
    """Which examples have texts that every backbone can write. Raises InputError where more are longer than `skip`
    allows."""
    asked: Any = task
    if not isinstance(asked, TextTask):
        return [True] * len(examples)
    rows = len(examples) + len(account.left_out)
    long = too_long(examples, spellings, account)
    long |= unspellable(examples, seconds, spellings, account, known=long)
    account.refuse_beyond(skip, rows)
    account.advice += [] if getattr(asked, "asks", False) else hurried(examples, seconds)
    return [example.id not in long for example in examples]


def without_empty_rule(task: Task) -> Task:
    """The task for checks that come after `teachable`: a text that is empty now is to be kept."""
    asked: Any = task
    if isinstance(asked, TextTask):
        asked = replace(asked, empty_texts=KEEP)
    return cast("Task", asked)


def fit_answers(
    spec: SweepSpec,
    task: Task,
    clips: Sequence[tuple[Sequence[Example], Sequence[float]]],
    spellings: Sequence[Spelling],
    account: Account,
) -> tuple[SweepSpec, Task]:
    """The sweep and its task with answers as long as the longest text of all these examples and seconds needs, where
    the file leaves that open; what is decided, and what it means for scores, is said in the account."""
    asked: Any = task
    if not isinstance(asked, TextTask):
        return spec, task
    if any(example.language is None for examples, _ in clips for example in examples):
        account.advice += language_advice(asked, spellings)
    if spec.metric == "val/wer" and without_spaces(example.target for example in clips[0][0]):
        account.advice.append(
            "The texts have no spaces between words, so that one wrong character makes a whole text wrong: choose by "
            "val/cer (objective.metric)."
        )
    needed, longer = answer_length(clips, spellings)
    if needed <= (asked.answer_length or 1.0):
        return spec, task
    if asked.answer_length is not None:
        account.advice.append(
            f"task.answer_length is {asked.answer_length:g}, and the longest text needs {needed:g}: answers end before "
            f"the longest of {longer} long texts do."
        )
        return spec, task
    account.guesses.append(
        f"task.answer_length {needed:g}: {longer} texts are longer than an answer usually becomes, so that answers may "
        "become so many times as long"
    )
    fitted: Any = replace(asked, answer_length=needed)
    return with_task(spec, fitted), fitted


def fit_letters(
    spec: SweepSpec,
    task: Task,
    examples: Sequence[Example],
    splits: Mapping[str, str],
    spellings: Sequence[Spelling],
    account: Account,
) -> tuple[SweepSpec, Task]:
    """The sweep and its task with the letters of the training texts, where a recogniser is to learn new ones and the
    file does not say them. Raises InputError where the texts have none."""
    asked: Any = task
    for each in spellings:
        changed = sum(_CASES[each.fold][0](example.target) != example.target for example in examples)
        if each.fold and changed:
            account.guesses.append(
                f"{each.backbone} is taught {changed} texts in {_CASES[each.fold][1]}: its letters have no others"
            )
    new = [each.backbone for each in spellings if each.makes_letters]
    if not new or asked.vocabulary is not None:
        return spec, task
    training = [example.target for example in examples if splits[example.id] == "train"]
    characters = characters_of(training)
    if not characters:
        raise InputError("task.vocabulary: the training texts hold no letter that a recogniser could learn to write.")
    if rest := sorted(set(characters_of(example.target for example in examples)) - set(characters)):
        shown = ", ".join(rest[:SHOWN_LETTERS]) + (", ..." if len(rest) > SHOWN_LETTERS else "")
        account.advice.append(
            f"{len(rest)} letters of validation or test texts are in no training text ({shown}): they cannot be taught."
        )
    account.guesses.append(
        f"task.vocabulary: new heads ({', '.join(new)}) write the {len(characters)} letters of the training texts, "
        "without punctuation"
    )
    fitted: Any = replace(asked, vocabulary=characters)
    return with_task(spec, fitted), fitted


def window_advice(spec: SweepSpec, seconds: Sequence[float]) -> list[str]:
    """What a window of so many seconds leaves out of these clips, with a count; none where it leaves out nothing."""
    axes = [value for axis in spec.axes if axis.name == WINDOW for value in axis.values]
    asked = [*axes, *(point[WINDOW] for point in (spec.fixed, spec.baseline) if WINDOW in point)]
    shortest = min((value for value in asked if not isinstance(value, str)), default=None)
    longer = 0 if shortest is None else sum(length > shortest for length in seconds)
    if not longer:
        return []
    return [
        f"window_seconds {shortest:g}: {longer} of {len(seconds)} clips are longer and are heard up to there alone; "
        "fit hears every clip whole."
    ]


def check_splits(spec: SweepSpec, task: Task, examples: Sequence[Example], splits: Mapping[str, str]) -> None:
    """Raises InputError where the objective, or the loss, is not defined on a split."""
    asked: Any = task
    if not isinstance(asked, TextTask):
        return
    problems = []
    for split in SPLITS[1:]:
        said = [bool(asked.form(example.target)) for example in examples if splits[example.id] == split]
        if said and not any(said):
            problems.append(f"data.source: no {split} clip holds a word, so that it has no error rate.")
        if said and all(said) and spec.metric == "val/insertions_per_minute":
            problems.append(f"objective.metric: {spec.metric} needs {split} clips whose text is empty; there is none.")
    if problems:
        raise InputError(problems)
