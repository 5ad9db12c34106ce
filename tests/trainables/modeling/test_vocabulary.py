"""Letters of a recogniser: made from texts, read from a checkpoint, and as transformers' own tokenizer has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import Wav2Vec2CTCTokenizer

from trainables.errors import InputError
from trainables.modeling.vocabulary import (
    Vocabulary,
    characters_of,
    is_recogniser,
    needed_frames,
    of_checkpoint,
)

# As the published English recognisers have them: capitals, the blank first, `|` between words
ENGLISH = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ"]
CONFIG = {"architectures": ["Wav2Vec2ForCTC"], "vocab_size": 32, "pad_token_id": 0}
TEXTS = ["HELLO BOOK", "IT'S", "A", "AARDVARK  ZOO"]


def write(folder: Path, tokens: list[str], **settings: Any) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({token: index for index, token in enumerate(tokens)}))
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return str(folder)


def test_letters_of_texts_stand_by_frequency_in_small_letters() -> None:
    assert characters_of(["Abba, a!", "B\u00e9b\u00e9 | 2"]) == ("b", "a", "\u00e9", "2")
    assert characters_of(["e\u0301"]) == ("\u00e9",)  # composed
    assert characters_of(["..."]) == ()
    made = Vocabulary.made(("b", "a"))
    assert made.tokens == ("<pad>", "<unk>", "|", "b", "a")
    assert (made.blank, made.unknown, made.space) == (0, 1, 2)
    assert made.spell("Ab, - ba\tx|") == [4, 3, 2, 3, 4, 2, 1]  # what it has not and nobody says is left out


def test_the_best_token_of_each_frame_makes_a_text() -> None:
    made = Vocabulary.made(("b", "o", "k"))
    b, o, k, blank, space = 3, 4, 5, 0, 2
    assert made.read([blank, b, b, o, blank, o, k, k]) == "book"
    assert made.read([b, o, o, k]) == "bok"
    assert made.read([space, b, space, blank, space, blank, k, space]) == "b k"
    assert made.read([b, 1, b]) == "bb"
    assert made.read([]) == made.read([blank]) == ""


def test_a_text_of_equal_letters_needs_blanks_between_them() -> None:
    assert [needed_frames(ids) for ids in ([], [3], [3, 3], [3, 4, 4, 4, 3])] == [0, 1, 3, 7]


def test_a_checkpoints_letters_are_those_of_transformers(tmp_path: Path) -> None:
    """A text's ids, and what they read as, double letters included."""
    folder = write(tmp_path / "it", ENGLISH)
    ours = of_checkpoint(folder, CONFIG)
    theirs = Wav2Vec2CTCTokenizer(str(tmp_path / "it" / "vocab.json"))
    assert ours.fold == "upper"
    for text in TEXTS:
        ids = ours.spell(text.lower())
        assert ids == theirs(" ".join(text.split()))["input_ids"]
        frames = [token for part in ids for token in (0, part, part, 0)]
        assert ours.read(frames) == " ".join(theirs.decode(frames).split())
        assert ours.read(frames) == " ".join(text.split())
    assert ours.lacking("caf\u00e9, n\u00b0 5!") == ["\u00c9", "5"]
    assert ours.spell("\u00e9") == [3]


def test_it_is_saved_as_a_tokenizer_of_transformers(tmp_path: Path) -> None:
    for letters in (Vocabulary.made(tuple("abc")), of_checkpoint(write(tmp_path / "own", ENGLISH), CONFIG)):
        letters.save_pretrained(tmp_path / "saved")
        again = of_checkpoint(str(tmp_path / "saved"), CONFIG | {"vocab_size": len(letters.tokens)})
        assert again.tokens == letters.tokens
        assert (again.blank, again.space, again.unknown) == (letters.blank, letters.space, letters.unknown)
        theirs = Wav2Vec2CTCTokenizer.from_pretrained(tmp_path / "saved")
        assert len(theirs) == len(letters.tokens)
        assert theirs("A B".lower() if letters.fold == "lower" else "A B")["input_ids"] == letters.spell("a b")


def test_tokens_of_several_letters_are_not_split(tmp_path: Path) -> None:
    folder = write(tmp_path / "it", ["<pad>", "<unk>", "|", "c", "h", "ch"])
    letters = of_checkpoint(folder, CONFIG | {"vocab_size": 6})
    assert letters.spell("chc h") == [5, 3, 2, 4]


def test_other_names_of_special_tokens(tmp_path: Path) -> None:
    folder = write(tmp_path / "it", ["a", "#", "[PAD]"], pad_token={"content": "[PAD]"}, word_delimiter_token="#")
    letters = of_checkpoint(folder, {"vocab_size": 3, "pad_token_id": 2})
    assert (letters.blank, letters.space, letters.unknown) == (2, 1, None)
    assert letters.spell("a ab") == [0, 1, 0]  # without a token for what is unknown


@pytest.mark.parametrize(
    ("tokens", "config", "said"),
    [
        (ENGLISH, CONFIG | {"pad_token_id": 1}, "blank"),
        (ENGLISH, CONFIG | {"vocab_size": 30}, "does not fit its 30 outputs"),
        ([], CONFIG, "no mapping of tokens"),
    ],
)
def test_a_vocabulary_that_does_not_fit(tokens: list[str], config: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        of_checkpoint(write(tmp_path / "it", tokens), config)


def test_a_recogniser_without_letters(tmp_path: Path) -> None:
    assert is_recogniser(CONFIG)
    assert not is_recogniser({"architectures": ["Wav2Vec2ForPreTraining"]})
    assert not is_recogniser({})
    with pytest.raises(InputError, match="a recogniser without"):
        of_checkpoint(str(tmp_path), CONFIG)
    (tmp_path / "vocab.json").write_text(json.dumps({"eng": {"a": 0}}))
    with pytest.raises(InputError, match="several languages"):
        of_checkpoint(str(tmp_path), CONFIG)
