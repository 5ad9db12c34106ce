"""Whisper: a transformer that hears a log-mel spectrogram of 30 seconds and writes what is said.

Paper: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision", arXiv 2212.04356.
Checkpoints: openai/whisper-tiny, -base, -small (multilingual), and any other of this architecture by its name: .en,
medium, large-v3, turbo, distil-whisper, one of your own.
Licence: Apache-2.0. The miniatures are made here: Apache-2.0.
Input: mono, 16,000 Hz, up to 30 s -> `trainables/modeling/whisper.py`.

The decoder is told what to do by its first tokens: start of transcript, language (`task.language`), transcribe, no time
stamps. They are given, in training and in answering, and carry no loss. Its encoder alone, as a classifier, is
`whisper_encoder`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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
    WhisperForConditionalGeneration,
)

from trainables.contract import Described, Loaded, Preset, Size, Task
from trainables.errors import InputError
from trainables.modeling import encoder_decoder, pretrained, transcripts, whisper
from trainables.modeling.byte_tokenizer import byte_tokenizer
from trainables.modeling.checkpoints import names_checkpoint
from trainables.modeling.seeded import seeded_init
from trainables.tasks.languages import SPOKEN, named, nearest
from trainables.writing import TextLimits, Writer

NAME = "whisper"
TASKS = ("transcription",)
SAMPLE_RATE_HZ = whisper.SAMPLE_RATE_HZ
WINDOW_SECONDS = whisper.WINDOW_SECONDS
MINIATURE_WINDOW_SECONDS = 3.0
HEAD_MODULES: tuple[str, ...] = ()
ARCHITECTURES = ("whisper",)
CUTS_WINDOW = True
BESIDE = (("preprocessor_config.json", "processor_config.json"), ("tokenizer.json", "vocab.json"))

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

PRESETS: Mapping[str, Preset] = encoder_decoder.presets(
    ("encoder_layers", "decoder_layers"), output="out_proj", mlp=r"(fc1|fc2)"
)

OUTPUT_EMBEDDINGS = "proj_out"
START, END, TRANSCRIBE, NO_TIMES = "<|startoftranscript|>", "<|endoftext|>", "<|transcribe|>", "<|notimestamps|>"
MINIATURE_LANGUAGE = "<|en|>"  # its one tag stands for every language that the published sizes know
_PLACES, _PROMPT = 448, 4  # of the published decoders; start, language, task, no time stamps
_ENGLISH_PROMPT = 2  # start, no time stamps
ENGLISH_VOCABULARY, CANTONESE_VOCABULARY = 51_864, 51_866  # tokens: of `.en`; from large-v3 on, with one language more

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
    """A size's configuration, from the published files, without the network; a checkpoint's from its own."""
    if names_checkpoint(size):
        return pretrained.configuration(WhisperConfig, size, backbone=NAME)
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


def described(size: str) -> Described:
    """A checkpoint's window, decoder's places and languages."""
    built = config(size)
    places, english = built.max_target_positions, built.vocab_size == ENGLISH_VOCABULARY
    limits = TextLimits(places - (_ENGLISH_PROMPT if english else _PROMPT), answer_tokens=places // 2)
    languages = {ENGLISH_VOCABULARY: ("en",), CANTONESE_VOCABULARY: (*SPOKEN, "yue")}.get(
        built.vocab_size, tuple(SPOKEN)
    )
    writer = replace(WRITER, published=limits, languages=languages, told_language=not english)
    return Described(whisper.window_seconds(built), writer)


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
    alone, `dtype` for computing. Safetensors only. Raises InputError: it cannot be had or
    read, or does not know the language.
    """
    source = pretrained.source_of(checkpoint, size, SIZES)
    built = pretrained.read(WhisperConfig, source, "configuration")
    tokenizer = pretrained.read(AutoTokenizer, source, "tokenizer")
    extractor = whisper.extractor_of(source, built)
    model = pretrained.load_pretrained(
        WhisperForConditionalGeneration,
        built,
        source,
        kept=(OUTPUT_EMBEDDINGS,),
        quantization=quantization,
        dtype=dtype,
        device=device,
    )
    model.tokenizer = tokenizer  # `predict` writes texts
    prompt = partial(prompt_tokens, tokenizer, _generation(cast(Any, model)))
    extra = {"prompt": prompt(cast(Any, task).language), "prompt_in": cache(prompt)}
    return Loaded(model, extractor, chain=encoder_decoder.CHAIN, extra=extra)


def _generation(model: Any) -> GenerationConfig:
    """The checkpoint's; one without a file of it does not say whether it is for English alone, its vocabulary does."""
    found = model.generation_config
    if getattr(found, "is_multilingual", None) is None:
        found.is_multilingual = model.config.vocab_size != ENGLISH_VOCABULARY
    return cast(GenerationConfig, found)


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
    """(samples,) float32 at 16 kHz -> (80 or 128, frames) float32, `whisper.features`; with a cut window all of it."""
    mel = whisper.features(loaded.processor, waveform)
    if whisper.WINDOW not in loaded.extra:
        return mel
    return whisper.cut(mel, loaded, cast(Any, loaded.model).config.max_source_positions)


def cut_window(loaded: Loaded, seconds: str | float) -> None:
    """`whisper.cut_window`. Answers that repeat themselves end there, which a cut window makes likelier."""
    model: Any = loaded.model
    whisper.cut_window(loaded, model.model.encoder, seconds)
    model.ends_loops = True


def collate(
    loaded: Loaded,
    features: Sequence[Tensor],
    task: Task,
    targets: Sequence[Any] | None,
    languages: Sequence[str | None] | None = None,
) -> dict[str, Tensor]:
    """A batch on the CPU: input_features (B, 80 or 128, window). With targets (texts) `transcripts.with_text`, without
    `transcripts.with_prompt`: answers of at most half the decoder's places, or as `task.answer_length` has it. A clip
    without a language of its own is in the task's."""
    built, prompt = cast(Any, loaded.model).config, loaded.extra["prompt"]
    codes = languages or [None] * len(features)
    prompts = [prompt if code is None else loaded.extra["prompt_in"](code) for code in codes]
    positions = features[0].shape[1] // 2 if whisper.WINDOW in loaded.extra else built.max_source_positions
    batch = {"input_features": whisper.windows(features, positions)}
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
    whole = pretrained.bare(model)
    generation = whole.generation_config
    return encoder_decoder.transcribe(
        model,
        batch,
        "input_features",
        ends_loops=getattr(whole, "ends_loops", False),
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
