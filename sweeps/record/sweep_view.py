"""What MLflow's pages show of a sweep when its link is opened: the objective, the open axes, the scores on test clips.

MLflow (3.17, the button Share of an experiment's page) keeps a view as a tag of the experiment, its columns, order,
filter and charts as JSON, and opens it where an address names the tag's key. The same tag is written here. A server
whose pages do not know it shows its usual table of the same experiment. Loads no mlflow.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sweeps.config.axis import Axis
from sweeps.config.spec import SweepSpec
from trainables.records import TAG_PARENT, allowed_name

TAG_PREFIX = "mlflow.sharedViewState."
COMPRESSED = "deflate;"  # before a value that is zlib in base64: a tag holds 5,000 characters
AXES, SCORES = "axes", "scores"  # sections of charts; MLflow adds one for each kind of metric behind them


@dataclass(frozen=True)
class SweepView:
    """The view of one sweep."""

    key: str
    parent_id: str
    objective: str  # such as val/accuracy
    mode: str  # max | min
    axes: tuple[Axis, ...]

    @classmethod
    def of(cls, spec: SweepSpec, sweep_id: str, parent_id: str) -> SweepView:
        key = hashlib.sha256(sweep_id.encode()).hexdigest()[:12]
        return cls(key, parent_id, spec.metric, spec.mode, spec.axes)

    @property
    def tag(self) -> tuple[str, str]:
        """Name and value of the experiment's tag."""
        text = json.dumps(self.state, separators=(",", ":"))
        return TAG_PREFIX + self.key, COMPRESSED + base64.b64encode(zlib.compress(text.encode(), 9)).decode()

    @property
    def state(self) -> dict[str, Any]:
        """As MLflow's page keeps it: the runs of this sweep, by the objective; columns of axes and scores; charts."""
        metric = self.objective.rpartition("/")[2]
        test = f"test/{metric}"
        names = list(dict.fromkeys(axis.name for axis in self.axes))
        # a line needs a value on every axis: of one that is closed in some trials these would be missing
        always = [name for name in names if not any(axis.when for axis in self.axes if axis.name == name)]
        charts = [
            _chart("PARALLEL", AXES, selectedParams=always, selectedMetrics=[self.objective], showAllRuns=True,
                   displayName=f"{self.objective} along the open axes"),
            _chart("LINE", SCORES, metricKey=self.objective, selectedMetricKeys=[self.objective],
                   displayName=f"{self.objective} by epoch"),
            _chart("BAR", SCORES, metricKey=test, displayName=f"{test} of the confirm runs"),
        ]  # fmt: skip
        return {
            "searchFilter": f"tags.`{TAG_PARENT}` = '{self.parent_id}'",
            "orderByKey": f"metrics.`{self.objective}`",
            "orderByAsc": self.mode == "min",
            "selectedColumns": [*_columns("metrics", [self.objective, test]), *_columns("params", names)],
            "runsHiddenMode": "SHOW_ALL",
            "compareRunCharts": charts,
            "compareRunSections": [
                _section(AXES, "The search", columns=1, cardHeight=440),
                _section(SCORES, "Scores", columns=2, cardHeight=380),
            ],
            "isAccordionReordered": True,  # else MLflow sorts sections by name
        }

    def link(self, base_url: str, experiment_id: str) -> str:
        """Opens the view where MLflow's pages are served at `base_url`."""
        query = urlencode({"viewStateShareKey": self.key, "compareRunsMode": "CHART"})
        return f"{base_url.rstrip('/')}/#/experiments/{experiment_id}/runs?{query}"


def _columns(kind: str, names: Sequence[str]) -> list[str]:
    return [f"{kind}.`{allowed_name(name)}`" for name in names]


def _chart(kind: str, section: str, **more: Any) -> dict[str, Any]:
    """What MLflow's charts of every kind have, and what this kind has besides."""
    common = {"type": kind, "uuid": f"{section}-{kind.lower()}", "metricSectionId": section}
    return {**common, "deleted": False, "isGenerated": False, "runsCountToCompare": 100, **more}


def _section(uuid: str, name: str, **more: Any) -> dict[str, Any]:
    return {"uuid": uuid, "name": name, "display": True, "isReordered": True, **more}
