"""The format of a sweep file, as tables: which keys, of which kinds. Reading and the JSON Schema both come from here.

`python -m sweeps.config.schema` prints the JSON Schema that editors complete from; search_spaces/sweep.schema.json
holds it, and a test keeps it in step.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sweeps.config.column_names import COLUMN_NAMES
from sweeps.config.confirm_tables import CONFIRM, FINALISTS, SEEDS
from sweeps.config.container_types import Either, Field, Many, Names, Table, Tagged
from sweeps.config.located_yaml import Node, Path
from sweeps.config.notify_table import NOTIFY
from sweeps.config.pruner_rules import PRUNERS
from sweeps.config.sampler_rules import SAMPLERS
from sweeps.config.scalar_types import Name, Null, Number, Problems, Text, nearest
from sweeps.config.search_types import AUGMENT, AXIS_HELP, AXIS_VALUES, COUNT, POINT, SEARCH, WHEN
from sweeps.config.spec import AS_THEY_COME, IN_ORDER
from sweeps.config.task_options import options_table
from trainables.config import HEADS, KEEPS, SAMPLINGS, SCHEDULERS
from trainables.data.reading import LAYOUTS
from trainables.data.storing import STORES
from trainables.registry import BACKBONES, TASKS, task_class

PROFILES = ("auto", "cuda", "mps", "cpu")
PRECISIONS = ("auto", "fp32", "bf16")
MODES = ("max", "min")
ORDERS = (IN_ORDER, AS_THEY_COME)
SHARE = Number(above=0, below=1)
POSITIVE = Number(above=0)

TASK_CLASSES = {kind: task_class(kind) for kind in TASKS}
TASK_OPTIONS = {kind: options_table(task) for kind, task in TASK_CLASSES.items()}

METRICS = tuple(dict.fromkeys(f"val/{name}" for task in TASK_CLASSES.values() for name in task.metrics))

# not `s3:/`, `file:/`, ... with one slash; one letter before the colon is a drive of Windows
FOLDER = Text(
    r"(?![A-Za-z][A-Za-z0-9+.-]+:/(?!/))[\s\S]*\S[\s\S]*",
    "a folder's path (on a cluster, one that every node mounts) or a URI with two slashes, such as s3://bucket/sweeps",
)

SKIP_PATTERN = r"none|unreadable|(\d{1,2}(\.\d+)?|100)%"

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
                    "validation": Field(SHARE, "Share of the groups on which the search compares configurations."),
                    "test": Field(SHARE, "Share of the groups that is kept for stage 2 and the verdict."),
                }
            ),
            "Shares of the groups; the rest is training data.",
        ),
        "columns": Field(
            COLUMN_NAMES,
            'Renames: our name for a column -> the manifest\'s name; "": no column is that.',
        ),
        "separator": Field(
            Text(rule="a text such as , or ;"), "What stands between the labels of a cell (multilabel)."
        ),
        "layout": Field(
            Name(LAYOUTS),
            "How a folder's sub-folders are to be taken, where names alone leave it open; left out: guessed, and said.",
        ),
        "audio_folder": Field(
            Text(rule="a folder"), "Where the paths in a manifest begin; left out: at the manifest's own folder."
        ),
        "skip": Field(
            Either(
                (
                    Number(minimum=0, maximum=1_000_000_000, whole=True),
                    Text(SKIP_PATTERN, "none, unreadable, or a share such as 2%"),
                )
            ),
            "Rows that cannot be used and are left out, at most: none, unreadable (any number whose sound cannot be "
            "decoded), a number, or a share such as 2%. What is left out is listed beside the results.",
        ),
        "store": Field(
            Name(STORES),
            "How decoded sound is kept: int16 (16 bits where that is the same sound exactly, else float32), float32 "
            "(all of it), or lazy (nothing is kept; clips are decoded whenever they are heard).",
        ),
        "folds": Field(
            Table(
                {
                    "inner": Field(
                        Number(minimum=2, maximum=1000, whole=True),
                        "Cross-validation within the search: folds of all but the test clips.",
                    ),
                    "outer": Field(
                        Either(
                            (
                                Number(minimum=2, maximum=1000, whole=True),
                                Name(("official", "leave_one_group_out")),
                            )
                        ),
                        "Cross-validation of the whole sweep: each fold is the test data once.",
                    ),
                }
            ),
            "Cross-validation; left out: one split.",
        ),
        "evaluate": Field(
            Names(Text(rule="a manifest")), "Further test manifests; the name is the prefix of their metrics."
        ),
    }
)

SHARED = ("batch_size", "gradient_accumulation", "warmup_ratio", "weight_decay", "clip_norm", "label_smoothing")

TRAIN = Table(
    {
        "epochs": Field(COUNT, "Passes over the training data; ASHA counts in epochs."),
        "max_steps": Field(
            Either((Null("no limit"), COUNT)), "Most optimizer steps of a training; it may end within an epoch."
        ),
        **{name: Field(AXIS_VALUES[name], AXIS_HELP[name]) for name in SHARED},
        "scheduler": Field(Name(SCHEDULERS), AXIS_HELP["scheduler"]),
        "sampling": Field(Name(SAMPLINGS), AXIS_HELP["sampling"]),
        "keep": Field(Name(KEEPS), "Which epoch's adapter a run keeps: the last, or the best on validation data."),
    }
)

OBJECTIVE = Table(
    {
        "metric": Field(Name(METRICS), "val/ and a metric of the task.", required=True),
        "mode": Field(Name(MODES), "Whether higher or lower is better; may be left out, since the metric decides it."),
    }
)

ASHA = Table(
    {
        "grace_epochs": Field(COUNT, "No pruner stops a trial before this epoch; at most train.epochs."),
        "reduction_factor": Field(
            Number(minimum=2, maximum=1000, whole=True),
            "asha, hyperband: at each rung the best 1 / reduction_factor of the trials go on.",
        ),
    }
)

LIMITS = Table(
    {
        "disk_gb": Field(POSITIVE, "Most that the sweep may keep on disk, in GB (1e9 bytes); at the limit it stops."),
        "memory_gb": Field(POSITIVE, "Most memory of all workers together, in GB: fewer trials at once, or a refusal."),
        "hours": Field(POSITIVE, "Longest time of one session; the same command then goes on for as long again."),
    }
)


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
        "task": Field(
            Tagged("kind", TASK_OPTIONS, "a kind of task out of"),
            "What the model answers.",
            required=True,
        ),
        "data": Field(DATA, "Where the clips come from, and how they are split.", required=True),
        "search": Field(SEARCH, "The axes; a plain value fixes one.", required=True),
        "train": Field(TRAIN, "What all trainings share; an axis of the same name replaces an entry."),
        "objective": Field(OBJECTIVE, "What the search improves, on validation data.", required=True),
        "trials": Field(COUNT, "Configurations that stage 1 tries.", required=True),
        "sampler": Field(
            Name(tuple(SAMPLERS)),
            "By what stage 1 proposes: tpe (learns, any space), gp and cmaes (learn, no conditions), qmc (a Sobol "
            "sequence, no conditions), random, or grid (every configuration once).",
        ),
        "pruner": Field(
            Name(tuple(PRUNERS)),
            "By what stage 1 stops trials early: asha, hyperband (ASHA in brackets that begin later and later), median "
            "(worse than the median of the others), wilcoxon (worse than the best, fold by fold), or none.",
        ),
        "asha": Field(ASHA, "When the pruner stops trials of stage 1."),
        "seeds": Field(SEEDS, "Random seeds of the two stages."),
        "finalists": Field(FINALISTS, "Which trials are confirmed: a number, or {count: n}, or {per: axis}."),
        "confirm": Field(CONFIRM, "Whether stage 2 stops as soon as its question is decided."),
        "baseline": Field(POINT, "What a finalist has to beat: one value per active axis.", required=True),
        "warm_start": Field(
            Many(POINT, at_least=0, unique=False),
            "Configurations that stage 1 tries first.",
        ),
        "results": Field(
            FOLDER, "The folder of the record, adapters and reports: a path, or a URI such as s3://bucket/sweeps."
        ),
        "profile": Field(Name(PROFILES), "The hardware; auto takes the fastest that is there."),
        "precision": Field(Name(PRECISIONS), "Number format of the frozen weights; auto: bf16 where that is fast."),
        "head": Field(Name(HEADS), "How a task head is trained: all its weights (full), or an adapter (lora)."),
        "augment": Field(AUGMENT, "Random changes to training clips; an axis of the same name replaces one."),
        "limits": Field(LIMITS, "Limits at which the sweep stops in good order, or does not start."),
        "notify": Field(NOTIFY, "Who hears when a sweep ends, and of trouble (docs/events.md)."),
        "packing": Field(
            Either((Name(("off", "auto")), Number(minimum=2, maximum=1024, whole=True))),
            "How many trainings of stage 1 share one batch on one backbone; auto: as many as pay.",
        ),
        "decisions": Field(
            Name(ORDERS),
            "What the search decides by: in_order, the same whenever it runs; as_they_come, for unlike machines.",
        ),
        "miniature": Field(
            Patch(),
            "What replaces the above when the sweep runs on the miniature.",
        ),
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
for _table in ("train", "augment", "data", "objective", "asha", "seeds", "confirm", "limits", "notify", "search"):
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
