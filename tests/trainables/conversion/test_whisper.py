"""A Whisper that was written as CTranslate2 writes it comes back to the last bit, in files that transformers reads."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

from trainables.command_line import main
from trainables.conversion.folder import convert
from trainables.errors import InputError
from trainables.import_ctranslate2 import act, parse
from trainables.modeling.byte_tokenizer import byte_tokenizer
from trainables.modeling.seeded import seeded_init

TOKENS = ("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|startofprev|>", "<|notimestamps|>")
TYPES = {"float32": 0, "int8": 1, "int16": 2, "float16": 4}


def ctranslate2_names(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """As `ctranslate2/converters/transformers.py` names and stacks them."""

    def stacked(prefix: str, parts: str, kind: str) -> np.ndarray:
        zeros = np.zeros_like(weights[f"{prefix}.q_proj.bias"])
        return np.concatenate([weights.get(f"{prefix}.{part}_proj.{kind}", zeros) for part in parts])

    found = {"decoder/embeddings/weight": weights["model.decoder.embed_tokens.weight"]}

    def pair(ours: str, theirs: str, names: tuple[str, str] = ("weight", "bias")) -> None:
        for name, kind in zip(names, ("weight", "bias"), strict=True):
            found[f"{ours}/{name}"] = weights[f"{theirs}.{kind}"]

    norm = ("gamma", "beta")
    for number in (1, 2):
        pair(f"encoder/conv{number}", f"model.encoder.conv{number}")
    for side, kinds in (("encoder", ("self",)), ("decoder", ("self", "encoder"))):
        found[f"{side}/position_encodings/encodings"] = weights[f"model.{side}.embed_positions.weight"]
        pair(f"{side}/layer_norm", f"model.{side}.layer_norm", norm)
        for layer in range(2):
            ours, theirs = f"{side}/layer_{layer}", f"model.{side}.layers.{layer}"
            for kind in kinds:
                name, attention = {"self": "self_attention", "encoder": "attention"}[kind], f"{theirs}.{kind}_attn"
                pair(f"{ours}/{name}/layer_norm", f"{attention}_layer_norm", norm)
                groups = ("qkv",) if kind == "self" else ("q", "kv")
                for index, group in enumerate(groups):
                    for part in ("weight", "bias"):
                        found[f"{ours}/{name}/linear_{index}/{part}"] = stacked(attention, group, part)
                pair(f"{ours}/{name}/linear_{len(groups)}", f"{attention}.out_proj")
            pair(f"{ours}/ffn/layer_norm", f"{theirs}.final_layer_norm", norm)
            pair(f"{ours}/ffn/linear_0", f"{theirs}.fc1")
            pair(f"{ours}/ffn/linear_1", f"{theirs}.fc2")
    settings = {"pre_norm": 1, "scale_embeddings": 0, "activation": 0}
    found |= {f"decoder/{name}": np.array(value, dtype=np.int8) for name, value in settings.items()}
    return found | {f"{side}/num_heads": np.array(2, dtype=np.int16) for side in ("encoder", "decoder")}


def write_model(path: Path, variables: Mapping[str, np.ndarray], *, specification: str = "WhisperSpec") -> None:
    def name(text: str) -> bytes:
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    parts = [struct.pack("<I", 6), name(specification), struct.pack("<II", 3, len(variables))]
    for own, values in sorted(variables.items()):
        content = values.tobytes()
        shape = struct.pack(f"<{values.ndim}I", *values.shape)
        parts += [name(own), struct.pack("<B", values.ndim), shape]
        parts += [struct.pack("<BI", TYPES[values.dtype.name], len(content)), content]
    parts += [struct.pack("<I", 1), name("decoder/projection/weight"), name("decoder/embeddings/weight")]
    path.write_bytes(b"".join(parts))


@pytest.fixture(scope="module")
def original() -> Any:
    config = WhisperConfig(
        d_model=16,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=24,
        decoder_ffn_dim=40,
        num_mel_bins=80,
        max_source_positions=100,
        max_target_positions=32,
        vocab_size=len(TOKENS) + 256,
        **dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id"), 0),
        decoder_start_token_id=1,
    )
    with seeded_init(3):
        return WhisperForConditionalGeneration(config)


def folder_of(original: Any, folder: Path, dtype: str, **changes: np.ndarray) -> Path:
    folder.mkdir()
    weights = {name: value.numpy().astype(dtype) for name, value in original.state_dict().items()}
    write_model(folder / "model.bin", ctranslate2_names(weights) | changes)
    told = {"suppress_ids": [7, 8], "suppress_ids_begin": [9], "alignment_heads": [[1, 0]], "lang_ids": [2]}
    (folder / "config.json").write_text(json.dumps(told))
    byte_tokenizer(TOKENS, start=TOKENS[0], end=TOKENS[0]).backend_tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_every_weight_comes_back_to_the_last_bit(original: Any, dtype: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    counted = convert(folder_of(original, tmp_path / "ct2", dtype), out)
    model, report = WhisperForConditionalGeneration.from_pretrained(out, output_loading_info=True)
    assert not any(report.values())
    assert counted == sum(p.numel() for p in model.parameters())
    kept = original.state_dict()
    for name, value in model.state_dict().items():
        assert torch.equal(value, kept[name].to(getattr(torch, dtype)).float()), name
    for field in ("d_model", "encoder_ffn_dim", "decoder_ffn_dim", "max_source_positions", "encoder_attention_heads"):
        assert getattr(model.config, field) == getattr(original.config, field)
    generation = model.generation_config
    assert (generation.suppress_tokens, generation.begin_suppress_tokens) == ([7, 8], [9])
    assert (generation.decoder_start_token_id, generation.eos_token_id, generation.no_timestamps_token_id) == (1, 0, 5)
    assert generation.is_multilingual is False
    assert WhisperFeatureExtractor.from_pretrained(out).nb_max_frames == 200
    tokenizer = AutoTokenizer.from_pretrained(out)
    assert tokenizer.decode(tokenizer("a b", add_special_tokens=False)["input_ids"]) == "a b"


def test_the_command_says_what_comes_next(original: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_of(original, tmp_path / "ct2", "float16")
    assert main(parse, act, [str(folder), str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "parameters." in said
    assert f"search.model_size={tmp_path / 'out'}" in said
    assert main(parse, act, [str(folder), str(tmp_path / "out")]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(parse, act, [str(tmp_path), str(tmp_path / "other"), "third"]) == 2


def refused(folder: Path, out: Path) -> str:
    with pytest.raises(InputError) as caught:
        convert(folder, out)
    assert not out.exists()
    (problem,) = caught.value.problems
    return problem


def test_what_is_no_exact_whisper_is_refused(original: Any, tmp_path: Path) -> None:
    def folder(name: str, **changes: np.ndarray) -> Path:
        return folder_of(original, tmp_path / name, "float32", **changes)

    out = tmp_path / "out"
    weight = "encoder/layer_0/ffn/linear_0/weight"
    small = folder("int8", **{weight: np.zeros((24, 16), dtype=np.int8)})
    assert "1 weights are quantised (int8" in refused(small, out)
    biased = folder("bias", **{"encoder/layer_0/self_attention/linear_0/bias": np.ones(48, dtype=np.float32)})
    assert "bias of k that is not zero" in refused(biased, out)
    more = folder("more", **{"encoder/extra": np.ones(2, dtype=np.float32)})
    assert "none of Whisper's: encoder/extra" in refused(more, out)
    (more / "tokenizer.json").unlink()
    other = folder("other")
    write_model(other / "model.bin", {}, specification="TransformerSpec")
    assert "holds TransformerSpec" in refused(other, out)
    cut = folder("cut")
    whole = (cut / "model.bin").read_bytes()
    (cut / "model.bin").write_bytes(whole[:-100])
    assert "ends at byte" in refused(cut, out)
    (cut / "model.bin").write_bytes(whole + b"\0")
    assert "1 bytes follow" in refused(cut, out)
    (cut / "model.bin").write_bytes(b"\5" + whole[1:])
    assert "begins with its version 6" in refused(cut, out)
    without = folder("without")
    (without / "tokenizer.json").unlink()
    assert "copy the tokenizer.json" in refused(without, out)
