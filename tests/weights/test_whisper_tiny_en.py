"""Whisper tiny.en with its real weights, against transformers and PEFT as they come."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoTokenizer, WhisperFeatureExtractor, WhisperForConditionalGeneration

from trainables import registry
from trainables.config import TrialConfig
from trainables.data.examples import AudioPiece, Example
from trainables.data.fsdd_digits import strings
from trainables.data.sound.audio import load_waveform
from trainables.packing.pack import Pack
from trainables.training.engine import Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey

pytestmark = pytest.mark.weights
CLIPS = 8


class Heard:
    """Digit strings in memory, as an engine takes them."""

    def __init__(self, name: str, examples: list[Example], waveforms: list[np.ndarray]) -> None:
        self.name, self.examples, self.waveforms = name, tuple(examples), waveforms

    def __len__(self) -> int:
        return len(self.examples)

    def waveform(self, index: int) -> np.ndarray:
        return self.waveforms[index]

    def key(self, index: int) -> tuple[str, int]:
        return self.name, index


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    folder = os.environ.get("AUDIO_DATA")
    if folder is None or not (Path(folder) / "fsdd").is_dir():
        pytest.skip("AUDIO_DATA names no folder with fsdd/recordings")
    rows = strings(Path(folder), count=CLIPS, fewest=2, most=3, seed=1, relative_to=Path("/"))
    examples = []
    for row in rows:
        pieces = tuple(AudioPiece(**{**piece, "path": f"/{piece['path']}"}) for piece in row["audio"])
        examples.append(Example(row["id"], pieces, row["group"], row["text"]))
    store = tmp_path_factory.mktemp("features")
    return Heard(str(store), examples, [load_waveform(example, 16_000) for example in examples])


@pytest.fixture(scope="session")
def engine(tiny_en: Path) -> Engine:
    task = registry.task("transcription", {})
    return Engine(EngineKey("whisper", str(tiny_en), "none", "fp32"), str(tiny_en), task, EngineSettings())


@pytest.fixture(scope="session")
def theirs(tiny_en: Path) -> tuple[Any, Any, Any]:
    model = WhisperForConditionalGeneration.from_pretrained(tiny_en).eval()
    return model, AutoTokenizer.from_pretrained(tiny_en), WhisperFeatureExtractor.from_pretrained(tiny_en)


def test_the_converted_file_is_the_known_one(tiny_en: Path) -> None:
    assert (tiny_en / "model.safetensors").stat().st_size == 151_060_136
    found = load_file(tiny_en / "model.safetensors")
    assert sum(value.numel() for value in found.values()) == 37_760_256
    assert found["model.decoder.embed_tokens.weight"].shape == (51864, 384)
    # all of it is float16 in float32's clothes: nothing was rounded
    assert all(torch.equal(value.half().float(), value) for value in found.values())


def test_untuned_it_says_and_hears_what_transformers_does(
    engine: Engine, spoken: Heard, theirs: tuple[Any, Any, Any]
) -> None:
    model, tokenizer, extractor = theirs
    features = extractor(spoken.waveforms, sampling_rate=16_000, return_tensors="pt").input_features
    ours = engine.clip_batch(spoken, range(CLIPS), with_targets=True)
    batch = engine.collated(ours)
    assert torch.equal(batch["input_features"], features)
    with torch.no_grad():
        wanted = tokenizer.batch_decode(model.generate(features), skip_special_tokens=True)
        mine = engine.backbone.clip_losses(engine.model, batch, label_smoothing=0.0)
        for row, example in enumerate(spoken.examples):
            # transformers shifts the labels behind the start token, and counts the second token of the prompt too
            labels = [50362, *tokenizer(f" {example.target}", add_special_tokens=False)["input_ids"], 50256]
            out = model(input_features=features[row : row + 1], labels=torch.tensor([labels]))
            prompt = -torch.log_softmax(out.logits[0, 0], -1)[50362]
            expected = (float(out.loss) * len(labels) - float(prompt)) / (len(labels) - 1)
            assert float(mine[row]) == pytest.approx(expected, abs=2e-5)
    assert [text.strip() for text in wanted] == engine.outputs(spoken)


CONFIG = TrialConfig("whisper", "", rank=4, alpha=8, learning_rate=1e-3, batch_size=4, epochs=1)


def on(tiny_en: Path, **changes: Any) -> tuple[TrialConfig, Engine]:
    config = replace(CONFIG, model_size=str(tiny_en), **changes)
    task = registry.task("transcription", {})
    return config, Engine(EngineKey.of(config, "fp32"), str(tiny_en), task, EngineSettings())


@pytest.mark.parametrize("window", ["full", "fit"])
def test_it_learns_and_its_adapter_works_in_plain_peft(
    window: str, tiny_en: Path, spoken: Heard, theirs: tuple[Any, Any, Any], tmp_path: Path
) -> None:
    config, engine = on(tiny_en, window_seconds=window)
    lane = Lane(engine, config, LaneKey(1, "-"), spoken, spoken)
    assert lane.train_epoch()["val/wer"] < engine.scores(engine.predict_untuned(spoken), "val")["val/wer"]
    engine.activate(lane.name)
    said = engine.outputs(spoken)
    engine.bank.save(lane.name, tmp_path / "adapter")
    if window == "full":
        model, tokenizer, extractor = theirs
        features = extractor(spoken.waveforms, sampling_rate=16_000, return_tensors="pt").input_features
        tuned = PeftModel.from_pretrained(model, tmp_path / "adapter").eval()
        with torch.no_grad():
            plain = tokenizer.batch_decode(tuned.generate(input_features=features), skip_special_tokens=True)
        tuned.unload()
        assert [text.strip() for text in plain] == said


def test_two_lanes_in_a_pack_learn_what_each_learns_alone(tiny_en: Path, spoken: Heard) -> None:
    config, engine = on(tiny_en, window_seconds="fit")
    chosen = [(config, 1), (replace(config, rank=2, target_modules="attention+mlp"), 2)]

    def lanes() -> list[Lane]:
        return [Lane(engine, each, LaneKey(seed, "-"), spoken, spoken) for each, seed in chosen]

    alone = []
    for lane in lanes():
        alone.append((lane.train_epoch(), engine.bank.tensors(lane.name)))
        lane.close()
    together = lanes()
    for lane, found, (metrics, tensors) in zip(together, Pack(together).train_epoch(), alone, strict=True):
        assert found["train/loss"] == pytest.approx(metrics["train/loss"], rel=1e-4)
        for name, tensor in engine.bank.tensors(lane.name).items():
            torch.testing.assert_close(tensor, tensors[name], rtol=0, atol=2e-3)
