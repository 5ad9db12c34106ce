"""A sweep that goes on: the one that is meant, prepared once, and one that was begun with an earlier version."""

from __future__ import annotations

import shutil
import wave
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sweeps.config.spec import AS_THEY_COME
from sweeps.plan.prepare import prepare_settled
from sweeps.plan.restore import check_same_data, manifest_of, settle_again
from sweeps.plan.settle import Settled, settle, settle_recorded
from sweeps.search.pruning import asha_for, replay_rungs
from sweeps.search.sampler import OptunaProposals
from sweeps.state.decisions import Decisions
from sweeps.state.manifest import MANIFEST, Manifest, state_of
from sweeps.state.progress import COMPLETED, PRUNED, StageProgress
from sweeps.state.resume import AUTO, choose
from sweeps.state.workspace import CONFIRM, EXPLORE, Workspace, new_workspace
from trainables.errors import InputError

SWEEP = """\
name: tones
backbone: qwen2_audio
task: {kind: label_scoring, labels: [HUM, HISS], prompt: "Is this a hum or a hiss? Answer HUM or HISS."}
data: {source: clips.csv, splits: {validation: 0.25, test: 0.25}}
search:
  model_size: {choice: [7b, 3b]}
  rank: {choice: [4, 8]}
  learning_rate: {log_uniform: [1.0e-3, 1.0e-2]}
  lora_dropout: {uniform: [0, 0.1], when: {rank: [8]}}
train: {epochs: 2}
objective: {metric: val/accuracy}
trials: 4
seeds: {explore: [42], confirm: [1, 2]}
finalists: 1
baseline: {model_size: 7b, rank: 4, learning_rate: 2.0e-3}
"""
# The sweep above, begun by commit 763128d and killed in stage 2. In its sweep.json CLIPS is the folder of the clips
BEGUN = Path(__file__).parents[2] / "golden" / "sweeps" / "tones-20261130-105147-9bc0"


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """The folder of the sweep file and of 24 clips, the same bytes wherever it is made."""
    return write_clips(tmp_path, hum_steps=range(25, 25 + 24))


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """The same with one hum under twelve names, as the sweep of the earlier version had it."""
    return write_clips(tmp_path, hum_steps=[25] * 24)


def write_clips(tmp_path: Path, hum_steps: Sequence[int]) -> Path:
    rng = np.random.default_rng(0)
    lines = ["audio,label,group"]
    for index in range(24):
        label = "HUM" if index % 2 else "HISS"
        sound = (
            rng.integers(-3000, 3000, 8000)
            if label == "HISS"
            else (np.arange(8000) // hum_steps[index] % 2 - 0.5) * 6000
        )
        with wave.open(str(tmp_path / f"clip-{index:02}.wav"), "wb") as file:
            file.setparams((1, 2, 16_000, 8000, "NONE", ""))
            file.writeframes(sound.astype("<i2").tobytes())
        lines.append(f"clip-{index:02}.wav,{label},group-{index // 2:02}-{label}")
    (tmp_path / "clips.csv").write_text("\n".join(lines))
    (tmp_path / "tones.yaml").write_text(SWEEP)
    return tmp_path


def settled(clips: Path, *overrides: str) -> Settled:
    return settle(clips / "tones.yaml", ["profile=cpu", *overrides], planning=False)


def test_a_sweep_of_an_earlier_version_goes_on_though_it_has_copies_on_several_sides(copies: Path) -> None:
    clips = copies
    results = clips / "results"
    shutil.copytree(BEGUN, results / BEGUN.name)
    manifest = results / BEGUN.name / MANIFEST
    manifest.write_text(manifest.read_text().replace("CLIPS", str(clips)))

    meant = settled(clips)
    workspace = choose(results, meant.spec.name, meant.spec.source_text, AUTO, "command")
    assert workspace == Workspace(results, BEGUN.name)
    state = state_of(workspace)
    assert (state.looks, state.finished) == (((1, 2),), False)
    prepared = prepare_settled(settle_again(meant, workspace, None), Manifest.read(workspace).data_fingerprint)
    check_same_data(prepared, workspace)  # raises where clips or splits are others

    explored = StageProgress(workspace.stage(EXPLORE), prepared.spec)
    assert [trial.status for trial in explored.trials.values()] == [COMPLETED, COMPLETED, COMPLETED, PRUNED]
    proposals = OptunaProposals(prepared.spec, decisions=Decisions(AS_THEY_COME, 2))
    proposals.replay(explored)  # raises where it proposes anything else
    assert proposals.exhausted
    replay_rungs(asha_for(prepared.spec, lambda name: explored.trials[name].given), explored)
    for trial in explored.trials.values():
        assert trial.assignment.config_id == trial.last["config_id"]

    confirming = StageProgress(workspace.stage(CONFIRM), prepared.spec)
    assert [trial.name for trial in confirming.unfinished] == ["finalist-1-seed-1", "finalist-1-seed-2"]
    best = confirming.unfinished[0].assignment.config
    assert best.config_id in {trial.last["config_id"] for trial in explored.trials.values()}


def test_what_was_begun_goes_on_as_it_was_whatever_the_file_says_now(clips: Path) -> None:
    workspace = new_workspace(clips / "results", "tones")
    manifest_of(prepare_settled(settled(clips))).write(workspace)
    later = settle_again(settled(clips, "trials=9", "train.epochs=5", "limits.hours=2"), workspace, None)
    assert (later.spec.trials, later.spec.train.epochs, later.spec.hours) == (4, 2, 2)
    (clips / "clip-00.wav").write_bytes((clips / "clip-02.wav").read_bytes())
    with pytest.raises(InputError, match=r"are not those that tones-.* was begun with"):
        check_same_data(prepare_settled(later, Manifest.read(workspace).data_fingerprint), workspace)


def test_another_number_of_clips_left_out_is_another_data_set(clips: Path) -> None:
    workspace = new_workspace(clips / "results", "tones")
    now = prepare_settled(settled(clips))
    manifest = manifest_of(now)
    assert manifest.left_out == 0
    replace(manifest, left_out=2).write(workspace)
    with pytest.raises(InputError, match=r"0 clips of .* are left out now, and 2 were when tones-.* was begun"):
        check_same_data(now, workspace)
    replace(manifest, left_out=None).write(workspace)  # begun before the number was noted
    check_same_data(now, workspace)


def test_on_a_cpu_a_sweep_goes_on_in_the_precision_that_it_was_begun_in(clips: Path) -> None:
    workspace = new_workspace(clips / "results", "tones")
    now = settled(clips)
    Manifest("tones", now.spec.source_text, str(clips), "f", True, "cpu", "bf16", {}).write(workspace)
    assert settle_again(now, workspace, None).profile.precision == "bf16"
    named = replace(now, spec=replace(now.spec, precision="fp32"))
    with pytest.raises(InputError, match="begun on the miniature in bf16 and would go on on the miniature in fp32"):
        settle_again(named, workspace, None)


def test_the_recipe_of_a_recorded_miniature_is_handed_on(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUDIO_SWEEPS_MINIATURE", raising=False)
    now = settled(clips)
    again = settle_recorded(now.spec.source_text, str(clips), like=now.spec, miniature=True, recipe="test")
    assert prepare_settled(again).miniature_recipe == "test"
    assert now.miniature_recipe == settled(clips).miniature_recipe == "full"
