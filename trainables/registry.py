"""Backbones and tasks by name; a module is imported when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from trainables.contract import Backbone, Size, Task

BACKBONES: dict[str, str] = {
    "ast": "trainables.backbones.ast",
    "htsat": "trainables.backbones.htsat",
    "beats": "trainables.backbones.beats",
    "efficientat": "trainables.backbones.efficientat",
    "wav2vec2": "trainables.backbones.wav2vec2",
    "hubert": "trainables.backbones.hubert",
    "wavlm": "trainables.backbones.wavlm",
    "whisper_encoder": "trainables.backbones.whisper_encoder",
    "moonshine": "trainables.backbones.moonshine",
    "whisper": "trainables.backbones.whisper",
    "qwen2_audio": "trainables.backbones.qwen2_audio",
    "qwen3_asr": "trainables.backbones.qwen3_asr",
    "hf_classifier": "trainables.backbones.hf_classifier",
    "hf_ctc": "trainables.backbones.hf_ctc",
}

TASKS: dict[str, str] = {
    "classification": "trainables.tasks.classification:Classification",
    "regression": "trainables.tasks.regression:Regression",
    "multilabel": "trainables.tasks.multilabel:MultiLabel",
    "label_scoring": "trainables.tasks.label_scoring:LabelScoring",
    "transcription": "trainables.tasks.transcription:Transcription",
    "answering": "trainables.tasks.answering:Answering",
}


def backbone(name: str) -> Backbone:
    return cast("Backbone", import_module(BACKBONES[name]))


def task_class(kind: str) -> type[Task]:
    """The frozen dataclass of a kind of task; its fields are the options of the YAML's `task:`. Loads no torch."""
    module, _, name = TASKS[kind].partition(":")
    return cast("type[Task]", getattr(import_module(module), name))


def task(kind: str, options: dict[str, Any]) -> Task:
    """`options` is the YAML's `task:` without `kind`, already validated against the class's dataclass fields."""
    return task_class(kind)(**options)


def size_of(backbone: Backbone, name: str) -> Size:
    """A published size or one of the miniature. Raises KeyError where the backbone has none of this name."""
    return {**backbone.SIZES, **backbone.MINIATURE_SIZES}[name]
