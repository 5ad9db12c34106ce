"""A checkpoint's configuration alone says how large it is, how long it hears, what it writes, and which modules fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import WhisperConfig, WhisperForConditionalGeneration

from trainables import registry
from trainables.errors import InputError
from trainables.modeling import configurations
from trainables.modeling.checkpoints import from_folder, names_checkpoint, split_revision
from trainables.sizes import hearing_of, size_of
from trainables.training.targets import adapted_modules, count

LABELS = {
    "classification": {"labels": ("a", "b")},
    "transcription": {},
    "label_scoring": {"labels": ("a", "b"), "prompt": "a or b?"},
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)


def checkpoint(folder: Path, **said: Any) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(said))
    return str(folder)


def whisper(folder: Path, *, d: int, e: int, dec: int, mel: int, vocabulary: int, **more: Any) -> str:
    """As the published files have it (their sizes are in the model cards)."""
    return checkpoint(
        folder,
        model_type="whisper",
        d_model=d,
        encoder_layers=e,
        decoder_layers=dec,
        encoder_attention_heads=d // 64,
        decoder_attention_heads=d // 64,
        encoder_ffn_dim=4 * d,
        decoder_ffn_dim=4 * d,
        num_mel_bins=mel,
        vocab_size=vocabulary,
        **more,
    )


# d, layers of encoder and decoder, bins, vocabulary -> total; rank 8 on attention: modules, parameters; with the MLP
WHISPERS = {
    "tiny.en": ((384, 4, 4, 80, 51864), 37_760_256, (48, 294_912), (64, 540_672)),
    "large-v3-turbo": ((1280, 32, 4, 128, 51866), 808_878_080, (160, 3_276_800), (232, 6_963_200)),
    "distil-large-v3": ((1280, 32, 2, 128, 51866), 756_405_760, (144, 2_949_120), (212, 6_430_720)),
}


@pytest.mark.parametrize("name", WHISPERS)
def test_every_whisper_has_its_published_counts(name: str, tmp_path: Path) -> None:
    (d, e, dec, mel, vocabulary), total, attention, with_mlp = WHISPERS[name]
    folder = whisper(tmp_path / name, d=d, e=e, dec=dec, mel=mel, vocabulary=vocabulary)
    backbone = registry.backbone("whisper")
    size = size_of(backbone, folder)
    with torch.device("meta"):
        independent = WhisperForConditionalGeneration(WhisperConfig.from_pretrained(folder))
    assert size.total_params == total == sum(p.numel() for p in independent.parameters())
    for preset, wanted in (("attention", attention), ("attention+mlp", with_mlp)):
        names = adapted_modules(independent, backbone, target_modules=preset, size=folder, head="full")
        counted = count(independent, names, 8)
        assert (counted.matched_modules, counted.adapter_params) == wanted
    assert size.writer is not None
    english = name.endswith(".en")
    assert size.writer.told_language is not english
    assert size.writer.published.most_tokens == (446 if english else 444)
    assert ("yue" in size.writer.languages) is (vocabulary == 51866)
    assert size_of(backbone, folder) == size  # the second time from what was kept


CHECKPOINTS: dict[str, tuple[dict[str, Any], str]] = {
    "wav2vec2": ({"model_type": "wav2vec2"}, "wav2vec2"),
    "hubert": ({"model_type": "hubert", "num_hidden_layers": 3}, "hubert"),
    "wavlm": ({"model_type": "wavlm", "num_hidden_layers": 2}, "wavlm"),
    "ast": ({"model_type": "audio-spectrogram-transformer", "num_hidden_layers": 5, "max_length": 512}, "ast"),
    "moonshine": ({"model_type": "moonshine", "decoder_num_hidden_layers": 3}, "moonshine"),
    "whisper_encoder": ({"model_type": "whisper", "encoder_layers": 2}, "whisper_encoder"),
    "qwen2_audio": (
        {
            "model_type": "qwen2_audio",
            "audio_config": {"model_type": "qwen2_audio_encoder", "encoder_layers": 3, "max_source_positions": 100},
            "text_config": {"model_type": "qwen2", "num_hidden_layers": 5},
        },
        "qwen2_audio",
    ),
}


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_every_preset_matches_what_its_rule_says_of_any_depth(name: str, tmp_path: Path) -> None:
    said, backbone_name = CHECKPOINTS[name]
    folder = checkpoint(tmp_path / "it", **said)
    backbone = registry.backbone(backbone_name)
    task = registry.task(backbone.TASKS[0], dict(LABELS[backbone.TASKS[0]]))
    model = backbone.skeleton(folder, task)
    for preset in backbone.PRESETS:
        assert adapted_modules(model, backbone, target_modules=preset, size=folder, head="full")
    assert size_of(backbone, folder).total_params > 1_000_000


def test_a_window_is_the_checkpoints_own(tmp_path: Path) -> None:
    short = whisper(tmp_path / "short", d=64, e=1, dec=1, mel=80, vocabulary=51865, max_source_positions=250)
    backbone = registry.backbone("whisper")
    assert hearing_of(backbone, [short], miniature=False).window_seconds == 5.0
    assert hearing_of(backbone, [short, "tiny"], miniature=False).window_seconds == 30.0
    assert hearing_of(backbone, ["tiny"], miniature=False).window_seconds == backbone.WINDOW_SECONDS


def test_modules_that_do_not_fit_are_named(tmp_path: Path) -> None:
    folder = whisper(tmp_path / "it", d=64, e=1, dec=1, mel=80, vocabulary=51865)
    backbone: Any = registry.backbone("whisper")
    model = backbone.skeleton(folder, registry.task("transcription", {}))
    del model.model.encoder.layers[0].self_attn.v_proj
    with pytest.raises(InputError) as caught:
        adapted_modules(model, backbone, target_modules="attention", size=folder, head="full")
    (problem,) = caught.value.problems
    assert "matches 11 modules" in problem
    assert "must match 12 (4 x encoder_layers + 8 x decoder_layers)" in problem
    assert "q_proj (3)" in problem


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"model_type": "wav2vec2"}, "is a 'wav2vec2', and the backbone whisper takes whisper"),
        ({"d_model": 3}, "does not say what it is"),
        ({"model_type": "acme", "auto_map": {"AutoModel": "m.M"}}, "Its own code (auto_map) is never run"),
        ({"model_type": "whisper", "encoder_layers": 10**9}, "encoder_layers is above 1000"),
        ({"model_type": "whisper", "d_model": "wide"}, "cannot be used"),
        ({"model_type": "whisper", "vocab_size": 300}, "no model can be made of the configuration"),
    ],
)
def test_another_architecture_or_a_damaged_configuration(said: dict[str, Any], problem: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        size_of(registry.backbone("whisper"), checkpoint(tmp_path / "it", **said))
    assert problem in caught.value.problems[0]


def test_what_is_not_there_says_where_it_was_looked_for(tmp_path: Path) -> None:
    backbone = registry.backbone("whisper")
    with pytest.raises(InputError, match="hf download acme/absent --revision v2"):
        size_of(backbone, "acme/absent@v2")
    with pytest.raises(InputError, match="is no folder"):
        size_of(backbone, str(tmp_path / "absent"))
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "config.json").write_text("{")
    with pytest.raises(InputError, match="is no JSON"):
        size_of(backbone, str(tmp_path / "text"))
    with pytest.raises(InputError, match="takes its own sizes"):
        size_of(registry.backbone("beats"), "acme/absent")
    with pytest.raises(KeyError):
        size_of(backbone, "huge")


def test_a_folder_is_a_folder_only_where_it_is_written_as_a_path(tmp_path: Path) -> None:
    whisper(tmp_path / "acme" / "mine", d=64, e=1, dec=1, mel=80, vocabulary=51865)
    whisper(tmp_path / "tiny", d=64, e=1, dec=1, mel=80, vocabulary=51865)
    backbone = registry.backbone("whisper")
    with pytest.raises(InputError, match="neither in the hub's cache"):
        size_of(backbone, "acme/mine")
    assert size_of(backbone, "tiny").checkpoint == "openai/whisper-tiny"
    assert size_of(backbone, from_folder("./acme/mine", tmp_path)).total_params < 10_000_000
    assert from_folder("./tiny", tmp_path / "elsewhere") == str(tmp_path / "tiny")
    assert from_folder("tiny", tmp_path) == "tiny"
    assert [names_checkpoint(text) for text in ("tiny", "large-v3", "a/b", "a/b@c/d", "./a", "~/a", "/a", "a/b/c")] == [
        *(False, False),
        *(True,) * 5,
        False,
    ]
    assert split_revision("a/b@c/d") == ("a/b", "c/d")
    assert split_revision("/a/b@c") == ("/a/b@c", None)


def test_a_licence_is_what_the_card_says(tmp_path: Path) -> None:
    folder = whisper(tmp_path / "it", d=64, e=1, dec=1, mel=80, vocabulary=51865)
    assert size_of(registry.backbone("whisper"), folder).licence == configurations.UNKNOWN_LICENCE
    (tmp_path / "it" / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n# It\n")
    assert size_of(registry.backbone("whisper"), folder).licence == "cc-by-4.0"
