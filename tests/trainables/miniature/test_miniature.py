"""The miniatures' cache, their making, and that they are what they are meant to be: models that LoRA can teach.

Covers the package itself, `processes` and what makes Qwen2-Audio's: `pretrain`, `initial`, `tower`, `language`. What
makes the others is in test_classifier.py and test_recognition.py (`utterances` with it).
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import IO

import numpy as np
import pytest
import torch

from trainables import miniature
from trainables.backbones import qwen2_audio
from trainables.data.generators.formants import draw_voice, speak
from trainables.errors import InputError
from trainables.miniature import processes
from trainables.miniature.pretrain import pretrain
from trainables.miniature.recipe import RECIPES
from trainables.tasks.label_scoring import LabelScoring

TASK = LabelScoring(("SPEECH", "NONSPEECH"), "Does this clip contain speech? Answer SPEECH or NONSPEECH.")
SIZES = tuple(qwen2_audio.MINIATURE_SIZES)
LITTLE = replace(RECIPES["test"], clips=16, tower_steps=2, language_steps=2)


def test_made_once_then_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several callers at the same time: one makes what it wants, the others wait and make what is still missing."""
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path))
    made: list[list[tuple[str, str]]] = []

    def build(folders: Mapping[tuple[str, str], Path], recipe: str, *, progress: bool) -> None:
        made.append(list(folders))
        time.sleep(0.3)
        for folder in folders.values():
            folder.mkdir()

    monkeypatch.setattr(processes, "build", build)
    assert not miniature.is_ready("qwen2_audio", SIZES[0])
    wanted = [("qwen2_audio", size) for size in SIZES]
    callers = [Thread(target=miniature.make, args=(wanted,)), *(Thread(target=miniature.path, args=w) for w in wanted)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(which for those in made for which in those) == sorted(wanted)
    assert len({miniature.path(*which) for which in wanted}) == len(wanted)
    assert all(miniature.is_ready("qwen2_audio", size) for size in SIZES)
    assert not miniature.is_ready("qwen2_audio", SIZES[0], "test")  # another recipe, another folder


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match="AUDIO_SWEEPS_CACHE"):
        miniature.path("qwen2_audio", SIZES[0])


def test_a_failed_process_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"mini-1m failed(.|\n)*KeyError: 'no-such-recipe'"):
        processes.build({("qwen2_audio", "mini-1m"): tmp_path / "folder"}, "no-such-recipe", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_several_are_made_at_once_and_end_when_one_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One waits for ever; another fails and ends it."""
    programs = {"waits": "print(0.5, flush=True)\nimport time\ntime.sleep(600)", "fails": "1 / 0"}

    def start(backbone: str, size: str, recipe: str, folder: Path, errors: IO[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", programs[size]], stdout=subprocess.PIPE, stderr=errors, text=True
        )

    monkeypatch.setattr(processes, "_start", start)
    monkeypatch.setattr(processes, "usable_cores", lambda: 2)
    with pytest.raises(RuntimeError, match=r"any fails failed(.|\n)*ZeroDivisionError"):
        processes.build({("any", name): tmp_path / name for name in programs}, "test", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_the_same_recipe_gives_the_same_weights_and_touches_no_global_generator(tmp_path: Path) -> None:
    torch_before, numpy_before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    shares: list[float] = []
    for name in ("first", "second"):
        pretrain(SIZES[0], LITTLE, tmp_path / name, shares.append)
    first, second = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("first", "second"))
    assert first == second
    assert torch.equal(torch_before, torch.random.get_rng_state())
    np.testing.assert_array_equal(numpy_before, np.random.get_state()[1])  # noqa: NPY002
    half = len(shares) // 2
    assert shares[:half] == sorted(shares[:half])
    assert shares[half - 1] == 1.0


@pytest.mark.parametrize("size", SIZES)
def test_an_ordinary_folder(size: str) -> None:
    """`from_pretrained`, without a word about miniatures."""
    from transformers import AutoProcessor, Qwen2AudioForConditionalGeneration

    folder = miniature.path("qwen2_audio", size, "test", progress=False)
    model = Qwen2AudioForConditionalGeneration.from_pretrained(folder)
    assert sum(p.numel() for p in model.parameters()) == qwen2_audio.MINIATURE_SIZES[size].total_params
    processor = AutoProcessor.from_pretrained(folder)
    text = processor.apply_chat_template(
        [{"role": "user", "content": [{"type": "audio"}, {"type": "text", "text": TASK.prompt}]}],
        add_generation_prompt=True,
        tokenize=False,
    )
    assert text == "<|AUDIO|>".join(qwen2_audio.chat(TASK.prompt, "qwen2_audio"))


def speech_or_hiss(count: int, seed: int) -> tuple[list[np.ndarray], list[str]]:
    waves, targets = [], []
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        speech = index % 2 == 0
        wave = speak(draw_voice(rng), 1.5, rng) if speech else rng.standard_normal(24_000)
        waves.append((0.1 * wave / wave.std()).astype(np.float32))
        targets.append("SPEECH" if speech else "NONSPEECH")
    return waves, targets


def lora_accuracy(folder: Path, size: str) -> float:
    """A short LoRA training, and the accuracy on other voices."""
    from peft import LoraConfig, inject_adapter_in_model

    loaded = qwen2_audio.load(
        str(folder), TASK, size=size, quantization="none", dtype=torch.float32, device=torch.device("cpu")
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        pattern = qwen2_audio.PRESETS["attention"].pattern
        inject_adapter_in_model(LoraConfig(r=16, lora_alpha=32, target_modules=pattern), loaded.model)
    parameters = [p for p in loaded.model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=3e-3, weight_decay=0.0)
    waves, targets = speech_or_hiss(96, seed=1)
    features = [qwen2_audio.features(loaded, wave) for wave in waves]
    for _ in range(2):
        for start in range(0, len(waves), 8):
            rows = slice(start, start + 8)
            batch = qwen2_audio.collate(loaded, features[rows], TASK, targets[rows])
            qwen2_audio.loss(loaded.model, batch, label_smoothing=0.0).backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            optimizer.zero_grad()
    waves, targets = speech_or_hiss(40, seed=2)
    batch = qwen2_audio.collate(loaded, [qwen2_audio.features(loaded, wave) for wave in waves], TASK, None)
    with torch.no_grad():
        answers = qwen2_audio.predict(loaded.model, batch).argmax(1)
    return float(np.mean([TASK.labels[int(answer)] == target for answer, target in zip(answers, targets, strict=True)]))


@pytest.mark.parametrize("size", SIZES)
def test_lora_learns_even_on_the_short_recipe(size: str) -> None:
    assert lora_accuracy(miniature.path("qwen2_audio", size, "test", progress=False), size) >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_lora_learns_on_the_full_recipe(size: str) -> None:
    assert lora_accuracy(miniature.path("qwen2_audio", size, progress=False), size) >= 0.9
