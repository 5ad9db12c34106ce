"""One frozen backbone, kept warm, and the lanes that train on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from trainables import registry
from trainables.cache_key import digest, front_end, source_digest, versions
from trainables.config import FULL, WHOLE, TrialConfig
from trainables.contract import Task
from trainables.data.clips import Clips, lengths, samples
from trainables.prefix_cache.activations import AUTO, Activations
from trainables.prefix_cache.cut import Prefix, constant_chain, highest_cut
from trainables.prefix_cache.tensors import KeptTensors
from trainables.records import NO_FOLD, Predictions, has_silence
from trainables.training.adapters import AdapterBank
from trainables.training.augmentation import Augmentation
from trainables.training.batch import ClipBatch, joined
from trainables.training.dropout import DropoutDraws
from trainables.training.schedule import by_length, cut, part_size
from trainables.training.targets import adapted_modules, head_mode, never_trained

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16, "fp64": torch.float64}
LOOK_AHEAD = 32  # evaluation batches within which clips of one shape, or of like length, are gathered


@dataclass(frozen=True)
class EngineKey:
    """Lanes with the same key can share a frozen backbone."""

    backbone: str
    model_size: str
    quantization: str
    precision: str  # fp32 | bf16 | fp16 (fp64 in equality tests)
    head: str = "full"  # full | lora: a head that is copied for every lane cannot be adapted as well
    window_seconds: str | float = FULL

    @classmethod
    def of(cls, config: TrialConfig, precision: str) -> EngineKey:
        """The key of the engine that can train `config`."""
        backbone = registry.backbone(config.backbone)
        head = "full" if config.adapter == WHOLE else head_mode(backbone, config.target_modules, config.head)
        return cls(config.backbone, config.model_size, config.quantization, precision, head, config.window_seconds)


@dataclass(frozen=True)
class EngineSettings:
    """How this worker computes; the profile decides."""

    device: str = "cpu"  # cpu | cuda | mps
    threads: int = 1
    gradient_checkpointing: bool = False
    evaluation_batch_size: int = 16
    kept_bytes_per_clip: int = 1 << 20  # on disk, of each split: features, and outputs of frozen parts
    clips_per_pass: int = 1  # batches of one optimizer step pass together up to so many clips, where that is the same
    activations: str = AUTO  # auto | always | off: whether outputs of the part below the adapters are kept


class Engine:
    """Holds a backbone and its caches. Not thread-safe: one engine does one thing at a time."""

    def __init__(self, key: EngineKey, checkpoint: str, task: Task, settings: EngineSettings) -> None:
        torch.set_num_threads(settings.threads)
        self.key, self.task, self.settings = key, task, settings
        self.backbone = registry.backbone(key.backbone)
        self.accelerator = Accelerator(
            cpu=settings.device == "cpu",
            mixed_precision=key.precision if key.precision in ("bf16", "fp16") else "no",
        )
        self.loaded = self.backbone.load(
            checkpoint,
            task,
            size=key.model_size,
            quantization=key.quantization,
            dtype=DTYPES[key.precision],
            device=self.accelerator.device,
        )
        if is_cut := key.window_seconds != FULL:
            self.backbone.cut_window(self.loaded, key.window_seconds)
        self.model: nn.Module = self.loaded.model
        if settings.gradient_checkpointing:
            how = {"use_reentrant": False}
            self.model.activation_checkpointing_enable(activation_checkpointing_kwargs=how)  # type: ignore[operator]
        heads = self.loaded.head_modules if key.head == "full" else ()
        self.bank = AdapterBank(self.model, heads, new_heads=self.loaded.new_heads)
        self._features: dict[str, KeptTensors] = {}  # by split
        self._chain = constant_chain(self.model, self.loaded.chain)
        self._cuts: dict[str, str | None] = {}  # lane -> what lies up to here is frozen and always the same
        made_by = [key.backbone, source_digest(self.backbone), *versions()]
        self._front_end = digest([*made_by, *front_end(self.loaded)])
        where = [settings.device, str(settings.threads), *([f"window {key.window_seconds}"] if is_cut else [])]
        # what decides how a pass is computed, besides clips and adapters
        self.computed_by = [*made_by, checkpoint, key.model_size, key.quantization, key.precision, *where]
        self.activations = Activations(
            partial(Prefix, self.model, self._chain),
            computed_by=self.computed_by,
            run=lambda clips, row: self.backbone.predict(
                self.model, self.collated(self.clip_batch(clips, [row], with_targets=False))
            ),
            shape=lambda clips, row: self.features(clips, row).shape,
            device=self.accelerator.device,
            mode=settings.activations,
            limit_bytes=lambda clips: settings.kept_bytes_per_clip * len(clips),
        )
        self._adapters_added, self._active = 0, ""
        self.beat: Callable[[], None] = lambda: None  # called before every batch: a watchdog may listen

    def add_adapter(self, config: TrialConfig, *, seed: int, dropout_seed: int) -> tuple[str, DropoutDraws]:
        """A lane's adapter and head, drawn from `seed`. Returns the name under which the engine knows the lane, and
        what its dropouts draw their masks from."""
        self._adapters_added += 1
        name = f"lane{self._adapters_added}"
        if config.adapter == WHOLE:
            self._cuts[name] = None  # nothing below it is frozen
            self.bank.add_whole(name, seed=seed, fixed=never_trained(self._skeleton))
            return name, DropoutDraws(dropout_seed)
        targets = adapted_modules(
            self.model,
            self.backbone,
            target_modules=config.target_modules,
            size=config.model_size,
            head=self.key.head,
            layers=config.layers,
        )
        self._cuts[name] = highest_cut(self._chain, [*targets, *self.bank.head_modules])
        draws = self.bank.add(
            name,
            targets=targets,
            rank=config.rank,
            alpha=config.alpha,
            dropout=config.lora_dropout,
            seed=seed,
            dropout_seed=dropout_seed,
            concatenated=self.loaded.that_concatenate(targets),
            adapter=config.adapter,
        )
        return name, draws

    def remove_adapter(self, name: str) -> None:
        self.bank.remove(name)
        del self._cuts[name]

    def activate(self, name: str) -> None:
        self.bank.activate(name)
        self._active = name

    def without_prefix(self, *batches: ClipBatch, names: Sequence[str] = ()) -> AbstractContextManager[None]:
        """Inside, a pass over these clips leaves out, where that pays, what lies below all adapters of the lanes
        `names` (none: of the active one)."""
        cuts = [self._cuts.get(name) for name in names or [self._active]]
        below = [cut for cut in cuts if cut is not None]
        whole = len(below) < len(cuts) or any(part.changed for part in batches)
        cut = None if whole else min(below, key=self._chain.index)
        return self.activations.filled(cut, *((part.clips, part.rows) for part in batches))

    def start_training(self, name: str) -> None:
        self.activate(name)
        self.model.train()
        for module in self.model.modules():
            # the running statistics belong to the frozen backbone, which all lanes share
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()

    def clip_batch(
        self, clips: Clips, rows: Sequence[int], *, with_targets: bool, changes: Augmentation | None = None
    ) -> ClipBatch:
        """What a forward pass takes of these clips. The features of changed waveforms are never cached."""
        targets = [clips.examples[row].target for row in rows] if with_targets else None
        if changes is None:
            return ClipBatch(clips, rows, [self.features(clips, row) for row in rows], targets)
        changed = [
            changes.change(
                clips,
                row,
                cached=lambda row=row: self.features(clips, row),  # type: ignore[misc]
                featurise=lambda waveform: self.backbone.features(self.loaded, waveform),
            )
            for row in rows
        ]
        partners = [clips.examples[clip.partner].target for clip in changed if clip.partner is not None]
        shares = [clip.share for clip in changed]
        return ClipBatch(clips, rows, [clip.features for clip in changed], targets, partners, shares, changed=True)

    def collated(self, *batches: ClipBatch) -> dict[str, Tensor]:
        """One batch of all clips, in order, on the engine's device."""
        self.beat()
        batch = joined(self.backbone, self.loaded, self.task, batches)
        return {name: tensor.to(self.accelerator.device) for name, tensor in batch.items()}

    def augmentation(self, config: TrialConfig, seed: int) -> Augmentation | None:
        """What changes the training clips of a lane; None where nothing does."""
        changes = Augmentation(
            config,
            seed,
            sample_rate_hz=self.backbone.SAMPLE_RATE_HZ,
            spectrogram=getattr(self.backbone, "SPECTROGRAM", None),
        )
        return changes if changes.active else None

    def passes(self, clips: Clips, rows: Sequence[int]) -> list[list[int]]:
        """Rows by forward pass: all at once, or, where the backbone takes only features of one shape, shape by shape
        in the order of each shape's first row."""
        if not self.loaded.equal_shapes:
            return [list(rows)]
        by_shape: dict[torch.Size, list[int]] = {}
        for row in rows:
            by_shape.setdefault(self.features(clips, row).shape, []).append(row)
        return list(by_shape.values())

    def by_length(self, clips: Clips, rows: Sequence[int]) -> list[int]:
        """Rows in the order of their lengths where a pass takes less of clips of like length, else as they are."""
        if not (self.loaded.pads_to_longest or self.loaded.equal_shapes):
            return list(rows)
        return by_length(rows, lambda row: samples(clips, row))

    @torch.autocast("cpu", enabled=False)  # type: ignore[untyped-decorator]  # an epoch may ask for them inside
    def features(self, clips: Clips, row: int) -> Tensor:
        """One clip's features: computed once per sweep, and read from the split's folder by every worker."""
        split, index = clips.key(row)
        if split not in self._features:
            kind = f"features-{self._front_end}"
            limit_bytes = self.settings.kept_bytes_per_clip * len(clips)
            self._features[split] = KeptTensors(Path(split), kind, limit_bytes=limit_bytes)
        kept = self._features[split]
        if (found := kept.get(index)) is None:
            found = self.backbone.features(self.loaded, clips.waveform(row))
            kept.put(index, found)
        return found

    def predict(self, clips: Clips, *, fold: str = NO_FOLD, batch_parts: int = 1) -> Predictions:
        return self.predictions(clips, self.outputs(clips, batch_parts=batch_parts), fold)

    @torch.no_grad()
    def outputs(self, clips: Clips, *, batch_parts: int = 1) -> list[Any]:
        """What the active adapter says of each clip, (C,) scores or a text; it depends on that clip alone."""
        self.model.eval()
        outputs: list[Any] = [None] * len(clips)
        for rows in self.evaluation_passes(clips, part_size(self.settings.evaluation_batch_size, batch_parts)):
            for row, value in zip(rows, self.answers(self.clip_batch(clips, rows, with_targets=False)), strict=True):
                outputs[row] = value
        return outputs

    def answers(self, *batches: ClipBatch, names: Sequence[str] = ()) -> Sequence[Any]:
        """Of each clip: (C,) scores or a text. `names` of lanes as in `without_prefix`."""
        batch = self.collated(*batches)
        with self.accelerator.autocast(), self.without_prefix(*batches, names=names):
            answers = self.backbone.predict(self.model, batch)
        return list(answers.float().cpu().numpy()) if isinstance(answers, Tensor) else answers

    def predictions(self, clips: Clips, outputs: Sequence[Any], fold: str) -> Predictions:
        """`outputs`: the answer to each clip."""
        answers = self.task.answers([example.target for example in clips.examples], outputs)
        return Predictions(
            example_ids=[example.id for example in clips.examples],
            groups=[example.group for example in clips.examples],
            folds=[fold] * len(clips),
            seconds=lengths(clips, self.backbone.SAMPLE_RATE_HZ) if has_silence(answers.targets) else None,
            **vars(answers),
        )

    def evaluation_passes(self, clips: Clips, size: int) -> Iterator[list[int]]:
        """Rows by forward pass, at most `size`, so that little is padded."""
        for ahead in cut(list(range(len(clips))), size * LOOK_AHEAD):
            for rows in self.passes(clips, self.by_length(clips, ahead)):
                yield from cut(rows, size)

    def predict_untuned(self, clips: Clips, *, fold: str = NO_FOLD, batch_parts: int = 1) -> Predictions:
        with self.bank.disabled():
            return self.predict(clips, fold=fold, batch_parts=batch_parts)

    def scores(self, predictions: Predictions, prefix: str) -> dict[str, float]:
        return {f"{prefix}/{name}": value for name, value in self.task.score(predictions).items()}

    def kept_below(self, name: str) -> str:
        """The module up to which nothing is computed twice for this lane; empty where that does not pay."""
        cut = self._cuts[name]
        return cut if cut is not None and self.activations.decisions().get(cut) else ""

    def parameter_counts(self, name: str) -> dict[str, int]:
        """The counts that MLflow keeps of a lane; `total_params` is the backbone with its head, without adapters."""
        return {
            "adapter_params": self.bank.adapter_params(name),
            "head_params": self.bank.head_params(name),
            "trainable_params": sum(p.numel() for p in self.bank.parameters(name)),
            "total_params": sum(p.numel() for p in self._skeleton.parameters()),
        }

    @cached_property
    def _skeleton(self) -> nn.Module:
        """Without weights: in the loaded model several parameters may share a byte."""
        return self.backbone.skeleton(self.key.model_size, self.task)
