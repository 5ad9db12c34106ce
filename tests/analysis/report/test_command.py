"""The report on a sweep made up here and recorded by the tracker: what it says, also when things are missing.

Every part of it (results, power, further, examples, search, methods, plots, plots_search) is read from the whole page;
marginal.py is tested with importance.py, numbers.py with document.py."""

import base64
import copy
import hashlib
import itertools
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from analysis.record.store import connect
from analysis.record.sweep import Recorded
from analysis.record.sweep_reader import read_recorded
from analysis.report.command import document, main, write_report
from analysis.report.document import Table
from analysis.report.style import SCRIPT
from analysis.verdict.wording import as_record
from sweeps.record.tracker import Tracker
from tests.analysis.report.made_up import (
    YAML,
    accuracy,
    record_folds,
    record_sweep,
)
from trainables.errors import InputError
from trainables.records import (
    PARAM_TEXTS,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A whole sweep, a small one that failed, and one that has no run yet: making a store takes seconds."""
    results = tmp_path_factory.mktemp("record") / "results"
    address = record_sweep(results, "hums-1")
    record_sweep(results, "humbug-2", trials=4, groups=8, miniature=False, judged=False)
    record_folds(results, "arousal-3")
    tracker = Tracker(address, results, "empty", miniature=True)
    tracker.start_sweep("empty-1", "name: empty\n", {}, {})
    tracker.flush()
    return address


@pytest.fixture(scope="module")
def recorded(store: str) -> Recorded:
    return read_recorded(store, "hums-1")


@pytest.fixture(scope="module")
def folder(store: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("out") / "report"
    assert write_report(store, "hums-1", target) == target / "report.html"
    return target


class Page(HTMLParser):
    """Checks that tags close, and keeps links, ids and text."""

    VOID = frozenset({"meta", "link", "br", "img", "hr", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("href", "src", "xlink:href"):
                self.addresses.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_and_needs_no_network(folder: Path) -> None:
    page = Page((folder / "report.html").read_text())
    assert page.open == []
    assert all(address.startswith(("#", "data:")) for address in page.addresses)
    assert {address[1:] for address in page.addresses if address.startswith("#")} <= set(page.ids)
    outside = re.findall(
        r"(?:src|href|@import|url\()\s*=?\s*[\"']?(?:https?:)?//", (folder / "report.html").read_text()
    )
    assert outside == []
    text = (folder / "report.html").read_text()
    assert re.findall(r"<script>(.*?)</script>", text, re.DOTALL) == [SCRIPT]
    assert text.count("<script") == 1
    # the browser itself refuses what is not the page's own
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy[1]


def test_axes_are_drawn_on_the_scales_of_the_file(recorded: Recorded, folder: Path) -> None:
    """A choice of numbers is no continuous axis; what the file does not say is guessed from the values."""
    assert recorded.scales == {"rank": "linear"}
    words = (folder / "pictures" / "axis-rank.svg").read_text()
    assert all(f">{rank}<" in words for rank in (4, 8, 16))


def test_points_say_under_the_pointer_which_trial_they_are(folder: Path, recorded: Recorded) -> None:
    text = (folder / "pictures" / "axis-learning-rate.svg").read_text()
    titles = re.findall(r"<title>(trial \d+): learning_rate ([\d.e-]+), ([\d.]+)</title>", text)
    assert len(titles) == 24
    known = {f"trial {t.number}": t for t in recorded.trials}
    assert {name for name, _, _ in titles} == set(known)
    assert all(f"{known[name].axes['learning_rate']:.3g}" == rate for name, rate, _ in titles)
    curves = (folder / "pictures" / "learning-curves.svg").read_text()
    assert curves.count("after epoch") == 24


def test_sound_is_embedded_once_and_found_again(store: str, tmp_path: Path) -> None:
    heard: list[str] = []

    def sound(clip: str) -> bytes:
        heard.append(clip)
        return b"MP3 of " + clip.encode()

    page = write_report(store, "humbug-2", tmp_path / "first", sound=sound).read_text()
    data = base64.b64encode(b"MP3 of " + heard[0].encode()).decode()
    assert f'src="data:audio/mpeg;base64,{data}"' in page
    assert len(heard) == page.count("<audio") == 10
    assert len(list((tmp_path / "first" / "clips").iterdir())) == 10
    # whoever writes it again has no stores, and takes the sound from the record
    assert write_report(store, "humbug-2", tmp_path / "second").read_text() == page


def test_a_report_to_share_has_no_names_of_clips_no_paths_and_no_sound(store: str, tmp_path: Path) -> None:
    before = write_report(store, "humbug-2", tmp_path / "own", sound=lambda clip: b"x").read_text()
    shared = write_report(store, "humbug-2", tmp_path / "shared", sound=lambda clip: b"x", share=True)
    for text in (shared.read_text(), (tmp_path / "shared" / "report.md").read_text()):
        assert "voice" not in text  # of the groups
        assert "test/clip" not in text
        assert "<audio" not in text
        assert "clip 1" in text
    assert "test/clip-" in before
    assert not (tmp_path / "shared" / "clips").exists()


def test_what_a_person_did_is_said(store: str, tmp_path: Path) -> None:
    recorded = read_recorded(store, "humbug-2")
    assert recorded.clones == 1
    text = Page(document(recorded).as_html()).text
    assert "By hand: clone: a clone of trial_00001 with rank=8 is the next new trial" in text
    assert "and 1 clone that a person made of earlier trials" in text


def test_every_part_is_there_with_its_numbers(folder: Path, recorded: Recorded) -> None:
    text = Page((folder / "report.html").read_text()).text
    verdict_ = recorded.verdict
    assert verdict_ is not None
    assert recorded.sentence in text
    for title in (
        "Results", "What could have been seen", "The test clips", "Hardest clips", "Sample predictions", "The search",
        "Which choice mattered", "Quality and cost", "Data and splits", "What was spent", "Methods, for a paper",
        "To do it again",
    ):  # fmt: skip
        assert title in text
    for row in verdict_.rows:
        assert f"{row.mean:.3f}" in text
    assert "24 trials, 10 confirm runs" in text
    assert "Pruning saved 16 of 72 epochs of the search (22 %)" in text
    assert "QLoRA where weights were 4 bit" in text
    assert "at least the first 10 drawn at random" in text
    assert "jackknife pseudo-values" in text
    assert "each of these models was evaluated once" in text
    assert "generalise to new seeds" not in text
    assert "random sample of the groups that are meant" in text
    assert "stays unseen in all S seeds" in text
    assert "3 fresh seeds (1, 2, 3)" in text
    assert recorded.left_out == (("is empty.", 2), ("is gone.", 1))
    assert "Clips of the data that are left out: 3; left_out.csv lists them." in text
    assert "abc123" in text
    assert "yes: the commit alone does not give this result" in text
    assert "At the end: too few trials: 16, and 2 axes take 20." in text


def test_what_comes_from_the_record_is_escaped(folder: Path) -> None:
    source = (folder / "report.html").read_text()
    assert "# &lt;b&gt;&amp;amp; `ticks`" in source
    assert "rank: {choice: [4, 8, 16]}  # <b>&amp; `ticks`" in Page(source).text


def test_the_miniature_is_named_before_the_verdict(folder: Path, recorded: Recorded) -> None:
    text = Page((folder / "report.html").read_text()).text
    assert text.index("ran on the miniature") < text.index(recorded.sentence)
    assert "Not for a paper" in text


def test_markdown_and_its_pictures(folder: Path, recorded: Recorded) -> None:
    text = (folder / "report.md").read_text()
    assert f"> **{recorded.sentence}**" in text.replace("\\", "")
    linked = set(re.findall(r"\]\((pictures/[\w-]+\.svg)\)", text))
    assert linked == {f"pictures/{path.name}" for path in (folder / "pictures").iterdir()}
    for path in (folder / "pictures").iterdir():
        root = ElementTree.parse(path).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        words = "".join(root.itertext())
        assert "mathdefault" not in words  # labels are plain text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert len(tables) > 60
    for above, below in itertools.pairwise(tables):
        if set(below) <= set("|-:"):
            assert above.count("|") == below.count("|")


def test_the_report_is_on_the_sweeps_own_run(folder: Path, recorded: Recorded) -> None:
    client = connect(recorded.source.tracking_uri)
    logged = {entry.path for entry in client.list_artifacts(recorded.source.parent.info.run_id, "report")}
    assert {"report/report.html", "report/report.md", "report/pictures"} <= logged


def test_the_record_is_read_as_it_was_written(recorded: Recorded) -> None:
    assert recorded.objective == "val/accuracy"
    assert recorded.axes == ("rank", "learning_rate")  # alpha is twice the rank: no choice of its own
    assert recorded.first_rung == 1
    assert len(recorded.trials) == 24
    assert [arm.name for arm in recorded.arms] == ["finalist 1", "finalist 2", "baseline", "untuned backbone"]
    assert [len(arm.runs) for arm in recorded.arms] == [3, 3, 3, 1]
    best = recorded.arms[0]
    trial = next(t for t in recorded.trials if t.runs[0].config_id == best.runs[0].config_id)
    assert best.searched == pytest.approx(trial.value)
    assert trial.cost("adapter_bytes") == 4 * trial.cost("trainable_params")
    assert trial.cost("seconds") == pytest.approx(3 * (0.5 + trial.axes["rank"] / 20))
    by_seed = recorded.by_seed(best)
    assert set(by_seed) == {1, 2, 3}
    row = next(row for row in recorded.verdict.rows if row.name == best.name)
    assert {seed: accuracy(found) for seed, found in by_seed.items()} == pytest.approx(row.values)


def test_the_same_record_gives_the_same_report(folder: Path, recorded: Recorded) -> None:
    assert document(recorded).as_html() == (folder / "report.html").read_text()


def test_a_sweep_that_failed_says_so_and_shows_what_there_is(store: str) -> None:
    page = Page(document(read_recorded(store, "humbug")).as_html())
    assert "No verdict: the sweep failed." in page.text
    assert "the machine was <switched> off" in page.text
    assert "miniature" not in page.text
    assert "too few trials: 4, and 2 axes take 20" in page.text
    assert "Cannot tell: nothing was compared." in page.text


def test_a_sweep_without_runs_and_a_wrong_name_are_said_in_a_sentence(store: str, tmp_path: Path, capsys) -> None:
    with pytest.raises(InputError, match="has no run yet"):
        write_report(store, "empty-1", tmp_path / "out")
    assert main(["nothing", "--tracking-uri", store]) == 2
    assert "No sweep is called 'nothing'" in capsys.readouterr().err


def test_the_command_line(store: str, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert main(["humbug", f"--tracking-uri={store}", "--output", "here"]) == 0
    assert (tmp_path / "here" / "report.md").is_file()
    assert "Report: here" in capsys.readouterr().out.replace("/report.html", "")
    for wrong, message in (
        ([], "SWEEP: none was given"),
        (["a", "--colour", "red"], "--colour is not an option"),
        (["a", "--output"], "--output: a value is missing"),
        (["a"], "No MLflow store is known"),
    ):
        assert main(wrong) == 2
        assert message in capsys.readouterr().err
    assert main(["--help"]) == 0
    assert "usage: python -m analysis.report" in capsys.readouterr().out
    (tmp_path / "file").touch()
    assert main(["humbug-2", "--tracking-uri", store, "--output", "file"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_results_folder_as_the_sweep(store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of a sweep has its store beside it, and takes the report."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    beside = Path(store.removeprefix("sqlite:///")).parent / "humbug-2"
    beside.mkdir()
    (beside / "sweep.yaml").write_text(YAML)
    assert main([str(beside)]) == 0
    assert (beside / "report" / "report.html").is_file()


def test_the_verdict_in_the_report_is_the_recorded_one(folder: Path, recorded: Recorded) -> None:
    client = connect(recorded.source.tracking_uri)
    path = client.download_artifacts(recorded.source.parent.info.run_id, "verdict.json")
    assert json.loads(Path(path).read_text()) == as_record(recorded.verdict)


def test_outer_folds_and_numbers(store: str) -> None:
    """Every fold has its own finalist; test answers of a seed are pooled over folds; smaller is better."""
    recorded = read_recorded(store, "arousal-3")
    finalist = recorded.arms[0]
    assert (finalist.configurations, len(finalist.runs), finalist.searched) == (2, 4, pytest.approx(0.3))
    pooled = recorded.by_seed(finalist)
    assert {seed: len(found) for seed, found in pooled.items()} == {1: 16, 2: 16}
    text = Page(document(recorded).as_html()).text
    assert "finalist 1: 2" in text
    assert "once per fold of a 2-fold cross-validation" in text
    assert "smaller is better" in text
    assert "error: finalist 1" in text
    assert "Per class" not in text
    assert "nan" not in text


def test_further_test_data_have_a_table_of_their_own(recorded: Recorded) -> None:
    section = next(s for s in document(recorded).sections if s.title == "Further test data")
    table = section.blocks[0]
    assert isinstance(table, Table)
    assert table.caption.startswith("far: 24 clips of 8 groups")
    rows = {row[0]: row[1:] for row in table.rows}
    assert list(rows) == ["finalist 1", "finalist 2", "baseline", "untuned backbone"]
    for arm in recorded.arms:
        values = [accuracy(found) for found in recorded.by_seed(arm, "far").values()]
        assert float(rows[arm.name][0]) == pytest.approx(np.mean(values), abs=5e-4)
    gap = float(rows["finalist 1"][0]) - float(rows["baseline"][0])
    assert float(rows["finalist 1"][1].replace("\u2212", "-")) == pytest.approx(gap, abs=2e-3)
    assert " to " in rows["finalist 1"][2]
    assert rows["baseline"][1:] == rows["untuned backbone"][1:] == ("-", "-")


def test_the_form_of_texts_stands_beside_their_error_rates(recorded: Recorded) -> None:
    parent = copy.deepcopy(recorded.source.parent)
    parent.data.params[PARAM_TEXTS] = "english"
    source = replace(recorded.source, parent=parent)
    said = "Error rates are of texts in the form english (task.normalise)."
    for found, times in ((replace(recorded, source=source), 2), (recorded, 0)):
        page = document(found).as_html()
        assert page.count(said) == times
        assert page.count("brought to one form before scoring (english)") == times / 2


def test_without_further_test_data_nothing_is_said(store: str) -> None:
    assert "Further test data" not in [
        section.title for section in document(read_recorded(store, "arousal-3")).sections
    ]
