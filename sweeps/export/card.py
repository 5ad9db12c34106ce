"""The model card, README.md: what was compared and found, of what data, how far it goes, and how to run it.

Hugging Face's metadata block with `model-index`. No clip, path, user or machine is named: groups are counted, and a
data set of one's own goes by the last part of its name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.predictions.ensemble import ensemble
from sweeps.export.scores import group_lines, rows_of
from sweeps.machine.provenance import private
from sweeps.predict.exported import ADAPTER, CARD, CTRANSLATE2, EXPORT, ONNX
from sweeps.predict.tuned import TEST, read_verdict
from trainables.errors import InputError
from trainables.outline import outline
from trainables.records import Predictions
from trainables.registry import task as make_task

if TYPE_CHECKING:
    from analysis.record.sweep import Recorded
    from sweeps.export.exported import Exported
    from trainables.config import TrialConfig

PIPELINES = {
    "classification": ("audio-classification", "Audio Classification"),
    "label_scoring": ("audio-classification", "Audio Classification"),
    "multilabel": ("audio-classification", "Audio Tagging"),
    "regression": ("audio-classification", "Audio Regression"),  # by transformers' classes for classification
    "transcription": ("automatic-speech-recognition", "Automatic Speech Recognition"),
    "answering": ("audio-text-to-text", "Audio Question Answering"),
}
ANSWERS = {  # what the code in the card returns
    "classification": "scores in the order of the labels",
    "label_scoring": "scores in the order of the labels",
    "transcription": "the text",
    "answering": "the answer to a question",
    "multilabel": "the probability of each label, in their order",
    "regression": "the ratings, in their order and units",
}
LICENCES = {"Apache-2.0": "apache-2.0", "MIT": "mit", "BSD-3-Clause": "bsd-3-clause"}
MINIATURE = (
    "**This is a miniature**, a small stand-in of the same architecture that was trained in minutes on made-up sound, "
    "because the published weights were not at hand. Its scores say nothing about the published model, and nobody "
    "should use it for anything but trying the tools."
)
NAMED = ("labels", "names", "centre", "spread")  # options of a task that data may have given
MOST_ROWS = 40  # classes with a row each


def write_card(exported: Exported) -> None:
    """Writes README.md into the exported folder."""
    from huggingface_hub import ModelCard

    recorded = _recorded(exported)
    text = f"---\n{_metadata(exported).to_yaml()}\n---\n\n{_body(exported, recorded)}"
    ModelCard(text).save(exported.folder / CARD)


def _recorded(exported: Exported) -> Recorded | None:
    """The sweep as MLflow has it; None where the record is gone."""
    from analysis.record.store import sqlite_path
    from analysis.record.sweep_reader import read_recorded
    from sweeps.record.store import default_uri

    workspace = exported.found.workspace
    uri = default_uri(workspace.results)
    if (path := sqlite_path(uri)) is not None and not path.is_file():
        return None
    try:
        return read_recorded(uri, workspace.sweep_id)
    except InputError:
        return None


def _metadata(exported: Exported) -> Any:
    from huggingface_hub import EvalResult, ModelCardData

    found, base = exported.found, exported.manifest["base"]
    pipeline, task_name = PIPELINES[found.tuned.task_kind]
    metric, value = _own_score(exported)
    data = private(found.spec.data.source)
    result = EvalResult(
        task_type=pipeline,
        task_name=task_name,
        dataset_type=data,
        dataset_name=data,
        dataset_split="test",
        dataset_args={"fingerprint": found.manifest.data_fingerprint},
        metric_type=metric,
        metric_name=f"test {metric}",
        metric_value=round(value, 6),
    )
    licence = LICENCES.get(base["licence"])
    form = exported.manifest["format"]
    library = {ADAPTER: "peft", CTRANSLATE2: "ctranslate2", ONNX: "onnx"}.get(form, "transformers")
    more: dict[str, Any] = {} if licence else {"license_name": base["licence"]}
    if not base["miniature"]:
        more["base_model"] = base["checkpoint"]
        more["base_model_relation"] = "adapter" if form == ADAPTER else "finetune"
    return ModelCardData(
        model_name=f"{found.manifest.name}: {found.tuned.arm}",
        library_name=library,
        license=licence or "other",
        pipeline_tag=pipeline,
        tags=[
            "audio",
            "audio-sweeps",
            "lora",
            found.tuned.config.backbone,
            *(["miniature"] if base["miniature"] else []),
        ],
        metrics=[metric],
        eval_results=[result],
        **more,
    )


def _own_score(exported: Exported) -> tuple[str, float]:
    """The objective's metric and this model's own value on the test clips; of an ensemble that of its mean."""
    found = exported.found
    metric = found.spec.metric.partition("/")[2]
    return metric, float(_task(exported).score(_answers(exported))[metric])


def _task(exported: Exported) -> Any:
    found = exported.found
    options = {name: value for name, value in found.spec.task_options.items() if name != "class_weights"}
    fitted = {name: tuple(found.tuned.task_options[name]) for name in NAMED if found.tuned.task_options.get(name)}
    return make_task(found.tuned.task_kind, {**options, **fitted})


def _answers(exported: Exported) -> Predictions:
    """The recorded test answers of what was exported."""
    runs = [Predictions.read_parquet(folder / TEST) for folder in exported.found.left.values()]
    return runs[0] if len(runs) == 1 else ensemble(runs)


def _body(exported: Exported, recorded: Recorded | None) -> str:
    found, manifest = exported.found, exported.manifest
    base, verdict = manifest["base"], read_verdict(found.workspace)
    metric, value = _own_score(exported)
    seeds = ", ".join(map(str, manifest["seeds"])) or "none: nothing was trained"
    parts = [f"# {found.manifest.name}: {found.tuned.arm}"]
    if base["miniature"]:
        parts.append(MINIATURE)
    parts.append(
        f"{found.tuned.arm} of the sweep {manifest['sweep']}: {found.tuned.config.backbone} "
        f"{found.tuned.config.model_size}, weights of {base['checkpoint']}"
        + (f" at commit {base['revision']}" if base["revision"] else "")
        + f", task {found.tuned.task_kind}; seed{'s' if len(manifest['seeds']) > 1 else ''} {seeds}. "
        f"On the test clips it has {metric} {value:.4f}."
    )
    parts += ["## What was found", *_verdict_lines(verdict, recorded)]
    parts += ["## How it answers", _use(exported)]
    parts += ["## Scores on the test clips", *_scores(exported)]
    parts += ["## Data", *_data(exported, recorded)]
    if methods := _methods(recorded):
        parts += ["## Methods, for a paper", methods]
    parts += ["## Limits", *_limits(exported, verdict)]
    parts += ["## Licences", _licences(base)]
    parts += ["## To do it again", *_again(exported, recorded)]
    return "\n\n".join(parts) + "\n"


def _verdict_lines(verdict: Mapping[str, Any], recorded: Recorded | None) -> list[str]:
    sentence = verdict.get("sentence") or (recorded.sentence if recorded is not None and recorded.verdict else "")
    if not sentence:
        return ["The sweep reached no verdict: nothing is claimed about this model beside any other."]
    rows = ["| arm | test | interval | by seed |", "|---|---:|---:|---|"]
    for row in verdict.get("rows", ()):
        interval = "-" if row["interval"] is None else f"{row['interval'][0]:.3f} to {row['interval'][1]:.3f}"
        rows.append(
            f"| {row['name']} | {row['mean']:.3f} | {interval} | "
            f"{', '.join(f'{value:.3f}' for value in row['values'].values())} |"
        )
    return [f"> {sentence}", "\n".join(rows)] if len(rows) > 2 else [f"> {sentence}"]


def _use(exported: Exported) -> str:
    manifest = exported.manifest
    checked = "; ".join(dict.fromkeys(found.in_words for found in exported.checked.values()))
    hears = (
        f"It hears mono sound at {manifest['sample_rate_hz']:,} Hz, at most {manifest['window_seconds']:g} s of it. "
        f"Before this folder was written it gave {checked}."
    )
    if exported.code is None:
        load = (
            "```\npython -m sweeps.predict FOLDER recordings/ --output answers.csv   # or, from Python:\n"
            "from sweeps.predict import load; load(FOLDER).predict(paths)\n```"
        )
        plain = ""
        if manifest["format"] == ADAPTER:
            where = "its base model, in `base/` here" if manifest["base"]["miniature"] else "its base model"
            plain = f"\n\n`PeftModel.from_pretrained` loads the adapter onto {where}."
            if _kind(exported.found.tuned.config) == "wavlm":
                plain += (
                    " transformers' WavLM hands the bare weights of its attention to torch: there an adapter on them "
                    "changes nothing, without a warning. Export with `--merge` for use without audio-sweeps."
                )
        return f"{hears}\n\n{load}{plain}"
    return (
        f"{hears} `answer` gives {ANSWERS[exported.found.tuned.task_kind]}.\n\n```python\n"
        f'FOLDER = "."  # where this file lies\n{exported.code.rstrip()}\n```'
    )


def _kind(config: TrialConfig) -> str:
    """The backbone's name; of one that takes several kinds of checkpoints the `model_type` of this one."""
    backbone: Any = outline(config.backbone)
    return config.backbone if backbone.SIZES else str(backbone.config(config.model_size).model_type)


def _scores(exported: Exported) -> list[str]:
    answers, task = _answers(exported), _task(exported)
    scores = {name: value for name, value in task.score(answers).items() if name != "loss"}
    parts = ["\n".join(["| metric | value |", "|---|---:|", *(f"| {n} | {v:.4f} |" for n, v in scores.items())])]
    header, rows = rows_of(answers, task)
    if rows:
        parts.append("\n".join([header, re.sub("[^|]+", "---", header), *rows[:MOST_ROWS]]))
    if len(rows) > MOST_ROWS:
        parts.append(f"The {len(rows) - MOST_ROWS} others are in the sweep's report.")
    return parts + group_lines(answers, task, exported.found.spec.metric.partition("/")[2], exported.found.spec.mode)


def _data(exported: Exported, recorded: Recorded | None) -> list[str]:
    found = exported.found
    splits = _split_counts(found.workspace.folder / "splits.parquet")
    rows = [f"| {name} | {clips:,} | {groups:,} |" for name, (clips, groups) in splits.items()]
    text = (
        f"{private(found.spec.data.source)}; fingerprint of clips, targets and splits "
        f"`{found.manifest.data_fingerprint}`. "
        "A group (a speaker, a recording, a site) stands on one side of a split only."
    )
    return [text, "\n".join(["| split | clips | groups |", "|---|---:|---:|", *rows])] if rows else [text]


def _split_counts(path: Path) -> dict[str, tuple[int, int]]:
    """Split -> clips, groups."""
    if not path.is_file():
        return {}
    import pyarrow.parquet as pq

    rows = pq.read_table(path, columns=["group", "split"]).to_pydict()
    clips = Counter(rows["split"])
    groups = {name: len({g for g, s in zip(rows["group"], rows["split"], strict=True) if s == name}) for name in clips}
    return {name: (clips[name], groups[name]) for name in ("train", "validation", "test") if name in clips}


def _methods(recorded: Recorded | None) -> str:
    from analysis.report.document import Text
    from analysis.report.methods import methods_section

    if recorded is None:
        return ""
    return "\n\n".join(block.text for block in methods_section(recorded).blocks if isinstance(block, Text))


def _limits(exported: Exported, verdict: Mapping[str, Any]) -> list[str]:
    answers = _answers(exported)
    groups = len(set(answers.groups))
    lines = [
        f"- Tested on {len(answers.example_ids):,} clips of these {groups} groups (speakers, recordings or sites); of "
        "others, other microphones and other rooms it says nothing that was measured.",
    ]
    lines += [f"- {warning}" for warning in (*verdict.get("warnings", ()), *verdict.get("design", ()))]
    if exported.manifest["base"]["miniature"]:
        lines.append("- A miniature: what it can and cannot do is no property of the published model.")
    if exported.manifest["dtype"] == "bf16":
        lines.append("- Its weights are rounded to bfloat16; the scores above were recorded before that.")
    return ["\n".join(lines)]


def _licences(base: Mapping[str, Any]) -> str:
    return (
        f"Weights: {base['licence']} ({'made here' if base['miniature'] else 'those of the base model'}). Data: the "
        "sweep did not record their licence; whoever publishes this model has to know it."
    )


def _again(exported: Exported, recorded: Recorded | None) -> list[str]:
    facts = recorded.provenance if recorded is not None else {}
    command = str(facts.get("command") or f"python -m sweeps.run {exported.found.manifest.name}.yaml")
    commit = exported.found.manifest.versions.get("package.git.commit")
    lines = [f"```\n{private(command)}\n```"]
    if commit:
        lines.append(f"audio-sweeps at commit {commit}; versions are in `{EXPORT}`'s sweep record.")
    seconds = None if recorded is None else recorded.source.parent.data.metrics.get("sweep/seconds")
    hardware = facts.get("gpu.names") or facts.get("cpu.model")
    if seconds is not None:
        lines.append(
            f"The whole sweep took {seconds / 60:.1f} minutes{f' on {hardware}' if hardware else ''}. Energy was not "
            "measured."
        )
    return [*lines, f"What this folder is, with the hash of every file: `{EXPORT}`."]
