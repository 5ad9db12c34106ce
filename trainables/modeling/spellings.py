"""Texts as tokens before a model is loaded: counted with the tokenizer of the weights that a sweep will have.

A miniature's tokens are bytes, so that nothing is read for it. Of published weights the file `tokenizer.json` is read:
of a local folder, of the hub's cache, or from the hub. Loads no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from trainables.modeling.configurations import find
from trainables.writing import Spelling, Writer

if TYPE_CHECKING:
    from trainables.contract import Backbone, Size

FILE = "tokenizer.json"
BATCH = 4096  # texts at once


def spellings(backbone: Backbone, sizes: Sequence[Size], *, miniature: bool, fetch: bool) -> list[Spelling]:
    """How a backbone spells texts; none where it writes none. Its own sizes share a tokenizer: the first that is at
    hand counts; a checkpoint with a `writer` of its own has its own. `fetch`: whether the hub may be asked."""
    writer: Writer | None = getattr(backbone, "WRITER", None)
    if writer is None:
        return []
    if miniature:
        own = frozenset(writer.control_tokens)
        return [Spelling(backbone.NAME, writer, True, _remembered(_bytes, writer), own)]
    shared = [size for size in sizes if size.writer is None]
    found = [_spelling(backbone.NAME, writer, shared, fetch=fetch)] if shared or not sizes else []
    for size in sizes:
        if size.writer is not None:
            found.append(_spelling(f"{backbone.NAME} {size.checkpoint}", size.writer, [size], fetch=fetch))
    return found


def _spelling(name: str, writer: Writer, sizes: Sequence[Size], *, fetch: bool) -> Spelling:
    tokenizer = next((found for size in sizes if (found := _tokenizer(size, fetch=fetch)) is not None), None)
    if tokenizer is None:
        return Spelling(name, writer, False, None, frozenset())
    special = frozenset(str(token) for token in tokenizer.get_added_tokens_decoder().values() if token.special)
    tokenizer.encode_special_tokens = True  # a text's own control tokens are text

    def count(texts: Sequence[str]) -> list[int]:
        parts = (texts[start : start + BATCH] for start in range(0, len(texts), BATCH))
        return [len(found) for part in parts for found in tokenizer.encode_batch(part, add_special_tokens=False)]

    return Spelling(name, writer, False, _remembered(count, writer), special)


def _bytes(texts: Sequence[str]) -> list[int]:
    return [len(text.encode()) for text in texts]


def _remembered(count: Callable[[Sequence[str]], list[int]], writer: Writer) -> Callable[[Sequence[str]], list[int]]:
    """Every text is counted once, with what the backbone lets it begin with."""
    known: dict[str, int] = {}

    def counted(texts: Sequence[str]) -> list[int]:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, count([writer.before_text + text for text in new]), strict=True))
        return [known[text] for text in texts]

    return counted


def _tokenizer(size: Size, *, fetch: bool) -> Any:
    """None where it is not at hand, or cannot be read."""
    name = f"{size.checkpoint}@{size.revision}" if size.revision else size.checkpoint
    path = find(name, FILE, fetch=fetch)
    if path is None:
        return None
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(path))
    except Exception:  # the library raises Exception itself: of a newer kind, or damaged
        return None
