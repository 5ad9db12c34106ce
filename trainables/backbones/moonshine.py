"""Moonshine: a transformer that hears the waveform as it is, without a spectrogram, and writes what is said.

Paper: Jeffries et al. 2024, "Moonshine: Speech Recognition for Live Transcription and Voice Commands", arXiv
2410.15608.
Checkpoints: tiny UsefulSensors/moonshine-tiny, base UsefulSensors/moonshine-base (English).
Licence: MIT. The miniatures are made here: Apache-2.0.
Input: mono, 16,000 Hz, up to 30 s of waveform -> three convolutions, 41.67 frames per second.

A group norm behind the first convolution runs over the whole clip: it hears padding, masked or not. So a clip is
padded to a grid of lengths, always alike, and a forward pass takes clips of one length.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    AutoTokenizer,
    MoonshineConfig,
    MoonshineForConditionalGeneration,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2Processor,
)

from trainables.contract import Described, Loaded, Preset, Size, Task
from trainables.modeling import encoder_decoder, pretrained, transcripts
from trainables.modeling.byte_tokenizer import byte_tokenizer
from trainables.modeling.checkpoints import names_checkpoint
from trainables.modeling.seeded import seeded_init
from trainables.writing import TextLimits, Writer

NAME = "moonshine"
TASKS = ("transcription",)
SAMPLE_RATE_HZ = 16_000
WINDOW_SECONDS = 30.0
MINIATURE_WINDOW_SECONDS = 4.0
HEAD_MODULES: tuple[str, ...] = ()
ARCHITECTURES = ("moonshine",)
BESIDE = (("preprocessor_config.json", "processor_config.json"), ("tokenizer.json",))

SIZES: Mapping[str, Size] = {
    "tiny": Size("UsefulSensors/moonshine-tiny", None, "MIT", 27_092_736),
    "base": Size("UsefulSensors/moonshine-base", None, "MIT", 61_513_920),
}
MINIATURE_SIZES: Mapping[str, Size] = {
    "mini-400k": Size("mini-400k", None, "Apache-2.0", 403_776),
    "mini-800k": Size("mini-800k", None, "Apache-2.0", 822_848),
}
_LAYERS = {"tiny": (6, 6), "base": (8, 8), "mini-400k": (3, 2), "mini-800k": (3, 2)}  # encoder, decoder

PRESETS: Mapping[str, Preset] = encoder_decoder.presets(
    ("encoder_num_hidden_layers", "decoder_num_hidden_layers"), output="o_proj", mlp=r"mlp\.(fc1|fc2)"
)

LENGTH_STEP = 1600  # samples, 0.1 s: the grid of lengths
TOKENS_PER_SECOND = 6.5  # at most, as the authors' model cards advise against answers that never end
MINIATURE_TOKENS_PER_SECOND = 30.0  # its tokens are letters
FEWEST_WORD_PIECES = 1000  # a smaller vocabulary is one of letters; the published one has 32,768
OUTPUT_EMBEDDINGS = "proj_out"
START, END = "<s>", "</s>"
WRITER = Writer(
    published=TextLimits(193, answer_tokens_per_second=TOKENS_PER_SECOND),  # 194 places, one for the start token
    miniature=TextLimits(511, answer_tokens_per_second=MINIATURE_TOKENS_PER_SECOND),
    control_tokens=("<unk>", START, END),
    languages=("en",),
    told_language=False,
)


def config(size: str) -> MoonshineConfig:
    """A size's configuration, from the published files, without the network; a checkpoint's from its own."""
    if names_checkpoint(size):
        return pretrained.configuration(MoonshineConfig, size, backbone=NAME)
    encoder, decoder = _LAYERS[size]
    layers = {"encoder_num_hidden_layers": encoder, "decoder_num_hidden_layers": decoder}
    if size in SIZES:
        width = {"tiny": 288, "base": 416}[size]
        return MoonshineConfig(hidden_size=width, intermediate_size=4 * width, pad_token_id=2, **layers)
    width = {"mini-400k": 72, "mini-800k": 104}[size]
    return MoonshineConfig(
        hidden_size=width,
        intermediate_size=2 * width,
        encoder_num_attention_heads=4,
        decoder_num_attention_heads=4,
        vocab_size=len(_miniature_tokenizer()),
        pad_token_id=2,
        **layers,
    )


def described(size: str) -> Described:
    """A checkpoint's decoder's places."""
    built = config(size)
    limits = TextLimits(
        built.max_position_embeddings - 1, answer_tokens_per_second=_tokens_per_second(built.vocab_size)
    )
    return Described(writer=replace(WRITER, published=limits))


def skeleton(size: str, task: Task) -> nn.Module:
    """The model on the `meta` device: shapes and names without weights, network or memory."""
    del task  # it writes with its own output embeddings
    with torch.device("meta"):
        return cast(nn.Module, MoonshineForConditionalGeneration(config(size)))


def load(
    checkpoint: str, task: Task, *, size: str, quantization: str, dtype: torch.dtype, device: torch.device
) -> Loaded:
    """Loads a hub id or a local folder, frozen, in eval mode, without dropout; safetensors only.

    `quantization` nf4: 4-bit NormalFloat with double quantization (Dettmers et al. 2023), the output embeddings left
    alone, `dtype` for computing.
    """
    del task
    source = pretrained.source_of(checkpoint, size, SIZES)
    built = pretrained.read(MoonshineConfig, source, "configuration")
    tokenizer = pretrained.read(AutoTokenizer, source, "tokenizer")
    extractor = pretrained.read(Wav2Vec2FeatureExtractor, source, "feature extractor (preprocessor_config.json)")
    model = pretrained.load_pretrained(
        MoonshineForConditionalGeneration,
        built,
        source,
        kept=(OUTPUT_EMBEDDINGS,),
        quantization=quantization,
        dtype=dtype,
        device=device,
    )
    model.tokenizer = tokenizer  # `predict` writes texts
    rate = _tokens_per_second(built.vocab_size)
    processor = Wav2Vec2Processor(extractor, tokenizer)
    extra = {"prompt": [cast(Any, model).config.decoder_start_token_id], "tokens_per_second": rate}
    return Loaded(model, processor, chain=encoder_decoder.CHAIN, extra=extra, equal_shapes=True)


def build(size: str, task: Task, seed: int) -> nn.Module:
    """An untrained model on the CPU in float32, every weight drawn from `seed`, all of it trainable."""
    del task
    built = config(size)
    built.initializer_range = built.hidden_size**-0.5  # the default is for wide models
    with seeded_init(seed):
        return cast(nn.Module, MoonshineForConditionalGeneration(built))


def write(model: nn.Module, size: str, folder: Path) -> None:
    """Writes what `build` gave, and training changed, as a folder that `load` reads."""
    del size
    cast(Any, model).save_pretrained(folder)
    extractor = Wav2Vec2FeatureExtractor(do_normalize=False, return_attention_mask=True)
    Wav2Vec2Processor(extractor, _miniature_tokenizer()).save_pretrained(folder)


def features(loaded: Loaded, waveform: np.ndarray) -> Tensor:
    """(samples,) float32 at 16 kHz -> (samples,) float32: the processor's waveform, then silence up to the grid."""
    clip = np.asarray(waveform, dtype=np.float32)
    values = loaded.processor.feature_extractor(clip, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
    heard: Tensor = values["input_values"][0]
    length = max(1, math.ceil(len(heard) / LENGTH_STEP)) * LENGTH_STEP
    return functional.pad(heard, (0, length - len(heard)))


def collate(loaded: Loaded, features: Sequence[Tensor], task: Task, targets: Sequence[Any] | None) -> dict[str, Tensor]:
    """A batch on the CPU: input_values (B, samples), of clips of one length. With targets (texts)
    `transcripts.with_text`, without `transcripts.with_prompt`: answers of so many tokens a second, or as
    `task.answer_length` has it."""
    batch = {"input_values": torch.stack(list(features))}
    built, prompt = cast(Any, loaded.model).config, loaded.extra["prompt"]
    most = built.max_position_embeddings - len(prompt)
    if targets is None:
        limits = TextLimits(most, answer_tokens_per_second=loaded.extra["tokens_per_second"])
        seconds = batch["input_values"].shape[1] / SAMPLE_RATE_HZ
        longest = limits.of_answer(seconds, cast(Any, task).answer_length or 1.0)
        return batch | transcripts.with_prompt(prompt, len(features), longest)
    texts = [transcripts.text_tokens(loaded.processor.tokenizer, text, most) for text in targets]
    return batch | transcripts.with_text(prompt, texts, built.eos_token_id)


def loss(model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """`transcripts.text_loss`, a scalar."""
    return transcripts.text_loss(logits(model, batch), batch["labels"], label_smoothing=label_smoothing)


def clip_losses(model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """(B,): `transcripts.text_losses`."""
    return transcripts.text_losses(logits(model, batch), batch["labels"], label_smoothing=label_smoothing)


def predict(model: nn.Module, batch: Mapping[str, Tensor]) -> list[str]:
    """B transcripts."""
    return encoder_decoder.transcribe(model, batch, "input_values")


def logits(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """(B, T, V): of the token after each that the decoder reads."""
    return encoder_decoder.logits(model, batch, "input_values")


def _tokens_per_second(vocabulary: int) -> float:
    return MINIATURE_TOKENS_PER_SECOND if vocabulary < FEWEST_WORD_PIECES else TOKENS_PER_SECOND


def _miniature_tokenizer() -> Any:
    return byte_tokenizer(WRITER.control_tokens, start=START, end=END)
