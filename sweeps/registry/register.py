"""Puts an export into MLflow's registry of models, with signature, input example, and what the verdict says of it."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from trainables.errors import InputError

CHAMPION, CANDIDATE = "champion", "candidate"
SERVED = Path(__file__).with_name("served.py")
FOLDER = "model"  # of the sweep's own run
EXAMPLE_SECONDS = 0.5


@dataclass(frozen=True)
class Registered:
    name: str
    version: str
    alias: str

    @property
    def address(self) -> str:
        """As `mlflow.pyfunc.load_model` takes it."""
        return f"models:/{self.name}@{self.alias}"


def register(
    folder: Path, manifest: Mapping[str, Any], verdict: Mapping[str, Any], *, uri: str, name: str
) -> Registered:
    """Registers the export in `folder` as the next version of `name`, logged to the sweep's own run.

    `champion` becomes this version where the verdict names its arm the winner, else only `candidate` does. Raises
    InputError: an export that MLflow cannot run, no run of the sweep, a record that cannot be written.
    """
    if manifest["format"] not in ("peft", "transformers", "safetensors"):
        raise InputError(f"--register: MLflow runs exports of sweeps.predict, not {manifest['format']}; take --merge.")
    from analysis.record.reader import read_sweep
    from analysis.record.store import connect

    parent = read_sweep(uri, str(manifest["sweep"])).parent.info.run_id
    client = connect(uri)
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch, FOLDER)
        _save(folder, manifest, made)
        try:
            client.log_artifacts(parent, str(made), FOLDER)
            _make(client, name, str(manifest["task"]["kind"]))
            found = client.create_model_version(
                name,
                source=f"{client.get_run(parent).info.artifact_uri}/{FOLDER}",
                run_id=parent,
                tags={"sweep.id": str(manifest["sweep"]), "sweep.arm": str(manifest["arm"])},
                description=str(verdict.get("sentence") or "No verdict was reached."),
            )
        except Exception as error:  # the stores have no error in common
            reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise InputError(f"--register: MLflow did not take the model ({reason}).") from error
    alias = CHAMPION if verdict.get("winner") and verdict["winner"] == manifest["arm"] else CANDIDATE
    client.set_registered_model_alias(name, alias, found.version)
    return Registered(name, str(found.version), alias)


def _save(folder: Path, manifest: Mapping[str, Any], made: Path) -> None:
    import mlflow.pyfunc
    import pandas as pd

    mlflow.pyfunc.save_model(
        path=str(made),
        python_model=str(SERVED),
        artifacts={"export": str(folder)},
        signature=_signature(manifest),
        input_example=pd.DataFrame({"audio": [_example(int(manifest["sample_rate_hz"]))]}),
        pip_requirements=[f"audio-sweeps=={installed('audio-sweeps')}"],  # else MLflow loads the model to find out
        metadata={"sweep": manifest["sweep"], "arm": manifest["arm"], "seeds": json.dumps(manifest["seeds"])},
    )


def _signature(manifest: Mapping[str, Any]) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    labels, ratings = (manifest["task"].get(name, ()) for name in ("labels", "names"))
    return ModelSignature(
        inputs=Schema(
            [ColSpec(DataType.string, "path", required=False), ColSpec(DataType.binary, "audio", required=False)]
        ),
        outputs=Schema(
            [
                ColSpec(DataType.string, "answer"),
                ColSpec(DataType.string, "problem"),
                *(ColSpec(DataType.double, f"probability/{label}") for label in labels),
                *(ColSpec(DataType.double, f"rating/{name}") for name in ratings),
            ]
        ),
    )


def _example(rate_hz: int) -> bytes:
    """A tone, as the bytes of a WAV file: no clip of anybody."""
    import numpy as np
    import soundfile

    seconds = np.arange(round(EXAMPLE_SECONDS * rate_hz)) / rate_hz
    file = io.BytesIO()
    soundfile.write(file, (0.1 * np.sin(2 * np.pi * 440 * seconds)).astype(np.float32), rate_hz, format="WAV")
    return file.getvalue()


def _make(client: Any, name: str, kind: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name, description=f"Tuned by audio-sweeps; task {kind}.")
