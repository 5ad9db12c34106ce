"""Small configurations of every kind of checkpoint that a backbone without sizes of its own takes, and folders with
random weights made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from trainables import registry

WINDOW_SECONDS = 2.0
_SMALL = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
_HEAD = {"classifier_proj_size": 32}
_WAVEFORM = {**_SMALL, **_HEAD, "conv_dim": [8, 16, 16, 16, 16, 16, 16]}
_POSITIONS = {"num_conv_pos_embeddings": 32, "num_conv_pos_embedding_groups": 8}
_LAYER_NORMS = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
_KERNEL = {"conv_depthwise_kernel_size": 7}

KINDS: Mapping[str, Mapping[str, Any]] = {  # `model_type` -> the rest of its config.json
    "data2vec-audio": {
        **_WAVEFORM,
        "num_conv_pos_embeddings": 2,
        "num_conv_pos_embedding_groups": 8,
        "conv_pos_kernel_size": 5,
    },
    "sew": {**_SMALL, **_HEAD, **_POSITIONS, "conv_dim": [8, *[16] * 12], "squeeze_factor": 2},
    "unispeech-sat": {**_WAVEFORM, **_POSITIONS, **_LAYER_NORMS},
    "wav2vec2-conformer": {**_WAVEFORM, **_POSITIONS, **_KERNEL},
    "wav2vec2-bert": {
        **_SMALL,
        **_HEAD,
        **_KERNEL,
        "left_max_position_embeddings": 8,
        "right_max_position_embeddings": 2,
    },
    "wav2vec2": {**_WAVEFORM, **_POSITIONS, **_LAYER_NORMS},
    "hubert": {**_WAVEFORM, **_POSITIONS},
    "wavlm": {**_WAVEFORM, **_POSITIONS},
    "whisper": {
        "d_model": 48,
        "encoder_layers": 2,
        "encoder_attention_heads": 4,
        "encoder_ffn_dim": 64,
        "decoder_layers": 1,
        "decoder_attention_heads": 4,
        "decoder_ffn_dim": 64,
        "max_source_positions": 100,
        **_HEAD,
    },
    "audio-spectrogram-transformer": {**_SMALL, "max_length": 198, "patch_size": 32, "frequency_stride": 32},
}
RECOGNISERS: Mapping[str, Mapping[str, Any]] = {  # of the kinds that only write, or write in another way
    "parakeet_ctc": {
        "architectures": ["ParakeetForCTC"],
        "vocab_size": 64,
        "pad_token_id": 63,
        "encoder_config": {**_SMALL, "conv_kernel_size": 5, "subsampling_conv_channels": 8},
    },
    "wav2vec2-bert with an adapter": {**KINDS["wav2vec2-bert"], "model_type": "wav2vec2-bert", "add_adapter": True},
}
WRITERS: dict[str, dict[str, Any]] = {  # recognisers with a language model
    "qwen3_asr": {
        "audio_token_id": 5,
        "pad_token_id": 0,
        "eos_token_id": [0, 2],
        "audio_config": {
            "model_type": "qwen3_asr_encoder",
            "d_model": 32,
            "encoder_layers": 2,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 48,
            "output_dim": 40,
            "downsample_hidden_size": 8,
        },
        "text_config": {
            "model_type": "qwen3",
            "vocab_size": 320,
            "hidden_size": 40,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "tie_word_embeddings": True,
            "initializer_range": 0.15,
        },
    }
}
SOME = {
    "hf_classifier": "wav2vec2-bert",
    "hf_ctc": "parakeet_ctc",
    "qwen3_asr": "qwen3_asr",
}  # a kind that stands for all of a backbone
OWN = ("data2vec-audio", "sew", "unispeech-sat", "wav2vec2-conformer", "wav2vec2-bert")  # of no other backbone
TEXTS = ("a short one", "two", "the longest of these three texts", "ab", "a cab", "cabd", "cd")  # that Parakeet spells


def write_configuration(kind: str, folder: Path, **changes: Any) -> str:
    """Writes `config.json`, and nothing else; the checkpoint's name."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {"model_type": kind, **{**KINDS, **RECOGNISERS, **WRITERS}[kind], **changes}
    (folder / "config.json").write_text(json.dumps(said))
    if said["model_type"] == "parakeet_ctc":
        write_pieces(folder, blank=said["pad_token_id"])
    return str(folder)


def write_pieces(folder: Path, *, blank: int, texts: Sequence[str] = TEXTS) -> None:
    """A tokenizer as Parakeet has it: pieces of words by SentencePiece's marks, the blank last."""
    pieces = Tokenizer(models.BPE(unk_token="<unk>"))
    pieces.pre_tokenizer, pieces.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=blank, special_tokens=["<unk>"], show_progress=False)
    pieces.train_from_iterator(texts, trainer)
    pieces.add_special_tokens([f"<{number}>" for number in range(pieces.get_vocab_size(), blank)] + ["<pad>"])
    pieces.save(str(folder / "tokenizer.json"))
    said = {"tokenizer_class": "ParakeetTokenizer", "unk_token": "<unk>", "pad_token": "<pad>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))


def write_checkpoint(name: str, kind: str, folder: Path, options: Mapping[str, Any], **changes: Any) -> str:
    """Writes a whole checkpoint of the backbone `name`, random weights for its first task; its name."""
    backbone: Any = registry.backbone(name)
    checkpoint = write_configuration(kind, folder, **changes)
    model = backbone.build(checkpoint, registry.task(backbone.TASKS[0], dict(options)), seed=0)
    backbone.write(model, checkpoint, folder)
    return checkpoint


def size_of(name: str, folder: Path) -> str:
    """What `model_size` is for random weights in `folder`: the smallest miniature, or the checkpoint's own name."""
    return next(iter(registry.backbone(name).MINIATURE_SIZES), str(folder))
