"""What is in a transcript and not said."""

from __future__ import annotations

import pytest

from trainables.tasks.markup import control_pattern, remarks, times


@pytest.mark.parametrize(
    "token",
    ["<|0.00|>", "<|en|>", "<|endoftext|>", "<|im_start|>", "<\uff5cbegin\uff5c>", "[INST]", "[/INST]", "<<SYS>>",
     "<s>", "</s>", "<pad>", "[PAD]", "[CLS]", "<start_of_turn>"],
)  # fmt: skip
def test_control_tokens(token: str) -> None:
    assert control_pattern().findall(f"one {token}two") == [token]
    assert control_pattern().sub(" ", f"one {token}two").split() == ["one", "two"]


def test_a_tokenizers_own_come_first() -> None:
    assert control_pattern(["<unk>", "@@", " "]).findall("a <unk> @@ <|x|> b") == ["<unk>", "@@", "<|x|>"]


@pytest.mark.parametrize("text", ["one two", "a < b and c > d", "it is 19:30", "a [music] b", "<unk>", "I|O"])
def test_what_is_none(text: str) -> None:
    assert not control_pattern().search(text)


def test_remarks_and_times() -> None:
    assert remarks("[music] a <unk> (laughs) {x} *coughs* \u266a") == [
        "[music]", "<unk>", "(laughs)", "{x}", "*coughs*", "\u266a",
    ]  # fmt: skip
    assert remarks("2 * 3 * 4, one's (a") == []
    assert times("00:00:01,500 --> 00:00:02,000") == ["00:00:01,500", "-->", "00:00:02,000"]
    assert times("[01:23] at 19:30 or 00:01.5") == ["[01:23]", "00:01.5"]
