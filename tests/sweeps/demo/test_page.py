"""The page answers a file over loopback with what the models say. Covers command.py too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sweeps.demo import command
from sweeps.demo.command import main, parse
from sweeps.demo.page import page, rows
from sweeps.predict.model import Model
from sweeps.predict.tuned import find_tuned
from sweeps.state.workspace import Workspace
from trainables.data.sound.store import SplitStore
from trainables.errors import InputError


@pytest.fixture(scope="module")
def models(make_sweep: Callable[..., Workspace]) -> tuple[dict[str, Model], str]:
    workspace = make_sweep("efficientat")
    found = {arm: Model(find_tuned("tones", str(workspace.results), arm=arm)) for arm in ("finalist 1", "baseline")}
    return found, SplitStore(workspace.store("test")).examples[0].audio[0].path


def test_each_model_has_a_row(models: tuple[dict[str, Model], str], tmp_path: Path) -> None:
    found, path = models
    table = rows(found, path)
    assert [row[0] for row in table] == ["finalist 1", "baseline"]
    (answer,) = found["baseline"].predict([path])
    assert table[1][1] == answer.answer
    assert table[1][2].startswith(f"{answer.answer} {answer.probabilities[answer.answer]:.3f}")
    (tmp_path / "broken.wav").write_text("no sound")
    assert rows(found, str(tmp_path / "broken.wav"))[0][1]
    assert rows(found, None) == []


def test_a_file_is_answered_over_loopback(models: tuple[dict[str, Model], str]) -> None:
    pytest.importorskip("gradio")
    from gradio_client import Client, handle_file

    found, path = models
    blocks = page(found, "tones", "A note.")
    _, address, _ = blocks.launch(server_name="127.0.0.1", share=False, quiet=True, prevent_thread_lock=True)
    try:
        answer = Client(address, verbose=False).predict(handle_file(path), api_name="/answer")
    finally:
        blocks.close()
    assert answer["data"] == rows(found, path)


def test_without_gradio_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert main(["birds"]) == 2
    assert "uv sync --extra demo" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["a", "b"], ["a", "--port", "80"]])
def test_words_that_mean_nothing(words: list[str]) -> None:
    with pytest.raises(InputError):
        parse(words)
