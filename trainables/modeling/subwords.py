"""The pieces of words that a CTC recogniser writes with, where its tokenizer is a `tokenizer.json`: Parakeet's.

They are used as `vocabulary.Vocabulary` is, which has letters. Loads no torch.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from trainables.errors import InputError
from trainables.modeling import vocabulary
from trainables.modeling.configurations import find

FILE = "tokenizer.json"
TYPES = ("parakeet_ctc",)  # `model_type` of the checkpoints that spell so
WORD = "\u2581"  # how SentencePiece marks where a word begins


class Letters(Protocol):
    """What a recogniser writes with."""

    @property
    def blank(self) -> int: ...

    @property
    def fold(self) -> str: ...

    @property
    def tokens(self) -> tuple[str, ...]: ...

    def spell(self, text: str) -> list[int]: ...

    def lacking(self, text: str) -> list[str]: ...

    def read(self, best: Iterable[int]) -> str: ...


@dataclass(frozen=True)
class Subwords:
    """A tokenizer of the library tokenizers; `outputs`: of the head, `blank` one of them."""

    tokenizer: Any
    outputs: int
    blank: int
    folder: Path  # that holds its files

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """By number; empty where the head has an output that is no token."""
        return tuple(self.tokenizer.id_to_token(number) or "" for number in range(self.outputs))

    @cached_property
    def special(self) -> frozenset[int]:
        added = self.tokenizer.get_added_tokens_decoder().items()
        return frozenset({number for number, token in added if token.special} | {self.blank})

    @cached_property
    def signs(self) -> frozenset[str]:
        """Every sign that a token holds."""
        ordinary = (token for number, token in enumerate(self.tokens) if number not in self.special)
        return frozenset(sign for token in ordinary for sign in token if sign != WORD)

    @cached_property
    def fold(self) -> str:
        """`lower` or `upper` where its letters are of that case alone, and texts are brought to it; else empty."""
        return vocabulary.only_case(self.signs)

    def spell(self, text: str) -> list[int]:
        """A text as tokens. Signs that it lacks and nobody says (punctuation) are left out."""
        found: list[int] = self.tokenizer.encode(self._plain(text), add_special_tokens=False).ids
        return found

    def lacking(self, text: str) -> list[str]:
        """The letters, digits and marks of a text that it lacks, one by one."""
        return [sign for sign in self._plain(text) if sign not in self.signs and not sign.isspace()]

    def read(self, best: Iterable[int]) -> str:
        """The text of the best token of each frame: repetitions are one token, blanks part equal ones."""
        said = [token for token in vocabulary.joined(best, self.blank) if token not in self.special]
        return " ".join(self.tokenizer.decode(said).split())

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the tokenizer's files as they were."""
        for path in sorted(self.folder.glob("*token*.json")):
            Path(folder, path.name).write_bytes(path.read_bytes())

    def _plain(self, text: str) -> str:
        folded = vocabulary.in_case(unicodedata.normalize("NFC", text), self.fold)
        kept = (sign for sign in folded if sign in self.signs or sign.isspace() or vocabulary.is_said(sign))
        return " ".join("".join(kept).split())


def own_spelling(checkpoint: str, config: Mapping[str, Any], *, fetch: bool = True) -> Letters:
    """A recogniser's own letters, or pieces of words; `config` is the content of its `config.json`.

    Raises InputError: it has none, or such as do not fit its configuration.
    """
    if config.get("model_type") not in TYPES:
        return vocabulary.of_checkpoint(checkpoint, config, fetch=fetch)
    from tokenizers import Tokenizer

    where = f"search.model_size: the checkpoint {checkpoint}"
    path = find(checkpoint, FILE, fetch=fetch)
    if path is None:
        raise InputError(f"{where} is a recogniser without {FILE}: put its tokenizer's files beside its weights.")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises Exception itself: of a newer kind, or damaged
        raise InputError(f"{where}: its {FILE} cannot be read ({error}).") from None
    outputs, blank = int(config.get("vocab_size") or 0), config.get("pad_token_id")
    if not isinstance(blank, int) or not 0 <= blank < outputs or tokenizer.get_vocab_size() > outputs:
        raise InputError(
            f"{where}: its {FILE} has {tokenizer.get_vocab_size()} tokens, and it has {outputs} outputs, of which the "
            f"blank (pad_token_id) is {blank}: they do not fit each other."
        )
    tokenizer.encode_special_tokens = True  # a text's own control tokens are text
    return Subwords(tokenizer, outputs, blank, path.parent)
