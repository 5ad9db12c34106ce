"""Tokens are counted without a model, as the model's own tokenizer makes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from trainables import registry
from trainables.contract import Backbone, Size
from trainables.modeling.byte_tokenizer import byte_tokenizer
from trainables.modeling.spellings import spellings
from trainables.modeling.transcripts import text_tokens
from trainables.tasks.languages import SPOKEN
from trainables.writing import TextLimits, Writer

TEXTS = ["one two", "caf\u00e9", "\u0928\u092e\u0938\u094d\u0924\u0947", "a<|en|>b</s>", ""]
LIMITS = TextLimits(10, answer_tokens=5)


@pytest.mark.parametrize("name", ["whisper", "moonshine"])
def test_a_miniatures_tokens_are_counted_as_it_makes_them(name: str) -> None:
    backbone: Any = registry.backbone(name)
    (found,) = spellings(backbone, [], miniature=True, fetch=False)
    assert found.count is not None
    tokenizer = backbone._miniature_tokenizer()
    before = backbone.WRITER.before_text
    assert found.count(TEXTS) == [len(text_tokens(tokenizer, before + text, 1000)) for text in TEXTS]
    assert found.control_tokens == set(tokenizer.all_special_tokens) | set(backbone.WRITER.control_tokens)


@pytest.mark.parametrize("name", ["whisper", "moonshine"])
def test_the_constants_are_those_of_the_models(name: str) -> None:
    backbone: Any = registry.backbone(name)
    miniature = backbone.config(next(iter(backbone.MINIATURE_SIZES)))
    if name == "whisper":
        published = backbone.config("tiny")
        assert backbone.WRITER.published.most_tokens == published.max_target_positions - 4
        assert backbone.WRITER.published.answer_tokens == published.max_target_positions // 2 == 224
        assert backbone.WRITER.miniature.most_tokens == miniature.max_target_positions - 4
        assert backbone.WRITER.miniature.answer_tokens == miniature.max_target_positions // 2
    else:
        assert backbone.WRITER.miniature.most_tokens == miniature.max_position_embeddings - 1
        assert backbone.WRITER.published.answer_tokens_per_second == 6.5


def test_the_miniature_of_whisper_takes_every_language_under_its_one_tag() -> None:
    whisper: Any = registry.backbone("whisper")
    tokenizer, generation = whisper._miniature_tokenizer(), SimpleNamespace(is_multilingual=True)
    prompts = {tuple(whisper.prompt_tokens(tokenizer, generation, code)) for code in SPOKEN}
    assert prompts == {tuple(whisper.prompt_tokens(tokenizer, generation, "en"))}
    with pytest.raises(Exception, match="near it are"):
        whisper.prompt_tokens(tokenizer, generation, "zz")


def test_control_tokens_in_a_text_are_text() -> None:
    tokenizer = byte_tokenizer(["<unk>", "<s>", "</s>"], start="<s>", end="</s>")
    tokens = text_tokens(tokenizer, "a<s>b", 100)
    assert len(tokens) == 5
    assert tokenizer.decode(tokens) == "a<s>b"


def words_tokenizer(folder: Path) -> Backbone:
    """A tokenizer of words, as a published checkpoint has one, and a backbone whose size is that folder."""
    made = Tokenizer(models.WordLevel({"[UNK]": 0, "one": 1, "two": 2, "<|end|>": 3}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.add_special_tokens(["<|end|>"])
    folder.mkdir()
    made.save(str(folder / "tokenizer.json"))
    return cast(Backbone, SimpleNamespace(NAME="it", WRITER=Writer(LIMITS, LIMITS, (), ("en",), told_language=False)))


def test_published_tokens_are_counted_with_the_checkpoints_own_file(tmp_path: Path) -> None:
    backbone = words_tokenizer(tmp_path / "it")
    size = Size(str(tmp_path / "it"), None, "MIT", 1)
    (found,) = spellings(backbone, [size], miniature=False, fetch=False)
    assert found.count is not None
    assert found.count(["one two", "one <|end|> x", "one two"]) == [2, 3, 2]
    assert found.control_tokens == {"<|end|>"}
    for damaged in ("{}", ""):
        (tmp_path / "it" / "tokenizer.json").write_text(damaged)
        (lacking,) = spellings(backbone, [size], miniature=False, fetch=False)
        assert lacking.count is None


def test_a_tokenizer_that_is_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    backbone = words_tokenizer(tmp_path / "it")
    for fetch in (False, True):
        (found,) = spellings(backbone, [Size("nobody/nothing", None, "MIT", 1)], miniature=False, fetch=fetch)
        assert found.count is None


def test_a_backbone_that_writes_nothing(tmp_path: Path) -> None:
    assert spellings(registry.backbone("ast"), [], miniature=True, fetch=False) == []


def test_limits() -> None:
    assert TextLimits(444, answer_tokens=224).of_answer(1.0) == 224
    assert TextLimits(444, answer_tokens=224).of_answer(1.0, 3.0) == 444
    assert TextLimits(193, answer_tokens_per_second=6.5).of_answer(1.0) == 7
    assert replace(LIMITS, most_tokens=3).of_answer(1.0) == 3
