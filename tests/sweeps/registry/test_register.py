"""The winner in MLflow's registry: loaded by mlflow.pyfunc on paths and bytes, served to a POST. Covers served.py."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.record.store import connect
from sweeps.export.exported import Exported
from sweeps.export.request import Request
from sweeps.export.write import export
from sweeps.record.store import default_uri
from sweeps.record.tracker import Tracker
from sweeps.registry.register import Registered, register
from sweeps.state.workspace import Workspace
from trainables.data.sound.store import SplitStore
from trainables.errors import InputError

WON = {"winner": "finalist 1", "best": "finalist 1", "sentence": "finalist 1 is better than the baseline."}
UNDECIDED = {**WON, "winner": None, "sentence": "No finalist can be shown to beat the baseline."}


@pytest.fixture(scope="module")
def exported(make_sweep: Callable[..., Workspace], tmp_path_factory: pytest.TempPathFactory) -> Exported:
    workspace = make_sweep("efficientat")
    out = tmp_path_factory.mktemp("registered") / "out"
    return export(Request("tones", out, results=str(workspace.results)), lambda text: None)


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    results = tmp_path_factory.mktemp("record")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        found = default_uri(results)
    tracker = Tracker(found, results, "tones", miniature=True)
    tracker.start_sweep("tones-1", "name: tones\n", {}, {}, dataset=("tones", "f00d"))
    tracker.finish_sweep()
    return found


@pytest.fixture(scope="module")
def registered(exported: Exported, uri: str) -> list[Registered]:
    """Twice: the verdict decided for the first version, and for nobody with the second."""
    verdicts = (WON, UNDECIDED)
    return [register(exported.folder, exported.manifest, v, uri=uri, name="tones") for v in verdicts]


def test_the_champion_is_moved_by_a_verdict_alone(registered: list[Registered], uri: str) -> None:
    client = connect(uri)
    assert [(each.version, each.alias) for each in registered] == [("1", "champion"), ("2", "candidate")]
    assert str(client.get_model_version_by_alias("tones", "champion").version) == "1"
    assert str(client.get_model_version_by_alias("tones", "candidate").version) == "2"
    assert "can be shown" in client.get_model_version("tones", "2").description


def test_the_data_set_is_an_input_of_the_sweeps_run(registered: list[Registered], uri: str) -> None:
    client = connect(uri)
    run = client.get_run(client.get_model_version("tones", "1").run_id)
    assert [(found.dataset.name, found.dataset.digest) for found in run.inputs.dataset_inputs] == [("tones", "f00d")]


def test_pyfunc_answers_to_paths_and_bytes(
    registered: list[Registered], uri: str, exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow
    import pandas as pd

    mlflow.set_tracking_uri(uri)
    try:
        model = mlflow.pyfunc.load_model(registered[0].address)
    finally:
        mlflow.set_tracking_uri(None)
    names = [column.name for column in model.metadata.signature.outputs]
    assert names == ["answer", "problem", "probability/bell", "probability/drum", "probability/horn"]
    store = SplitStore(exported.found.workspace.store("test"))
    paths = [example.audio[0].path for example in store.examples]
    by_path = model.predict(pd.DataFrame({"path": paths}))
    by_bytes = model.predict(pd.DataFrame({"audio": [Path(path).read_bytes() for path in paths]}))
    assert by_path.equals(by_bytes)
    from trainables.records import Predictions

    left = exported.found.left[11]
    assert by_path["answer"].tolist() == Predictions.read_parquet(left / "predictions" / "test.parquet").outputs
    broken = model.predict(pd.DataFrame({"audio": [b"no sound"]}))
    assert broken["answer"].tolist() == [""]
    assert broken["problem"][0]


def test_ratings_have_a_column_each(make_sweep: Callable[..., Workspace], uri: str, tmp_path: Path) -> None:
    import mlflow
    import pandas as pd

    workspace = make_sweep("efficientat", kind="regression")
    found = export(Request("tones", tmp_path / "out", results=str(workspace.results)), lambda text: None)
    done = register(found.folder, found.manifest, WON, uri=uri, name="rated")
    mlflow.set_tracking_uri(uri)
    try:
        model = mlflow.pyfunc.load_model(done.address)
    finally:
        mlflow.set_tracking_uri(None)
    names = [column.name for column in model.metadata.signature.outputs]
    assert names == ["answer", "problem", "rating/high", "rating/fast"]
    path = SplitStore(workspace.store("test")).examples[0].audio[0].path
    table = model.predict(pd.DataFrame({"path": [path]}))
    assert table.columns.tolist() == names
    assert json.loads(table["answer"][0]) == table.loc[0, names[2:]].tolist()


def test_what_mlflow_cannot_run(exported: Exported, uri: str) -> None:
    with pytest.raises(InputError, match="not onnx; take --merge"):
        register(exported.folder, {**exported.manifest, "format": "onnx"}, WON, uri=uri, name="tones")


@pytest.mark.slow
def test_a_server_answers_a_post_with_a_wav(registered: list[Registered], uri: str, exported: Exported) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mlflow = Path(sys.executable).parent / "mlflow"
    command = [str(mlflow), "models", "serve", "-m", registered[0].address, "--env-manager", "local"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        example = SplitStore(exported.found.workspace.store("test")).examples[0]
        content = base64.b64encode(Path(example.audio[0].path).read_bytes()).decode()
        body = json.dumps({"dataframe_split": {"columns": ["audio"], "data": [[content]]}}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/invocations", body, {"Content-Type": "application/json"}
        )
        answer = _asked(request, server)
    finally:
        server.terminate()
        server.wait(30)
    (row,) = answer["predictions"]
    assert row["answer"] in ("bell", "drum", "horn")
    assert sum(value for name, value in row.items() if name.startswith("probability/")) == pytest.approx(1.0)


def _asked(request: urllib.request.Request, server: subprocess.Popen[bytes]) -> Any:
    deadline = time.monotonic() + 300
    while True:
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return json.load(response)
        except OSError:
            assert server.poll() is None, "the server has ended"
            assert time.monotonic() < deadline
            time.sleep(1)
