"""How a merged audio language model answers without this package (`plain_code`): the scores of labels, or a text."""

from __future__ import annotations

from typing import Any, cast

from trainables.contract import Loaded, Task

HEAD = """\
import torch
from transformers import AutoFeatureExtractor, AutoModelForMultimodalLM, AutoTokenizer

extractor = AutoFeatureExtractor.from_pretrained(FOLDER)
tokenizer = AutoTokenizer.from_pretrained(FOLDER)
model = AutoModelForMultimodalLM.from_pretrained(FOLDER, dtype=torch.float32).eval()
BEFORE = {before}
AFTER = {after}


def tokens_of(text):
    return tokenizer(text, add_special_tokens=False)["input_ids"]

"""
HEARD = """\
    waveform = torch.nn.functional.pad(torch.as_tensor(waveform), (0, max(0, {shortest} - len(waveform)))).numpy()
    heard = extractor(
        waveform, sampling_rate={rate}, padding="max_length", max_length={window_samples},
        return_attention_mask=True, return_tensors="pt",
    )
    frames = int(heard["attention_mask"].sum())
    places = ((frames - 1) // 2 + 1 - 2) // 2 + 1
"""
SCORES = """
LABELS = {labels}


def answer(waveform):  # log P(label and end of turn | clip, prompt) of each label
{heard}    start = tokens_of(BEFORE) + [tokenizer.convert_tokens_to_ids({audio!r})] * places + tokens_of(AFTER)
    scores = []
    for label in LABELS:
        said = tokens_of(label) + [tokenizer.convert_tokens_to_ids({end!r})]
        ids = torch.tensor([start + said])
        with torch.no_grad():
            logits = model(
                input_ids=ids, attention_mask=torch.ones_like(ids), input_features=heard["input_features"],
                feature_attention_mask=heard["attention_mask"],
            ).logits[0].float()
        shares = logits[len(start) - 1 : -1].log_softmax(-1)
        scores.append(sum(float(shares[place, token]) for place, token in enumerate(said)))
    return scores
"""
TEXT = """
PROMPT = {prompt}


def answer(waveform, question=PROMPT):  # the most probable token, again and again
{heard}    start = tokens_of(BEFORE) + [tokenizer.convert_tokens_to_ids({audio!r})] * places
    ids = torch.tensor([start + tokens_of(AFTER.replace("{{question}}", question))])
    end = tokenizer.convert_tokens_to_ids({end!r})
    with torch.no_grad():
        said = model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), input_features=heard["input_features"],
            feature_attention_mask=heard["attention_mask"], max_new_tokens={longest}, do_sample=False, num_beams=1,
            repetition_penalty=1.0, eos_token_id=end, pad_token_id=end,
        )
    return tokenizer.decode(said[0, ids.shape[1] :], skip_special_tokens=True).strip()
"""
QUESTION = "{question}"


def asked_code(loaded: Loaded, backbone: Any, task: Task) -> str:
    """The piece for a backbone that is asked in a chat."""
    asked = cast(Any, task)
    free = task.column == "text"
    before, after = backbone.chat(QUESTION if free else asked.prompt, loaded.extra["family"])
    heard = HEARD.format(
        rate=backbone.SAMPLE_RATE_HZ,
        shortest=backbone.SHORTEST_FRAMES * backbone.HOP_SAMPLES,
        window_samples=loaded.extra["window_frames"] * backbone.HOP_SAMPLES,
    )
    names = {"heard": heard, "audio": backbone.AUDIO_TOKEN, "end": backbone.END_OF_TURN}
    head = HEAD.format(before=repr(before), after=repr(after))
    if not free:
        return head + SCORES.format(labels=list(asked.labels), **names)
    longest = backbone.limits_of(loaded).of_answer(0.0, asked.answer_length or 1.0)
    return head + TEXT.format(prompt=repr(asked.prompt), longest=longest, **names)
