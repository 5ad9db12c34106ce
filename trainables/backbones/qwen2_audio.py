"""Qwen2-Audio: a Whisper-like audio tower, a linear projector and a Qwen language model that reads both.

Paper: Chu et al. 2024, "Qwen2-Audio Technical Report", arXiv 2407.10759; the smaller size is the thinker (audio in,
text out) of Xu et al. 2025, "Qwen2.5-Omni Technical Report", arXiv 2503.20215.
Checkpoints: 3b Qwen/Qwen2.5-Omni-3B (its thinker), 7b Qwen/Qwen2-Audio-7B-Instruct.
Licences: 3b Qwen Research License (non-commercial), 7b Apache-2.0. The miniatures are made here: Apache-2.0.
Input: mono, 16,000 Hz, up to 30 s -> log-mel (128, 100 frames per second) -> 25 audio tokens per second.

A clip is asked `prompt` in the model's chat form. Training: cross-entropy of the answer's tokens, the prompt
masked out. Free answers are written token by token, the most probable one each time. Labels are scored: log P(label |
clip, prompt) of every one, the end-of-turn token included, so that no label gains by being the beginning of another;
one forward pass scores all labels (`trainables.modeling.answers`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoFeatureExtractor,
    AutoTokenizer,
    PreTrainedConfig,
    Qwen2AudioConfig,
    WhisperFeatureExtractor,
)

from trainables.contract import Described, Loaded, Preset, Size, Spectrogram, Task
from trainables.errors import InputError
from trainables.modeling import answers, nf4, pretrained, qwen2_audio
from trainables.modeling.byte_tokenizer import byte_tokenizer
from trainables.modeling.checkpoints import names_checkpoint
from trainables.modeling.seeded import seeded_init
from trainables.writing import TextLimits, Writer

NAME = "qwen2_audio"
TASKS = ("label_scoring", "answering")
SAMPLE_RATE_HZ = 16_000
WINDOW_SECONDS = 30.0
MINIATURE_WINDOW_SECONDS = 2.0
ARCHITECTURES = ("qwen2_audio", "qwen2_5_omni", "qwen2_5_omni_thinker")
BESIDE = (("preprocessor_config.json", "processor_config.json"), ("tokenizer.json", "vocab.json"))
SPECTROGRAM = Spectrogram(1, 0, bins=128)  # the row behind says where the clip ends

SIZES: Mapping[str, Size] = {
    "3b": Size("Qwen/Qwen2.5-Omni-3B", None, "Qwen Research License", 4_703_464_448),
    "7b": Size("Qwen/Qwen2-Audio-7B-Instruct", None, "Apache-2.0", 8_397_094_912),
}
MINIATURE_SIZES: Mapping[str, Size] = {
    "mini-600k": Size("mini-600k", None, "Apache-2.0", 634_080),
    "mini-1m": Size("mini-1m", None, "Apache-2.0", 1_050_240),
}

# Modules are named alike in every size; `visual`, the thinker's picture tower, is never touched.
_LM, _BOTH = r".*\blanguage_model\..*\.", r".*\b(language_model|audio_tower)\..*\."
_ATTENTION, _MLP = "q_proj|k_proj|v_proj|o_proj", "gate_proj|up_proj|down_proj"
_PROJECTOR = r".*\b(multi_modal_projector\.linear|audio_tower\.proj)"


def _in_each_layer(pattern: str, language: int, audio: int, once: int = 0) -> Preset:
    layers = {"text_config.num_hidden_layers": language, "audio_config.encoder_layers": audio}
    return Preset(pattern, layers=layers, once=once)


PRESETS: Mapping[str, Preset] = {
    "attention": _in_each_layer(f"{_BOTH}({_ATTENTION})", 4, 3),
    "attention+mlp": _in_each_layer(f"{_BOTH}({_ATTENTION}|{_MLP})", 7, 3),
    "all-linear": _in_each_layer(f"{_BOTH}({_ATTENTION}|{_MLP}|out_proj|fc1|fc2)|{_PROJECTOR}", 7, 6, once=1),
    "lm-attention": _in_each_layer(f"{_LM}({_ATTENTION})", 4, 0),
    "lm-attention+mlp": _in_each_layer(f"{_LM}({_ATTENTION}|{_MLP})", 7, 0),
}

AUDIO_TOKEN, END_OF_TURN, chat = qwen2_audio.AUDIO_TOKEN, qwen2_audio.END_OF_TURN, qwen2_audio.chat
# of the chat, in the miniatures' order
SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", END_OF_TURN, AUDIO_TOKEN, "<|audio_bos|>", "<|audio_eos|>")
SOUND = ("input_features", "feature_attention_mask")
WRITER = Writer(  # the places of the language models are more by far
    published=TextLimits(2048, answer_tokens=256),
    miniature=TextLimits(512, answer_tokens=64),
    control_tokens=SPECIAL_TOKENS,
    languages=(),
    told_language=False,
)
HOP_SAMPLES = 160
POSITIONS_PER_SECOND = 50  # of the audio tower
SHORTEST_FRAMES = 10  # 0.1 s: two audio tokens; the model takes a lone one for text that is still to be expanded

MINIATURE_VOCABULARY = qwen2_audio.MINIATURE_VOCABULARY


def config(size: str) -> PreTrainedConfig:
    """A size's configuration, from the published files, without the network; a checkpoint's from its own."""
    if names_checkpoint(size):
        return qwen2_audio.named_config(size, ARCHITECTURES, backbone=NAME)
    if size in SIZES:
        return qwen2_audio.published_config(size)
    return qwen2_audio.miniature_config(size, MINIATURE_WINDOW_SECONDS)


def described(size: str) -> Described:
    """A checkpoint's window."""
    built: Any = config(size)
    whole_window = built.model_type == Qwen2AudioConfig.model_type
    return Described(built.audio_config.max_source_positions / POSITIONS_PER_SECOND if whole_window else None)


def skeleton(size: str, task: Task) -> nn.Module:
    """The model on the `meta` device: shapes and names without weights, network or memory."""
    del task  # label scoring uses the language model's own head
    built = config(size)
    with torch.device("meta"):
        return cast(nn.Module, qwen2_audio.MODELS[built.model_type](built))


def build(size: str, task: Task, seed: int) -> nn.Module:
    """An untrained model on the CPU in float32, every weight drawn from `seed`, all of it trainable."""
    del task
    built = config(size)
    with seeded_init(seed):
        return cast(nn.Module, qwen2_audio.MODELS[built.model_type](built))


def write(model: nn.Module, size: str, folder: Path, tokenizer: Any = None) -> None:
    """Writes what `build` gave as a folder that `load` reads, with the given tokenizer, else with one of bytes. The
    miniatures have a better one, which their maker writes (trainables/miniature/pretrain.py)."""
    words = tokenizer or byte_tokenizer(SPECIAL_TOKENS, start="<|im_start|>", end=END_OF_TURN)
    built: Any = model.config
    built.audio_token_id = words.convert_tokens_to_ids(AUDIO_TOKEN)
    window_seconds = WINDOW_SECONDS if size in SIZES else MINIATURE_WINDOW_SECONDS
    cast(Any, model).save_pretrained(folder)
    words.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=128, chunk_length=round(window_seconds)).save_pretrained(folder)


def load(
    checkpoint: str, task: Task, *, size: str, quantization: str, dtype: torch.dtype, device: torch.device
) -> Loaded:
    """Loads a hub id or a local folder, frozen, in eval mode, without dropout; safetensors only. `quantization` nf4:
    4-bit NormalFloat with double quantization (Dettmers et al. 2023), the head left alone, `dtype` for computing."""
    del task
    source = pretrained.source_of(checkpoint, size, SIZES)
    built = pretrained.read(AutoConfig, source, "configuration")
    tokenizer = pretrained.read(AutoTokenizer, source, "tokenizer")
    extractor = pretrained.read(AutoFeatureExtractor, source, "feature extractor (preprocessor_config.json)")
    built = getattr(built, "thinker_config", built)  # the whole of Qwen2.5-Omni also speaks; that part stays away
    for part in (built, built.get_text_config(), built.audio_config):
        for name in ("dropout", "attention_dropout", "activation_dropout", "encoder_layerdrop", "layerdrop"):
            if hasattr(part, name):
                setattr(part, name, 0.0)
    options: dict[str, Any] = {"dtype": dtype, "device_map": {"": str(device)}, "attn_implementation": "sdpa"}
    if quantization == "nf4":
        options["quantization_config"] = nf4.loader_settings(dtype, keep=["lm_head"])
    try:
        model = qwen2_audio.MODELS[built.model_type].from_pretrained(
            **source, config=built, use_safetensors=True, **options
        )
    except (OSError, KeyError) as error:
        raise InputError(f"the checkpoint {checkpoint} cannot be loaded ({str(error).splitlines()[0]}).") from error
    nf4.keep_gradients(model)
    model.requires_grad_(False)
    model.eval()
    return assemble(model, tokenizer, extractor)


def assemble(model: nn.Module, tokenizer: Any, feature_extractor: Any) -> Loaded:
    """The parts together, and what the front end has to know about the model."""
    built = cast(Any, model).config
    whole_window = built.model_type == Qwen2AudioConfig.model_type  # its tower takes windows of one length only
    window_frames = 2 * built.audio_config.max_source_positions if whole_window else round(100 * WINDOW_SECONDS)
    extra = {"window_frames": window_frames, "whole_window": whole_window, "family": built.model_type}
    extra["miniature"] = built.get_text_config().vocab_size == MINIATURE_VOCABULARY
    cast(Any, model).tokenizer = tokenizer  # `predict` writes texts
    # the thinker's tower hears all clips of a batch as one sequence, without their padding: no row is a clip
    processor = {"tokenizer": tokenizer, "feature_extractor": feature_extractor}
    chain, concatenated = (r"model\.audio_tower(\.conv\d)?", "") if whole_window else ("", r".*\baudio_tower\..*")
    return Loaded(model, processor, chain=chain, concatenated=concatenated, pads_to_longest=True, extra=extra)


def features(loaded: Loaded, waveform: np.ndarray) -> Tensor:
    """(samples,) float32 at 16 kHz -> (129, frames) float32: 128 log-mel bins, then a row of 1 (clip) and 0 (behind).

    What the window cuts off is dropped. Of the padding up to the window only the first frames are kept: the last of
    them repeats to the end, which `collate` does.
    """
    window_frames: int = loaded.extra["window_frames"]
    clip = np.asarray(waveform, dtype=np.float32)[: window_frames * HOP_SAMPLES]
    shortest = SHORTEST_FRAMES * HOP_SAMPLES
    if len(clip) < shortest:
        clip = np.pad(clip, (0, shortest - len(clip)))
    out = loaded.processor["feature_extractor"](
        clip,
        sampling_rate=SAMPLE_RATE_HZ,
        padding="max_length",
        max_length=window_frames * HOP_SAMPLES,
        return_attention_mask=True,
        return_tensors="pt",
    )
    mel, mask = out["input_features"][0], out["attention_mask"][0]  # (128, window), (window,)
    # The analysis window reaches 200 samples to either side: the third frame behind the clip hears none of it.
    kept = min(int(mask.sum()) + 3, window_frames)
    return torch.cat([mel[:, :kept], mask[None, :kept].to(mel.dtype)]).contiguous()


def collate(
    loaded: Loaded,
    features: Sequence[Tensor],
    task: Task,
    targets: Sequence[Any] | None,
    questions: Sequence[str | None] | None = None,
) -> dict[str, Tensor]:
    """A batch on the CPU: input_features (B, 128, F), feature_attention_mask (B, F), and tokens of prompt and answers.

    With targets (label names, or texts): `answers.with_answer`. Without: `answers.every_answer`, or for free answers
    `answers.with_prompt`. `questions`: a clip without one is asked the task's prompt.
    """
    asked: Any = task
    audio_id = loaded.processor["tokenizer"].convert_tokens_to_ids(AUDIO_TOKEN)
    prompts = []
    for clip, question in zip(features, questions or [None] * len(features), strict=True):
        before, after = qwen2_audio.prompt_tokens(loaded, question or asked.prompt)
        prompts.append(before + [audio_id] * qwen2_audio.audio_tokens(int(clip[-1].sum())) + after)
    batch = stacked(loaded, features)
    if task.column == "text":
        limits = limits_of(loaded)
        if targets is None:
            return batch | answers.with_prompt(prompts, limits.of_answer(0.0, asked.answer_length or 1.0))
        texts = [qwen2_audio.answer_tokens(loaded, text, limits.most_tokens) for text in targets]
        return batch | answers.with_answer(prompts, texts)
    choices = qwen2_audio.label_tokens(loaded, asked.labels)
    if targets is None:
        return batch | answers.every_answer(prompts, choices)
    return batch | answers.with_answer(prompts, [choices[asked.labels.index(target)] for target in targets])


def limits_of(loaded: Loaded) -> TextLimits:
    """How long its texts may be."""
    return WRITER.miniature if loaded.extra["miniature"] else WRITER.published


def loss(model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """Mean over clips of the mean cross-entropy of the answer's tokens, end-of-turn token included; a scalar.

    A mean over clips, not over the batch's tokens: accumulating small batches equals one large batch.
    """
    each, row = answers.token_losses(pretrained.bare(model), batch, SOUND, label_smoothing)
    return answers.mean_over_rows(each, row, len(batch["labels"]))


def clip_losses(model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """(B,): each clip's part of `loss`, which is their mean."""
    each, row = answers.token_losses(pretrained.bare(model), batch, SOUND, label_smoothing)
    return answers.means_of_rows(each, row, len(batch["labels"]))


def predict(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor | list[str]:
    """(B, C) float32: log P(label | clip, prompt), the sum over the label's tokens and the end-of-turn token; or B
    free answers, special tokens left out."""
    if "most_tokens" in batch:
        return answers.texts(pretrained.bare(model), batch, SOUND, END_OF_TURN)
    position, token = batch["score_position"], batch["score_token"]  # (B, S)
    row = torch.arange(len(position), device=position.device)[:, None].expand_as(position)
    logits = answers.logits_at(pretrained.bare(model), batch, SOUND, row, position)  # (B, S, V)
    return answers.sum_per_answer(logits, token, batch["score_label"]).float()


def stacked(loaded: Loaded, features: Sequence[Tensor]) -> dict[str, Tensor]:
    """Clips of any length -> input_features (B, 128, F), feature_attention_mask (B, F).

    A clip's last frame, which is padding, repeats up to F: the window where the model wants it whole, else the longest.
    """
    whole = loaded.extra["whole_window"]
    frames = loaded.extra["window_frames"] if whole else max(clip.shape[1] for clip in features)
    padded = [functional.pad(clip[None], (0, frames - clip.shape[1]), mode="replicate") for clip in features]
    both = torch.cat(padded)  # (B, 129, F)
    return {"input_features": both[:, :-1].contiguous(), "feature_attention_mask": both[:, -1].long()}
