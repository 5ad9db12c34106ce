"""What a backbone file and a task file must offer. A contract suite in tests/ holds every registered one to it.

A clip's way: waveform -> `features` (cached, once per clip) -> `collate` (a batch of tensors) -> `clip_losses` or
`predict`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from trainables.records import Answers, Predictions
from trainables.writing import Writer

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn


@dataclass(frozen=True)
class Size:
    """One entry of a backbone's `model_size` axis."""

    checkpoint: str  # hub id, or the name of a file that no hub has; for a miniature the name of its recipe
    revision: str | None  # a commit of the hub repository, so that a run can be repeated
    licence: str
    total_params: int  # of the model as loaded for its tasks, without adapters and without `HEAD_MODULES`
    origin: str = ""  # where the authors publish `checkpoint` when it is a file that no hub has
    window_seconds: float | None = None  # longest clip; None: as the backbone has it
    writer: Writer | None = None  # what it makes of texts; None: as the backbone has it


@dataclass(frozen=True)
class Described:
    """What a checkpoint's configuration says of what a backbone fixes for its own sizes; None: as for these."""

    window_seconds: float | None = None
    writer: Writer | None = None


@dataclass(frozen=True)
class Preset:
    """A named choice of modules for LoRA. `pattern` must match a module's whole name (`re.fullmatch`)."""

    pattern: str
    matches: Mapping[str, int] = field(default_factory=dict)  # size -> number of modules it must match there
    reaches_head: bool = False  # it adapts the task head, which is then not trained whole (`head: lora`)
    # The rule for a size that `matches` does not have: a number of layers, as the configuration names it (with dots
    # into its parts), -> modules in each of them; and how many once
    layers: Mapping[str, int] = field(default_factory=dict)
    once: int = 0
    kinds: Mapping[str, Preset] = field(default_factory=dict)  # `model_type` of a configuration -> its own preset

    def of(self, config: Any) -> Preset:
        """That of the configuration's kind of model, where the preset says something for several."""
        return self.kinds.get(getattr(config, "model_type", ""), self)

    def expected(self, size: str, config: Any) -> int | None:
        """How many modules it must match; None where it does not say, or `config` names no such layers."""
        if size in self.matches:
            return self.matches[size]
        counts = {name: _layers(config, name) for name in self.layers}
        if not counts or None in counts.values():
            return None
        return self.once + sum(count * self.layers[name] for name, count in counts.items() if count is not None)


def _layers(config: Any, name: str) -> int | None:
    for part in name.split("."):
        config = getattr(config, part, None)
    return config if isinstance(config, int) else None


@dataclass(frozen=True)
class Spectrogram:
    """Where time and frequency lie in what `features` gives; SpecAugment needs to know."""

    time_axis: int
    frequency_axis: int
    bins: int  # the first so many along the frequency axis; what follows is no spectrogram


@dataclass
class Loaded:
    """A frozen backbone, ready for lanes."""

    model: nn.Module  # every parameter has requires_grad False; bf16/fp32 as asked; possibly 4-bit
    processor: Any  # tokeniser and feature extractor, whatever the backbone needs
    head_modules: tuple[str, ...] = ()  # names of modules that are trained whole with each adapter (`head: full`)
    new_heads: bool = True  # each adapter's heads start anew; else as the checkpoint has them
    chain: str = (
        ""  # pattern of modules, see trainables/prefix_cache/cut.py; all of the model comes after one or in them
    )
    concatenated: str = ""  # pattern of modules that concatenate all clips of a batch into one sequence
    equal_shapes: bool = False  # it hears padding: a forward pass takes only clips whose features have one shape
    pads_to_longest: bool = False  # a batch is as long as its longest clip: clips of like length belong together
    extra: dict[str, Any] = field(default_factory=dict)

    def that_concatenate(self, names: Iterable[str]) -> list[str]:
        """Those of the modules that `concatenated` names."""
        return [name for name in names if re.fullmatch(self.concatenated, name)]


class Task(Protocol):
    """What is asked of a clip, and how an answer is scored: a frozen dataclass whose fields are the keys of a sweep
    file's `task:` (trainables/tasks/options.py). Loads no torch."""

    kind: str
    column: str  # the manifest's column that holds the target: label | targets | text
    stratified: bool  # targets are classes, whose shares splits and folds keep
    soft_targets: bool  # a target can be a mixture of two, as mixup has it
    shows_samples: bool  # answers are free texts: a summary shows some of them beside the metrics
    metrics: tuple[str, ...]  # names without the split's prefix, e.g. ("accuracy", "macro_f1", "loss")
    lower_is_better: tuple[str, ...]  # those of `metrics`
    joint: str  # its losses that are of the clips of a batch together, in words; left out, or empty: each clip has one
    asks: bool  # a clip may bring a question of its own; left out: it does not
    answers_untuned: bool  # whether an untuned backbone can answer: no head has to be trained first

    def check_target(self, value: Any) -> str | None:
        """None where `value` is a valid target, else a sentence that says which rule it breaks."""
        ...

    def completed(self, targets: Sequence[Any], training: Sequence[Any]) -> Task:
        """The same task with what its options leave to the data: all targets, and those of the training examples.
        Itself where that is nothing. Raises InputError where the data cannot say it."""
        ...

    def usable_seconds(self, window_seconds: float) -> tuple[float, float]:
        """The shortest and the longest clip that it can use with a backbone that takes `window_seconds` and crops
        what is longer; (0, inf): any."""
        ...

    def answers(self, targets: Sequence[Any], outputs: Sequence[Any]) -> Answers:
        """`outputs` is (N, C) or N texts: what `Backbone.predict` gave, clip by clip."""
        ...

    def score(self, predictions: Predictions) -> dict[str, float]:
        """Every name in `metrics`, computed from predictions alone."""
        ...


class Backbone(Protocol):
    """A module of `trainables.backbones`."""

    NAME: str
    TASKS: tuple[str, ...]  # kinds of task it can do
    SIZES: Mapping[str, Size]  # published sizes, in the order of the `model_size` axis, smallest first
    MINIATURE_SIZES: Mapping[str, Size]  # stand in for the published ones, in order
    PRESETS: Mapping[str, Preset]
    SAMPLE_RATE_HZ: int
    WINDOW_SECONDS: float  # longest clip that the published sizes take; longer clips are cropped, shorter ones padded
    MINIATURE_WINDOW_SECONDS: float
    SPECTROGRAM: Spectrogram | None  # layout of its features; None, or left out: it takes the waveform itself
    HEAD_MODULES: tuple[str, ...]  # the heads of all tasks: new for every task; absent where the backbone has none
    WRITER: Writer | None  # what it makes of texts; None, or left out: it writes none
    ARCHITECTURES: tuple[str, ...]  # `model_type` of the checkpoints that it takes beside SIZES; left out: none
    CUTS_WINDOW: bool  # `cut_window` is there; left out: it is not
    BESIDE: tuple[tuple[str, ...], ...]  # files that a checkpoint needs beside its weights, one of each; left out: none

    def skeleton(self, size: str, task: Task) -> nn.Module:
        """The model on the `meta` device: shapes and names without weights, network or memory."""
        ...

    def described(self, size: str) -> Described:
        """What the configuration of a checkpoint says, `size` being its name; left out where ARCHITECTURES is."""
        ...

    def load(
        self, checkpoint: str, task: Task, *, size: str, quantization: str, dtype: torch.dtype, device: torch.device
    ) -> Loaded:
        """Loads a hub id or a local folder, frozen. `checkpoint` is a path for miniatures and for local files."""
        ...

    def build(self, size: str, task: Task, seed: int) -> nn.Module:
        """An untrained model on the CPU in float32, every weight drawn from `seed`, all of it trainable."""
        ...

    def write(self, model: nn.Module, size: str, folder: Path) -> None:
        """Writes what `build` gave, and training changed, as a folder that `load` reads."""
        ...

    def cut_window(self, loaded: Loaded, seconds: str | float) -> None:
        """Lets a model of a fixed window hear less of it, in training and in answers alike: `fit`, the clip's own
        length rounded up, or so many seconds for every clip. Left out where CUTS_WINDOW is."""
        ...

    def features(self, loaded: Loaded, waveform: np.ndarray) -> Tensor:
        """One clip, (samples,) float32 at SAMPLE_RATE_HZ, to the front end's features on the CPU. Deterministic."""
        ...

    def collate(
        self, loaded: Loaded, features: Sequence[Tensor], task: Task, targets: Sequence[Any] | None
    ) -> dict[str, Tensor]:
        """A batch on the CPU. With targets: for `clip_losses`. Without: for `predict`. A backbone whose WRITER says
        that it is told the language takes `languages` too, a code or None for each clip; for a task that asks it
        takes `questions`, a text or None for each clip."""
        ...

    def clip_losses(self, model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
        """(B,): each clip's own training loss, with a graph. A backbone that can have their mean at once, from all
        tokens of a batch, offers it as `loss`, with the same parameters; see `mean_loss`."""
        ...

    def predict(self, model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor | list[str]:
        """(B, C) float32: class scores as log-probabilities or logits, or regression outputs; or B transcripts."""
        ...


def mean_loss(backbone: Backbone, model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
    """The mean training loss of a batch, a scalar with a graph: the mean of `clip_losses`."""
    own = getattr(backbone, "loss", None)  # in float32 its last digit can be another one; gradients are the same
    if own is not None:
        return cast("Tensor", own(model, batch, label_smoothing=label_smoothing))
    return backbone.clip_losses(model, batch, label_smoothing=label_smoothing).mean()
