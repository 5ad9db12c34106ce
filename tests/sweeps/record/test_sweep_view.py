"""The view of a sweep that MLflow's pages open: this sweep's runs, by the objective, with its open axes."""

from __future__ import annotations

import base64
import json
import zlib
from urllib.parse import parse_qs, urlsplit

from sweeps.config.load import load_sweep
from sweeps.record.sweep_view import COMPRESSED, TAG_PREFIX, SweepView

SPEC = load_sweep("qwen_lora", [])
VIEW = SweepView.of(SPEC, "qwen_lora-20260101-120000-ab12", "parent")


def test_the_link_names_the_experiment_and_the_view() -> None:
    link = VIEW.link("http://127.0.0.1:5001/", "3")
    page, _, query = urlsplit(link).fragment.partition("?")
    assert page == "/experiments/3/runs"
    assert parse_qs(query) == {"viewStateShareKey": [VIEW.key], "compareRunsMode": ["CHART"]}
    assert len(link) < 120
    assert SweepView.of(SPEC, "qwen_lora-20260101-120000-ab13", "parent").key != VIEW.key


def test_the_tag_holds_the_view_as_mlflow_reads_it() -> None:
    name, value = VIEW.tag
    assert name == TAG_PREFIX + VIEW.key
    assert len(value) <= 5000  # of an experiment's tag
    assert value.startswith(COMPRESSED)
    assert json.loads(zlib.decompress(base64.b64decode(value.removeprefix(COMPRESSED)))) == VIEW.state


def test_it_shows_the_objective_the_axes_and_the_test_scores() -> None:
    state = VIEW.state
    assert state["searchFilter"] == "tags.`mlflow.parentRunId` = 'parent'"
    assert (state["orderByKey"], state["orderByAsc"]) == ("metrics.`val/accuracy`", False)
    columns = state["selectedColumns"]
    assert columns[:2] == ["metrics.`val/accuracy`", "metrics.`test/accuracy`"]
    assert {f"params.`{axis.name}`" for axis in SPEC.axes} <= set(columns)
    parallel, line, bar = state["compareRunCharts"]
    assert (parallel["type"], parallel["selectedMetrics"]) == ("PARALLEL", ["val/accuracy"])
    assert "rank" in parallel["selectedParams"]
    assert "lora_dropout" not in parallel["selectedParams"]  # closed in some trials, which would be left out
    assert (line["metricKey"], bar["metricKey"]) == ("val/accuracy", "test/accuracy")
    sections = {section["uuid"] for section in state["compareRunSections"]}
    assert {chart["metricSectionId"] for chart in state["compareRunCharts"]} == sections
    assert len({chart["uuid"] for chart in state["compareRunCharts"]}) == 3
    worse = SweepView.of(load_sweep("moonshine_lora", []), "a", "b").state
    assert worse["orderByAsc"] is True
