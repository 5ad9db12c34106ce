"""How a sweep was set, from its file as run, in sentences for a paper: ranges, training, pruning, baseline, splits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from analysis.record.sweep import Recorded
from trainables.config import DEFAULT_ASHA, TrialConfig

NAMES = {"lora_dropout": "adapter dropout", "target_modules": "adapted modules"}
SCALES = {"uniform": "uniformly from", "log_uniform": "log-uniformly from", "int": "of the whole numbers from",
          "log_int": "log-uniformly of the whole numbers from"}  # fmt: skip
DEFAULTS = TrialConfig("", "").as_dict()


LORA_PAPER = "LoRA (Hu et al. 2021; QLoRA where weights were 4 bit, Dettmers et al. 2023)"
ADAPTERS = {
    "lora": LORA_PAPER,
    "dora": "DoRA (Liu et al. 2024)",
    "rslora": "rank-stabilised LoRA (Kalajdzievski 2023)",
    "pissa": "PiSSA (Meng et al. 2024)",
    "olora": "OLoRA (Büyükakyüz 2024)",
    "lora_plus": "LoRA+ (Hayou et al. 2024)",
    "none": "no adapter, all weights being trained",
}


SAMPLERS = {
    "tpe": "tree-structured Parzen estimator (Bergstra et al. 2011",
    "gp": "Gaussian process with expected improvement (Jones et al. 1998",
    "cmaes": "CMA-ES (Hansen and Ostermeier 2001",
    "qmc": "a scrambled Sobol sequence (Bergstra and Bengio 2012",
    "random": "drawn at random (Bergstra and Bengio 2012",
    "grid": "all configurations, each once in random order (brute force",
}
PRUNERS = {
    "asha": "asynchronous successive halving (Li et al. 2020)",
    "hyperband": "asynchronous Hyperband (Li et al. 2018, 2020)",
    "median": "the median stopping rule (Golovin et al. 2017)",
    "wilcoxon": "Wilcoxon's signed-rank test against the best trial before (p < 0.1)",
    "none": None,
}
HALVE = ("asha", "hyperband")
LEARN = ("tpe", "gp", "cmaes")  # from trials before; they begin at random


def sampled_by(recorded: Recorded) -> str:
    """A name of SAMPLERS."""
    name = (_file(recorded) or {}).get("sampler")
    return name if name in SAMPLERS else "tpe"


def stopped_by(recorded: Recorded) -> str | None:
    """By what trials were stopped early, as a paper names it; None where none were to be."""
    return PRUNERS[_pruner(_file(recorded) or {})]


def _pruner(file: Mapping[str, Any]) -> str:
    name = file.get("pruner")
    return str(name) if name in PRUNERS else "asha"


def adapted_by(recorded: Recorded) -> list[str]:
    """The kinds of adapters that the search and the baseline could have, as a paper names them."""
    file = _file(recorded) or {}
    said = [_part(file, "search").get("adapter"), _part(file, "baseline").get("adapter")]
    named: list[Any] = []
    for one in said:
        chosen = one.get("choice") if isinstance(one, Mapping) else one
        named += chosen if isinstance(chosen, list) else [chosen]
    return [paper for adapter, paper in ADAPTERS.items() if adapter in named] or [LORA_PAPER]


def _file(recorded: Recorded) -> Mapping[str, Any] | None:
    try:
        file = yaml.safe_load(recorded.yaml_text) if recorded.yaml_text else None
    except yaml.YAMLError:
        return None
    return file if isinstance(file, Mapping) else None


def settings_text(recorded: Recorded) -> str:
    """Empty where the sweep file was not recorded or cannot be read."""
    file = _file(recorded)
    if file is None:
        return ""
    sentences = [_ranges(_part(file, "search")), _training(file), _pruning(file), _baseline(_part(file, "baseline"))]
    return " ".join(sentence for sentence in [*sentences, _splits(recorded)] if sentence)


def _part(file: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = file.get(name)
    return found if isinstance(found, Mapping) else {}


def _ranges(search: Mapping[str, Any]) -> str:
    """`learning rate log-uniformly from 1e-05 to 0.001`; axes with a plain value are said by the training."""
    parts = []
    for axis, said in search.items():
        if not isinstance(said, Mapping):
            continue
        condition = said.get("when")
        where = f" (where {_listed(condition)})" if isinstance(condition, Mapping) else ""
        if "choice" in said:
            parts.append(f"{_named(axis)} out of {', '.join(map(_value, said['choice']))}{where}")
            continue
        scale = next((scale for scale in SCALES if scale in said), None)
        ends = said[scale] if scale else None
        if isinstance(ends, list) and len(ends) == 2:
            parts.append(f"{_named(axis)} {SCALES[str(scale)]} {_value(ends[0])} to {_value(ends[1])}{where}")
    return f"The search drew {'; '.join(parts)}." if parts else ""


def _training(file: Mapping[str, Any]) -> str:
    train, search = _part(file, "train"), _part(file, "search")

    def of(name: str) -> Any:
        fixed = search.get(name)
        return train.get(name, DEFAULTS[name] if isinstance(fixed, Mapping) or fixed is None else fixed)

    accumulated = f", {of('gradient_accumulation')} of them a step" if of("gradient_accumulation") != 1 else ""
    steps = f", at most {of('max_steps')} steps" if of("max_steps") is not None else ""
    clip = "no clipping of gradients" if of("clip_norm") is None else f"gradients clipped to norm {of('clip_norm'):g}"
    return (
        f"Confirm runs, and trials that were not stopped, trained {of('epochs')} epochs{steps} with AdamW (Loshchilov "
        f"and Hutter 2019; weight decay {of('weight_decay'):g}) in batches of {of('batch_size')} clips{accumulated}, a "
        f"{of('scheduler')} schedule after a warm-up of {100 * of('warmup_ratio'):g} % of the steps and {clip}."
    )


def _pruning(file: Mapping[str, Any]) -> str:
    asha = {**DEFAULT_ASHA, **_part(file, "asha")}
    pruner = _pruner(file)
    if pruner == "none":
        return "No trial was stopped early."
    if pruner not in HALVE:
        return f"No trial was stopped before epoch {asha['grace_epochs']}."
    return (
        f"Successive halving stopped no trial before epoch {asha['grace_epochs']} and let the best "
        f"1/{asha['reduction_factor']} at each rung go on."
    )


def _baseline(baseline: Mapping[str, Any]) -> str:
    parts = [f"{_named(axis)} {_value(value)}" for axis, value in baseline.items()]
    return f"The baseline had {', '.join(parts)}." if parts else ""


def _splits(recorded: Recorded) -> str:
    table = recorded.splits
    if table is None or "split" not in table or ("fold" in table and table["fold"].nunique() > 1):
        return ""
    parts = [
        f"{len(part):,} {name} clips in {part['group'].nunique():,} groups"
        for name, part in table.groupby("split", sort=False)
    ]
    return f"The data were {', '.join(parts)}; no group stands in two splits." if parts else ""


def _named(axis: str) -> str:
    return NAMES.get(axis, axis.replace("_", " "))


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _listed(condition: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{_named(axis)} is {' or '.join(map(_value, values if isinstance(values, list) else [values]))}"
        for axis, values in condition.items()
    )
