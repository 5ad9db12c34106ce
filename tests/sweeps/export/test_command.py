"""The words of the command line, and what forbids an upload."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sweeps.export.command import main, parse
from sweeps.export.push import Destination
from sweeps.export.request import Request, check_words
from sweeps.state.workspace import Workspace
from trainables.errors import InputError


def test_words_and_options(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    command = parse(["birds", out, "--seed", "7", "--merge", "--dtype", "bf16", "--push", "me/birds", "--dry-run"])
    assert command.request == Request("birds", Path(out), seed=7, merge=True, dtype="bf16")
    assert (command.push, command.public, command.dry_run) == ("me/birds", False, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["birds"], "expected SWEEP and OUT"),
        (["birds", "out", "--dry-run"], "belong to --push"),
        (["birds", "out", "--format", "gguf"], "expected one of peft, transformers"),
    ],
)
def test_what_is_missing(words: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse(words)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"merge": True, "format": "peft"}, "no adapter any more"),
        ({"merge": True, "ensemble": True}, "each seed by itself"),
        ({"format": "onnx", "ensemble": True}, "each seed by itself"),
        ({"dtype": "bf16"}, "it is for --merge"),
        ({"merge": True, "dtype": "int8"}, "none of fp32, bf16"),
    ],
)
def test_what_cannot_go_together(options: dict, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        check_words(Request("birds", tmp_path / "out", **options))


def test_a_push_without_a_token_is_refused_before_any_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    assert main(["birds", str(tmp_path / "out"), "--push", "me/birds", "--results", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "hf auth login" in said
    assert "holds no sweep" not in said


@pytest.mark.parametrize("name", ["birds", "a/b/c", "me/bad name"])
def test_a_repository_has_an_owner_and_a_name(name: str) -> None:
    with pytest.raises(InputError, match="--push"):
        Destination.checked(name, False, dry_run=True)


def test_a_dry_run_lists_every_file_and_uploads_none(
    make_sweep: Callable[..., Workspace], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_sweep("efficientat")
    words = ["tones", str(tmp_path / "out"), "--merge", "--push", "me/tones", "--dry-run"]
    assert main([*words, "--results", str(workspace.results)]) == 0
    said = capsys.readouterr().out
    assert "Would upload 4 files" in said
    for path in (tmp_path / "out").iterdir():
        assert f"  {path.name}" in said
    assert "Nothing was uploaded" in said
