"""Whisper: a transformer that hears a log-mel spectrogram of 30 seconds and writes what is said.

Paper: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision", arXiv 2212.04356.
Checkpoints: openai/whisper-tiny, -base, -small (multilingual).
Licence: Apache-2.0. The miniatures are made here: Apache-2.0.
Input: mono, 16,000 Hz, up to 30 s -> `whisper_parts`.

The decoder is told what to do by its first tokens: start of transcript, language (`task.language`), transcribe, no time
stamps. They are given, in training and in answering, and carry no loss. Its encoder alone, as a classifier, is
`whisper_encoder`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from transformers import (
    AutoTokenizer,
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

from trainables.contract import Loaded, Preset, Size, Task
from trainables.errors import InputError
from trainables.modeling import encoder_decoder, pretrained, transcripts, whisper
from trainables.modeling.byte_tokenizer import byte_tokenizer
from trainables.modeling.seeded import seeded_init
from trainables.tasks.languages import SPOKEN, named, nearest
from trainables.writing import TextLimits, Writer

NAME = "whisper"
TASKS = ("transcription",)
SAMPLE_RATE_HZ = whisper.SAMPLE_RATE_HZ
WINDOW_SECONDS = whisper.WINDOW_SECONDS
MINIATURE_WINDOW_SECONDS = 3.0
HEAD_MODULES: tuple[str, ...] = ()

SIZES: Mapping[str, Size] = {
    "tiny": Size("openai/whisper-tiny", None, "Apache-2.0", 37_760_640),
    "base": Size("openai/whisper-base", None, "Apache-2.0", 72_593_920),
    "small": Size("openai/whisper-small", None, "Apache-2.0", 241_734_912),
}
MINIATURE_SIZES: Mapping[str, Size] = {
    "mini-400k": Size("mini-400k", None, "Apache-2.0", 394_000),
    "mini-700k": Size("mini-700k", None, "Apache-2.0", 734_384),
}
_LAYERS = {size: (layers, layers) for size, layers in whisper.LAYERS.items()}
_LAYERS |= {"mini-400k": (3, 2), "mini-700k": (3, 2)}  # encoder, decoder
_MINIATURE_WIDTHS = {"mini-400k": 80, "mini-700k": 112}
_MINIATURE_POSITIONS = 128  # tokens

PRESETS: Mapping[str, Preset] = encoder_decoder.presets(_LAYERS, output="out_proj", mlp=r"(fc1|fc2)")

OUTPUT_EMBEDDINGS = "proj_out"
START, END, TRANSCRIBE, NO_TIMES = "<|startoftranscript|>", "<|endoftext|>", "<|transcribe|>", "<|notimestamps|>"
MINIATURE_LANGUAGE = "<|en|>"  # its one tag stands for every language that the published sizes know
_PLACES, _PROMPT = 448, 4  # of the published decoders; start, language, task, no time stamps

# As in the authors' data, a text begins with a space: that is what the model says untuned. Answers have half of the
# decoder's places, as the authors' own.
WRITER = Writer(
    published=TextLimits(_PLACES - _PROMPT, answer_tokens=_PLACES // 2),
    miniature=TextLimits(_MINIATURE_POSITIONS - _PROMPT, answer_tokens=_MINIATURE_POSITIONS // 2),
    control_tokens=(END, START, MINIATURE_LANGUAGE, TRANSCRIBE, NO_TIMES),
    languages=tuple(SPOKEN),
    told_language=True,
    before_text=" ",
)


def config(size: str) -> WhisperConfig:
    """A size's configuration, from the published files, without the network."""
    if size in SIZES:
        return whisper.published_config(size)
    tokenizer = _miniature_tokenizer()
    start, end = tokenizer.convert_tokens_to_ids([START, END])
    return whisper.miniature_config(
        _MINIATURE_WIDTHS[size],
        *_LAYERS[size],
        window_seconds=MINIATURE_WINDOW_SECONDS,
        vocab_size=len(tokenizer),
        max_target_positions=_MINIATURE_POSITIONS,
        decoder_start_token_id=start,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )


def skeleton(size: str, task: Task) -> nn.Module:
    """The model on the `meta` device: shapes and names without weights, network or memory."""
    del task  # it writes with its own output embeddings
    with torch.device("meta"):
        return cast(nn.Module, WhisperForConditionalGeneration(config(size)))


def load(
    checkpoint: str, task: Task, *, size: str, quantization: str, dtype: torch.dtype, device: torch.device
) -> Loaded:
    """Loads a hub id or a local folder, frozen, in eval mode, without dropout, layerdrop and SpecAugment.

    `quantization` nf4: 4-bit NormalFloat with double quantization (Dettmers et al. 2023), the output embeddings left
    alone, `dtype` for computing. Safetensors only. Raises InputError: a language that the model does not know.
    """
    source = pretrained.source_of(checkpoint, size, SIZES)
    model = pretrained.load_pretrained(
        WhisperForConditionalGeneration,
        WhisperConfig.from_pretrained(**source),
        source,
        kept=(OUTPUT_EMBEDDINGS,),
        quantization=quantization,
        dtype=dtype,
        device=device,
    )
    tokenizer = AutoTokenizer.from_pretrained(**source)
    model.tokenizer = tokenizer  # `predict` writes texts
    prompt = partial(prompt_tokens, tokenizer, cast(Any, model).generation_config)
    extra = {"prompt": prompt(cast(Any, task).language), "prompt_in": cache(prompt)}
    extractor = WhisperFeatureExtractor.from_pretrained(**source)
    return Loaded(model, extractor, chain=encoder_decoder.CHAIN, extra=extra)


def prompt_tokens(tokenizer: Any, generation: GenerationConfig, language: str) -> list[int]:
    """What the decoder is given: of a model for English alone there is no language or task to tell.

    Raises InputError where a multilingual model does not know the language.
    """
    vocabulary = tokenizer.get_vocab()
    told = [f"<|{language}|>", TRANSCRIBE] if getattr(generation, "is_multilingual", True) else []
    if told and told[0] not in vocabulary:
        if language not in SPOKEN:
            near = ", ".join(map(named, nearest(language, tuple(SPOKEN))))
            raise InputError(f"task.language: the model knows no language {language!r}; near it are {near}.")
        told[0] = MINIATURE_LANGUAGE  # a miniature
    return [vocabulary[token] for token in (START, *told, NO_TIMES)]


def build(size: str, task: Task, seed: int) -> nn.Module:
    """An untrained model on the CPU in float32, every weight drawn from `seed`, all of it trainable."""
    del task
    built = config(size)
    built.init_std = built.d_model**-0.5  # the default is for wide models
    with seeded_init(seed):
        return cast(nn.Module, WhisperForConditionalGeneration(built))


def write(model: nn.Module, size: str, folder: Path) -> None:
    """Writes what `build` gave, and training changed, as a folder that `load` reads."""
    del size
    cast(Any, model).save_pretrained(folder)
    _miniature_tokenizer().save_pretrained(folder)
    whisper.miniature_extractor(MINIATURE_WINDOW_SECONDS).save_pretrained(folder)


def features(loaded: Loaded, waveform: np.ndarray) -> Tensor:
    """(samples,) float32 at 16 kHz -> (80, frames) float32, `whisper_parts.features`."""
    return whisper.features(loaded.processor, waveform)


def collate(
    loaded: Loaded,
    features: Sequence[Tensor],
    task: Task,
    targets: Sequence[Any] | None,
    languages: Sequence[str | None] | None = None,
) -> dict[str, Tensor]:
    """A batch on the CPU: input_features (B, 80, window). With targets (texts) `transcripts.with_text`, without
    `transcripts.with_prompt`: answers of at most half the decoder's places, or as `task.answer_length` has it. A clip
    without a language of its own is in the task's."""
    built, prompt = cast(Any, loaded.model).config, loaded.extra["prompt"]
    codes = languages or [None] * len(features)
    prompts = [prompt if code is None else loaded.extra["prompt_in"](code) for code in codes]
    batch = {"input_features": whisper.windows(features, built.max_source_positions)}
    most = built.max_target_positions - len(prompt)
    if targets is None:
        limits = TextLimits(most, answer_tokens=built.max_target_positions // 2)
        longest = limits.of_answer(WINDOW_SECONDS, cast(Any, task).answer_length or 1.0)
        return batch | transcripts.with_prompts(prompts, longest)
    tokenizer = cast(Any, loaded.model).tokenizer
    texts = [transcripts.text_tokens(tokenizer, _begun(text), most) for text in targets]
    return batch | transcripts.with_texts(prompts, texts, built.eos_token_id)


def loss(model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """`transcripts.text_loss`, a scalar."""
    return transcripts.text_loss(logits(model, batch), batch["labels"], label_smoothing=label_smoothing)


def clip_losses(model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """(B,): `transcripts.text_losses`."""
    return transcripts.text_losses(logits(model, batch), batch["labels"], label_smoothing=label_smoothing)


def predict(model: nn.Module, batch: Mapping[str, Tensor]) -> list[str]:
    """B transcripts, without the tokens that the checkpoint's authors suppress."""
    generation = pretrained.bare(model).generation_config
    return encoder_decoder.transcribe(
        model,
        batch,
        "input_features",
        never=getattr(generation, "suppress_tokens", None) or (),
        never_first=getattr(generation, "begin_suppress_tokens", None) or (),
    )


def logits(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """(B, T, V): of the token after each that the decoder reads."""
    return encoder_decoder.logits(model, batch, "input_features")


def _begun(text: str) -> str:
    """Where nothing is said there is no space either: the end follows at once."""
    return WRITER.before_text + text.strip() if text.strip() else ""


def _miniature_tokenizer() -> Any:
    return byte_tokenizer(WRITER.control_tokens, start=END, end=END)
