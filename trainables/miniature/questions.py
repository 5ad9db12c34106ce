"""What the miniatures are asked in pre-training, and the tokeniser that this text gives.

Every question names its possible answers in capitals, as the prompts of `label_scoring` do. Half of the answers are
true. The others belong to questions about words that say nothing of the sound, asked once with each of their answers:
they teach that one of the named words is to be answered, and leave open which.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from numpy.random import Generator
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from trainables.backbones.qwen2_audio import SPECIAL_TOKENS
from trainables.miniature.sounds import NOT_APPLICABLE, PROPERTIES

FIXED = (
    "system\nYou are a helpful assistant.", "user\nAudio 1: ", "assistant\n", "\nDoes this clip contain",
    "\nIs this clip", "? Answer", " or", " or NON", "NON",
)  # fmt: skip

# Words that users ask for; pre-training never says what they sound like.
OPEN_WORDS = (
    "speech", "music", "noise", "voice", "singing", "digit", "word", "animal", "dog", "bird", "engine", "rain", "human",
    "machine", "alarm", "laughter", "piano", "target", "event", "signal",
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    prompt: str
    answer: str


def of_clip(rng: Generator, properties: dict[str, int], count: int) -> list[Question]:
    """`count` (even) answers about the sound, and as many to questions that it cannot decide."""
    true = [about(rng, properties) for _ in range(count)]
    return [*true, *(question for _ in range(count // 2) for question in open_question(rng))]


def about(rng: Generator, properties: dict[str, int]) -> Question:
    """A question about a sound with these properties (indices into PROPERTIES), truly answered."""
    known = [name for name, value in properties.items() if value != NOT_APPLICABLE]
    name = known[rng.integers(len(known))]
    values, true = PROPERTIES[name], properties[name]
    right, wrong = values[true], values[(true + rng.integers(1, len(values))) % len(values)]
    coin = rng.random() < 0.5
    if rng.random() < 0.5:
        return _contains(right if coin else wrong, coin)
    return _which(*((right, wrong) if coin else (wrong, right)), right)


def open_question(rng: Generator) -> tuple[Question, Question]:
    """The same question with each of its answers."""
    first, second = (OPEN_WORDS[index] for index in rng.choice(len(OPEN_WORDS), 2, replace=False))
    if rng.random() < 0.7:
        return _contains(first, True), _contains(first, False)
    return _which(first, second, first), _which(first, second, second)


def _contains(word: str, yes: bool) -> Question:
    """The form of the shipped sweep's prompt."""
    shout = word.upper()
    return Question(f"Does this clip contain {word}? Answer {shout} or NON{shout}.", shout if yes else f"NON{shout}")


def _which(first: str, second: str, answer: str) -> Question:
    prompt = f"Is this clip {first} or {second}? Answer {first.upper()} or {second.upper()}."
    return Question(prompt, answer.upper())


def tokenizer(vocabulary: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE of exactly `vocabulary` tokens, the special ones first, from the text of all questions."""
    bpe = Tokenizer(models.BPE())
    # Without the split at words: the fixed parts of the chat become one token each, which shortens every sequence.
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(_all_text(), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        padding_side="left",
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(SPECIAL_TOKENS[1:]),
    )


def _all_text() -> Iterator[str]:
    """Pieces of text; tokens never reach over a piece's end, so that words stay apart from what stands around them."""
    for _ in range(50):
        yield from FIXED
    for word in [word for values in PROPERTIES.values() for word in values] + list(OPEN_WORDS):
        yield from (word.upper(), word.upper(), f" {word.upper()}", f" {word}")
