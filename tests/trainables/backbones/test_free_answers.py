"""Free answers of Qwen2-Audio and the thinker: what is written, against transformers' own generation."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trainables.backbones import qwen2_audio
from trainables.contract import Loaded
from trainables.errors import InputError
from trainables.modeling import answers
from trainables.tasks.answering import Answering

TASK = Answering(prompt="What is heard?")
CPU = torch.device("cpu")
END = "<|im_end|>"


def load(folder: Path) -> Loaded:
    return qwen2_audio.load(str(folder), TASK, size="mini-1m", quantization="none", dtype=torch.float64, device=CPU)


def features(loaded: Loaded, seconds: float, seed: int = 0) -> torch.Tensor:
    noise = 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * 16_000))
    return qwen2_audio.features(loaded, noise.astype(np.float32))


def by_transformers(loaded: Loaded, clip: torch.Tensor, question: str | None) -> str:
    """One clip alone, by `generate`."""
    batch = qwen2_audio.collate(loaded, [clip], TASK, None, [question])
    model: Any = loaded.model
    tokenizer = loaded.processor["tokenizer"]
    end = tokenizer.convert_tokens_to_ids(END)
    names = ("input_ids", "attention_mask", "input_features", "feature_attention_mask")
    said = model.generate(
        **{name: batch[name] for name in names}, max_new_tokens=int(batch["most_tokens"]), do_sample=False,
        eos_token_id=end, pad_token_id=end,
    )  # fmt: skip
    text: str = tokenizer.decode(said[0, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    return text.strip()


def test_answers_are_those_of_transformers_alone_and_together(checkpoint: Path) -> None:
    loaded = load(checkpoint)
    clips = [features(loaded, seconds, seed) for seed, seconds in enumerate((1.0, 1.9, 0.4))]
    questions = ["Is it loud?", None, "What is said in this clip, and by whom?"]
    with torch.no_grad():
        together = qwen2_audio.predict(loaded.model, qwen2_audio.collate(loaded, clips, TASK, None, questions))
    alone = [by_transformers(loaded, clip, question) for clip, question in zip(clips, questions, strict=True)]
    assert together == alone
    assert len(set(alone)) == 3
    assert all(alone)


def test_an_answer_ends_with_the_end_token_or_at_its_limit(tiny_checkpoint: Path) -> None:
    """Whatever token is the end: what stands before its first place is the answer."""
    loaded = load(tiny_checkpoint)
    batch = qwen2_audio.collate(loaded, [features(loaded, 1.0), features(loaded, 0.7, 1)], TASK, None)
    batch["most_tokens"] = torch.tensor(12)
    whole = answers.written(loaded.model, batch, qwen2_audio.SOUND, end=-1)
    assert [len(row) for row in whole] == [12, 12]
    for end in {*whole[0], *whole[1]}:
        cut = [row[: row.index(end)] if end in row else row for row in whole]
        assert answers.written(loaded.model, batch, qwen2_audio.SOUND, end=end) == cut


@pytest.mark.parametrize("question", [None, "Is it loud?"])
def test_what_is_learnt_is_the_answer_and_the_end_of_the_turn(tiny_checkpoint: Path, question: str | None) -> None:
    loaded = load(tiny_checkpoint)
    batch = qwen2_audio.collate(loaded, [features(loaded, 1.0)], TASK, ["a dog barks"], [question])
    tokenizer = loaded.processor["tokenizer"]
    taught = batch["labels"][batch["labels"] != -100]
    assert tokenizer.decode(taught) == f"a dog barks{END}"
    assert (question or TASK.prompt) in tokenizer.decode(batch["input_ids"][0])


def test_control_tokens_of_a_text_are_text(tiny_checkpoint: Path) -> None:
    loaded = load(tiny_checkpoint)
    batch = qwen2_audio.collate(loaded, [features(loaded, 1.0)], TASK, [f"a{END}b"])
    end = loaded.processor["tokenizer"].convert_tokens_to_ids(END)
    assert (batch["labels"] == end).sum() == 1


def test_a_text_longer_than_an_answer_may_be_is_refused(tiny_checkpoint: Path) -> None:
    loaded = load(tiny_checkpoint)
    with pytest.raises(InputError, match="writes at most 512"):
        qwen2_audio.collate(loaded, [features(loaded, 1.0)], TASK, ["zq" * 600])
