"""Whisper as CTranslate2 has it, in the names and files of transformers: every weight as it was, to the last bit.

CTranslate2 stacks the rows of q, k and v (of k and v where a decoder hears), stores a bias of zeros for Whisper's k,
which has none, and ties the output projection to the embeddings. float16 becomes float32, which holds it exactly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trainables.conversion.ctranslate2 import Model
from trainables.errors import InputError

SPECIFICATION = "WhisperSpec"
MULTILINGUAL = 51_865  # tokens; models for English alone have 51,864
FRAMES_PER_SECOND = 50  # positions of the encoder
EXACT = (np.dtype(np.float16), np.dtype(np.float32))
NORMS = {"gamma": "weight", "beta": "bias"}
TIED = {"decoder/projection/weight": "decoder/embeddings/weight"}
PARTS: Mapping[str, Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "encoder": {"self_attention": ("self_attn", ("q", "k", "v"))},
    "decoder": {"self_attention": ("self_attn", ("q", "k", "v")), "attention": ("encoder_attn", ("k", "v"))},
}
# Settings of how CTranslate2 computes, which Whisper's architecture has fixed: name -> what they must say
SETTINGS = {
    "decoder/pre_norm": 1,
    "decoder/scale_embeddings": 0,
    "decoder/start_from_zero_embedding": 0,
    "decoder/alibi": 0,
    "decoder/alignment_layer": None,
    "decoder/alignment_heads": None,
    "decoder/activation": None,
    "encoder/num_heads": None,
    "decoder/num_heads": None,
}


def weights(model: Model, where: Path) -> dict[str, np.ndarray]:
    """Names of transformers -> float32. Raises InputError: not Whisper, quantised to integers, or something is left."""
    if model.specification != SPECIFICATION:
        raise InputError(
            f"{where}: holds {model.specification or 'nothing'}, and Whisper ({SPECIFICATION}) alone is known."
        )
    left = dict(model.variables)
    for name, wanted in SETTINGS.items():
        value = left.pop(name, None)
        if value is not None and wanted is not None and int(value) != wanted:
            raise InputError(f"{where}: {name} is {int(value)}, and Whisper's own is {wanted}.")
    whole = [name for name, values in left.items() if values.dtype not in EXACT]
    if whole:
        kinds = ", ".join(sorted({left[name].dtype.name for name in whole}))
        raise InputError(
            f"{where}: {len(whole)} weights are quantised ({kinds}; {whole[0]}, ...), so that they are no longer the "
            "published ones: take a file of float16 or float32 (ct2-transformers-converter --quantization float16)."
        )
    if dict(model.aliases) != TIED and "decoder/projection/weight" not in left:
        raise InputError(f"{where}: the output projection is not tied to the embeddings, as Whisper's is.")
    tied = left.pop("decoder/projection/weight", None)
    found = {f"model.{name}": values for name, values in _renamed(left, where)}
    if tied is not None and not np.array_equal(tied, found["model.decoder.embed_tokens.weight"]):
        raise InputError(f"{where}: the output projection differs from the embeddings, which Whisper has tied.")
    return {name: np.ascontiguousarray(values, dtype=np.float32) for name, values in found.items()}


def _renamed(left: dict[str, np.ndarray], where: Path) -> Iterator[tuple[str, np.ndarray]]:
    def take(name: str) -> np.ndarray:
        if name not in left:
            raise InputError(f"{where}: {name} is missing.")
        return left.pop(name)

    def linear(ours: str, theirs: str) -> Iterator[tuple[str, np.ndarray]]:
        yield from ((f"{theirs}.{part}", take(f"{ours}/{part}")) for part in ("weight", "bias"))

    def norm(ours: str, theirs: str) -> Iterator[tuple[str, np.ndarray]]:
        yield from ((f"{theirs}.{new}", take(f"{ours}/{old}")) for old, new in NORMS.items())

    def stacked(ours: str, theirs: str, parts: tuple[str, ...]) -> Iterator[tuple[str, np.ndarray]]:
        for kind in ("weight", "bias"):
            rows = take(f"{ours}/{kind}")
            if len(rows) % len(parts):
                raise InputError(
                    f"{where}: {ours}/{kind} has {len(rows)} rows, which are not those of {', '.join(parts)}."
                )
            for part, own in zip(parts, np.split(rows, len(parts)), strict=True):
                if (part, kind) != ("k", "bias"):
                    yield f"{theirs}.{part}_proj.{kind}", own
                elif own.any():
                    raise InputError(f"{where}: {ours} has a bias of k that is not zero, and Whisper's k has none.")

    for side, attentions in PARTS.items():
        if side == "encoder":
            for number in (1, 2):
                yield from linear(f"encoder/conv{number}", f"encoder.conv{number}")
        else:
            yield "decoder.embed_tokens.weight", take("decoder/embeddings/weight")
        yield f"{side}.embed_positions.weight", take(f"{side}/position_encodings/encodings")
        yield from norm(f"{side}/layer_norm", f"{side}.layer_norm")
        for layer in range(_layers(left, side)):
            ours, theirs = f"{side}/layer_{layer}", f"{side}.layers.{layer}"
            for name, (attention, parts) in attentions.items():
                yield from norm(f"{ours}/{name}/layer_norm", f"{theirs}.{attention}_layer_norm")
                yield from stacked(f"{ours}/{name}/linear_{int('q' not in parts)}", f"{theirs}.{attention}", parts)
                if "q" not in parts:
                    yield from linear(f"{ours}/{name}/linear_0", f"{theirs}.{attention}.q_proj")
                yield from linear(f"{ours}/{name}/linear_{4 - len(parts)}", f"{theirs}.{attention}.out_proj")
            yield from norm(f"{ours}/ffn/layer_norm", f"{theirs}.final_layer_norm")
            for number in (0, 1):
                yield from linear(f"{ours}/ffn/linear_{number}", f"{theirs}.fc{number + 1}")
    if left:
        raise InputError(f"{where}: {len(left)} variables are none of Whisper's: {', '.join(sorted(left)[:3])}.")


def _layers(left: Mapping[str, np.ndarray], side: str) -> int:
    return len({name.split("/")[1] for name in left if name.startswith(f"{side}/layer_") and name.count("/") > 2})


def files(
    found: Mapping[str, np.ndarray], model: Model, told: Mapping[str, Any], vocabulary: Mapping[str, int], where: Path
) -> dict[str, dict[str, Any]]:
    """File name -> content of what transformers reads beside the weights. `told` is CTranslate2's own config.json,
    `vocabulary` the tokenizer's."""
    tokens, width = found["model.decoder.embed_tokens.weight"].shape
    bins = found["model.encoder.conv1.weight"].shape[1]
    places = {side: len(found[f"model.{side}.embed_positions.weight"]) for side in PARTS}
    layers = {
        side: sum(name.startswith(f"model.{side}.layers.") and name.endswith("fc1.bias") for name in found)
        for side in PARTS
    }
    lacking = [
        token for token in ("<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>") if token not in vocabulary
    ]
    if lacking:
        raise InputError(f"{where}: tokenizer.json lacks {', '.join(lacking)}.")
    end, start, no_times = (
        vocabulary[token] for token in ("<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>")
    )
    suppressed, first = list(told.get("suppress_ids", [])), list(told.get("suppress_ids_begin", []))
    ids = {"bos_token_id": end, "eos_token_id": end, "pad_token_id": end, "decoder_start_token_id": start}
    generation: dict[str, Any] = {
        **ids,
        "max_length": places["decoder"],
        "is_multilingual": tokens >= MULTILINGUAL,
        "no_timestamps_token_id": no_times,
        "suppress_tokens": suppressed,
        "begin_suppress_tokens": first,
        "return_timestamps": False,
        "max_initial_timestamp_index": 50,
    }
    if "alignment_heads" in told:
        generation["alignment_heads"] = told["alignment_heads"]
    if "<|startofprev|>" in vocabulary:
        generation["prev_sot_token_id"] = vocabulary["<|startofprev|>"]
    if tokens >= MULTILINGUAL:
        by_id = {number: token for token, number in vocabulary.items()}
        generation["lang_to_id"] = {by_id[each]: each for each in told.get("lang_ids", []) if each in by_id}
        tasks = {name: vocabulary.get(f"<|{name}|>") for name in ("transcribe", "translate")}
        generation["task_to_id"] = {name: each for name, each in tasks.items() if each is not None}
    configuration = {
        "model_type": "whisper",
        "architectures": ["WhisperForConditionalGeneration"],
        "dtype": "float32",
        "vocab_size": tokens,
        "num_mel_bins": bins,
        "d_model": width,
        "encoder_layers": layers["encoder"],
        "decoder_layers": layers["decoder"],
        "encoder_attention_heads": int(model.variables["encoder/num_heads"]),
        "decoder_attention_heads": int(model.variables["decoder/num_heads"]),
        "encoder_ffn_dim": len(found["model.encoder.layers.0.fc1.bias"]),
        "decoder_ffn_dim": len(found["model.decoder.layers.0.fc1.bias"]),
        "max_source_positions": places["encoder"],
        "max_target_positions": places["decoder"],
        "tie_word_embeddings": True,
        "suppress_tokens": suppressed,
        "begin_suppress_tokens": first,
        **ids,
    }
    extractor = {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "feature_size": bins,
        "sampling_rate": 16_000,
        "hop_length": 160,
        "n_fft": 400,
        "chunk_length": places["encoder"] // FRAMES_PER_SECOND,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": False,
    }
    named = dict.fromkeys(("bos_token", "eos_token", "pad_token", "unk_token"), "<|endoftext|>")
    tokenizer = {"tokenizer_class": "WhisperTokenizer", "model_max_length": places["decoder"], **named}
    return {
        "config.json": configuration,
        "generation_config.json": generation,
        "preprocessor_config.json": extractor,
        "tokenizer_config.json": tokenizer,
    }


def vocabulary_of(path: Path) -> dict[str, int]:
    """Token -> id of a `tokenizer.json`. Raises InputError: it is absent or damaged."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        added = {token["content"]: int(token["id"]) for token in said["added_tokens"]}
        return {**said["model"]["vocab"], **added}
    except FileNotFoundError:
        raise InputError(f"{path}: is not there; copy the tokenizer.json of the published model beside it.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: cannot be read as a tokenizer ({type(error).__name__}).") from None
