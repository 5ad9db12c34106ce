"""A sweep as Ray Tune's documentation shows it: a function trainable with PEFT and Accelerate, a report and a
checkpoint an epoch, and Tune's own MLflow callback. What `benchmarks.sweep` holds this project's way against.

Data, seeds, order of the clips and dropout masks are those of the project's lanes, so that losses can be compared;
every other line is what a user writes. Where the documentation leaves a choice, the faster one is taken: features are
computed once per trial and not once per epoch, and masks of dropout are drawn in the project's way, which takes half
of the time of `nn.Dropout`.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from trainables.config import TrialConfig
from trainables.data.examples import Example


@dataclass(frozen=True)
class Work:
    """What every trial is told besides its configuration. Plain values."""

    checkpoints: Mapping[str, str]  # by model size
    task_kind: str
    task_options: Mapping[str, Any]
    train: Sequence[Example]
    validation: Sequence[Example]
    window_seconds: float
    seed: int
    evaluation_batch_size: int
    threads: int
    dtype: str


def fine_tune_point(config: Mapping[str, Any], work: Work) -> None:
    """What Tune is handed; a worker imports this file for it and no other of the benchmark."""
    fine_tune(config["point"], work)


def fine_tune(config: Mapping[str, Any], work: Work) -> None:
    """One trial: loads everything, trains its epochs, reports each."""
    begun = time.time()
    import numpy as np
    import torch
    from accelerate import Accelerator
    from peft import LoraConfig, get_peft_model
    from peft.tuners.lora import LoraLayer
    from peft.utils import ModulesToSaveWrapper
    from ray import tune
    from torch.utils.data import DataLoader
    from transformers import get_scheduler

    from trainables import registry
    from trainables.contract import mean_loss
    from trainables.data.sound.audio import load_waveform
    from trainables.modeling.seeded import seeded_init
    from trainables.records import NO_FOLD, Predictions
    from trainables.training.dropout import DropoutDraws, lane_dropout
    from trainables.training.lane import LaneKey, lane_seeds
    from trainables.training.schedule import planned_epochs, total_steps
    from trainables.training.targets import adapted_modules, head_mode

    trial = TrialConfig.from_dict(config["config"])
    backbone = registry.backbone(trial.backbone)
    task = registry.task(work.task_kind, dict(work.task_options))
    init_seed, order_seed, dropout_seed, _ = lane_seeds(LaneKey(work.seed, NO_FOLD))

    torch.set_num_threads(work.threads)
    accelerator = Accelerator(cpu=True, gradient_accumulation_steps=trial.gradient_accumulation)
    loaded = backbone.load(
        work.checkpoints[trial.model_size],
        task,
        size=trial.model_size,
        quantization=trial.quantization,
        dtype=getattr(torch, work.dtype),
        device=accelerator.device,
    )

    as_transformers_has_it(loaded.model)

    def features_of(examples: Sequence[Example]) -> list[Any]:
        waves = (load_waveform(e, backbone.SAMPLE_RATE_HZ, limit_seconds=work.window_seconds) for e in examples)
        return [backbone.features(loaded, wave) for wave in waves]

    train, validation = features_of(work.train), features_of(work.validation)
    head = head_mode(backbone, trial.target_modules, trial.head)
    chosen = {"target_modules": trial.target_modules, "size": trial.model_size, "head": head}
    lora = LoraConfig(
        r=trial.rank,
        lora_alpha=trial.alpha,
        lora_dropout=trial.lora_dropout,
        target_modules=adapted_modules(loaded.model, backbone, **chosen, layers=trial.layers),
        modules_to_save=list(loaded.head_modules) if head == "full" and loaded.head_modules else None,
    )
    with seeded_init(init_seed):
        model: Any = get_peft_model(loaded.model, lora)
        for wrapper in (m for m in model.modules() if isinstance(m, ModulesToSaveWrapper)):
            for part in wrapper.modules_to_save["default"].modules():
                if hasattr(part, "reset_parameters"):
                    part.reset_parameters()
    draws = DropoutDraws(dropout_seed)
    if trial.lora_dropout > 0:
        for index, layer in enumerate(m for m in model.modules() if isinstance(m, LoraLayer)):
            layer.lora_dropout["default"] = lane_dropout(trial.lora_dropout, draws, index, layer.get_base_layer())

    order = np.random.default_rng(order_seed)
    targets = [example.target for example in work.train]
    rows: list[int] = []

    class Order(torch.utils.data.Sampler[int]):
        def __iter__(self) -> Any:
            return iter(rows)

        def __len__(self) -> int:
            return len(train)

    loader: Any = DataLoader(
        list(range(len(train))),
        batch_size=trial.batch_size,
        sampler=Order(),
        collate_fn=lambda some: backbone.collate(loaded, [train[i] for i in some], task, [targets[i] for i in some]),
    )
    optimizer: Any = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad], lr=trial.learning_rate, weight_decay=trial.weight_decay
    )
    steps = total_steps(trial, len(train))
    schedule: Any = get_scheduler(
        trial.scheduler, optimizer, num_warmup_steps=round(trial.warmup_ratio * steps), num_training_steps=steps
    )
    model, optimizer, loader, schedule = accelerator.prepare(model, optimizer, loader, schedule)
    ready = time.time()

    for epoch in range(1, planned_epochs(trial, len(train)) + 1):
        epoch_started, cpu_started = time.perf_counter(), time.process_time()
        rows[:] = order.permutation(len(train)).tolist()
        model.train()
        for module in model.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.eval()
        loss_sum = 0.0
        for batch, first in zip(loader, range(0, len(train), trial.batch_size), strict=True):
            size = min(trial.batch_size, len(train) - first)
            draws.epoch, draws.rows = epoch - 1, rows[first : first + size]
            with accelerator.accumulate(model):
                loss = mean_loss(backbone, model, batch, label_smoothing=trial.label_smoothing)
                accelerator.backward(loss)
                if accelerator.sync_gradients and trial.clip_norm is not None:
                    accelerator.clip_grad_norm_(model.parameters(), trial.clip_norm)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
            loss_sum += loss.item() * size
        model.eval()
        outputs: list[Any] = []
        with torch.no_grad():
            for first in range(0, len(validation), work.evaluation_batch_size):
                some = validation[first : first + work.evaluation_batch_size]
                answers = backbone.predict(model, backbone.collate(loaded, some, task, None))
                outputs += list(answers if isinstance(answers, list) else answers.float().cpu().numpy())
        seen = work.validation
        scores = task.score(
            Predictions(
                example_ids=[e.id for e in seen],
                groups=[e.group for e in seen],
                folds=[NO_FOLD] * len(seen),
                **vars(task.answers([e.target for e in seen], outputs)),
            )
        )
        metrics = {f"val/{name}": value for name, value in scores.items()} | {"train/loss": loss_sum / len(train)}
        computed, computed_cpu = time.perf_counter() - epoch_started, time.process_time() - cpu_started
        with tempfile.TemporaryDirectory() as folder:
            accelerator.unwrap_model(model).save_pretrained(folder)
            tune.report(
                {
                    "epoch": epoch,
                    "computed_seconds": computed,
                    "computed_cpu_seconds": computed_cpu,
                    "process_cpu_seconds": time.process_time(),
                    "startup_seconds": ready - max(begun if config["reused"] else 0.0, _born()),
                    "worker_pid": os.getpid(),
                    **{name.replace("/", "_"): value for name, value in metrics.items()},
                },
                checkpoint=tune.Checkpoint.from_directory(folder),
            )


def as_transformers_has_it(model: Any) -> None:
    """Takes back what this project leaves out of a loaded AST."""
    from trainables.backbones.ast import ASTLayer, LastLayer

    for module in model.modules():
        if isinstance(module, LastLayer):
            module.__class__ = ASTLayer


def _born() -> float:
    """When this process began, in seconds since 1970."""
    return float(psutil.Process().create_time())
