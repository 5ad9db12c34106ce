"""The main job as a user runs it: one command in a fresh folder, then everything it promises to leave behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from benchmarks.disk import peak_while
from trainables.data.sound.store import SplitStore

REPOSITORY = Path(__file__).resolve().parent.parent
SWEEP = REPOSITORY / "search_spaces" / "qwen_lora.yaml"


pytestmark = pytest.mark.timeout(3000)  # it makes its miniatures on the way, and shares the cores with other tests


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, int]:
    """The README's first command: (working directory, what it printed, the most bytes that its results took)."""
    folder = tmp_path_factory.mktemp("user")
    ours = ("MLFLOW_TRACKING_URI", "AUDIO_SWEEPS_MINIATURE", "RAY_ADDRESS")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    command = [sys.executable, "-m", "sweeps.run", str(SWEEP), "profile=cpu"]
    how: dict[str, Any] = {"cwd": folder, "env": environment, "capture_output": True, "text": True, "timeout": 2700}
    done, peak_bytes = peak_while(folder / "results", lambda: subprocess.run(command, **how))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout + done.stderr, peak_bytes


@pytest.fixture(scope="module")
def record(finished: tuple[Path, str, int]) -> pd.DataFrame:
    from analysis.record.reader import read_sweep

    runs = read_sweep(f"sqlite:///{finished[0] / 'results' / 'mlflow.db'}", "qwen_lora").runs
    return runs.rename(columns=lambda name: re.sub(r"^(tags|metrics)\.", "", name))


def test_it_says_what_it_runs_on_what_it_found_and_what_to_do_next(finished: tuple[Path, str, int]) -> None:
    folder, text, _ = finished
    assert "Traceback" not in text
    for part in ("MINIATURE", "Ray's dashboard http://127.0.0.1:", "Verdict", "baseline", "untuned backbone"):
        assert part in text
    assert "mlflow ui --backend-store-uri" in text
    assert "viewStateShareKey=" in text
    adapters = [line.split(": ", 1)[1].strip() for line in text.splitlines() if line.strip().startswith("seed ")]
    assert len(adapters) in (2, 3, 5)  # as many as the look that decided
    assert "Look 1 of 3, after 2 of 5 seeds: " in text
    assert all((folder / adapter / "adapter_model.safetensors").is_file() for adapter in adapters)


def test_the_disk_never_holds_more_than_was_planned(finished: tuple[Path, str, int]) -> None:
    folder, _, peak_bytes = finished
    command = [sys.executable, "-m", "sweeps.run", str(SWEEP), "profile=cpu", "--plan", "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=True)
    assert 1_000_000 < peak_bytes <= json.loads(done.stdout)["disk_bytes"]


def test_every_run_is_in_the_record_once(record: pd.DataFrame) -> None:
    stages = record["sweep.stage"].value_counts().to_dict()
    assert stages["explore"] == 16
    confirmed = record[record["sweep.stage"] == "confirm"]
    seeds = confirmed[confirmed["sweep.role"] != "untuned"].groupby("sweep.config_id")["sweep.seed"].nunique()
    assert len(seeds) == 3
    assert set(seeds) <= {2, 3, 5}  # looks: who is decided gets no more
    assert seeds.sum() + 1 == len(confirmed)
    assert (confirmed["sweep.role"] == "untuned").sum() == 1
    assert set(record["sweep.status"]) == {"completed", "pruned"}
    assert (record["sweep.miniature"] == "true").all()


def test_stage_one_has_no_test_metric_and_stage_two_has_one_each(record: pd.DataFrame) -> None:
    explored = record[record["sweep.stage"] == "explore"]
    confirmed = record[record["sweep.stage"] == "confirm"]
    assert explored["test/accuracy"].isna().all()
    assert confirmed["test/accuracy"].between(0, 1).all()
    assert record["val/accuracy"].between(0, 1).all()


def test_the_shipped_task_is_neither_trivial_nor_hopeless_for_the_miniature(record: pd.DataFrame) -> None:
    baseline = record[record["sweep.role"] == "baseline"]["test/accuracy"]
    assert 0.70 <= baseline.mean() <= 0.95
    explored = record[record["sweep.stage"] == "explore"]["val/accuracy"]
    assert explored.max() - explored.min() >= 0.05
    finalists = record[record["sweep.role"] == "finalist"]["test/accuracy"]
    (untuned,) = record[record["sweep.role"] == "untuned"]["test/accuracy"]
    assert finalists.mean() >= untuned + 0.05


def test_finalists_were_fixed_and_differ_from_the_baseline(record: pd.DataFrame) -> None:
    confirmed = record[record["sweep.stage"] == "confirm"]
    by_role = confirmed.groupby("sweep.role")["sweep.config_id"].agg(set)
    assert len(by_role["finalist"]) == 2
    assert by_role["finalist"].isdisjoint(by_role["baseline"])


def test_the_splits_and_the_verdict_are_kept(finished: tuple[Path, str, int]) -> None:
    import mlflow

    from analysis.record.reader import read_sweep

    uri = f"sqlite:///{finished[0] / 'results' / 'mlflow.db'}"
    sweep = read_sweep(uri, "qwen_lora")
    client = mlflow.MlflowClient(tracking_uri=uri)
    names = {file.path for file in client.list_artifacts(sweep.parent.info.run_id)}
    assert {"sweep.yaml", "splits.parquet", "finalists.json", "verdict.json", "provenance.json"} <= names
    found = json.loads(Path(client.download_artifacts(sweep.parent.info.run_id, "verdict.json")).read_text())
    assert found["sentence"]
    assert {row["role"] for row in found["rows"]} == {"finalist", "baseline", "untuned"}


def test_the_winner_answers_new_sound_as_it_answered_the_test_clips(finished: tuple[Path, str, int]) -> None:
    folder, _, _ = finished
    (sweep,) = (path.parent for path in (folder / "results").glob("qwen_lora-*/sweep.json"))
    best = json.loads((sweep / "verdict.json").read_text())["best"].replace(" ", "-")
    seed = yaml.safe_load((sweep / "sweep.yaml").read_text())["seeds"]["confirm"][0]
    answered = sweep / "confirm" / f"{best}-seed-{seed}" / "final" / f"seed-{seed}" / "predictions" / "test.parquet"
    recorded = pd.read_parquet(answered)
    clips = SplitStore(sweep / "data" / "test").examples[:8]
    (folder / "clips").mkdir()
    for clip in clips:
        (folder / "clips" / f"{clip.id}.wav").symlink_to(clip.audio[0].path)
    (folder / "clips" / "broken.wav").write_text("no sound")
    command = [sys.executable, "-m", "sweeps.predict", "qwen_lora", "clips", "--output", "answers.csv"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
    assert done.returncode == 1, done.stdout + done.stderr  # one file could not be read, and is named
    assert "1 clips could not be read" in done.stderr
    assert "broken.wav" in done.stderr
    answers = pd.read_csv(folder / "answers.csv", index_col="path")
    answers.index = answers.index.map(lambda path: Path(path).stem)
    expected = recorded.set_index("example_id").loc[answers.index]
    assert len(answers) == 8
    assert answers["answer"].tolist() == expected["output"].tolist()


def test_a_confirm_run_can_be_repeated_to_the_last_bit(finished: tuple[Path, str, int], record: pd.DataFrame) -> None:
    """The baseline under one seed, trained here alone, against what the sweep's warm, shared worker recorded."""
    from sweeps.config.resolve import baseline_config
    from sweeps.plan.prepare import prepare
    from sweeps.stage.inputs import clips_per_pass
    from trainables import miniature
    from trainables.data.sound.store import SplitStore
    from trainables.training.engine import Engine, EngineKey, EngineSettings
    from trainables.training.lane import Lane, LaneKey

    prepared = prepare(SWEEP, ["profile=cpu"], planning=False)
    config = baseline_config(prepared.spec)
    key = EngineKey(config.backbone, config.model_size, config.quantization, "fp32")
    checkpoint = str(miniature.path(config.backbone, config.model_size, progress=False))
    settings = EngineSettings(threads=1, clips_per_pass=clips_per_pass(prepared))
    engine = Engine(key, checkpoint, prepared.task, settings)
    data = next((finished[0] / "results").glob("qwen_lora-*/data"))
    stores = {split: SplitStore(data / split) for split in ("train", "validation", "test")}
    lane = Lane(engine, config, LaneKey(123, "-"), stores["train"], stores["validation"])
    while not lane.finished:
        metrics = lane.train_epoch()
    metrics |= engine.scores(lane.predict(stores["test"]), "test")
    (row,) = record[(record["sweep.role"] == "baseline") & (record["sweep.seed"] == "123")].to_dict("records")
    assert {name: row[name] for name in metrics} == metrics


def test_a_pruned_trial_can_be_run_again_by_its_id(finished: tuple[Path, str, int], record: pd.DataFrame) -> None:
    """The command, in processes of its own, through Ray: as far as ASHA let it go, and to the last bit."""
    run_id = record[record["sweep.status"] == "pruned"]["run_id"].iloc[0]
    environment = {name: value for name, value in os.environ.items() if name != "AUDIO_SWEEPS_MINIATURE"}
    command = [sys.executable, "-m", "sweeps.rerun", run_id, "--json", "--tolerance", "0"]
    done = subprocess.run(command, cwd=finished[0], env=environment, capture_output=True, text=True, timeout=600)
    found = json.loads(done.stdout)
    assert (done.returncode, found["outcome"], found["changed"]) == (0, "identical", [])
    assert found["compared"] >= 4
