"""What is wrong with transcripts, or doubtful, found before any compute: control tokens, texts without a word,
languages that a model is not told, and what stands in a text and is not said. Loads no torch."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain

from trainables.data.doubts.encodings import encoding_doubts
from trainables.data.examples import Example
from trainables.data.reading import SHOWN, Account
from trainables.errors import InputError
from trainables.tasks.languages import language_code, named, nearest
from trainables.tasks.markup import control_pattern, remarks, times
from trainables.tasks.text_task import KEEP, STRIP, TextTask
from trainables.tasks.texts import words
from trainables.writing import Spelling

NOTHING = frozenset(("nan", "null", "n/a", "#n/a", "<na>", "undefined"))  # as programs write what is not there
FEWEST_TEXTS = 10  # of which all may be the same by chance
JOINERS = "\u200c\u200d"  # letters of Persian, Hindi and others are written with them
# Scripts without spaces between words, and how many letters a word may have on average before a text counts as such
_DENSE = ("CJK", "HIRAGANA", "KATAKANA")
_LONG = ("THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
MOST_LETTERS = {**dict.fromkeys(_DENSE, 2.5), **dict.fromkeys(_LONG, 7.0)}


def usable_texts(
    examples: Sequence[Example], task: TextTask, spellings: Sequence[Spelling], account: Account, *, further: bool
) -> list[Example]:
    """The examples with their texts as they are taught (`TextTask.taught`) and their languages as codes. Those
    that cannot be used are left out in `account`, and what a person should know of the others is said there.

    A set of `further` test data whose texts are all empty is one of silence and is kept.
    """
    control = control_pattern(frozenset(chain.from_iterable(each.control_tokens for each in spellings)))
    silent = further and not any(task.form(control.sub(" ", _text(example))) for example in examples)
    keeps_empty = silent or task.empty_texts == KEEP
    stripped: Counter[str] = Counter()
    rows, empty, kept = 0, 0, []
    for example in examples:
        text = _text(example)
        tokens = control.findall(f"{text} {example.question or ''}")
        if tokens and task.control_tokens != STRIP:
            account.leave_out(
                f"{example.id} ({_some(tokens)})",
                "the text holds control tokens of a model, which are not said: take them out, or let "
                "`task.control_tokens: strip` do it.",
            )
            continue
        rows += bool(tokens)
        stripped.update(tokens)
        taught = task.taught(control.sub(" ", text) if tokens else text)
        if not task.form(taught):
            if not keeps_empty:
                account.leave_out(f"{example.id} ({text!r})" if text else example.id, _no_word(task))
                continue
            empty += 1
        question = control.sub(" ", example.question or "").strip()
        kept.append(replace(example, target=taught, question=question or None))
    if rows:
        account.guesses.append(f"control tokens are taken out of {_texts(rows)} ({_some(stripped)})")
    if empty:
        account.guesses.append(f"nothing is said in {empty} of {len(kept)} clips: their texts are empty")
    kept = _in_languages(kept, task, spellings, account)
    account.guesses += _asked(kept)
    account.advice += _doubts([example.target for example in kept], task)
    return kept


def language_problems(task: TextTask, spellings: Sequence[Spelling]) -> list[str]:
    """Why a backbone cannot be told `task.language`."""
    told = [each for each in spellings if each.writer.told_language]
    return [
        f"task.language: {each.backbone} is told no language {named(task.language)}{_near(task.language, each)}."
        for each in told
        if task.language not in each.writer.languages
    ]


def language_advice(task: TextTask, spellings: Sequence[Spelling]) -> list[str]:
    """What becomes of `task.language` in backbones that are told none, and in a miniature."""
    found = [
        f"{each.backbone} writes {', '.join(map(named, each.writer.languages))} and is told no language: "
        f"task.language {task.language} changes nothing for it."
        for each in spellings
        if not each.writer.told_language and each.writer.languages and task.language not in each.writer.languages
    ]
    if task.language != "en" and any(each.miniature and each.writer.told_language for each in spellings):
        found.append(f"The miniature has one tag for all languages: {named(task.language)} is rehearsed, not known.")
    return found


def without_spaces(texts: Iterable[str]) -> bool:
    """Whether most letters are of a script that sets no spaces between words, and the texts set none."""
    letters: Counter[str] = Counter()
    number = 0  # of words
    for text in texts:
        number += len(words(text))
        for mark in text:
            if unicodedata.category(mark)[0] in "LM":
                letters[unicodedata.name(mark, "").partition(" ")[0]] += 1
    dense = {script: letters[script] for script in MOST_LETTERS if letters[script]}
    if not dense or 2 * sum(dense.values()) < letters.total():
        return False
    return letters.total() > MOST_LETTERS[max(dense, key=lambda script: dense[script])] * number


def _text(example: Example) -> str:
    if not isinstance(example.target, str):
        raise InputError(f"{example.id}: text {example.target!r} must be a text.")
    return example.target


def _no_word(task: TextTask) -> str:
    return (
        f"the text holds no word (task.normalise is {task.normalise}). Where nothing is said in the clip, `task."
        "empty_texts: keep` keeps it; data.skip leaves such rows out."
    )


def _in_languages(
    examples: Sequence[Example], task: TextTask, spellings: Sequence[Spelling], account: Account
) -> list[Example]:
    """The examples with the language of their row as a code; without those whose language nobody can be told."""
    kept, counts = [], Counter[str]()
    for example in examples:
        written = example.language
        if written is None:
            counts[task.language] += 1
            kept.append(example)
            continue
        code = language_code(written)
        lacking = [each for each in spellings if each.writer.told_language and code not in each.writer.languages]
        if code is None:
            account.leave_out(f"{example.id} ({written!r})", "language is none that is known: give a code such as en.")
        elif lacking:
            problem = f"{lacking[0].backbone} is told no language {named(code)}{_near(code, lacking[0])}."
            account.leave_out(example.id, problem)
        else:
            counts[code] += 1
            kept.append(replace(example, language=code))
    if not any(example.language for example in kept):
        return kept
    shown = ", ".join(f"{named(code)} {count}" for code, count in counts.most_common())
    account.guesses.append(f"the language of every clip is in its row: {shown}")
    for each in spellings:
        other = sum(count for code, count in counts.items() if code not in each.writer.languages)
        if other and each.writer.languages and not each.writer.told_language:
            account.advice.append(
                f"{other} clips are in a language that {each.backbone} does not write; it is told no language."
            )
        if {*counts} != {"en"} and each.miniature and each.writer.told_language:
            account.advice.append("The miniature has one tag for all languages: they are rehearsed, not known.")
    if len(counts) > 1 and task.normalise in ("english", "numbers"):
        raise InputError(
            f"task.normalise: {task.normalise} brings texts of one language to one form, and the clips are in "
            f"{len(counts)} ({shown}); take basic."
        )
    return kept


def _asked(examples: Sequence[Example]) -> list[str]:
    """One sentence about questions that clips bring; none where they bring none."""
    own = [example.question for example in examples if example.question]
    if not own:
        return []
    rest = f"; the other {len(examples) - len(own)} are asked task.prompt" if len(own) < len(examples) else ""
    return [
        f"{len(own)} of {len(examples)} clips are asked the question of their row ({len(set(own))} different){rest}"
    ]


def _near(code: str, spelling: Spelling) -> str:
    found = nearest(code, spelling.writer.languages)
    return f"; near it are {', '.join(map(named, found))}" if found else ""


def _doubts(texts: Sequence[str], task: TextTask) -> list[str]:
    """What is taught and may not be said."""
    found = []
    if nothing := [text for text in texts if text.strip().casefold() in NOTHING]:
        found.append(
            f"{_texts(len(nothing))} of {len(texts)} say {_some(map(repr, nothing))}: is that said, or is no text "
            "there?"
        )
    found += encoding_doubts(texts, "texts")
    if len(texts) >= FEWEST_TEXTS and len(set(texts)) == 1 and texts[0]:
        found.append(f"All {len(texts)} texts are the same ({texts[0][:40]!r}): is it the right column?")
    if task.normalise != "english" and (held := _holding(texts, remarks)):
        found.append(
            f"Words in brackets stand in {len(held)} of {len(texts)} texts ({_some(chain.from_iterable(held))}): they "
            "are taught and scored as words (task.normalise: english does not score them)."
        )
    if held := _holding(texts, times):
        found.append(
            f"Times stand in {len(held)} of {len(texts)} texts ({_some(chain.from_iterable(held))}): they are taught "
            "and scored as words."
        )
    if held := _holding(texts, _unseen):
        shown = _some(f"U+{ord(mark):04X}" for mark in chain.from_iterable(held))
        found.append(
            f"Marks that show nothing stand in {len(held)} of {len(texts)} texts ({shown}): they are taught, and not "
            "scored."
        )
    return found


def _unseen(text: str) -> list[str]:
    return [mark for mark in text if unicodedata.category(mark) == "Cf" and mark not in JOINERS]


def _holding(texts: Sequence[str], what: Callable[[str], list[str]]) -> list[list[str]]:
    return [found for text in texts if (found := what(text))]


def _texts(count: int) -> str:
    return f"{count} texts" if count != 1 else "1 text"


def _some(found: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(found))
    return ", ".join(distinct[:SHOWN]) + (", ..." if len(distinct) > SHOWN else "")
