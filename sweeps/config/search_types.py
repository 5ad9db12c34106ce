"""The axes of `search:`: their names, which values each takes, and how a choice among values is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sweeps.config.axis import Axis
from sweeps.config.container_types import Either, Field, Many, Table
from sweeps.config.located_yaml import Node, Path
from sweeps.config.scalar_types import INVALID, Kind, Name, Null, Number, Problems, Removable, Text, read
from trainables.config import ADAPTERS, AUGMENTATIONS, FIT, FULL, QUANTIZATIONS, SAMPLINGS, SCHEDULERS, TrialConfig
from trainables.registry import BACKBONES

DEFAULT_RANK: Any = next(field.default for field in fields(TrialConfig) if field.name == "rank")
KINDS = ("choice", "uniform", "log_uniform", "int", "log_int")
COUNT = Number(minimum=1, maximum=1_000_000, whole=True)

# The fields of TrialConfig that a sweep may open, with alpha also as a multiple of rank
AXIS_VALUES: dict[str, Kind] = {
    "backbone": Name(tuple(BACKBONES), "a backbone out of"),
    "model_size": Text(rule="a size's name, a checkpoint of the hub (owner/name or owner/name@revision), or a folder"),
    "quantization": Name(QUANTIZATIONS),
    "adapter": Name(ADAPTERS),
    "lora_plus_ratio": Number(minimum=1, maximum=10_000),
    "rank": Number(minimum=1, maximum=65_536, whole=True),
    "alpha": COUNT,
    "alpha_ratio": Number(above=0, maximum=10_000, exact=True),
    "target_modules": Text(rule="a preset of the backbone"),
    "layers": Either((Null("all layers"), Number(minimum=1, maximum=10_000, whole=True))),
    "learning_rate": Number(above=0),
    "lora_dropout": Number(minimum=0, below=1),
    "batch_size": COUNT,
    "gradient_accumulation": COUNT,
    "warmup_ratio": Number(minimum=0, maximum=1),
    "weight_decay": Number(minimum=0),
    "scheduler": Name(SCHEDULERS),
    "sampling": Name(SAMPLINGS),
    "clip_norm": Either((Null("no clipping"), Number(above=0))),
    "label_smoothing": Number(minimum=0, below=1),
    "mixup_alpha": Number(minimum=0, maximum=100),
    "time_shift_seconds": Number(minimum=0, maximum=60),
    "gain_db": Number(minimum=0, maximum=60),
    "noise_snr_db": Either((Null("no noise"), Number(minimum=-20, maximum=100))),
    "frequency_masks": Number(minimum=0, maximum=100, whole=True),
    "frequency_mask_bins": Number(minimum=0, maximum=1000, whole=True),
    "time_masks": Number(minimum=0, maximum=100, whole=True),
    "time_mask_frames": Number(minimum=0, maximum=100_000, whole=True),
    "window_seconds": Either((Name((FULL, FIT)), Number(above=0, maximum=30))),
}

AXIS_HELP = {
    "backbone": "The pretrained model, one of several; then no `backbone` stands at the top.",
    "model_size": "A size of the backbone; or any checkpoint of its architecture: owner/name[@revision], ./folder.",
    "quantization": "Of the frozen weights: none, or nf4 (QLoRA).",
    "adapter": (
        "lora; dora (trains the length of each weight row apart); rslora (scale alpha / sqrt(rank)); pissa, olora "
        "(begin from a part of the frozen weights); lora_plus (B learns faster than A); none: no adapter, the model is "
        "trained whole. Where it can be none, axes of an adapter are open for the others alone, without a `when:`."
    ),
    "lora_plus_ratio": "adapter lora_plus: B's learning rate is so many times A's. Open for lora_plus alone.",
    "rank": "LoRA's rank r.",
    "alpha": "LoRA's scale is alpha / rank.",
    "alpha_ratio": "Instead of alpha: alpha = alpha_ratio * rank.",
    "target_modules": "Which modules get adapters: a preset of the backbone, such as attention.",
    "layers": "How many of the topmost layers get adapters; null: all. Fewer layers train faster.",
    "learning_rate": "AdamW's highest learning rate, reached after the warm-up.",
    "lora_dropout": "Dropout before the adapter's first matrix.",
    "batch_size": "Clips per batch.",
    "gradient_accumulation": "Batches per optimizer step.",
    "warmup_ratio": "Share of all optimizer steps in which the learning rate rises from 0.",
    "weight_decay": "AdamW's weight decay.",
    "scheduler": "How the learning rate goes on after the warm-up.",
    "sampling": (
        "Which clips an epoch takes, and in which order: random (each once); group_by_length (each once, batches of "
        "clips of similar length, so that less is padded); balanced (as many, drawn again and again so that every "
        "class is heard alike); weighted (drawn by the data's column weight)."
    ),
    "clip_norm": "The gradient's norm is clipped to this; null: no clipping.",
    "label_smoothing": "Share of each target that is spread evenly over all classes.",
    "mixup_alpha": "Mixup of waveforms and targets, with shares from Beta(alpha, alpha); 0: none.",
    "time_shift_seconds": "Rotates a training clip in time, by at most this to either side.",
    "gain_db": "Changes a training clip's level, by at most this up or down.",
    "noise_snr_db": "White noise on training clips, at this signal-to-noise ratio or up to 20 dB above; null: none.",
    "frequency_masks": "SpecAugment: how many masks over frequency.",
    "frequency_mask_bins": "SpecAugment: the widest mask over frequency, in bins of the spectrogram; 0: none.",
    "time_masks": "SpecAugment: how many masks over time.",
    "window_seconds": (
        "How much of its window the encoder hears (whisper alone): full; fit, the clip's length rounded up; or so many "
        "seconds. Less is faster and may cost accuracy; the untuned model hears it in full."
    ),
    "time_mask_frames": "SpecAugment: the widest mask over time, in frames of the spectrogram; 0: none.",
}

WHEN = Table({name: Field(Many(kind, bare=True)) for name, kind in AXIS_VALUES.items()})


@dataclass(frozen=True)
class Range:
    """`[low, high]`, both inside."""

    item: Number
    log: bool

    @property
    def expected(self) -> str:
        return f"[low, high], each {self.item.expected}"

    def fits(self, node: Node) -> bool:
        return isinstance(node.value, tuple) and len(node.value) == 2

    def read(self, node: Node, path: Path, problems: Problems) -> Any:
        assert isinstance(node.value, tuple)
        low, high = (read(self.item, child, (*path, index), problems) for index, child in enumerate(node.value))
        if low is INVALID or high is INVALID:
            return INVALID
        if low >= high:
            problems.add(path, f"expected low below high, got [{low:g}, {high:g}]; a single value is written plainly")
            return INVALID
        if self.log and low <= 0:
            problems.add(path, f"a logarithmic range starts above 0, got {low:g}")
            return INVALID
        return (low, high)

    def json_schema(self) -> dict[str, Any]:
        item = replace(self.item, minimum=None, above=0) if self.log and not self.item.minimum else self.item
        return {"type": "array", "items": item.json_schema(), "minItems": 2, "maxItems": 2}


@dataclass(frozen=True)
class AxisKind:
    """One of `{choice: [..]}`, `{uniform | log_uniform | int | log_int: [low, high]}`, with `when:`; or a plain value;
    or a list of such mappings, of whose conditions at most one can hold.

    Reads to an Axis, to the plain value, or to a tuple of Axis.
    """

    name: str
    value: Kind

    @property
    def forms(self) -> dict[str, Kind]:
        forms: dict[str, Kind] = {"choice": Many(self.value)}
        options = self.value.options if isinstance(self.value, Either) else (self.value,)
        number = next((option for option in options if isinstance(option, Number)), None)
        if number is not None and (number.whole or number.exact):
            number = replace(number, whole=True)
            forms |= {"int": Range(number, log=False), "log_int": Range(number, log=True)}
        elif number is not None:
            forms |= {"uniform": Range(number, log=False), "log_uniform": Range(number, log=True)}
        return forms

    @property
    def fixable(self) -> bool:
        return self.name != "backbone"  # its own key at the top fixes it

    @property
    def expected(self) -> str:
        forms = ", ".join(f"{{{form}: {'[..]' if form == 'choice' else '[low, high]'}}}" for form in self.forms)
        return f"{self.value.expected}, or one of {forms}" if self.fixable else forms

    def fits(self, node: Node) -> bool:
        return isinstance(node.value, dict | tuple) or (self.fixable and self.value.fits(node))

    def read(self, node: Node, path: Path, problems: Problems) -> Any:
        if isinstance(node.value, tuple):
            if not node.value or not all(isinstance(child.value, dict) for child in node.value):
                problems.add(path, f"got a bare list: values to choose from are written {self.name}: {{choice: [..]}}")
                return INVALID
            return self._alternatives(node.value, path, problems)
        if not isinstance(node.value, dict):
            return self.value.read(node, path, problems)
        return self._axis(node, path, problems)

    def _alternatives(self, nodes: Sequence[Node], path: Path, problems: Problems) -> Any:
        axes = [self._axis(node, (*path, index), problems) for index, node in enumerate(nodes)]
        for index, axis in enumerate(axes):
            if axis is INVALID:
                continue
            if not axis.when:
                problems.add((*path, index), "one of several needs a `when:`, so that it is clear which one is open")
            elif any(other is not INVALID and not _exclude(axis, other) for other in axes[:index]):
                problems.add(
                    (*path, index), "may be open beside one before it: their conditions must exclude each other"
                )
        return INVALID if problems.touch(*path) else tuple(axes)

    def _axis(self, node: Node, path: Path, problems: Problems) -> Any:
        assert isinstance(node.value, dict)
        elsewhere = {
            form: f"one of {', '.join(self.forms)} for {self.name}" for form in KINDS if form not in self.forms
        }
        fields = {form: Field(kind) for form, kind in self.forms.items()} | {"when": Field(WHEN)}
        entries = Table(fields, elsewhere).read(node, path, problems)
        named = [key for key in node.value if key in KINDS]
        if len(named) != 1:
            problems.add(path, f"expected exactly one of {', '.join(self.forms)}, got {', '.join(named) or 'none'}")
        if problems.touch(*path):
            return INVALID
        return Axis(self.name, named[0], entries[named[0]], entries.get("when", {}))

    def json_schema(self) -> dict[str, Any]:
        forms: list[dict[str, Any]] = [
            {
                "type": "object",
                "additionalProperties": False,
                "required": [form],
                "properties": {form: kind.json_schema(), "when": {"$ref": "#/definitions/when"}},
            }
            for form, kind in self.forms.items()
        ]
        if not self.fixable:
            return {"anyOf": forms}
        several = {"type": "array", "minItems": 1, "items": {"anyOf": forms, "required": ["when"]}}
        return {"anyOf": [*forms, several, self.value.json_schema()]}


def _exclude(first: Axis, second: Axis) -> bool:
    """Whether the conditions of the two cannot hold at once."""
    return any(not set(first.when[name]) & set(second.when[name]) for name in first.when.keys() & second.when.keys())


SEARCH = Table(
    {
        name: Field(Removable(AxisKind(name, kind)), AXIS_HELP.get(name, ""), required=name == "model_size")
        for name, kind in AXIS_VALUES.items()
    },
    {"epochs": "train.epochs", "max_steps": "train.max_steps", "keep": "train.keep", "head": "head, at the top"},
    rivals=("alpha", "alpha_ratio"),
)

AUGMENT = Table({name: Field(AXIS_VALUES[name], AXIS_HELP[name]) for name in AUGMENTATIONS})

# A configuration, or part of one: the baseline, a warm start
POINT = Table({name: Field(Removable(kind), AXIS_HELP.get(name, "")) for name, kind in AXIS_VALUES.items()})
