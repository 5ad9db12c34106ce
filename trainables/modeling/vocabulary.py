"""The letters that a CTC recogniser writes with: a checkpoint's own, or made from texts. Loads no torch.

A checkpoint that was trained as a recogniser (`architectures` in its configuration ends in ForCTC) keeps its letters,
as its `vocab.json` numbers them. Any other one gets a new head, whose letters are those of the training texts.

CTC: Graves et al. 2006, "Connectionist Temporal Classification". Its blank is the token that pads labels, as in
transformers.
"""

from __future__ import annotations

import json
import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from trainables.errors import InputError
from trainables.modeling.configurations import find

FILE, SETTINGS, SPECIAL = "vocab.json", "tokenizer_config.json", "special_tokens_map.json"
BLANK, UNKNOWN, SPACE = "<pad>", "<unk>", "|"
SAID_MARKS = "'\u2019"  # signs that are part of a word
# What `Wav2Vec2CTCTokenizer` takes where the files do not say it
DEFAULTS = {"pad_token": BLANK, "unk_token": UNKNOWN, "bos_token": "<s>", "eos_token": "</s>"}


@dataclass(frozen=True)
class Vocabulary:
    """Tokens by id. `special` ones are never taught; `space` is None where words are written without one."""

    tokens: tuple[str, ...]
    blank: int
    space: int | None
    unknown: int | None
    special: frozenset[int]

    @classmethod
    def made(cls, characters: Sequence[str]) -> Vocabulary:
        """Blank, unknown and space, then `characters` in their order."""
        return cls((BLANK, UNKNOWN, SPACE, *characters), blank=0, space=2, unknown=1, special=frozenset((0, 1, 2)))

    @cached_property
    def fold(self) -> str:
        """`lower` or `upper` where its letters are of that case alone, and texts are brought to it; else empty."""
        return only_case(self._ids)

    def spell(self, text: str) -> list[int]:
        """A text as token ids. Signs that it lacks and nobody says (punctuation) are left out, letters that it lacks
        become `unknown`, where there is such a token."""
        said = [ids for word in self._folded(text).split() if (ids := self._word(word))]
        between = [] if self.space is None else [self.space]
        return [token for place, ids in enumerate(said) for token in (*(between if place else []), *ids)]

    def lacking(self, text: str) -> list[str]:
        """The letters, digits and marks of a text that it lacks, one by one."""
        rest = self._pattern.sub("", self._folded(text))
        return [sign for sign in rest if is_said(sign)]

    def read(self, best: Iterable[int]) -> str:
        """The text of the best token of each frame: repetitions are one token, blanks part equal letters."""
        text = ""
        for token in joined(best, self.blank):
            if token not in self.special:
                text += self.tokens[token]
            elif token == self.space:
                text += " "
        return " ".join(text.split())

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes it as a tokenizer of transformers (`vocab.json` and its settings)."""
        from transformers import Wav2Vec2CTCTokenizer

        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch, FILE)
            numbered = {token: index for index, token in enumerate(self.tokens) if token}
            path.write_text(json.dumps(numbered, ensure_ascii=False), encoding="utf-8")
            Wav2Vec2CTCTokenizer(
                str(path),
                pad_token=self.tokens[self.blank],
                unk_token=UNKNOWN if self.unknown is None else self.tokens[self.unknown],
                word_delimiter_token=SPACE if self.space is None else self.tokens[self.space],
                bos_token=None,
                eos_token=None,
            ).save_pretrained(str(folder))

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {token: index for index, token in enumerate(self.tokens) if token and index not in self.special}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self._ids, key=len, reverse=True)  # tokens of several letters are not split
        return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def _folded(self, text: str) -> str:
        return in_case(unicodedata.normalize("NFC", text), self.fold)

    def _word(self, word: str) -> list[int]:
        found, behind = [], 0
        for match in self._pattern.finditer(word):
            found += [*self._unknowns(word[behind : match.start()]), self._ids[match[0]]]
            behind = match.end()
        return found + self._unknowns(word[behind:])

    def _unknowns(self, signs: str) -> list[int]:
        return [] if self.unknown is None else [self.unknown for sign in signs if is_said(sign)]


def only_case(tokens: Iterable[str]) -> str:
    """`lower` or `upper` where all tokens that have a case are of that one; else empty."""
    cased = [token for token in tokens if token.lower() != token.upper()]
    if not cased:
        return ""
    if all(token == token.lower() for token in cased):
        return "lower"
    return "upper" if all(token == token.upper() for token in cased) else ""


def in_case(text: str, case: str) -> str:
    """`text` brought to `lower` or `upper`; as it is where `case` is empty."""
    return {"lower": str.lower, "upper": str.upper}.get(case, str)(text)


def joined(best: Iterable[int], blank: int) -> list[int]:
    """The tokens that the best one of each frame means: repetitions are one, and blanks, which part equal ones, go."""
    return [token for token, _ in groupby(best) if token != blank]


def characters_of(texts: Iterable[str]) -> tuple[str, ...]:
    """The letters, digits and marks of texts in small letters, the most frequent first, equal ones in the order of
    their code points."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(sign for sign in unicodedata.normalize("NFC", text).lower() if is_said(sign))
    return tuple(sorted(counts, key=lambda sign: (-counts[sign], sign)))


def needed_frames(tokens: Sequence[int]) -> int:
    """One for each token, and one for the blank between two equal ones."""
    return len(tokens) + sum(one == other for one, other in pairwise(tokens))


def is_recogniser(config: Mapping[str, Any]) -> bool:
    """Whether the content of a `config.json` is of a model that was trained to write by CTC."""
    named = config.get("architectures") or ()
    return any(isinstance(name, str) and name.endswith("ForCTC") for name in named)


def of_checkpoint(checkpoint: str, config: Mapping[str, Any], *, fetch: bool = True) -> Vocabulary:
    """A recogniser's own letters; `config` is the content of its `config.json`, `fetch`: the hub may be asked.

    Raises InputError: it has no vocabulary, or one that does not fit its configuration.
    """
    found = _json(checkpoint, FILE, fetch=fetch)
    where = f"search.model_size: the checkpoint {checkpoint}"
    if found is None:
        raise InputError(f"{where} is a recogniser without {FILE}: put its tokenizer's files beside its weights.")
    if not found or not all(isinstance(index, int) and index >= 0 for index in found.values()):
        raise InputError(f"{where}: its {FILE} is no mapping of tokens to numbers (one of several languages is not).")
    settings = DEFAULTS | {"word_delimiter_token": SPACE}
    for file in (SPECIAL, SETTINGS):
        said = _json(checkpoint, file, fetch=fetch) or {}
        settings |= {name: _content(said[name]) for name in settings if said.get(name) is not None}
    outputs, blank = int(config.get("vocab_size", 32)), config.get("pad_token_id", 0)
    if max(found.values()) >= outputs or found.get(settings["pad_token"]) != blank:
        raise InputError(
            f"{where}: its {FILE} does not fit its {outputs} outputs, whose blank (pad_token_id) is {blank}; the blank "
            f"has to be the token {settings['pad_token']}."
        )
    tokens = [""] * outputs
    for token, index in found.items():
        tokens[index] = token
    special = [found[settings[name]] for name in settings if settings[name] in found]
    return Vocabulary(
        tuple(tokens),
        blank=int(blank),
        space=found.get(settings["word_delimiter_token"]),
        unknown=found.get(settings["unk_token"]),
        special=frozenset(special),
    )


def _json(checkpoint: str, file: str, *, fetch: bool) -> dict[str, Any] | None:
    path = find(checkpoint, file, fetch=fetch)
    try:
        found = None if path is None else json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"search.model_size: the checkpoint {checkpoint}: {path} is no JSON ({error}).") from None
    return found if isinstance(found, dict) else None


def _content(token: Any) -> str:
    return str(token.get("content", "")) if isinstance(token, dict) else str(token)


def is_said(sign: str) -> bool:
    """Whether it is a letter, a digit, or a mark of one: no punctuation."""
    return sign.isalnum() or sign in SAID_MARKS or unicodedata.category(sign)[0] == "M"
