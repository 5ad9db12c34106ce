"""A sweep whose axis is the backbone itself, and several axes of one name: read, proposed, pruned, planned, decoded."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import optuna
import pytest
import soundfile
from rich.console import Console

from sweeps.config import resolve
from sweeps.config.axis import is_active
from sweeps.config.load import load_sweep, parse_sweep
from sweeps.config.miniature import stand_in
from sweeps.config.spec import AS_THEY_COME, SweepSpec
from sweeps.control.steering import changed_sample
from sweeps.plan.plan import make_plan
from sweeps.plan.prepare import prepare
from sweeps.search.pruning import EachValue, asha_for
from sweeps.search.sampler import OptunaProposals
from sweeps.search.space import Proposal
from sweeps.stage.inputs import explore_job, make_stores
from sweeps.state.assignment import searching
from sweeps.state.decisions import Decisions
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import Workspace
from sweeps.worker.job import Start
from sweeps.worker.trial import Trial, Workplace
from trainables import registry
from trainables.data.sound.store import open_store
from trainables.errors import InputError

TEXT = """
name: which
task: {kind: classification, labels: [a, b]}
data: {source: clips.jsonl}
search:
  backbone: {choice: [ast, efficientat]}
  model_size:
    - {choice: [base-16, base], when: {backbone: ast}}
    - {choice: [mn04, mn10, mn20], when: {backbone: efficientat}}
  target_modules:
    - {choice: [qv, attention], when: {backbone: ast}}
    - {choice: [pointwise], when: {backbone: efficientat}}
  learning_rate:
    - {log_uniform: [1.0e-5, 1.0e-4], when: {backbone: ast}}
    - {log_uniform: [1.0e-3, 1.0e-2], when: {backbone: efficientat}}
objective: {metric: val/accuracy, mode: max}
trials: 8
finalists: {per: backbone}
baseline: {backbone: ast, model_size: base, target_modules: qv, learning_rate: 5.0e-5}
"""
OFFERED = {"ast": ({"base-16", "base"}, {"qv", "attention"}), "efficientat": ({"mn04", "mn10", "mn20"}, {"pointwise"})}
SIZES = {name: tuple(registry.backbone(name).SIZES) for name in OFFERED}
SMALL = {name: tuple(registry.backbone(name).MINIATURE_SIZES) for name in OFFERED}


@pytest.fixture
def spec() -> SweepSpec:
    return parse_sweep(TEXT)


def fits(sample: Mapping[str, Any]) -> bool:
    sizes, targets = OFFERED[sample["backbone"]]
    low, high = (1e-5, 1e-4) if sample["backbone"] == "ast" else (1e-3, 1e-2)
    in_range = low <= sample["learning_rate"] <= high
    return in_range and sample["model_size"] in sizes and sample["target_modules"] in targets


def test_of_several_axes_of_one_name_one_is_open(spec: SweepSpec) -> None:
    assert spec.backbone == ""
    assert spec.backbones == ("ast", "efficientat")
    for name in spec.backbones:
        opened = [axis.name for axis in spec.axes if is_active(axis, spec.axes, {"backbone": name})]
        assert opened == ["backbone", "model_size", "target_modules", "learning_rate"]
    fixed_rate = replace(spec, axes=tuple(axis for axis in spec.axes if axis.name != "learning_rate"))
    assert resolve.configurations_count(fixed_rate) == 2 * 2 + 3 * 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: which", "name: which\nbackbone: ast", "backbone: stands beside search.backbone"),
        ("  backbone: {choice: [ast, efficientat]}\n", "", "backbone: missing: expected a backbone out of"),
        ("{choice: [pointwise], when: {backbone: efficientat}}", "{choice: [pointwise]}", "needs a `when:`"),
        ("[pointwise], when: {backbone: efficientat}", "[pointwise], when: {backbone: ast}", "exclude each other"),
        ("model_size: base, target", "model_size: base, rank: 8, target", "neither opens nor fixes rank"),
        ("backbone: ast, model_size: base", "backbone: ast", "baseline.model_size: missing"),
        ("when: {backbone: ast}}\n    - {choice: [mn04", "when: {backbone: asd}}\n    - {choice: [mn04", "asd"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_them_is_said(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError) as caught:
        parse_sweep(TEXT.replace(old, new, 1))
    assert any(message in problem for problem in caught.value.problems), caught.value.problems


def test_a_bare_list_is_still_no_axis() -> None:
    with pytest.raises(InputError, match=r"rank: got a bare list: values to choose from are written rank: \{choice"):
        load_sweep("qwen_lora", ["search.rank=[4, 8]"])


def test_every_proposal_fits_its_backbone_and_they_take_turns(spec: SweepSpec, tmp_path: Path) -> None:
    """TPE included: more trials than it proposes at random."""
    spec = replace(spec, trials=24, warm_start=({"backbone": "efficientat", "model_size": "mn20"},))
    progress = StageProgress(tmp_path)
    progress.space([asdict(axis) for axis in spec.axes])
    proposals = OptunaProposals(spec, decisions=Decisions(AS_THEY_COME, 2))
    while (proposed := proposals.next()) is not None:
        trial = progress.asked(*proposed)
        assert fits(trial.given)
        assert resolve.resolve(spec, trial.given).backbone == trial.given["backbone"]
        good = float(trial.given["backbone"] == "ast")  # what does better gets no more turns
        result = {"epoch": 1, "planned_epochs": 1, "objective": good, "done": True}
        progress.result(trial.name, result, last=True)
        proposals.tell(trial.name, result)
    given = [trial.given for trial in progress.trials.values()]
    assert given[0]["model_size"] == "mn20"
    assert Counter(sample["backbone"] for sample in given) == {"ast": 11, "efficientat": 13}
    again = OptunaProposals(spec, decisions=Decisions(AS_THEY_COME, 2))
    again.replay(StageProgress(tmp_path))  # raises where it proposes anything else
    assert again.exhausted


def test_trials_are_held_only_against_others_of_their_backbone(spec: SweepSpec) -> None:
    given = {name: {"backbone": name.rstrip("0123456789")} for name in ("ast1", "efficientat1", "ast2", "efficientat2")}
    spec = replace(spec, train=replace(spec.train, epochs=9))
    pruner = asha_for(spec, lambda name: given[name])
    assert isinstance(pruner, EachValue)
    decisions = {}
    for name, objective in (("ast1", 0.9), ("efficientat1", 0.5), ("ast2", 0.8), ("efficientat2", 0.6)):
        trial = SimpleNamespace(trial_id=name)
        pruner.on_trial_add(None, trial)
        decisions[name] = pruner.on_trial_result(None, trial, {"epoch": 1, "objective": objective})
    assert decisions == {"ast1": "CONTINUE", "efficientat1": "CONTINUE", "ast2": "STOP", "efficientat2": "CONTINUE"}


def test_each_backbone_has_its_own_miniature_sizes(spec: SweepSpec) -> None:
    small = stand_in(spec, SMALL, SIZES)
    offered = {axis.when["backbone"]: axis.values for axis in small.axes if axis.name == "model_size"}
    assert offered == {("ast",): SMALL["ast"], ("efficientat",): SMALL["efficientat"]}
    assert small.baseline["model_size"] == SMALL["ast"][SIZES["ast"].index("base")]
    shared = TEXT.replace(TEXT[TEXT.index("  model_size:") : TEXT.index("  target_modules:")], "  model_size: base\n")
    shared = shared.replace("model_size: base, target", "target").replace("efficientat", "beats")
    shared = shared.replace("[pointwise]", "[qv]")
    names = {name: tuple(registry.backbone(name).SIZES) for name in ("ast", "beats")}
    minis = {name: tuple(registry.backbone(name).MINIATURE_SIZES) for name in ("ast", "beats")}
    both = stand_in(parse_sweep(shared), minis, names)
    for name in names:
        size = both.axes[[axis.when.get("backbone") == (name,) for axis in both.axes].index(True)].values
        assert size == (minis[name][min(names[name].index("base"), len(minis[name]) - 1)],)
    with pytest.raises(InputError, match="efficientat has no size mn10, mn20"):
        stand_in(spec, SMALL, {**SIZES, "efficientat": ("mn04",)})


def test_a_clone_with_another_backbone_needs_what_fits_it(spec: SweepSpec) -> None:
    sample = {"backbone": "ast", "model_size": "base", "target_modules": "qv", "learning_rate": 5e-5}
    with pytest.raises(InputError) as caught:
        changed_sample(spec, sample, {"backbone": "efficientat"})
    assert {problem.split(":")[0] for problem in caught.value.problems} == {
        "model_size",
        "target_modules",
        "learning_rate",
    }
    fit = {"model_size": "mn10", "target_modules": "pointwise", "learning_rate": 2e-3}
    assert fits(changed_sample(spec, sample, {"backbone": "efficientat", **fit}))


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Twenty clips of half a second, two classes."""
    rows = []
    for index in range(20):
        path = tmp_path / f"{index}.wav"
        soundfile.write(path, np.random.default_rng(index).standard_normal(8000) * 0.1, 16_000)
        rows.append({"audio": path.name, "label": "ab"[index % 2], "group": f"group{index // 2}"})
    (tmp_path / "clips.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "clips.jsonl"


def test_the_plan_counts_every_backbone_as_published(clips: Path) -> None:
    plan = make_plan(prepare("audio_backbones", [f"data.source={clips}", "profile=cuda"], planning=True))
    rows = {(row.backbone, row.model_size, row.target_modules, row.rank): row for row in plan.targets}
    published = {
        ("ast", "base", "attention+mlp"): 1_327_104,
        ("htsat", "unfused", "qkv"): 211_968,
        ("beats", "base", "attention"): 589_824,
        ("efficientat", "mn10", "pointwise"): 107_136,
        ("efficientat", "mn10", "pointwise+se"): 188_416,
    }
    assert {key: rows[*key, 8].adapter_params for key in published} == published
    beats = rows["beats", "base", "qv", 8]
    assert beats.total_params - beats.head_params == 90_311_792
    assert not plan.miniature
    assert not any(row.target_modules.startswith("pointwise") for row in plan.targets if row.backbone != "efficientat")
    rates = {name: part.sample_rate_hz for part in (plan.clips, *plan.clips_otherwise) for name in part.backbones}
    assert rates == {"ast": 16_000, "beats": 16_000, "wav2vec2": 16_000, "efficientat": 32_000, "htsat": 48_000}
    assert plan.stages.finalists == 5
    assert plan.as_dict()["targets"][0]["backbone"] == "ast"


def test_a_sweep_over_a_backbone_that_cannot_do_the_task_names_it(clips: Path) -> None:
    opened = "search.backbone={choice: [ast, htsat, beats, efficientat, moonshine]}"
    with pytest.raises(InputError) as caught:
        make_plan(prepare("audio_backbones", [f"data.source={clips}", "profile=cuda", opened], planning=True))
    assert [problem.split(";")[0] for problem in caught.value.problems] == [
        "task.kind: moonshine cannot do classification",
        "search.model_size: no condition opens a size for moonshine",
    ]


def test_each_backbone_hears_the_clips_at_its_own_rate(clips: Path, tmp_path: Path) -> None:
    """A worker that takes trials of several backbones opens the store that fits each."""
    found = prepare("audio_backbones", [f"data.source={clips}", "profile=cpu"], planning=True)
    stores = make_stores(found, Workspace(tmp_path / "results", "sweep"), ("train", "validation"), Console(quiet=True))
    job = explore_job(found, stores, "-", {})
    place = Workplace(job)
    sample = Proposal(found.spec.axes, found.spec.fixed)(optuna.create_study().ask())
    for name in (*found.spec.backbones, found.spec.backbones[0]):
        backbone = found.backbones[name]
        given = dict(found.spec.baseline) if name == "ast" else fitting(found.spec, name, sample)
        trial = Trial(place, Start(tmp_path / name, searching(found.spec, given)))
        assert trial.config.backbone == name
        for store in trial.stores.values():
            assert store.sample_rate_hz == backbone.SAMPLE_RATE_HZ
            assert len(store.waveform(0)) == backbone.SAMPLE_RATE_HZ // 2
    assert len({id(stores) for stores in map(place.stores_of, found.spec.backbones)}) == len(found.hearings) >= 3


def fitting(spec: SweepSpec, backbone: str, sample: Mapping[str, Any]) -> dict[str, Any]:
    """A sample with this backbone and the first value of what only it opens."""
    given = {"backbone": backbone}
    for axis in resolve.open_axes(spec, {"backbone": backbone}):
        if axis.name != "backbone":
            given[axis.name] = axis.values[0] if axis.when else sample[axis.name]
    return given


def test_a_single_backbone_keeps_its_stores_where_they_were(clips: Path, tmp_path: Path) -> None:
    found = prepare("ast_lora", [f"data.source={clips}", "profile=cpu"], planning=True)
    workspace = Workspace(tmp_path / "results", "sweep")
    stores = make_stores(found, workspace, ("train",), Console(quiet=True))
    (hearing,) = found.hearings
    assert stores == {"train": str(workspace.store("train"))}
    assert open_store(workspace.store("train"), hearing).folder == workspace.store("train")
