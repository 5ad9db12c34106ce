"""Every value of a metric of many runs: of a local store in a few queries, of a server run by run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.record.store import connect, sqlite_path

RUNS_AT_ONCE = 400  # SQLite takes so many values in a query, and more


def histories(tracking_uri: str, run_ids: Sequence[str], metric: str) -> Iterator[tuple[str, int, float]]:
    """(run_id, step, value) of every value that these runs have logged, in no particular order."""
    client = connect(tracking_uri)
    if sqlite_path(tracking_uri) is None:
        for run_id in run_ids:
            yield from ((run_id, value.step, value.value) for value in client.get_metric_history(run_id, metric))
        return
    from mlflow.tracking._tracking_service.utils import _get_store

    # a query a run takes most of a report's time; MLflow's client has none for several runs, its stores have
    store = _get_store(tracking_uri)
    for start in range(0, len(run_ids), RUNS_AT_ONCE):
        some = list(run_ids[start : start + RUNS_AT_ONCE])
        for found in store.get_metric_history_bulk(some, metric, None):
            yield found.run_id, found.step, found.value
