"""Texts as tokens before a model is loaded: counted with the tokenizer of the weights that a sweep will have.

A miniature's tokens are bytes, so that nothing is read for it. Of published weights the file `tokenizer.json` is read:
of a local folder, of the hub's cache, or from the hub. Loads no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from trainables.modeling.checkpoints import names_checkpoint
from trainables.modeling.configurations import find, read_configuration
from trainables.modeling.subwords import Letters, own_spelling
from trainables.modeling.vocabulary import Vocabulary, characters_of, is_recogniser, needed_frames
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
    if writer.frames is not None:
        return letters(backbone, writer, sizes, miniature=miniature, fetch=fetch)
    if miniature:
        own = frozenset(writer.control_tokens)
        return [Spelling(backbone.NAME, writer, True, _remembered(_bytes, writer), own)]
    shared = [size for size in sizes if size.writer is None]
    found = [_spelling(backbone.NAME, writer, shared, fetch=fetch)] if shared or not sizes else []
    for size in sizes:
        if size.writer is not None:
            found.append(_spelling(f"{backbone.NAME} {size.checkpoint}", size.writer, [size], fetch=fetch))
    return found


def letters(
    backbone: Backbone, writer: Writer, sizes: Sequence[Size], *, miniature: bool, fetch: bool
) -> list[Spelling]:
    """How a recogniser by CTC spells: a checkpoint that was trained as one with its own letters, all others alike."""
    found = []
    own = [] if miniature else [size for size in sizes if names_checkpoint(size.checkpoint)]
    for size in own:
        said = read_configuration(size.checkpoint, backbone.ARCHITECTURES, backbone=backbone.NAME)
        if size.checkpoint not in _published(backbone) and is_recogniser(said):
            known = own_spelling(size.checkpoint, said, fetch=fetch)
            name = f"{backbone.NAME} {size.checkpoint}"
            count = _remembered(lambda texts, known=known: _frames(known, texts), writer)  # type: ignore[misc]
            own_writer = size.writer or writer  # its frames may be of another length
            found.append(Spelling(name, own_writer, False, count, frozenset(), known.lacking, known.fold))
    if len(found) < max(1, len(sizes)):
        count = _remembered(lambda texts: _frames(Vocabulary.made(characters_of(texts)), texts), writer)
        found.append(Spelling(backbone.NAME, writer, miniature, count, frozenset(), fold="lower", makes_letters=True))
    return found


def _published(backbone: Backbone) -> set[str]:
    """Checkpoints of a backbone's own sizes: encoders without a recogniser's head."""
    return {size.checkpoint for size in backbone.SIZES.values()}


def _frames(vocabulary: Letters, texts: Sequence[str]) -> list[int]:
    return [needed_frames(vocabulary.spell(text)) for text in texts]


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
