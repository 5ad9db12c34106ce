"""Where a result comes from: what is said, and what is never said."""

import getpass
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from sweeps.machine.provenance import collect, git_state, private, versions


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_facts_are_flat_and_plain() -> None:
    facts = collect()
    assert all(isinstance(value, str | int | float | bool) for value in facts.values())
    assert facts["python"] == platform.python_version()
    assert facts["version.numpy"] == versions()["numpy"]
    assert facts["memory_bytes"] > 2**28
    assert facts["cpu.logical_cores"] >= 1
    assert facts["cpu.model"]


def test_no_user_host_or_home_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    home = str(Path.home())
    monkeypatch.setattr(
        sys, "argv", [f"{home}/bin/run.py", f"results={home}/x", "data.source=/mnt/secret project/a.jsonl"]
    )
    monkeypatch.setenv("API_TOKEN", "hunter2-hunter2")
    everything = str(collect())
    for hidden in (
        home,
        "hunter2",
        "secret project",
        *(name for name in (platform.node(), getpass.getuser()) if len(name) > 6),
    ):
        assert hidden not in everything
    assert "results=~/x" in everything


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("run.py search_spaces/qwen_lora.yaml trials=4", "run.py search_spaces/qwen_lora.yaml trials=4"),
        ("data.source=/mnt/clients/acme/clips.jsonl", "data.source=…/clips.jsonl"),
        ("../up/one.yaml", "../up/one.yaml"),
        ("results=s3://key:secret@bucket/sweeps", "results=s3://…@bucket/sweeps"),
        ("https://example.org/a/b", "https://example.org/a/b"),
    ],
)
def test_paths_are_cut_and_passwords_hidden(text: str, shown: str) -> None:
    assert private(text) == shown


def test_git_state_of_a_clean_and_of_a_changed_repository(tmp_path: Path) -> None:
    assert git_state(tmp_path) == {}
    git(tmp_path, "init")
    assert git_state(tmp_path) == {}  # no commit yet
    (tmp_path / "a.txt").write_text("one")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    clean = git_state(tmp_path)
    assert clean["dirty"] is False
    assert len(str(clean["commit"])) == 40
    (tmp_path / "a.txt").write_text("two")
    assert git_state(tmp_path) == {"commit": clean["commit"], "dirty": True}


def test_an_installation_inside_a_repository_is_not_that_repositorys(tmp_path: Path) -> None:
    git(tmp_path, "init")
    (tmp_path / "a.txt").write_text("one")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    installed = tmp_path / ".venv" / "sweeps"
    installed.mkdir(parents=True)
    assert git_state(installed) == {}


def test_without_git_the_facts_are_fewer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    facts = collect()
    assert not [key for key in facts if "git." in key]
    assert facts["python"]


def test_torch_is_not_loaded_for_it() -> None:
    code = "import sys; from sweeps.machine.provenance import collect; collect(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
