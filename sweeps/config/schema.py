"""The format of a sweep file, as tables: which keys, of which kinds. Reading and the JSON Schema both come from here.

`python -m sweeps.config.schema` prints the JSON Schema that editors complete from; search_spaces/sweep.schema.json
holds it, and a test keeps it in step.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sweeps.config.container_types import Either, Field, Many, Names, Table, Tagged
from sweeps.config.located_yaml import Node, Path
from sweeps.config.scalar_types import Name, Null, Number, Problems, Text, nearest
from sweeps.config.search_types import AUGMENT, AXIS_VALUES, COUNT, POINT, SEARCH, WHEN
from trainables.config import HEADS, KEEPS, SAMPLINGS, SCHEDULERS
from trainables.registry import BACKBONES, TASKS
from trainables.tasks.texts import NORMALISATIONS

PROFILES = ("auto", "cuda", "mps", "cpu")
PRECISIONS = ("auto", "fp32", "bf16")
MODES = ("max", "min")
COLUMNS = ("audio", "label", "targets", "text", "id", "group", "split", "fold")

SEED = Number(minimum=0, maximum=2**32 - 1, whole=True)  # what NumPy takes
SHARE = Number(above=0, below=1)
POSITIVE = Number(above=0)
LABEL = Text(r"\S([\s\S]*\S)?", "a label: text without white space at its ends")

# kind of task -> its options; the fields of the task's class, without the heavy import
TASK_OPTIONS: dict[str, Table] = {
    "classification": Table(
        {
            "labels": Field(Many(LABEL, at_least=2), "The classes; left out, those of the data in sorted order."),
            "class_weights": Field(
                Either((Name(("balanced",)), Many(POSITIVE, at_least=2, unique=False))),
                "Of each class in the training loss: balanced, or one number per label.",
            ),
        }
    ),
    "label_scoring": Table(
        {
            "labels": Field(
                Many(Text(rule="a label"), at_least=2), "What the clips can be; scored as text.", required=True
            ),
            "prompt": Field(Text(rule="the question, as text"), "Asked about every clip.", required=True),
        }
    ),
    "transcription": Table(
        {
            "normalise": Field(
                Name(NORMALISATIONS), "Before scoring; basic: lower case, punctuation removed, spaces folded."
            ),
            "shortest_seconds": Field(Number(minimum=0), "Shorter clips are left out."),
            "longest_seconds": Field(POSITIVE, "Longer clips are left out, and those the backbone cannot take whole."),
            "language": Field(Text(r"[a-z]{2,3}", "an ISO 639 code such as en"), "What a multilingual model is told."),
        }
    ),
}

# kind of task -> what its `score` gives; a test holds it to the classes
TASK_METRICS: dict[str, tuple[str, ...]] = {
    "classification": ("accuracy", "balanced_accuracy", "macro_f1", "loss"),
    "label_scoring": ("accuracy", "balanced_accuracy", "macro_f1", "loss"),
    "transcription": ("wer", "cer", "loss"),
}
LOWER_IS_BETTER = ("loss", "wer", "cer")

METRICS = tuple(dict.fromkeys(f"val/{name}" for kind in TASKS for name in TASK_METRICS[kind]))

DATA = Table(
    {
        "source": Field(
            Text(rule="text (a manifest, a folder, a hub data set, or a built-in generator)"),
            "A manifest (JSONL, CSV, Parquet), an AudioFolder, a hub data set, or a built-in generator's name.",
            required=True,
        ),
        "splits": Field(
            Table(
                {
                    "validation": Field(SHARE, "Share of the groups that chooses between configurations."),
                    "test": Field(SHARE, "Share of the groups that only stage 2 sees."),
                }
            ),
            "Shares of the groups; the rest is training data.",
        ),
        "columns": Field(
            Table({name: Field(Text(rule="a column's name")) for name in COLUMNS}),
            "Renames: our name for a column -> the manifest's name.",
        ),
        "folds": Field(
            Table(
                {
                    "inner": Field(Number(minimum=2, maximum=1000, whole=True), "Folds of the examples not in test."),
                    "outer": Field(
                        Either(
                            (
                                Number(minimum=2, maximum=1000, whole=True),
                                Name(("official", "leave_one_group_out")),
                            )
                        ),
                        "Each fold held out in turn as test data.",
                    ),
                }
            )
        ),
        "evaluate": Field(
            Names(Text(rule="a manifest")), "Further test manifests; the name is the prefix of their metrics."
        ),
    }
)

TRAIN = Table(
    {
        "epochs": Field(COUNT, "Passes over the training data; ASHA's unit."),
        "max_steps": Field(Either((Null("no limit"), COUNT)), "Optimizer steps in all; ends training early."),
        "batch_size": Field(AXIS_VALUES["batch_size"], "Clips per batch."),
        "gradient_accumulation": Field(AXIS_VALUES["gradient_accumulation"], "Batches per optimizer step."),
        "warmup_ratio": Field(AXIS_VALUES["warmup_ratio"], "Share of all optimizer steps."),
        "weight_decay": Field(AXIS_VALUES["weight_decay"], "AdamW's."),
        "scheduler": Field(Name(SCHEDULERS), "Learning rate after the warm-up."),
        "clip_norm": Field(AXIS_VALUES["clip_norm"], "Gradient norm; null: no clipping."),
        "label_smoothing": Field(AXIS_VALUES["label_smoothing"]),
        "sampling": Field(
            Name(SAMPLINGS), "group_by_length: a batch's clips are of like length, so that less is padded."
        ),
        "keep": Field(Name(KEEPS), "Which epoch's adapter is the run's: the last, or the best on validation."),
    }
)

OBJECTIVE = Table(
    {
        "metric": Field(Name(METRICS), "val/ and a metric of the task.", required=True),
        "mode": Field(Name(MODES), "Whether more or less is better; follows from the metric."),
    }
)

ASHA = Table(
    {
        "grace_epochs": Field(COUNT, "No trial is stopped before."),
        "reduction_factor": Field(
            Number(minimum=2, maximum=1000, whole=True), "One in so many goes on past each rung."
        ),
    }
)

SEEDS = Table(
    {
        "explore": Field(Many(SEED), "Advance together in every trial of stage 1."),
        "confirm": Field(Many(SEED), "Fresh seeds of stage 2."),
    }
)

FINALISTS = Either(
    (
        COUNT,
        Table(
            {
                "count": Field(COUNT, "How many of the best go to stage 2."),
                "per": Field(Name(tuple(SEARCH.fields)), "A choice axis: the best of each of its values."),
            }
        ),
    )
)

LIMITS = Table({"disk_gb": Field(POSITIVE), "memory_gb": Field(POSITIVE), "hours": Field(POSITIVE)})


@dataclass(frozen=True)
class Patch:
    """The `miniature:` block: dotted keys of the rest. Its values are read where they are put; here its keys."""

    expected: str = "a mapping from dotted keys (search.learning_rate) to what replaces them"

    def fits(self, node: Node) -> bool:
        return isinstance(node.value, dict)

    def read(self, node: Node, path: Path, problems: Problems) -> Any:
        assert isinstance(node.value, dict)
        for key in node.value:
            if key not in PATCHABLE:
                problems.add((*path, key), f"unknown key ({nearest(key, PATCHABLE)})")
        return node.plain()

    def json_schema(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": False, "properties": PATCHABLE}


ROOT = Table(
    {
        "name": Field(
            Text(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", "a name of letters, digits, '.', '_' and '-' (at most 100)"),
            "The sweep's name: its MLflow experiment, and its folder.",
            required=True,
        ),
        "backbone": Field(
            Name(tuple(BACKBONES), "a backbone out of"), "The pretrained model; search.backbone opens it."
        ),
        "task": Field(Tagged("kind", TASK_OPTIONS, "a kind of task out of"), "What is asked of a clip.", required=True),
        "data": Field(DATA, "Where the clips come from, and how they are divided.", required=True),
        "search": Field(SEARCH, "The axes. A plain value fixes one.", required=True),
        "train": Field(TRAIN, "What every training shares."),
        "objective": Field(OBJECTIVE, "What the search improves, on validation data.", required=True),
        "trials": Field(COUNT, "Configurations that stage 1 tries.", required=True),
        "asha": Field(ASHA, "Early stopping of stage 1."),
        "seeds": Field(SEEDS),
        "finalists": Field(FINALISTS, "Which trials are confirmed: a number, or {count: n}, or {per: axis}."),
        "baseline": Field(POINT, "What a finalist has to beat: one value per active axis.", required=True),
        "warm_start": Field(Many(POINT, at_least=0, unique=False), "Configurations that stage 1 tries first."),
        "results": Field(Text(rule="a folder"), "The folder of the record, adapters and reports; a URI is refused."),
        "profile": Field(Name(PROFILES), "The hardware."),
        "precision": Field(Name(PRECISIONS), "What frozen weights are kept and computed in; auto: what is fast."),
        "head": Field(Name(HEADS), "A task head is trained whole, or through an adapter."),
        "augment": Field(AUGMENT, "Changes to training clips alone; an axis of the same name goes before."),
        "limits": Field(LIMITS, "Where to stop or refuse."),
        "packing": Field(
            Either((Name(("off", "auto")), Number(minimum=2, maximum=1024, whole=True))),
            "How many trainings of stage 1 share one batch on one backbone; auto: as many as pay.",
        ),
        "miniature": Field(Patch(), "What replaces the above when the sweep runs on the miniature."),
    }
)


def _references(table: Table, above: tuple[str, ...] = ()) -> dict[str, dict[str, str]]:
    """Every dotted key of a table and of the tables in it -> where its JSON Schema stands."""
    found: dict[str, dict[str, str]] = {}
    for name, entry in table.fields.items():
        key = (*above, name)
        found[".".join(key)] = {"$ref": "#/" + "/".join(f"properties/{step}" for step in key)}
        if isinstance(entry.kind, Table):
            found |= _references(entry.kind, key)
    return found


# What the miniature block may replace -> its JSON Schema
PATCHABLE = {key: schema for key, schema in _references(ROOT).items() if key not in ("name", "backbone", "miniature")}

# A key at the top that belongs further down: `epochs: 3`
for _table in ("train", "augment", "data", "objective", "asha", "seeds", "limits", "search"):
    _inner = ROOT.fields[_table].kind
    assert isinstance(_inner, Table)
    for _name in _inner.fields:
        ROOT.elsewhere.setdefault(_name, f"{_table}.{_name}")
for _options in TASK_OPTIONS.values():
    for _name in _options.fields:
        ROOT.elsewhere.setdefault(_name, f"task.{_name}")


def json_schema() -> dict[str, Any]:
    """The format as JSON Schema, draft 7: the one that editors know best."""
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "A sweep"}
    return {**head, "definitions": {"when": WHEN.json_schema()}, **ROOT.json_schema()}


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2))
