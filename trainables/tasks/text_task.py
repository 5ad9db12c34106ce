"""What tasks have in common whose answers are texts: how texts are taught, and to which form they are brought before
they are scored.

A model learns the texts as `taught` gives them. Before scoring, target and answer are brought to one form, and the
recorded predictions hold that form: whoever scores them again gets the same numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

from trainables.errors import InputError
from trainables.records import Answers
from trainables.tasks.languages import language_code, named
from trainables.tasks.markup import control_pattern
from trainables.tasks.number_words import LANGUAGES as NUMBER_LANGUAGES
from trainables.tasks.options import option
from trainables.tasks.replacements import entry_problems, read_replacements
from trainables.tasks.texts import NORMALISATIONS, normalised, words

REFUSE, KEEP, STRIP = "refuse", "keep", "strip"


@dataclass(frozen=True)
class TextTask:
    """`normalise` and `replacements`: how texts are brought to one form before they are scored, see
    `trainables.tasks.texts`. `language` (ISO 639) is what they are written in where a clip itself does not say it.
    Raises InputError with every problem.
    """

    normalise: str = option(
        "What is done to texts before scoring. basic: small letters, no punctuation, single spaces; numbers: basic, "
        "with numbers in digits; english: what published word error rates of English go by.",
        default="basic",
        choices=NORMALISATIONS,
    )
    replacements: str | tuple[str, ...] | None = option(
        "Words that count as equal: a list such as [okay -> ok], or a file of them (JSON object, or CSV of two "
        "columns).",
        default=None,
        rule="a file, or texts FROM -> TO",
    )
    language: str = option(
        "Told to a multilingual model, where a clip has no column language.",
        default="en",
        pattern=r"[A-Za-z][A-Za-z_. -]*",
        rule="an ISO 639 code such as en",
    )
    empty_texts: str = option(
        "Clips whose text is empty, or without a word: refuse, or keep as clips in which nothing is said.",
        default=REFUSE,
        choices=(REFUSE, KEEP),
    )
    control_tokens: str = option(
        "Texts that hold control tokens of a model, such as <|0.00|>: refuse, or strip these from them.",
        default=REFUSE,
        choices=(REFUSE, STRIP),
    )
    answer_length: float | None = option(
        "How many times as long as the backbone's usual limit an answer may be; left out, as the longest text needs.",
        default=None,
        minimum=1,
    )

    column: ClassVar[str] = "text"
    stratified: ClassVar[bool] = False
    soft_targets: ClassVar[bool] = False
    shows_samples: ClassVar[bool] = True
    answers_untuned: ClassVar[bool] = True

    def __post_init__(self) -> None:
        given: Any = self.replacements
        if isinstance(given, list):  # as YAML and JSON have it
            object.__setattr__(self, "replacements", tuple(given))
        problems = [
            f"task.{name} must be one of {', '.join(known)}, not {getattr(self, name)!r}."
            for name, known in (
                ("normalise", NORMALISATIONS),
                ("empty_texts", (REFUSE, KEEP)),
                ("control_tokens", (REFUSE, STRIP)),
            )
            if getattr(self, name) not in known
        ]
        problems += self._further_problems()
        problems += self._language_problems()
        if not problems and isinstance(self.replacements, tuple):
            problems += entry_problems(self.replacements, self._form())
        if problems:
            raise InputError(problems)

    def _further_problems(self) -> list[str]:
        """Of a task's own options."""
        return []

    def _language_problems(self) -> list[str]:
        code = language_code(str(self.language))
        if code != self.language:
            hint = "" if code is None else f": write {code}"
            return [f"task.language must be an ISO 639 code such as en, not {self.language!r}{hint}."]
        if self.normalise == "english" and code != "en":
            return [f"task.normalise: english is for English texts, and task.language is {named(code)}; take basic."]
        if self.normalise == "numbers" and code not in NUMBER_LANGUAGES:
            known = ", ".join(NUMBER_LANGUAGES)
            return [f"task.normalise: numbers knows the words of {known}, not of {named(code)}; take basic."]
        return []

    def _form(self) -> Any:
        """The form without replacements, as a function."""
        return partial(normalised, how=self.normalise, language=self.language)

    def with_files(self, folder: Path) -> Self:
        """The same task with what its file holds in place of its name, which is looked for in `folder`: then it is
        whole without that file. Raises InputError: it cannot be read."""
        if not isinstance(self.replacements, str):
            return self
        return replace(self, replacements=read_replacements(folder / Path(self.replacements).expanduser()))

    @property
    def scored_as(self) -> str:
        """The name of the form that error rates are of, for a record."""
        words = f" ({self.language})" if self.normalise == "numbers" else ""
        entries = len(self.replacements) if isinstance(self.replacements, tuple) else 0
        return f"{self.normalise}{words}{f' with {entries} replacements' if entries else ''}"

    def form(self, text: str) -> str:
        """The text as it is scored."""
        entries = self.replacements if isinstance(self.replacements, tuple) else ()
        return normalised(text, self.normalise, self.language, entries)

    def taught(self, text: str, control_tokens: Collection[str] = ()) -> str:
        """The text as a model is taught it: in composed letters (NFC), white space of any kind as single spaces, and
        without control tokens where these are to be stripped, `control_tokens` being the model's own. One without a
        letter or a digit is empty: nothing is said in the clip."""
        if self.control_tokens == STRIP:
            text = control_pattern(control_tokens).sub(" ", text)
        return " ".join(words(text)) if any(map(str.isalnum, text)) else ""

    def check_target(self, value: Any) -> str | None:
        """None where `value` is a text with something to score, or an empty one that is to be kept, else a sentence
        that says which rule it breaks."""
        if not isinstance(value, str):
            return f"text {value!r} must be a text"
        if self.empty_texts == REFUSE and not self.form(value):
            return f"text {value!r} holds no word (task.normalise is {self.normalise})"
        return None

    def completed(self, targets: Sequence[str], training: Sequence[str]) -> Self:
        """Itself: it leaves nothing to the data."""
        return self

    def answers(self, targets: Sequence[str], outputs: Sequence[Any]) -> Answers:
        """`outputs` is N texts; targets and outputs are recorded in the form that is scored."""
        return Answers(targets=[self.form(text) for text in targets], outputs=[self.form(text) for text in outputs])
