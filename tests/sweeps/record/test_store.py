"""Addresses of the record: where it is, how it is opened, what a link to it looks like."""

import shlex
import sqlite3
from pathlib import Path

import pytest

from sweeps.record.store import artifact_location, default_uri, ui_address, ui_command


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_the_default_is_a_file_in_the_results_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_uri(Path("results")) == f"sqlite:///{tmp_path}/results/mlflow.db"
    assert artifact_location(default_uri(Path("results")), Path("results")) == f"file://{tmp_path}/results/mlartifacts"


@pytest.mark.parametrize("name", ["plain", "with space", "100%", "a%20b", "what?", "no#1"])
def test_any_folder_can_hold_the_database(tmp_path: Path, name: str) -> None:
    """SQLAlchemy, which reads the address, must come to the folder that was meant."""
    from sqlalchemy import create_engine, text

    folder = tmp_path / name
    folder.mkdir()
    with create_engine(default_uri(folder)).connect() as connection:
        connection.execute(text("CREATE TABLE here (x INTEGER)"))
        connection.commit()
    with sqlite3.connect(folder / "mlflow.db") as direct:
        assert direct.execute("SELECT name FROM sqlite_master").fetchall() == [("here",)]


def test_the_environment_goes_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example.org")
    assert default_uri(tmp_path) == "https://mlflow.example.org"
    assert artifact_location(default_uri(tmp_path), tmp_path) is None  # a server decides where its files are


def test_a_server_shows_itself_and_keeps_its_password() -> None:
    uri = "https://me:secret@mlflow.example.org:8443/base/"
    assert ui_command(uri) is None
    assert ui_address(uri) == "https://mlflow.example.org:8443/base"


def test_the_command_survives_a_shell_and_listens_here_only(tmp_path: Path) -> None:
    uri = default_uri(tmp_path / "it's a $HOME")
    command = ui_command(uri)
    assert command is not None
    words = shlex.split(command)
    assert Path(words[0]).name == "mlflow"
    assert words[words.index("--backend-store-uri") + 1] == uri
    assert words[words.index("--host") + 1] == "127.0.0.1"
    assert ui_address(uri) == f"http://127.0.0.1:{words[words.index('--port') + 1]}"
