import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from huggingface_hub import constants

from sweeps.machine.profile import GIB, Facts
from sweeps.machine.weights import (
    commit_of,
    folder_digest,
    is_cached,
    is_local,
    is_reachable,
    lacking,
    needs_miniature,
    weights_at_hand,
)
from trainables.contract import Size
from trainables.outline import outline

SIZES = {
    "small": Size("acme/small", None, "MIT", 4_000_000_000),
    "large": Size("acme/large", None, "MIT", 9_000_000_000),
}
GPU = Facts(
    kind="cuda",
    name="A10",
    accelerators=1,
    memory_bytes=24 * GIB,
    free_bytes=23 * GIB,
    cores=8,
    ram_bytes=64 * GIB,
    ram_free_bytes=60 * GIB,
    bf16=True,
    nf4=True,
)
CPU = replace(GPU, kind="cpu", name="x86_64", accelerators=0, memory_bytes=64 * GIB, free_bytes=60 * GIB)
REVISION = "0123456789abcdef0123456789abcdef01234567"


def test_published_weights_where_one_size_fits_and_can_be_had() -> None:
    asked = []

    def lacks(size: Size) -> str | None:
        asked.append(size.checkpoint)
        return None

    decision = needs_miniature(SIZES, ("none",), "bf16", GPU, batch_size=2, lacks=lacks)
    assert not decision.miniature
    assert decision.reason == "small can be trained on A10"  # 9 billion in bf16 do not fit 23 GiB
    assert asked == ["acme/small"]


def test_nf4_makes_room() -> None:
    decision = needs_miniature(SIZES, ("none", "nf4"), "bf16", GPU, batch_size=2, lacks=lambda size: None)
    assert decision.reason.startswith("small, large can be trained")


def test_no_accelerator_means_the_miniature_and_nobody_is_asked() -> None:
    def lacks(size: Size) -> str | None:
        raise AssertionError("the network was asked although nothing fits")

    decision = needs_miniature(SIZES, ("none", "nf4"), "fp32", CPU, batch_size=2, lacks=lacks)
    assert decision.miniature
    assert "no accelerator was found" in decision.reason
    assert "small (acme/small, 4 billion parameters)" in decision.reason


def test_a_gpu_that_is_too_small_means_the_miniature() -> None:
    tiny = replace(GPU, free_bytes=4 * GIB, memory_bytes=4 * GIB)
    decision = needs_miniature(SIZES, ("nf4",), "bf16", tiny, batch_size=2, lacks=lambda size: None)
    assert decision.miniature
    assert "the A10 is too small" in decision.reason


def test_weights_that_cannot_be_had_mean_the_miniature() -> None:
    decision = needs_miniature(SIZES, ("nf4",), "bf16", GPU, batch_size=2, lacks=lambda size: "it is not here")
    assert decision.miniature
    assert "acme/small, acme/large are neither in the local cache" in decision.reason


def test_small_models_train_on_a_cpu() -> None:
    sizes = {"tiny": Size("acme/tiny", None, "MIT", 27_000_000)}
    assert not needs_miniature(sizes, ("none",), "fp32", CPU, batch_size=8, lacks=lambda size: None).miniature


def test_one_size_that_cannot_be_had_is_a_problem_where_another_can() -> None:
    """Without it, every trial of that size would die in its worker."""

    def lacks(size: Size) -> str | None:
        return f"{size.checkpoint} is not here" if size.checkpoint == "acme/large" else None

    decision = needs_miniature(SIZES, ("nf4",), "bf16", GPU, batch_size=2, lacks=lacks)
    assert not decision.miniature
    assert decision.reason == "small can be trained on A10"
    assert decision.problems == ("search.model_size: acme/large is not here",)


def test_nothing_stands_in_for_a_checkpoint_that_is_named() -> None:
    named = {"acme/mine": Size("acme/mine", None, "MIT", 4_000_000_000)}
    decision = needs_miniature(named, ("nf4",), "bf16", GPU, batch_size=2, lacks=lambda size: "it is not here")
    assert not decision.miniature
    assert decision.problems == ("search.model_size: it is not here",)
    assert not needs_miniature(named, ("none",), "fp32", CPU, batch_size=2, lacks=lambda size: None).miniature


def test_what_a_folder_lacks(tmp_path: Path) -> None:
    folder, size = tmp_path, Size(str(tmp_path), None, "MIT", 1)
    backbone = outline("whisper")
    (folder / "config.json").touch()
    assert "holds no weights (model.safetensors)" in str(lacking(size, backbone))
    (folder / "pytorch_model.bin").touch()
    said = str(lacking(size, backbone))
    assert "no safetensors" in said
    assert "python -m trainables.import_bin FOLDER OUT" in said
    (folder / "model.safetensors").touch()
    said = str(lacking(size, backbone))
    assert "lacks preprocessor_config.json or processor_config.json, tokenizer.json or vocab.json" in said
    (folder / "processor_config.json").touch()
    (folder / "vocab.json").touch()
    assert lacking(size, backbone) is None


def test_a_folder_in_the_current_one_is_no_checkpoint_of_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    (tmp_path / "acme" / "small").mkdir(parents=True)
    (tmp_path / "acme" / "small" / "model.safetensors").touch()
    assert not weights_at_hand(SIZES["small"])
    assert weights_at_hand(Size(str(tmp_path / "acme" / "small"), None, "MIT", 1))


def test_a_folder_is_pinned_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "it"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"one")
    first = folder_digest(str(folder))
    assert commit_of(Size(str(folder), None, "MIT", 1)) == first == folder_digest(str(folder))
    (folder / "notes.md").write_text("nothing that is loaded")
    assert folder_digest(str(folder)) == first
    (folder / "model.safetensors").write_bytes(b"three")
    assert folder_digest(str(folder)) != first


def test_a_local_folder_needs_weights(tmp_path: Path) -> None:
    assert not is_local(str(tmp_path))
    (tmp_path / "model.safetensors").touch()
    assert is_local(str(tmp_path))
    assert weights_at_hand(Size(str(tmp_path), None, "MIT", 1))


def cached(cache: Path, files: dict[str, str]) -> None:
    """A repository in the hub's cache, as huggingface_hub lays it out."""
    repository = cache / "models--acme--small"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(REVISION)
    snapshot = repository / "snapshots" / REVISION
    snapshot.mkdir(parents=True)
    for name, text in files.items():
        (snapshot / name).write_text(text)


INDEX = json.dumps({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-1.safetensors"}})


def test_a_named_revision_is_looked_for_and_pinned_to_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    cached(tmp_path, {"config.json": "{}", "model.safetensors": ""})
    (tmp_path / "models--acme--small" / "refs" / "v2").write_text(REVISION)
    assert commit_of(Size("acme/small@v2", None, "MIT", 1)) == REVISION
    assert weights_at_hand(Size("acme/small@v2", None, "MIT", 1))
    said = str(lacking(Size("acme/small@v3", None, "MIT", 1)))
    assert "`hf download acme/small --revision v3`" in said


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"config.json": "{}"}, False),
        ({"model.safetensors": ""}, True),
        ({"model.safetensors.index.json": INDEX, "model-1.safetensors": ""}, False),
        ({"model.safetensors.index.json": INDEX, "model-1.safetensors": "", "model-2.safetensors": ""}, True),
    ],
)
def test_the_cache_counts_when_every_shard_is_there(
    files: dict[str, str], expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    cached(tmp_path, files)
    assert is_cached("acme/small", None) is expected
    assert is_cached("acme/small", REVISION) is expected
    assert not is_cached("acme/large", None)


class Hub(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.path.startswith("/api/models/acme/small")
        body = json.dumps({"id": "acme/small"} if known else {"error": "Repository not found"}).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.asked.append(self.path)  # type: ignore[attr-defined]

    def log_message(self, *values: object) -> None: ...


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """A hub on this machine; nothing leaves it."""
    server = HTTPServer(("127.0.0.1", 0), Hub)
    server.asked = []  # type: ignore[attr-defined]
    Thread(target=server.serve_forever, daemon=True).start()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield server
    server.shutdown()
    server.server_close()


def test_the_hub_is_asked_for_the_checkpoint(hub: HTTPServer) -> None:
    assert is_reachable(SIZES["small"])
    assert not is_reachable(SIZES["large"])  # not there, or not for us


def test_offline_means_that_nobody_is_asked(hub: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert not is_reachable(SIZES["small"])
    assert hub.asked == []  # type: ignore[attr-defined]


def test_no_network_is_an_answer_too(hub: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert not is_reachable(SIZES["small"])


def test_a_file_that_no_hub_has_is_looked_for_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path))
    monkeypatch.setattr("sweeps.machine.weights.is_reachable", lambda size: pytest.fail("a hub was asked for a file"))
    sizes = {"base": Size("acme.pt", None, "MIT", 90_000_000, origin="acme's page")}
    assert not weights_at_hand(sizes["base"])
    decision = needs_miniature(sizes, ("none",), "bf16", GPU, batch_size=2)
    assert decision.reason == f"acme.pt cannot be had: download from acme's page into {tmp_path / 'checkpoints'}"
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "acme.pt").touch()
    assert not needs_miniature(sizes, ("none",), "bf16", GPU, batch_size=2).miniature
