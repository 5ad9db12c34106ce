"""Plans of published checkpoints, as JSON, each from a small `config.json` with the published values: the counts are
those of transformers' own class on the `meta` device, and adapters those of the published tables."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCTC,
    AutoModelForSpeechSeq2Seq,
    ParakeetCTCConfig,
    Qwen2_5OmniConfig,
    Qwen2_5OmniThinkerForConditionalGeneration,
    Qwen3ASRConfig,
    Qwen3ASRForConditionalGeneration,
    Wav2Vec2BertConfig,
    WhisperConfig,
)

from sweeps.sweep import plan_sweep
from tests.trainables.backbones.random_checkpoints import write_pieces

PUBLISHED = Path(__file__).parent / "published"
RANK = 8
DIGITS = "zero one two three four five six seven eight nine"
TEXT = """
name: shapes
backbone: {backbone}
task: {task}
data: {{source: {source}}}
search: {{model_size: ./it, rank: {rank}, target_modules: {{choice: [{presets}]}}, learning_rate: 1.0e-4}}
objective: {{metric: {metric}}}
trials: 2
baseline: {{target_modules: {first}}}
"""
TASKS = {  # what is asked -> the task, its data and metric
    "write": ("{kind: transcription, language: en}", "digit_strings", "val/wer, mode: min"),
    "choose": (
        "{kind: label_scoring, labels: [SPEECH, NONSPEECH], prompt: 'Which?'}",
        "speech_detection",
        "val/accuracy, mode: max",
    ),
}


def thinker(said: Mapping[str, Any]) -> Any:
    return Qwen2_5OmniThinkerForConditionalGeneration(Qwen2_5OmniConfig.from_dict(dict(said)).thinker_config)


def wav2vec2_bert(said: Mapping[str, Any]) -> Any:
    """With the head that the letters of the data ask for, and no embedding for what pre-training masks."""
    config = Wav2Vec2BertConfig.from_dict({**said, "mask_time_prob": 0.0, "vocab_size": 32})
    return AutoModelForCTC.from_config(config)


@dataclass(frozen=True)
class Shape:
    backbone: str
    asked: str
    independent: Callable[[Mapping[str, Any]], Any]
    total: int  # of the published tables
    adapters: Mapping[str, tuple[int, int]]  # preset -> modules, parameters at rank 8; of the published tables
    unmasked: int = 0  # of the embedding for what pre-training masks: in the tables, and never loaded here
    head: str = ""  # of `independent`, which the plan counts for itself


SHAPES = {
    "whisper-large-v3-turbo": Shape(
        "whisper",
        "write",
        lambda said: AutoModelForSpeechSeq2Seq.from_config(WhisperConfig.from_dict(dict(said))),
        808_878_080,
        {"attention": (160, 3_276_800), "attention+mlp": (232, 6_963_200)},
    ),
    "w2v-bert-2.0": Shape(
        "hf_ctc",
        "write",
        wav2vec2_bert,
        580_525_920,
        {"attention": (96, 1_572_864), "attention+mlp": (192, 5_505_024), "all-linear": (193, 5_505_024 + 8 * 1184)},
        unmasked=1024,
        head="lm_head",
    ),
    "parakeet-ctc-0.6b": Shape(
        "hf_ctc",
        "write",
        lambda said: AutoModelForCTC.from_config(ParakeetCTCConfig.from_dict(dict(said))),
        608_799_745,
        {"attention": (96, 1_572_864), "attention+mlp": (192, 5_505_024)},
        head="ctc_head",
    ),
    "Qwen3-ASR-0.6B-hf": Shape(
        "qwen3_asr",
        "write",
        lambda said: Qwen3ASRForConditionalGeneration(Qwen3ASRConfig.from_dict(dict(said))),
        782_426_112,
        {"lm-attention": (112, 2_293_760), "attention+mlp": (304, 7_368_704)},
    ),
    "Qwen2.5-Omni-3B": Shape(
        "qwen2_audio",
        "choose",
        thinker,
        4_703_464_448,
        {"lm-attention": (144, 3_686_400), "lm-attention+mlp": (252, 14_966_784)},
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_plan_counts_what_transformers_own_class_has(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = SHAPES[name]
    said = json.loads((PUBLISHED / f"{name}.json").read_text())
    (tmp_path / "it").mkdir()
    shutil.copyfile(PUBLISHED / f"{name}.json", tmp_path / "it" / "config.json")
    if said["model_type"] == "parakeet_ctc":
        write_pieces(tmp_path / "it", blank=said["pad_token_id"], texts=[DIGITS])
    task, source, metric = TASKS[shape.asked]
    presets = list(shape.adapters)
    file = tmp_path / "shapes.yaml"
    file.write_text(
        TEXT.format(
            backbone=shape.backbone, task=task, source=source, metric=metric, rank=RANK, presets=", ".join(presets),
            first=presets[0],
        )
    )  # fmt: skip
    plan_sweep(str(file), ["profile=cuda"], as_json=True)
    rows = json.loads(capsys.readouterr().out)["targets"]
    with torch.device("meta"):
        model = shape.independent(said)
    counted = sum(p.numel() for p in model.parameters())
    in_head = sum(p.numel() for p in model.get_submodule(shape.head).parameters()) if shape.head else 0
    assert counted + shape.unmasked == shape.total
    assert [row["target_modules"] for row in rows] == presets
    for row in rows:
        assert row["total_params"] - row["head_params"] == counted - in_head
        assert (row["matched_modules"], row["adapter_params"]) == shape.adapters[row["target_modules"]]
