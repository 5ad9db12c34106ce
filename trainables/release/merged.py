"""A backbone with the adapter in its weights, as a folder that transformers loads without this package."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from transformers import (
    AutoModelForAudioClassification,
    AutoModelForCTC,
    AutoModelForMultimodalLM,
    AutoModelForSpeechSeq2Seq,
    PreTrainedModel,
)

from trainables.contract import Backbone, Loaded, Task
from trainables.training.engine import DTYPES

AUTO = {  # kind of task -> where transformers looks for the class
    "classification": (AutoModelForAudioClassification,),
    "multilabel": (AutoModelForAudioClassification,),
    "regression": (AutoModelForAudioClassification,),
    "transcription": (AutoModelForSpeechSeq2Seq, AutoModelForCTC),
    "label_scoring": (AutoModelForMultimodalLM,),
    "answering": (AutoModelForMultimodalLM,),
}
PROBLEMS = {  # kind of task -> the loss that a configuration of transformers names
    "classification": "single_label_classification",
    "multilabel": "multi_label_classification",
    "regression": "regression",
}
QUANTIZATION = ("quantization_config", "_pre_quantization_dtype")  # of a configuration


def is_of_transformers(model: nn.Module) -> bool:
    return isinstance(model, PreTrainedModel)


def stock_class(model: nn.Module, task: Task) -> Any:
    """The class by which transformers' auto classes load such a model; its own where they have none for the task."""
    config = type(cast(Any, model).config)
    mappings: list[Any] = [auto._model_mapping for auto in AUTO[task.kind]]
    return next((mapping[config] for mapping in mappings if config in mapping), type(model))


def named_outputs(task: Any) -> list[str]:
    """What the head's outputs stand for, in their order: labels, or ratings."""
    return list(task.names if task.kind == "regression" else task.labels)


def write_merged(
    backbone: Backbone, loaded: Loaded, model: nn.Module, task: Task, *, size: str, dtype: str, folder: Path
) -> None:
    """Writes weights (safetensors) and configuration of a model without adapters, and its front end and tokenizer.

    `dtype`: fp32 | bf16. Of a model of transformers it writes the stock class, which `AutoModel...` finds, with the
    names of the labels; of other networks what `backbone.load` reads.
    """
    model.to(DTYPES[dtype])
    if not is_of_transformers(model):
        backbone.write(model, size, folder)
        return
    whole: Any = model
    config = copy.deepcopy(whole.config)
    for name in QUANTIZATION:
        if hasattr(config, name):
            delattr(config, name)
    config.dtype = DTYPES[dtype]
    if task.kind in PROBLEMS:
        names = named_outputs(task)
        config.problem_type = PROBLEMS[task.kind]
        config.id2label = dict(enumerate(names))
        config.label2id = {name: index for index, name in enumerate(names)}
    with torch.device("meta"):
        stock = stock_class(model, task)(config)
    stock.load_state_dict(whole.state_dict(), strict=True, assign=True)
    stock.tie_weights()
    if getattr(whole, "generation_config", None) is not None:
        stock.generation_config = copy.deepcopy(whole.generation_config)
    stock.save_pretrained(folder)
    write_front_end(loaded, folder)


def write_front_end(loaded: Loaded, folder: Path) -> list[str]:
    """Writes what turns sound into features and tokens into texts, where the backbone has such parts as files; the
    names of what was written."""
    before = {path.name for path in folder.iterdir()}
    found = loaded.processor
    parts = list(found.values()) if isinstance(found, dict) else [found]
    parts.append(getattr(loaded.model, "tokenizer", None))
    for part in parts:
        if hasattr(part, "save_pretrained"):
            part.save_pretrained(folder)
    return sorted({path.name for path in folder.iterdir()} - before)
