"""Qwen3-ASR: an audio tower that hears windows of 8 s, a projector and a Qwen3 language model that writes what is said.

Paper: Qwen Team 2026, "Qwen3-ASR Technical Report", arXiv 2601.21337.
Checkpoints, by name: Qwen/Qwen3-ASR-0.6B-hf, Qwen/Qwen3-ASR-1.7B-hf. Those without -hf are in the authors' own layout,
of which transformers would silently make another model: they are refused. There are no sizes and no miniature.
Licence: the checkpoint's, as its card says.
Input: mono, 16,000 Hz, up to 30 s -> log-mel (128, 100 frames per second) in chunks of a second -> 13 audio tokens
each; a clip shorter than half a second is padded to it.

The chat that the model knows: an empty system turn, the clip as the user's turn, and an answer that begins with the
language, "language English<asr_text>". The language is told (the clip's own, else `task.language`), so that the text
alone is learnt and written. Training: cross-entropy of the text's tokens and the end of the turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import (
    AutoFeatureExtractor,
    AutoTokenizer,
    Qwen3ASRConfig,
    Qwen3ASRFeatureExtractor,
    Qwen3ASRForConditionalGeneration,
)
from transformers.models.qwen3_asr.processing_qwen3_asr import LANGUAGE_CODE_TO_NAME

from trainables.contract import Described, Loaded, Preset, Size, Spectrogram, Task
from trainables.errors import InputError
from trainables.modeling import answers, configurations, pretrained, transcripts
from trainables.modeling.byte_tokenizer import byte_tokenizer
from trainables.modeling.seeded import seeded_init
from trainables.tasks.languages import language_code
from trainables.writing import TextLimits, Writer

NAME = "qwen3_asr"
TASKS = ("transcription",)
SAMPLE_RATE_HZ = 16_000
WINDOW_SECONDS = 30.0
MINIATURE_WINDOW_SECONDS = WINDOW_SECONDS
ARCHITECTURES = ("qwen3_asr",)
BESIDE = (("preprocessor_config.json", "processor_config.json"), ("tokenizer.json", "vocab.json"))
SPECTROGRAM = Spectrogram(1, 0, bins=128)
SIZES: Mapping[str, Size] = {}
MINIATURE_SIZES: Mapping[str, Size] = {}

_LM, _BOTH = r".*\blanguage_model\..*\.", r".*\b(language_model|audio_tower)\..*\."
_ATTENTION, _MLP = "q_proj|k_proj|v_proj|o_proj|out_proj", "gate_proj|up_proj|down_proj"
_FURTHER = r".*\b(multi_modal_projector\.linear_[12]|audio_tower\.conv_out)"


def _in_each_layer(pattern: str, language: int, audio: int, once: int = 0) -> Preset:
    layers = {"text_config.num_hidden_layers": language, "audio_config.encoder_layers": audio}
    return Preset(pattern, layers=layers, once=once)


PRESETS: Mapping[str, Preset] = {
    "attention": _in_each_layer(f"{_BOTH}({_ATTENTION})", 4, 4),
    "attention+mlp": _in_each_layer(f"{_BOTH}({_ATTENTION}|{_MLP}|fc1|fc2)", 7, 6),
    "all-linear": _in_each_layer(f"{_BOTH}({_ATTENTION}|{_MLP}|fc1|fc2)|{_FURTHER}", 7, 6, once=3),
    "lm-attention": _in_each_layer(f"{_LM}({_ATTENTION})", 4, 0),
    "lm-attention+mlp": _in_each_layer(f"{_LM}({_ATTENTION}|{_MLP})", 7, 0),
}

LANGUAGES = {language_code(code) or code: name for code, name in LANGUAGE_CODE_TO_NAME.items()}
END_OF_TURN, AUDIO_TOKEN, TEXT_BEGINS = "<|im_end|>", "<|audio_pad|>", "<asr_text>"
SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    END_OF_TURN,
    "<|audio_start|>",
    "<|audio_end|>",
    AUDIO_TOKEN,
    TEXT_BEGINS,
)
BEFORE_CLIP = "<|im_start|>system\n<|im_end|>\n<|im_start|>user\n<|audio_start|>"
BEHIND_CLIP = "<|audio_end|><|im_end|>\n<|im_start|>assistant\nlanguage {language}<asr_text>"
WRITER = Writer(  # the places of the language model are more by far
    published=TextLimits(2048, answer_tokens=256),
    miniature=TextLimits(2048, answer_tokens=256),
    control_tokens=SPECIAL_TOKENS,
    languages=tuple(LANGUAGES),
    told_language=True,
)
SOUND = ("input_features", "input_features_mask")
OUTPUT_EMBEDDINGS = "lm_head"


def config(size: str) -> Qwen3ASRConfig:
    """A checkpoint's configuration, from its `config.json` alone. Raises InputError: one in the authors' own layout."""
    if "thinker_config" in configurations.read_configuration(size, ARCHITECTURES, backbone=NAME):
        raise InputError(
            f"search.model_size: {size} is in the layout of the authors' own package, of which transformers makes "
            f"another model without saying so; take the same checkpoint for transformers, whose name ends with -hf."
        )
    return cast(Qwen3ASRConfig, pretrained.configuration(Qwen3ASRConfig, size, backbone=NAME))


def described(size: str) -> Described:
    """Every checkpoint hears and writes alike."""
    config(size)
    return Described()


def skeleton(size: str, task: Task) -> nn.Module:
    """The model on the `meta` device: shapes and names without weights, network or memory."""
    del task  # it writes with its own output embeddings
    with torch.device("meta"):
        return cast(nn.Module, Qwen3ASRForConditionalGeneration(config(size)))


def build(size: str, task: Task, seed: int) -> nn.Module:
    """An untrained model as a checkpoint's configuration says, on the CPU in float32, every weight drawn from `seed`,
    all of it trainable."""
    del task
    built = config(size)
    with seeded_init(seed):
        return cast(nn.Module, Qwen3ASRForConditionalGeneration(built))


def write(model: nn.Module, size: str, folder: Path) -> None:
    """Writes what `build` gave as a folder that `load` reads, with a tokenizer of bytes."""
    del size
    cast(Any, model).save_pretrained(folder)
    byte_tokenizer(SPECIAL_TOKENS, start="<|im_start|>", end=END_OF_TURN).save_pretrained(folder)
    Qwen3ASRFeatureExtractor(n_window=cast(Any, model).config.audio_config.n_window).save_pretrained(folder)


def load(
    checkpoint: str, task: Task, *, size: str, quantization: str, dtype: torch.dtype, device: torch.device
) -> Loaded:
    """Loads a hub id or a local folder, frozen, in eval mode, without dropout; safetensors only. `quantization` nf4:
    4-bit NormalFloat with double quantization (Dettmers et al. 2023), the output embeddings left alone, `dtype` for
    computing. Raises InputError: its tokenizer lacks a token of the chat."""
    del task
    source = pretrained.source_of(checkpoint, size, SIZES)
    built = config(checkpoint)
    tokenizer = pretrained.read(AutoTokenizer, source, "tokenizer")
    extractor = pretrained.read(AutoFeatureExtractor, source, "feature extractor (preprocessor_config.json)")
    known = tokenizer.get_vocab()
    if lacking := [token for token in SPECIAL_TOKENS[1:] if token not in known]:
        raise InputError(f"the checkpoint {checkpoint}: its tokenizer lacks {', '.join(lacking)}.")
    model = pretrained.load_pretrained(
        Qwen3ASRForConditionalGeneration,
        built,
        source,
        kept=(OUTPUT_EMBEDDINGS,),
        quantization=quantization,
        dtype=dtype,
        device=device,
    )
    cast(Any, model).tokenizer = tokenizer  # `predict` writes texts
    processor = {"tokenizer": tokenizer, "feature_extractor": extractor}
    # the tower hears all clips of a batch as one sequence, without their padding: no row is a clip
    concatenated = r".*\b(audio_tower|multi_modal_projector)\..*"
    extra = {"chunk_frames": 2 * cast(Any, built).audio_config.n_window}
    return Loaded(model, processor, concatenated=concatenated, pads_to_longest=True, extra=extra)


def features(loaded: Loaded, waveform: np.ndarray) -> Tensor:
    """(samples,) float32 at 16 kHz -> (128, frames) float32: the clip's own frames."""
    out = loaded.processor["feature_extractor"](
        np.asarray(waveform, dtype=np.float32),
        sampling_rate=SAMPLE_RATE_HZ,
        padding=True,
        n_window=0,  # chunks are filled up by `collate`
        return_attention_mask=True,
        return_tensors="pt",
    )
    heard: Tensor = out["input_features"][0]
    return heard[:, : int(out["attention_mask"].sum())].contiguous()


def collate(
    loaded: Loaded,
    features: Sequence[Tensor],
    task: Task,
    targets: Sequence[Any] | None,
    languages: Sequence[str | None] | None = None,
) -> dict[str, Tensor]:
    """A batch on the CPU: input_features (B, 128, F) and input_features_mask (B, F), F whole chunks, and tokens: with
    targets (texts) `answers.with_answer`, without `answers.with_prompt`. A clip without a language of its own is in
    the task's."""
    asked: Any = task
    chunk = loaded.extra["chunk_frames"]
    frames = [clip.shape[1] for clip in features]
    whole = chunk * -(-max(frames) // chunk)
    heard = pad_sequence([clip.T for clip in features], batch_first=True)  # (B, longest, 128)
    heard = nn.functional.pad(heard, (0, 0, 0, whole - heard.shape[1])).transpose(1, 2).contiguous()
    mask = (torch.arange(whole) < torch.tensor(frames)[:, None]).long()
    audio = cast(Any, loaded.model).config.audio_token_id
    prompts = []
    for count, language in zip(frames, languages or [None] * len(features), strict=True):
        before, behind = _prompt(loaded, language or asked.language)
        prompts.append(before + [audio] * audio_tokens(count, chunk) + behind)
    batch = {"input_features": heard, "input_features_mask": mask}
    limits = WRITER.published
    if targets is None:
        return batch | answers.with_prompt(prompts, limits.of_answer(0.0, asked.answer_length or 1.0))
    tokenizer = loaded.processor["tokenizer"]
    end = tokenizer.convert_tokens_to_ids(END_OF_TURN)
    texts = [[*transcripts.text_tokens(tokenizer, text, limits.most_tokens), end] for text in targets]
    return batch | answers.with_answer(prompts, texts)


def audio_tokens(frames: int, chunk: int) -> int:
    """Log-mel frames -> audio tokens: three convolutions of stride 2 over chunks of `chunk` frames, each by itself."""
    tokens = 0
    for count, frames_each in ((frames // chunk, chunk), (1, frames % chunk)):
        for _ in range(3):
            frames_each = (frames_each + 1) // 2
        tokens += count * frames_each
    return tokens


def clip_losses(model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """(B,): the mean cross-entropy of each text's tokens, end-of-turn token included."""
    each, row = answers.token_losses(pretrained.bare(model), _own_dtype(model, batch), SOUND, label_smoothing)
    return answers.means_of_rows(each, row, len(batch["labels"]))


def predict(model: nn.Module, batch: Mapping[str, Tensor]) -> list[str]:
    """B transcripts."""
    return answers.texts(pretrained.bare(model), _own_dtype(model, batch), SOUND, END_OF_TURN)


def _own_dtype(model: nn.Module, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {**batch, "input_features": pretrained.own_dtype(model, batch["input_features"])}


def _prompt(loaded: Loaded, language: str) -> tuple[list[int], list[int]]:
    """The tokens before and behind the clip's; once per language."""
    known: dict[str, tuple[list[int], list[int]]] = loaded.extra.setdefault("prompts", {})
    if language not in known:
        texts = [BEFORE_CLIP, BEHIND_CLIP.format(language=LANGUAGES[language])]
        encoded = loaded.processor["tokenizer"](texts, add_special_tokens=False)["input_ids"]
        known[language] = encoded[0], encoded[1]
    return known[language]
