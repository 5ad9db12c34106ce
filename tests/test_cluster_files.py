"""The files of `cluster/`: Ray's offline validation, the fields of KubeRay's definitions, and what headers promise."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

FOLDER = Path(__file__).parents[1] / "cluster"
LAUNCHER = ("gcp", "on_premises")


def launcher(name: str) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text())  # type: ignore[no-any-return]


def validated(config: dict[str, Any]) -> dict[str, Any]:
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared = prepare_config(copy.deepcopy(config))
    validate_config(prepared)
    return prepared  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", LAUNCHER)
def test_ray_accepts_it_and_rejects_a_misspelt_key(name: str) -> None:
    config = launcher(name)
    validated(config)
    config["idle_timeout_minuts"] = config.pop("idle_timeout_minutes")
    with pytest.raises(jsonschema.ValidationError, match="idle_timeout_minuts"):
        validated(config)


@pytest.mark.parametrize("name", LAUNCHER)
def test_a_token_is_needed_and_the_pinned_set_is_installed(name: str) -> None:
    config = launcher(name)
    starts = [*config["head_start_ray_commands"], *config["worker_start_ray_commands"]]
    begun = [command for command in starts if "ray start" in command]
    assert len(begun) == 2
    assert all("RAY_AUTH_MODE=token ~/audio-sweeps/.venv/bin/ray start" in command for command in begun)
    assert "--dashboard-host=127.0.0.1" in begun[0]
    assert any(path.endswith(".ray/auth_token") for path in config["file_mounts"])
    assert any("uv sync" in command for command in config["setup_commands"])


def test_gcps_gpus_are_spot_and_start_from_zero() -> None:
    nodes = launcher("gcp")["available_node_types"]
    assert nodes["gpu_spot"]["min_workers"] == 0
    assert nodes["gpu_spot"]["node_config"]["scheduling"]["provisioningModel"] == "SPOT"
    assert "scheduling" not in nodes["head"]["node_config"]


def test_own_machines_are_as_many_as_workers() -> None:
    prepared = validated(launcher("on_premises"))
    assert prepared["max_workers"] == len(prepared["provider"]["worker_ips"]) == 2


# KubeRay's v1 definitions, as far as the file uses them: a key that is not here is refused
TEXT, COUNT = {"type": "string"}, {"type": "integer", "minimum": 0}
TEXTS = {"type": "object", "additionalProperties": TEXT}


def closed(required: str = "", **properties: Any) -> dict[str, Any]:
    return {
        "type": "object", "additionalProperties": False, "required": required.split(), "properties": properties,
    }  # fmt: skip


CONTAINER = closed(
    "name image resources",
    name=TEXT,
    image=TEXT,
    resources=closed("requests limits", requests=TEXTS, limits=TEXTS),
    env={"type": "array", "items": closed("name value", name=TEXT, value=TEXT)},
    volumeMounts={"type": "array", "items": closed("name mountPath", name=TEXT, mountPath=TEXT)},
)
CLAIM = closed("name persistentVolumeClaim", name=TEXT, persistentVolumeClaim=closed("claimName", claimName=TEXT))
PODS = closed(
    "spec",
    spec=closed(
        "containers",
        containers={"type": "array", "minItems": 1, "items": CONTAINER},
        volumes={"type": "array", "items": CLAIM},
    ),
)
GROUP = closed(
    "groupName rayStartParams template",
    groupName=TEXT,
    replicas=COUNT,
    minReplicas=COUNT,
    maxReplicas=COUNT,
    rayStartParams=TEXTS,
    template=PODS,
)
SPECS = {
    "RayCluster": closed(
        "headGroupSpec workerGroupSpecs",
        rayVersion=TEXT,
        authOptions=closed("mode", mode={"enum": ["token", "disabled"]}),
        enableInTreeAutoscaling={"type": "boolean"},
        autoscalerOptions=closed(idleTimeoutSeconds=COUNT),
        headGroupSpec=closed("template rayStartParams", rayStartParams=TEXTS, template=PODS),
        workerGroupSpecs={"type": "array", "items": GROUP},
    ),
    "RayJob": closed(
        "entrypoint",
        entrypoint=TEXT,
        clusterSelector=TEXTS,
        shutdownAfterJobFinishes={"type": "boolean"},
        backoffLimit=COUNT,
    ),
}


def kuberay() -> dict[str, dict[str, Any]]:
    documents = list(yaml.safe_load_all((FOLDER / "kuberay.yaml").read_text()))
    return {document["kind"]: document for document in documents}


def check(document: dict[str, Any]) -> None:
    frame = closed(
        "apiVersion kind metadata spec",
        apiVersion={"const": "ray.io/v1"},
        kind={"enum": list(SPECS)},
        metadata=closed("name", name={"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}),
        spec=SPECS[document["kind"]],
    )
    jsonschema.validate(document, frame)


def test_kuberays_fields_are_those_of_its_definitions() -> None:
    found = kuberay()
    assert list(found) == ["RayCluster", "RayJob"]
    for document in found.values():
        check(document)
    found["RayCluster"]["spec"]["workerGroupSpecs"][0]["maxReplica"] = 4
    with pytest.raises(jsonschema.ValidationError, match="maxReplica"):
        check(found["RayCluster"])


def test_the_job_runs_on_the_cluster_beside_it_with_a_token_and_the_pinned_ray() -> None:
    found = kuberay()
    cluster, job = found["RayCluster"], found["RayJob"]
    assert job["spec"]["clusterSelector"] == {"ray.io/cluster": cluster["metadata"]["name"]}
    assert cluster["spec"]["authOptions"] == {"mode": "token"}
    pinned = re.search(r'"ray\[[^]]*\]==([\d.]+)"', (FOLDER.parent / "pyproject.toml").read_text())
    assert pinned is not None
    assert cluster["spec"]["rayVersion"] == pinned[1]
    (group,) = cluster["spec"]["workerGroupSpecs"]
    head = cluster["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]
    variables = {entry["name"]: entry["value"] for entry in head["env"]}
    assert int(variables["SWEEP_GPUS"]) == group["maxReplicas"]
    results = re.search(r"results=(\S+?)'", job["spec"]["entrypoint"])
    assert results is not None
    assert results[1].startswith(head["volumeMounts"][0]["mountPath"])
    assert head["volumeMounts"] == group["template"]["spec"]["containers"][0]["volumeMounts"]


def test_a_bucket_is_opened_for_what_is_done_there_and_for_one_folder_alone() -> None:
    import json

    policy = json.loads((Path(__file__).parents[1] / "cluster" / "s3_policy.json").read_text())
    actions = {action for statement in policy["Statement"] for action in statement["Action"]}
    written = {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"}
    assert actions == written | {"s3:ListBucket", "s3:GetBucketLocation"}
    objects = [statement["Resource"] for statement in policy["Statement"] if "s3:PutObject" in statement["Action"]]
    assert objects == ["arn:aws:s3:::BUCKET/sweeps/*"]
