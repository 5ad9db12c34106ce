"""Whisper for CTranslate2 (faster-whisper), by that package's own converter. Optional: `uv sync --extra export`."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from trainables.contract import Task
from trainables.errors import InputError

CODE = """\
import ctranslate2
import numpy as np
from transformers import AutoFeatureExtractor, AutoTokenizer

extractor = AutoFeatureExtractor.from_pretrained(FOLDER)
tokenizer = AutoTokenizer.from_pretrained(FOLDER)
model = ctranslate2.models.Whisper(FOLDER, compute_type="float32")
PROMPT = {prompt}  # {prompt_text!r}


def answer(waveform):
    mel = extractor(waveform, sampling_rate={rate}, return_tensors="np").input_features.astype(np.float32)
    features = ctranslate2.StorageView.from_array(np.ascontiguousarray(mel))
    found = model.generate(features, [PROMPT], beam_size=1, max_length={longest}{suppressed})
    return tokenizer.decode(found[0].sequences_ids[0], skip_special_tokens=True).strip()
"""
QUANTIZATIONS = {"fp32": "float32", "bf16": "bfloat16"}
KEPT = ("preprocessor_config.json", "tokenizer.json", "tokenizer_config.json", "processor_config.json")


def convert(folder: Path, dtype: str) -> None:
    """A folder with a merged Whisper of transformers becomes one of CTranslate2, in place, its front end kept.

    Raises InputError where the package is not installed.
    """
    try:
        from ctranslate2.converters import TransformersConverter
    except ImportError:
        raise InputError(
            "--format: ctranslate2 is not installed; `uv sync --extra export` brings it, or take --merge."
        ) from None
    _complete(folder / "generation_config.json")
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / "made"
        converter = TransformersConverter(str(folder), copy_files=[name for name in KEPT if (folder / name).is_file()])
        converter.convert(str(made), quantization=QUANTIZATIONS[dtype])
        for path in list(folder.iterdir()):
            path.unlink() if path.is_file() else shutil.rmtree(path)
        for path in list(made.iterdir()):
            path.replace(folder / path.name)


def _complete(path: Path) -> None:
    """Tokens that are never said: CTranslate2 wants lists, where a checkpoint may say nothing."""
    said = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for name in ("suppress_tokens", "begin_suppress_tokens"):
        said[name] = said.get(name) or []
    path.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


def ctranslate_code(loaded: Any, backbone: Any, task: Task, window_seconds: float) -> str:
    """How the converted model answers, as `plain_code` has it."""
    import numpy as np

    silent = np.zeros(round(window_seconds * backbone.SAMPLE_RATE_HZ), dtype=np.float32)
    batch = backbone.collate(loaded, [backbone.features(loaded, silent)], task, None)
    prompt = batch["decoder_input_ids"][0].tolist()
    words = " ".join(loaded.model.tokenizer.convert_ids_to_tokens(prompt))
    most = int(batch["most_tokens"])
    longest = max(2 * most, most + len(prompt) - 1)  # CTranslate2 says half of max_length at most
    generation = loaded.model.generation_config
    never = list(getattr(generation, "suppress_tokens", None) or ())
    suppressed = f", suppress_tokens={never}" if never else ", suppress_blank=False, suppress_tokens=[]"
    return CODE.format(
        prompt=prompt, prompt_text=words, rate=backbone.SAMPLE_RATE_HZ, longest=longest, suppressed=suppressed
    )
