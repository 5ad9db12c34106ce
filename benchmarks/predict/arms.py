"""The two ways of benchmarks.predict: an export of random weights, and what answers it."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

Answers = Callable[[Iterator[Path]], Iterator[str]]  # of a model that is loaded

ARMS = ("pipeline", "sweeps.predict")
BATCHES = {"pipeline": (1, 8, 32), "sweeps.predict": (16, 32)}
LABELS = ("bell", "drum", "horn")
FILES = 500  # that differ; the others are links to them


def prepare(backbone: str, folder: Path, clips: int) -> None:
    """`export/`, an adapter with its base as sweeps.export writes them, and `clips/`."""
    from sweeps.predict.exported import EXPORT, hashes
    from trainables import registry
    from trainables.config import TrialConfig
    from trainables.release.merged import write_front_end
    from trainables.training.engine import Engine, EngineKey, EngineSettings

    module: Any = registry.backbone(backbone)
    size = next(iter(module.MINIATURE_SIZES))
    task = registry.task("classification", {"labels": LABELS})
    export = folder / "export"
    module.write(module.build(size, task, seed=0), size, export / "base")
    config = TrialConfig(backbone, size, rank=8, alpha=16, target_modules=next(iter(module.PRESETS)))
    engine = Engine(EngineKey.of(config, "fp32"), str(export / "base"), task, EngineSettings())
    lane, _ = engine.add_adapter(config, seed=1, dropout_seed=0)
    engine.bank.save(lane, folder / "adapter")
    for path in (folder / "adapter").iterdir():
        path.rename(export / path.name)
    write_front_end(engine.loaded, export)
    manifest = {
        "layout": 1,
        "format": "peft",
        "sweep": "benchmark",
        "arm": "finalist 1",
        "seeds": [1],
        "task": {"kind": "classification", "labels": LABELS},
        "config": config.as_dict(),
        "precision": "fp32",
        "window_seconds": module.MINIATURE_WINDOW_SECONDS,
        "base": {"checkpoint": f"miniature {size}", "revision": None, "miniature": True},
        "files": hashes(export),
    }
    (export / EXPORT).write_text(json.dumps(manifest))
    (folder / "clips").mkdir()
    rng, rate = np.random.default_rng(0), module.SAMPLE_RATE_HZ
    for number in range(clips):
        path = folder / "clips" / f"{number:06}.wav"
        if number < FILES:
            soundfile.write(path, 0.1 * rng.standard_normal(rate), rate, subtype="PCM_16")
        else:
            path.symlink_to(folder / "clips" / f"{number % FILES:06}.wav")


def run(arm: str, folder: str, clips: int, batch: int) -> None:
    """Prints clips a second (without loading the model), processor time, peak memory and the answers, as JSON."""
    load = by_pipeline if arm == "pipeline" else by_sweeps
    paths = islice((Path(folder, "clips", f"{number:06}.wav") for number in range(clips)), clips)
    answers = load(Path(folder, "export"), batch)
    started, cpu = time.perf_counter(), time.process_time()
    found = list(answers(paths))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    about = {"clips_per_second": clips / seconds, "cpu_seconds": time.process_time() - cpu, "peak_bytes": peak}
    print(json.dumps({**about, "answers": found}))


def by_sweeps(export: Path, batch: int) -> Answers:
    from sweeps.predict.exported import read_export
    from sweeps.predict.model import Model

    model = Model(read_export(export, arm=None, seed=None, ensemble=False), batch_size=batch)
    return lambda paths: (answer.answer for answer in model.predict(paths))


def by_pipeline(export: Path, batch: int) -> Answers:
    from peft import PeftModel
    from transformers import AutoFeatureExtractor, AutoModelForAudioClassification, pipeline

    base = AutoModelForAudioClassification.from_pretrained(
        export / "base", num_labels=len(LABELS), ignore_mismatched_sizes=True
    )
    model = PeftModel.from_pretrained(base, str(export)).merge_and_unload().eval()
    model.config.id2label = dict(enumerate(LABELS))
    extractor = AutoFeatureExtractor.from_pretrained(export)
    answers = pipeline("audio-classification", model=model, feature_extractor=extractor)

    def sounds(paths: Iterator[Path]) -> Iterator[dict[str, Any]]:
        for path in paths:
            samples, rate = soundfile.read(path, dtype="float32")
            yield {"raw": samples, "sampling_rate": rate}

    return lambda paths: (found[0]["label"] for found in answers(sounds(paths), batch_size=batch, top_k=1))
