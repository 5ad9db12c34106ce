"""The plan on a made-up backbone, and its numbers for Qwen2-Audio against the published ones.

Covers `plan`, `targets`, `workload` and `view`."""

import json
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from rich.console import Console
from torch import nn

from sweeps.config.load import parse_sweep
from sweeps.config.pruner_rules import rungs
from sweeps.machine.profile import GIB, Facts, choose
from sweeps.machine.weights import Decision
from sweeps.plan.data import Clips, complete_task
from sweeps.plan.head import head
from sweeps.plan.plan import Plan, lacking_classes, make_plan
from sweeps.plan.prepare import Prepared
from sweeps.plan.targets import check_backbone, reachable
from sweeps.plan.view import render
from trainables import registry
from trainables.contract import Preset, Size
from trainables.data.doubts.check import check_examples
from trainables.data.examples import AudioPiece, Example
from trainables.data.splits import SplitRow
from trainables.errors import InputError
from trainables.modeling.checkpoints import names_checkpoint
from trainables.tasks.label_scoring import LabelScoring

CPU = Facts(
    kind="cpu",
    name="x86_64",
    accelerators=0,
    memory_bytes=16 * GIB,
    free_bytes=14 * GIB,
    cores=2,
    ram_bytes=16 * GIB,
    ram_free_bytes=14 * GIB,
    bf16=False,
    nf4=True,
)
GPU = replace(CPU, kind="cuda", name="A10", accelerators=1, memory_bytes=24 * GIB, free_bytes=23 * GIB, bf16=True)

SWEEP = """
name: test
backbone: qwen2_audio
task: {kind: label_scoring, labels: [a, b], prompt: "a or b?"}
data: {source: clips.jsonl}
search:
  model_size: {choice: [small, large]}
  quantization: {choice: [none, nf4], when: {model_size: [large]}}
  rank: {choice: [4, 16]}
  target_modules: {choice: [attention, all]}
  learning_rate: {log_uniform: [1.0e-5, 1.0e-3]}
train: {epochs: 9, batch_size: 2, gradient_accumulation: 2}
objective: {metric: val/accuracy, mode: max}
trials: 12
asha: {grace_epochs: 1, reduction_factor: 3}
seeds: {explore: [1, 2], confirm: [3, 4, 5]}
finalists: {count: 2}
baseline: {model_size: large, quantization: nf4, rank: 8, target_modules: attention, learning_rate: 1.0e-4}
"""


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.q_proj, self.v_proj = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.mlp = nn.Linear(width, 4 * width, bias=False)


class Net(nn.Module):
    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Block(width) for _ in range(layers))


def skeleton(size: str, task: Any) -> nn.Module:
    width, layers = {"small": (16, 2), "large": (32, 3)}[size]
    with torch.device("meta"):
        return Net(width, layers)


def backbone(**changes: Any) -> Any:
    presets = {
        "attention": Preset(r"layers\.\d+\.(q_proj|v_proj)", {"small": 4, "large": 6}),
        "all": Preset(r"layers\.\d+\.\w+", {"small": 6, "large": 9}),
    }
    sizes = {name: Size(f"acme/{name}", None, "MIT", 1) for name in ("small", "large")}
    values = {
        "NAME": "acme",
        "TASKS": ("label_scoring",),
        "SIZES": sizes,
        "MINIATURE_SIZES": sizes,
        "PRESETS": presets,
        "SAMPLE_RATE_HZ": 8000,
        "WINDOW_SECONDS": 1.0,
        "MINIATURE_WINDOW_SECONDS": 0.5,
        "skeleton": skeleton,
    }
    return SimpleNamespace(**(values | changes))


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    """20 clips of a and b in groups of two: 8 of 0.25 s, 8 of exactly the window, 4 of 2 s."""
    folder = tmp_path_factory.mktemp("clips")
    found = []
    for index in range(20):
        seconds = 0.25 if index < 8 else 1.0 if index < 16 else 2.0
        path = folder / f"{index}.wav"
        soundfile.write(path, np.zeros(int(8000 * seconds), dtype=np.float32), 8000)
        found.append(Example(f"clip{index}", (AudioPiece(str(path)),), f"group{index // 2}", "ab"[index // 2 % 2]))
    return found


def prepared(
    examples: Sequence[Example],
    *,
    overrides: Sequence[str] = (),
    facts: Facts = CPU,
    miniature: bool = False,
    **changes: Any,
) -> Prepared:
    spec = parse_sweep(SWEEP, overrides)
    task = LabelScoring(labels=("a", "b"), prompt="a or b?")
    names = ["train"] * 12 + ["validation"] * 4 + ["test"] * 4
    return Prepared(
        spec=spec,
        profile=choose("auto", facts, miniature=miniature),
        weights=Decision(miniature, "because of the test"),
        task=task,
        backbones={"qwen2_audio": backbone(**changes)},
        clips=Clips(examples, check_examples(examples, task)),
        splits={example.id: name for example, name in zip(examples, names, strict=True)},
    )


def plan_of(examples: Sequence[Example], **options: Any) -> Plan:
    return make_plan(prepared(examples, **options), "my.yaml", ["trials=12"])


def text_of(rendered: Any) -> str:
    console = Console(file=StringIO(), width=200)
    console.print(rendered)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_parameters_of_every_size_target_and_rank(examples: list[Example]) -> None:
    rows = {(r.model_size, r.target_modules, r.rank): r for r in plan_of(examples).targets}
    # the baseline adds rank 8 on the large size's attention, and nowhere else
    assert sorted(rank for size, targets, rank in rows if (size, targets) == ("large", "attention")) == [4, 8, 16]
    assert sorted(rank for size, targets, rank in rows if (size, targets) == ("small", "all")) == [4, 16]
    row = rows["large", "all", 16]
    assert row.matched_modules == 9
    assert row.adapter_params == 16 * 3 * (2 * (32 + 32) + (32 + 128))
    assert row.trainable_params == row.adapter_params + row.head_params
    assert row.total_params == 3 * (2 * 32 * 32 + 32 * 128)


def test_a_head_that_is_trained_whole_is_counted_apart(examples: list[Example]) -> None:
    plan = plan_of(examples, HEAD_MODULES=("layers.0.mlp",))
    row = next(r for r in plan.targets if (r.model_size, r.target_modules, r.rank) == ("small", "attention", 4))
    assert row.head_params == 16 * 64
    assert row.adapter_params == 4 * 4 * 32
    assert row.trainable_params == row.adapter_params + row.head_params


def test_splits_groups_and_classes(examples: list[Example]) -> None:
    plan = plan_of(examples)
    cells = {(row.split, row.label): (row.examples, row.groups) for row in plan.splits}
    assert cells["train", "a"] == (6, 3)
    assert cells["test", "b"] == (2, 1)
    assert plan.groups == {"train": 6, "validation": 2, "test": 2}
    assert plan.lacking == ()
    assert not plan.own_groups
    assert any("limited to these groups" in sentence for sentence in plan.advice)


def test_a_class_that_a_split_lacks_and_doubts_about_the_data_are_said(examples: list[Example]) -> None:
    alone = [replace(e, group=e.id, target="a" if i >= 16 else e.target) for i, e in enumerate(examples)]
    plan = make_plan(replace(prepared(alone), doubts=("The data are doubtful.",)))
    assert plan.lacking == ("test: b",)
    assert plan.own_groups
    assert plan.understood.advice == ("The data are doubtful.",)
    assert "- The data are doubtful." in text_of(render(plan))
    assert head(plan)[-1].plain.endswith("notes, the first: The data are doubtful.")


def test_very_many_classes_that_a_split_lacks_are_counted(examples: list[Example]) -> None:
    rows = [
        SplitRow(split, f"class {n}", n % 2 * (split == "test"), 1) for split in ("train", "test") for n in range(527)
    ]
    few = [SplitRow("train", "a", 1, 1), SplitRow("test", "a", 0, 0), SplitRow("test", "b", 0, 0)]
    assert lacking_classes(rows) == "; ".join(
        f"{split}: {count} of 527 classes, such as " + ", ".join(f"class {step * n}" for n in range(6))
        for split, count, step in (("train", 527, 1), ("test", 264, 2))
    )
    assert lacking_classes(few) == "test: a, b"


def test_clips_against_the_window(examples: list[Example]) -> None:
    clips = plan_of(examples).clips
    assert (clips.examples, clips.padded, clips.cropped) == (20, 8, 4)
    assert clips.total_seconds == 8 * 0.25 + 12 * 1.0
    small = plan_of(examples, miniature=True).clips
    assert (small.window_seconds, small.padded, small.cropped) == (0.5, 8, 12)


def test_stages(examples: list[Example]) -> None:
    stages = plan_of(examples).stages
    assert (stages.explore_runs, stages.confirm_runs, stages.untuned_runs) == (24, 9, 1)
    assert stages.rungs == (1, 3)
    assert stages.most_epochs == (24 + 9) * 9
    assert stages.baseline_steps == 9 * 3  # 12 clips: 6 batches, 3 steps an epoch
    per = plan_of(examples, overrides=["finalists={per: target_modules}"]).stages
    assert (per.finalists, per.confirm_runs) == (2, 9)
    short = plan_of(examples, overrides=["train.max_steps=4"]).stages
    assert (short.epochs, short.baseline_steps, short.rungs) == (2, 4, (1,))


@pytest.mark.parametrize(("grace", "factor", "epochs"), [(1, 3, 3), (1, 3, 9), (2, 2, 10), (1, 4, 50), (3, 3, 2)])
def test_rungs_are_ashas(grace: int, factor: int, epochs: int) -> None:
    from ray.tune.schedulers.async_hyperband import _Bracket

    bracket = _Bracket(grace, max(epochs, grace), factor, 0)
    assert sorted(milestone for milestone, _ in bracket._rungs if milestone < epochs) == list(
        rungs(grace, factor, epochs)
    )


def test_conditions_are_followed(examples: list[Example]) -> None:
    points = {(point["model_size"], point["quantization"]) for point in reachable(parse_sweep(SWEEP))}
    assert points == {("small", "none"), ("large", "none"), ("large", "nf4")}
    memory = {(row.model_size, row.quantization) for row in plan_of(examples).memory}
    assert memory == points


def test_a_range_of_ranks_is_counted_at_its_ends(examples: list[Example]) -> None:
    plan = plan_of(examples, overrides=["search.rank={int: [2, 32]}"])
    ranks = {row.rank for row in plan.targets if row.target_modules == "all"}
    assert ranks == {2, 32}
    assert "2 to 32" in text_of(render(plan))


def test_everything_the_backbone_lacks_is_one_error(examples: list[Example]) -> None:
    overrides = ["search.model_size={choice: [small, larg]}", "search.target_modules={choice: [atention, all]}"]
    renamed = backbone().PRESETS | {"all": Preset(r"layers\.\d+\.old_name", {"small": 6, "large": 9})}
    with pytest.raises(InputError) as caught:
        plan_of(examples, overrides=overrides, PRESETS=renamed)
    problems = "\n".join(caught.value.problems)
    assert "has no size larg (nearest: large)" in problems
    assert "has no preset atention (nearest: attention)" in problems
    assert "target_modules: all matches 0 modules of acme size small" in problems
    assert (
        "target_modules: all matches 0 modules of acme size large" not in problems
    )  # only the baseline is large there


def test_a_task_that_the_backbone_cannot_do(examples: list[Example]) -> None:
    with pytest.raises(InputError, match="acme cannot do label_scoring; it does transcription"):
        plan_of(examples, TASKS=("transcription",))


def test_what_the_machine_cannot_do_is_planned_and_listed(examples: list[Example]) -> None:
    starved = replace(GPU, free_bytes=GIB, memory_bytes=GIB, nf4=False)
    plan = plan_of(examples, facts=starved)
    assert any("nf4 has no bitsandbytes kernels on cuda (A10)" in problem for problem in plan.problems)
    assert sum("needs about" in problem for problem in plan.problems) == 3
    assert not any(row.fits for row in plan.memory)
    assert "cannot run on this profile" in plan.advice[0]
    assert "Problems" in text_of(render(plan))
    assert plan_of(examples, facts=GPU).problems == ()


def test_the_miniature_fits_everywhere_and_says_what_it_is(examples: list[Example]) -> None:
    plan = plan_of(examples, miniature=True)
    assert plan.problems == ()
    assert plan.download_bytes == 0
    assert "MINIATURE: because of the test" in text_of(render(plan))
    assert "by the MINIATURE of qwen2_audio on" in head(plan)[0].plain
    assert head(plan)[0].plain.endswith("; because of the test")
    assert any("says nothing" in s or "say nothing" in s for s in plan.advice)


def test_memory_counts_an_adapter_for_every_seed(examples: list[Example]) -> None:
    one = plan_of(examples, overrides=["seeds.explore=[1]"]).memory
    two = plan_of(examples).memory
    largest = max(row.trainable_params for row in plan_of(examples).targets if row.model_size == "large")
    grown = two[-1].needed_bytes - one[-1].needed_bytes
    assert grown == pytest.approx(1.1 * 16 * largest, abs=2)


def test_disk_grows_with_trials_and_can_be_limited(examples: list[Example]) -> None:
    few, many = plan_of(examples), plan_of(examples, overrides=["trials=24"])
    assert many.disk_bytes > few.disk_bytes > 4 * 8000 * few.clips.total_seconds
    limited = plan_of(examples, overrides=["limits.disk_gb=0.000001"])
    assert any(problem.startswith("limits.disk_gb: 1e-06 GB") for problem in limited.problems)


def test_the_plan_is_plain_json(examples: list[Example]) -> None:
    plan = plan_of(examples)
    values = json.loads(json.dumps(plan.as_dict()))
    assert values["targets"][0]["adapter_params"] == plan.targets[0].adapter_params
    assert all(
        type(row[key]) is int
        for row in values["targets"]
        for key in row
        if key.endswith(("_params", "matched_modules"))
    )
    assert values["configurations"] is None
    assert (
        plan_of(examples, overrides=["search.learning_rate=1.0e-4", "baseline.learning_rate=null"]).configurations == 12
    )


def test_the_view_shows_the_numbers_and_the_next_command(examples: list[Example]) -> None:
    plan = plan_of(examples)
    shown = text_of(render(plan))
    row = plan.targets[0]
    for part in ("matched_modules", "trainable_params", f"{row.total_params:,}", "model_size in large", "acme/large"):
        assert part in shown
    assert plan.next_command == "python -m sweeps.run my.yaml trials=12"
    assert plan.next_command not in shown  # it is printed by itself, so that no terminal's width breaks it
    assert "smallest GPU" not in shown
    assert "smallest GPU" in text_of(render(plan_of(examples, facts=GPU)))


@pytest.mark.parametrize(
    ("size", "targets", "modules", "params"),
    [
        ("7b", "attention", 32 * 4 + 32 * 3, 20_709_376),
        ("7b", "attention+mlp", 32 * 7 + 32 * 3, 43_909_120),
        ("7b", "all-linear", 32 * 7 + 32 * 6 + 1, 51_859_456),
        ("7b", "lm-attention", 32 * 4, 16_777_216),
        ("7b", "lm-attention+mlp", 32 * 7, 39_976_960),
    ],
)
def test_published_counts_of_qwen2_audio(size: str, targets: str, modules: int, params: int, qwen_rows: Any) -> None:
    row = qwen_rows[size, targets]
    assert (row.matched_modules, row.adapter_params, row.head_params) == (modules, params, 0)
    assert row.total_params == 8_397_094_912


@pytest.fixture(scope="module")
def qwen_rows(examples: list[Example]) -> dict[tuple[str, str], Any]:
    from trainables.backbones import qwen2_audio

    presets = "[attention, attention+mlp, all-linear, lm-attention, lm-attention+mlp]"
    overrides = [
        "search.model_size={choice: [3b, 7b]}",
        "search.quantization={choice: [none, nf4], when: {model_size: [7b]}}",
        "search.rank=16",
        f"search.target_modules={{choice: {presets}}}",
        "baseline={model_size: 7b, quantization: nf4, target_modules: attention, learning_rate: 1.0e-4}",
    ]
    ready = replace(prepared(examples, overrides=overrides), backbones={"qwen2_audio": qwen2_audio})
    return {(row.model_size, row.target_modules): row for row in check_backbone(ready).targets}


def with_targets(examples: list[Example], column: str) -> list[Example]:
    """The examples with targets such as a task of this column has; labels and texts are those that they have."""
    if column == "targets":
        return [replace(each, target=[float(row), row % 7.0, row % 5.0]) for row, each in enumerate(examples)]
    return [replace(each, target=[each.target]) for each in examples] if column == "labels" else examples


def test_shipped_sweeps_can_be_planned_for_any_gpu(examples: list[Example]) -> None:
    """The full sizes, on a machine that has none of it: no weights, no network, no GPU."""
    folder = Path(__file__).parents[3] / "search_spaces"
    for file in sorted(folder.glob("*.yaml")):
        spec = parse_sweep(file.read_text())
        named = [(name, size) for name in spec.backbones for size in spec.sizes_of(name)]
        if any(names_checkpoint(size) for _, size in named):
            continue  # its shapes are those of checkpoints: test_published_shapes.py, tests/weights
        ready = prepared(examples)
        task = registry.task(spec.task_kind, dict(spec.task_options))
        spec, task = complete_task(spec, task, with_targets(examples, task.column), ready.splits)
        profile = choose("cuda", CPU, planning=True)
        backbones = {name: registry.backbone(name) for name in spec.backbones}
        plan = make_plan(replace(ready, spec=spec, task=task, profile=profile, backbones=backbones), str(file))
        assert plan.problems == ()
        assert {(row.backbone, row.model_size) for row in plan.memory} == set(named)
        published = [registry.backbone(name).SIZES[size] for name, size in named]
        assert (plan.download_bytes > 0) == any(not size.origin for size in published)
        assert "on a machine with CUDA" in text_of(render(plan))


def test_the_plan_says_what_the_verdict_can_show(examples: list[Example]) -> None:
    shown = text_of(render(plan_of(examples)))
    assert "What the verdict can show" in shown
