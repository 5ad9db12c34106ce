"""How a merged model answers without this package: a piece of Python for its card, which is also what checks it.

Each piece defines `answer(waveform)`: (samples,) float32, mono, at the model's rate, no longer than its window -> the
scores of the classes (logits or log-probabilities), the probability of each label where a clip has several, the
ratings, or the text. `FOLDER` is set before it. What data or checkpoints
name (labels, prompts, tokens) stands in it as Python's own literals, and cannot become code.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, cast

import numpy as np

from trainables.contract import Loaded, Task
from trainables.modeling import named_encoders
from trainables.modeling.any_kind import KIND
from trainables.modeling.frames_family import FramesFamily
from trainables.modeling.wav2vec2_family import LENGTH_STEP, SHORTEST_SAMPLES
from trainables.release.asked_code import asked_code
from trainables.release.merged import named_outputs

FRAMES_KINDS = tuple(kind for kind, family in named_encoders.FAMILIES.items() if isinstance(family, FramesFamily))
WAVEFORMS = ("wav2vec2", "hubert", "wavlm", *(kind for kind in named_encoders.FAMILIES if kind not in FRAMES_KINDS))
Answer = Callable[..., Any]  # of a waveform, and of a model that is asked also of a question

CLASSIFIER = """\
import torch
from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

extractor = AutoFeatureExtractor.from_pretrained(FOLDER)
model = AutoModelForAudioClassification.from_pretrained(FOLDER, dtype=torch.float32).eval()


def answer(waveform):
    batch = extractor(waveform, sampling_rate={rate}, return_tensors="pt")
    with torch.no_grad():
        return model(**batch).logits[0].tolist()  # model.config.id2label names them
"""
WAVEFORM = """\
import torch
from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

extractor = AutoFeatureExtractor.from_pretrained(FOLDER)
model = AutoModelForAudioClassification.from_pretrained(FOLDER, dtype=torch.float32).eval()


def answer(waveform):
    values = extractor(waveform, sampling_rate={rate}, return_tensors="pt").input_values
    length = -(-max({shortest}, values.shape[1]) // {step}) * {step}  # silence behind the clip: as in training
    values = torch.nn.functional.pad(values, (0, length - values.shape[1]))
    with torch.no_grad():
        return model(values).logits[0].tolist()  # model.config.id2label names them
"""
LETTERS = """\
import torch
from transformers import AutoFeatureExtractor, AutoModelForCTC, AutoTokenizer

extractor = AutoFeatureExtractor.from_pretrained(FOLDER)
tokenizer = AutoTokenizer.from_pretrained(FOLDER)
model = AutoModelForCTC.from_pretrained(FOLDER, dtype=torch.float32).eval()


def answer(waveform):
    values = extractor(waveform, sampling_rate={rate}, return_tensors="pt").input_values
    length = -(-max({shortest}, values.shape[1]) // {step}) * {step}  # silence behind the clip: as in training
    values = torch.nn.functional.pad(values, (0, length - values.shape[1]))
    with torch.no_grad():
        best = model(values).logits[0].argmax(dim=-1)
    text = tokenizer.decode(best)  # skip_special_tokens would take the blanks out before equal letters are joined
    for token in tokenizer.all_special_tokens:
        text = text.replace(token, "")
    return " ".join(text.split())
"""
FRAMES = """\
import numpy as np
import torch
from transformers import AutoFeatureExtractor, {classes}

extractor = AutoFeatureExtractor.from_pretrained(FOLDER)
model = {auto}.from_pretrained(FOLDER, dtype=torch.float32).eval()


def outputs(waveform):
    waveform = np.pad(waveform, (0, max(0, {shortest} - len(waveform))))
    heard = extractor(waveform, sampling_rate={rate}, return_attention_mask=True, return_tensors="pt")
    inside = heard["attention_mask"][0].bool()
    with torch.no_grad():
        return model(heard["input_features"][:, inside]).logits[0]
"""
FRAMES_SCORES = """

def answer(waveform):
    return outputs(waveform).tolist()  # model.config.id2label names them
"""
FRAMES_TEXT = """
tokenizer = AutoTokenizer.from_pretrained(FOLDER)


def answer(waveform):
    text = tokenizer.decode(outputs(waveform).argmax(dim=-1))
    for token in tokenizer.all_special_tokens:
        text = text.replace(token, "")
    return " ".join(text.split())
"""
CLAP = """\
import torch
from safetensors.torch import load_file
from transformers import ClapAudioModel, ClapFeatureExtractor

extractor = ClapFeatureExtractor.from_pretrained(FOLDER)
encoder = ClapAudioModel.from_pretrained(FOLDER, dtype=torch.float32).eval()
weights = load_file(FOLDER + "/model.safetensors")  # those of the head, which transformers' class has not
LABELS = {labels}


def answer(waveform):
    batch = extractor(waveform, sampling_rate={rate}, return_tensors="pt")
    batch["is_longer"] = torch.zeros(1, 1, dtype=torch.bool)
    with torch.no_grad():
        pooled = encoder(**batch).pooler_output[0]
    return (weights["classifier.weight"].float() @ pooled + weights["classifier.bias"].float()).tolist()
"""
WHISPER = """\
import torch
from transformers import AutoFeatureExtractor, AutoModelForSpeechSeq2Seq, AutoTokenizer

extractor = AutoFeatureExtractor.from_pretrained(FOLDER)
tokenizer = AutoTokenizer.from_pretrained(FOLDER)
model = AutoModelForSpeechSeq2Seq.from_pretrained(FOLDER, dtype=torch.float32).eval()
PROMPT = {prompt}  # {prompt_text!r}


def answer(waveform):
    mel = extractor(waveform, sampling_rate={rate}, return_tensors="pt").input_features
    with torch.no_grad():
        tokens = model.generate(mel, decoder_input_ids=torch.tensor([PROMPT]), max_new_tokens={longest})
    return tokenizer.decode(tokens[0], skip_special_tokens=True).strip()
"""
MOONSHINE = """\
import math

import torch
from transformers import AutoFeatureExtractor, AutoModelForSpeechSeq2Seq, AutoTokenizer

extractor = AutoFeatureExtractor.from_pretrained(FOLDER)
tokenizer = AutoTokenizer.from_pretrained(FOLDER)
model = AutoModelForSpeechSeq2Seq.from_pretrained(FOLDER, dtype=torch.float32).eval()


def answer(waveform):
    values = extractor(waveform, sampling_rate={rate}, return_tensors="pt").input_values
    length = max(1, math.ceil(values.shape[1] / {step})) * {step}  # it hears silence: as in training
    values = torch.nn.functional.pad(values, (0, length - values.shape[1]))
    longest = min({most}, math.ceil(length / {rate} * {tokens_per_second}))
    with torch.no_grad():
        tokens = model.generate(input_values=values, max_new_tokens=longest)
    return tokenizer.decode(tokens[0], skip_special_tokens=True).strip()
"""
RATINGS = """

CENTRE, SPREAD = {centre}, {spread}  # of the ratings {names}, over the clips that it was trained on
heard = answer


def answer(waveform):
    return [centre + spread * score for centre, spread, score in zip(CENTRE, SPREAD, heard(waveform))]
"""
SHARES = """

LABELS = {labels}
heard = answer


def answer(waveform):  # the probability of each label
    return [1 / (1 + 2.718281828459045 ** -score) for score in heard(waveform)]
"""


def plain_code(loaded: Loaded, backbone: Any, task: Task, window_seconds: float) -> str | None:
    """The piece for a backbone with these parts and this task; None of networks that transformers does not have."""
    name, rate, asked = kept_by(backbone, loaded), backbone.SAMPLE_RATE_HZ, cast(Any, task)
    if name in FRAMES_KINDS:
        shortest = cast(FramesFamily, named_encoders.FAMILIES[name]).shortest_samples
        if task.column == "text":
            auto = "AutoModelForCTC"
            code = FRAMES.format(classes=f"{auto}, AutoTokenizer", auto=auto, rate=rate, shortest=shortest)
            return code + FRAMES_TEXT
        auto = "AutoModelForAudioClassification"
        return FRAMES.format(classes=auto, auto=auto, rate=rate, shortest=shortest) + FRAMES_SCORES + meaning(task)
    if name in ("ast", "whisper_encoder"):
        return CLASSIFIER.format(rate=rate) + meaning(task)
    if name in WAVEFORMS:
        step = LENGTH_STEP if loaded.equal_shapes else 1
        if task.column == "text":
            return LETTERS.format(rate=rate, shortest=SHORTEST_SAMPLES, step=step)
        return WAVEFORM.format(rate=rate, shortest=SHORTEST_SAMPLES, step=step) + meaning(task)
    if name == "htsat":
        return CLAP.format(rate=rate, labels=named_outputs(task)) + meaning(task)
    if name in ("whisper", "moonshine"):
        silent = np.zeros(round(window_seconds * rate), dtype=np.float32)
        batch = backbone.collate(loaded, [backbone.features(loaded, silent)], task, None)
        if name == "whisper":
            prompt = batch["decoder_input_ids"][0].tolist()
            words = " ".join(cast(Any, loaded.model).tokenizer.convert_ids_to_tokens(prompt))
            return WHISPER.format(rate=rate, prompt=prompt, prompt_text=words, longest=int(batch["most_tokens"]))
        most = cast(Any, loaded.model).config.max_position_embeddings - len(loaded.extra["prompt"])
        rate_of_tokens = loaded.extra["tokens_per_second"] * (asked.answer_length or 1.0)
        return MOONSHINE.format(rate=rate, step=backbone.LENGTH_STEP, most=most, tokens_per_second=rate_of_tokens)
    if name == "qwen2_audio":
        return asked_code(loaded, backbone, task)
    return None


def kept_by(backbone: Any, loaded: Loaded) -> str:
    """The backbone's name; of one that takes several kinds of checkpoints that of the kind's own backbone, or the kind
    (`model_type`) itself."""
    if backbone.SIZES or not hasattr(backbone, "ANY"):
        return str(backbone.NAME)
    kind = loaded.extra[KIND]
    return str(getattr(backbone.ANY.kinds[kind], "NAME", kind))


def meaning(task: Any) -> str:
    """What stands behind the code that gives a head's outputs, to make ratings or probabilities of them; nothing where
    these are the scores of classes."""
    if task.kind == "regression":
        return RATINGS.format(centre=list(task.centre), spread=list(task.spread), names=list(task.names))
    return SHARES.format(labels=list(task.labels)) if task.kind == "multilabel" else ""


def run(code: str, folder: str) -> Answer:
    """`answer` of code made by `plain_code` on the files of a folder, run from a file as its reader does."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "answer.py")
        path.write_text(code, encoding="utf-8")
        spec = spec_from_file_location("answer", path)
        assert spec is not None
        assert spec.loader is not None
        module: Any = module_from_spec(spec)
        module.FOLDER = folder
        spec.loader.exec_module(module)
    return cast(Answer, module.answer)
