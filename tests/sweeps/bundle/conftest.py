"""A finished sweep's folder with its record: two seeds of two finalists and the baseline, answers drawn."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis.verdict.wording import as_record
from sweeps.config.load import load_sweep
from sweeps.judge import judge
from sweeps.record.store import default_uri
from sweeps.record.tracker import Tracker
from sweeps.state.manifest import Manifest
from sweeps.state.workspace import Workspace
from trainables import registry
from trainables.records import NO_FOLD, NO_SEED, PARAM_MODE, PARAM_OBJECTIVE, Predictions

SKILLS = {"x": 0.9, "y": 0.7, "base": 0.6, "untuned": 0.5}
CLASSES = ("owl", "wren")
CLIPS, GROUPS = 60, 20


def answers(skill: float, rng: np.random.Generator) -> Predictions:
    targets = [CLASSES[clip % 2] for clip in range(CLIPS)]
    right = rng.random(CLIPS) < skill
    outputs = [
        target if ok else CLASSES[1 - clip % 2] for clip, (target, ok) in enumerate(zip(targets, right, strict=True))
    ]
    scores = np.array([[float(output == name) for name in CLASSES] for output in outputs])
    ids, groups = [f"c{clip}" for clip in range(CLIPS)], [f"g{clip % GROUPS}" for clip in range(CLIPS)]
    return Predictions(ids, groups, [NO_FOLD] * CLIPS, targets, outputs, scores=scores, classes=CLASSES)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    results = tmp_path_factory.mktemp("bundled")
    spec = load_sweep("efficientat_lora")
    workspace = Workspace(results, "birds-1")
    workspace.folder.mkdir()
    Manifest("birds", spec.source_text, str(results / "secret"), "f" * 64, True, "cpu", "fp32", {}).write(workspace)
    (workspace.folder / "sweep.yaml").write_text(spec.source_text)
    (workspace.folder / "report").mkdir()
    (workspace.folder / "report" / "report.md").write_text(f"Of {results / 'secret'} in {results}.")
    (workspace.folder / "data").mkdir()
    (workspace.folder / "data" / "samples.i2").write_bytes(b"sound")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        uri = default_uri(results)
    tracker = Tracker(uri, results, "birds", miniature=True)
    tracker.start_sweep("birds-1", spec.source_text, {}, {PARAM_OBJECTIVE: "val/accuracy", PARAM_MODE: "max"})
    tracker.log_finalists([{"config_id": name, "value": 0.9} for name in ("x", "y")], fold=NO_FOLD)
    rng = np.random.default_rng(5)
    for role, name in (("finalist", "x"), ("finalist", "y"), ("baseline", "base"), ("untuned", "untuned")):
        for seed in (NO_SEED,) if role == "untuned" else (1, 2, 3):
            run = tracker.runs.begin("confirm", role, name, f"{name}-{seed}", seed, NO_FOLD, {"rank": 4})
            folder = results / "made" / tracker.runs.id_of(run)
            (folder / "predictions").mkdir(parents=True)
            answers(SKILLS[name], rng).write_parquet(folder / "predictions" / "test.parquet")
            tracker.runs.log_epoch(run, 1, {"val/accuracy": 0.75, "test/accuracy": 0.5})
            tracker.runs.log_artifacts(run, folder)
            tracker.runs.close(run, "completed")
    tracker.flush()
    task = registry.task("classification", {"labels": CLASSES})
    found = judge(spec, task, uri, "birds-1", look=1)
    tracker.finish_sweep(verdict=as_record(found))
    (workspace.folder / "verdict.json").write_text(json.dumps(as_record(found)))
    return workspace
