"""What SECURITY.md promises and no other test holds: secrets, permissions, file names, servers, code from outside."""

from __future__ import annotations

import ast
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.report.document import Document, Picture, Pictures, Section, Table, Text
from sweeps.machine.provenance import collect
from sweeps.record.store import ui_command
from sweeps.stage.ray_session import AUTHENTICATION, keep_token_private
from sweeps.state.manifest import Manifest
from sweeps.state.workspace import Workspace, file_name, lane_folder, new_workspace, private_files
from trainables.errors import InputError
from trainables.redact import redacted

ROOT = Path(__file__).parents[1]
SOURCES = [path for package in ("sweeps", "trainables", "analysis") for path in (ROOT / package).rglob("*.py")]
SECRET = "s3cr3t-0123456789"


@pytest.mark.parametrize(
    "text",
    [
        f"no answer from postgresql://me:{SECRET}@db/mlflow",
        f"GET https://{SECRET}@host/x failed",
        f"401: Authorization: Bearer {SECRET}",
        f"GET /x?token={SECRET}&x=1",
        f"the variable says {SECRET}!",
    ],
)
def test_secrets_are_taken_out_of_what_is_kept(text: str) -> None:
    shown = redacted(text, {"MLFLOW_TRACKING_PASSWORD": SECRET, "HOME": "/home/me"})
    assert SECRET not in shown
    assert shown.split()[0] == text.split()[0]


def test_the_hubs_and_awss_keys_are_known_by_their_form() -> None:
    for key in ("hf_" + "aB3" * 12, "AKIA" + "Z9" * 8):
        assert key not in redacted(f"refused {key}.", {})


@pytest.mark.parametrize("text", ["val/accuracy 0.5", "tokens=4 of token_type", "a@b.example", "hf://owner/name@main"])
def test_other_text_stays(text: str) -> None:
    assert redacted(text, {"RAY_AUTH_MODE": "token", "TOKENIZERS_PARALLELISM": "false"}) == text


def test_neither_provenance_nor_commands_show_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    monkeypatch.setattr("sys.argv", ["run", "sweep.yaml", f"results=/x?password={SECRET}"])
    assert SECRET not in str(collect())
    assert SECRET not in str(ui_command(f"postgresql://me:{SECRET}@db/mlflow"))


def test_what_a_failure_leaves_holds_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial's error.txt, the journal, and what the record is told."""
    from types import SimpleNamespace

    from sweeps.stage.holds import Reins
    from sweeps.stage.tune_hooks import StageKeeper
    from sweeps.state.progress import StageProgress

    monkeypatch.setenv("HF_TOKEN", SECRET)
    progress = StageProgress(tmp_path)
    progress.asked("trial_00000", {})
    trial: Any = SimpleNamespace(config={"name": "trial_00000"})
    failure = {"reason": f"OSError: 401 for {SECRET}", "kind": "OSError", "traceback": f"Traceback {SECRET}"}
    StageKeeper(progress, [], Reins()).on_trial_result(0, [], trial, {"failure": failure})
    progress.close()
    assert progress.trials["trial_00000"].status == "failed"
    assert progress.trials["trial_00000"].reason == "OSError: 401 for …"
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 2
    assert not any(SECRET in path.read_text() for path in written)


def test_what_a_sweep_writes_is_its_users_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with private_files():
            workspace = new_workspace(tmp_path / "results", "tones")
            Manifest("tones", "", ".", "f", True, "cpu", "fp32", {}).write(workspace)
        for path in (workspace.results, workspace.folder, workspace.folder / "sweep.json"):
            assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
        (tmp_path / "after").touch()
        assert stat.S_IMODE((tmp_path / "after").stat().st_mode) == 0o644
    finally:
        os.umask(before)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80) | st.sampled_from(["..", ".", "../../x", "/etc", "a/b", "", "con\0", "-", "é", "a" * 300]))
def test_a_fold_of_any_name_stays_in_its_sweeps_folder(fold: str) -> None:
    fold = fold.encode("utf-8", "ignore").decode()
    round_folder = Workspace(Path("/results"), "s-1", fold).round
    assert round_folder == Path("/results/s-1") or round_folder.parent == Path("/results/s-1")
    assert ".." not in round_folder.parts
    assert "/" not in lane_folder(7, fold)
    assert len(file_name(fold)) <= 64
    assert file_name(fold).isascii()


def test_folds_of_two_names_have_two_folders_and_plain_names_stay() -> None:
    assert len({file_name(name) for name in ("a/b", "a_b", "a:b", "a b")}) == 4
    assert [file_name(name) for name in ("0", "fold_3", "speaker-07", "1.2")] == ["0", "fold_3", "speaker-07", "1.2"]


@pytest.mark.parametrize("content", ["", "[", "[]", '{"name": 1}', "[" * 100_000, '{"x": ' + "9" * 5000 + "}", "\0"])
def test_a_damaged_record_of_a_sweep_is_said_in_a_sentence(tmp_path: Path, content: str) -> None:
    workspace = Workspace(tmp_path, "s-1")
    workspace.folder.mkdir()
    (workspace.folder / "sweep.json").write_text(content)
    with pytest.raises(InputError, match="cannot be read"):
        Manifest.read(workspace)


def test_a_report_shows_markup_and_does_not_obey_it() -> None:
    evil = '<script>alert(1)</script><img src=x onerror="alert(1)">'
    section = Section(evil, [Text(evil), Table([evil], [[evil]], evil), Pictures([Picture("p", "<svg></svg>", evil)])])
    page = Document(evil, [Text(evil, "verdict")], [section]).as_html()
    assert "<script>alert" not in page
    assert page.count("<script") <= 1  # its own, which sorts tables
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_rays_token_is_asked_for_and_is_nobody_elses(tmp_path: Path) -> None:
    assert AUTHENTICATION == {"RAY_AUTH_MODE": "token"}
    token = tmp_path / "auth_token"
    token.touch(0o644)
    keep_token_private(token)
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    keep_token_private(tmp_path / "absent")


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]


def keywords(call: ast.Call) -> dict[str | None, Any]:
    return {word.arg: getattr(word.value, "value", None) for word in call.keywords}


def test_nothing_from_outside_is_run() -> None:
    """Read from the source: unpickling, evaluating, shells, numpy's pickles, and code of the hub."""
    forbidden = {
        "eval",
        "exec",
        "os.system",
        "os.popen",
        "pickle.load",
        "pickle.loads",
        "yaml.load",
        "yaml.unsafe_load",
    }
    forbidden |= {"shutil.unpack_archive", "joblib.load", "pd.read_pickle", "pandas.read_pickle"}
    loads = 0
    for path in SOURCES:
        for call in calls(path):
            name, given_words = ast.unparse(call.func), keywords(call)
            assert name not in forbidden, f"{path}: {name}"
            assert given_words.get("shell") is not True, path
            assert given_words.get("trust_remote_code") is not True, path
            if name == "torch.load":
                loads += 1
                assert given_words["weights_only"] is True, path
            if name == "np.load":
                loads += 1
                assert given_words["allow_pickle"] is False, path
    assert loads >= 3  # the search above can find


def test_a_checkpoint_that_brings_code_is_neither_run_nor_asked_about(tmp_path: Path) -> None:
    """What a hostile repository looks like: a configuration that names a module beside it."""
    from transformers import AutoConfig

    from trainables.modeling.pretrained import source_of

    (tmp_path / "config.json").write_text('{"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config"}}')
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Config: ...\n")
    with pytest.raises(ValueError, match="trust_remote_code"):
        AutoConfig.from_pretrained(**source_of(str(tmp_path), "big", {}))
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_with_a_pickled_command_is_refused(tmp_path: Path) -> None:
    import pickle

    from trainables.networks.weights import read_weights

    class Command:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "model.pt"
    path.write_bytes(pickle.dumps(Command()))
    with pytest.raises(InputError):
        read_weights(path)
    assert not (tmp_path / "ran").exists()


COMMIT = "0123456789abcdef" * 2 + "01234567"


def test_a_sweep_pins_the_commit_of_what_it_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked up once, kept in the sweep's folder, and what every worker asks the hub for."""
    from types import SimpleNamespace

    from sweeps.machine.weights import commit_of
    from sweeps.stage import inputs
    from trainables.backbones import ast as backbone
    from trainables.modeling.pretrained import source_of

    commits = iter([COMMIT, "f" * 40])
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", lambda *a, **k: SimpleNamespace(sha=next(commits)))
    size = backbone.SIZES["base"]
    spec: Any = SimpleNamespace(sizes_of=lambda backbone: ["base"])
    prepared: Any = SimpleNamespace(weights=SimpleNamespace(miniature=False), backbones={"ast": backbone}, spec=spec)
    workspace = Workspace(tmp_path, "s-1")
    workspace.folder.mkdir()
    assert inputs.pin_revisions(prepared, workspace) == {size.checkpoint: COMMIT}
    assert inputs.pin_revisions(prepared, workspace) == {size.checkpoint: COMMIT}  # and the hub has moved on
    assert commit_of(size) == "f" * 40
    asked = source_of(f"{size.checkpoint}@{COMMIT}", "base", backbone.SIZES)
    assert (asked["pretrained_model_name_or_path"], asked["revision"]) == (size.checkpoint, COMMIT)
    assert asked["trust_remote_code"] is False
    assert source_of("/a/folder@home", "base", backbone.SIZES)["pretrained_model_name_or_path"] == "/a/folder@home"
