"""`cluster.yaml` against Ray's own offline validation, and the promises in its header."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

FILE = Path(__file__).parents[1] / "cluster.yaml"


@pytest.fixture
def config() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text())


def validated(config: dict[str, Any]) -> dict[str, Any]:
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared = prepare_config(copy.deepcopy(config))
    validate_config(prepared)
    return prepared


def test_ray_accepts_it(config: dict[str, Any]) -> None:
    prepared = validated(config)
    assert prepared["available_node_types"]["head"]["max_workers"] == 0


def test_ray_rejects_a_misspelt_key(config: dict[str, Any]) -> None:
    import jsonschema

    config["idle_timeout_minuts"] = config.pop("idle_timeout_minutes")
    with pytest.raises(jsonschema.ValidationError, match="idle_timeout_minuts"):
        validated(config)


def test_ray_rejects_a_misspelt_key_of_a_node_type(config: dict[str, Any]) -> None:
    import jsonschema

    config["available_node_types"]["gpu_spot"]["min_worker"] = 0
    with pytest.raises(jsonschema.ValidationError, match="min_worker"):
        validated(config)


def test_gpu_workers_are_spot_and_start_from_zero(config: dict[str, Any]) -> None:
    workers = config["available_node_types"]["gpu_spot"]
    assert workers["min_workers"] == 0
    assert workers["node_config"]["InstanceMarketOptions"]["MarketType"] == "spot"
    assert config["head_node_type"] == "head"
    assert "InstanceMarketOptions" not in config["available_node_types"]["head"]["node_config"]


def test_every_node_installs_the_projects_pinned_set(config: dict[str, Any]) -> None:
    prepared = validated(config)
    for commands in (prepared["head_setup_commands"], prepared["worker_setup_commands"]):
        assert any("uv sync" in command for command in commands)
    starts = [*config["head_start_ray_commands"], *config["worker_start_ray_commands"]]
    assert all("/.venv/bin/ray" in command for command in starts if "ray " in command and "mount" not in command)


def test_no_port_is_opened_and_a_token_is_needed(config: dict[str, Any]) -> None:
    assert "IpPermissions" not in config["provider"]["security_group"]
    head = " ".join(config["head_start_ray_commands"])
    worker = " ".join(config["worker_start_ray_commands"])
    assert "--dashboard-host=127.0.0.1" in head
    assert "RAY_AUTH_MODE=token" in head
    assert "RAY_AUTH_MODE=token" in worker
    assert any(path.endswith(".ray/auth_token") for path in config["file_mounts"])
