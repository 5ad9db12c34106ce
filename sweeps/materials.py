"""What workers need to be there before a stage: small models, decoded clips, and their orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from sweeps.job import EXPLORE, Job
from sweeps.prepare import Prepared, sizes_of
from sweeps.workspace import Workspace


def build_miniatures(prepared: Prepared) -> None:
    """Once per machine: workers find them ready."""
    recipe = prepared.miniature_recipe
    if recipe is None:
        return
    from trainables import miniature

    for size in sizes_of(prepared.spec):
        miniature.path(prepared.spec.backbone, size, recipe)


def make_stores(prepared: Prepared, workspace: Workspace, splits: Sequence[str], console: Console) -> dict[str, str]:
    """Decodes the named splits once, for all workers; split -> folder."""
    from rich.progress import Progress

    from trainables.data.store import write_store

    folders = {split: workspace.store(split) for split in splits}
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        for split, folder in folders.items():
            examples = prepared.of_split(split)
            bar = progress.add_task(f"decoding {split} clips", total=len(examples))
            write_store(
                folder,
                examples,
                sample_rate_hz=prepared.backbone.SAMPLE_RATE_HZ,
                window_seconds=prepared.window_seconds,
                progress=lambda done, total, bar=bar: progress.update(bar, completed=done, total=total),  # type: ignore[misc]
            )
    return {split: str(folder) for split, folder in folders.items()}


def explore_job(prepared: Prepared, stores: Mapping[str, str], outer_fold: str) -> Job:
    profile = prepared.profile
    return Job(
        spec=prepared.spec,
        stage=EXPLORE,
        stores=stores,
        precision=profile.precision,
        engine_settings={
            "device": profile.device,
            "threads": profile.threads_per_worker,
            "gradient_checkpointing": profile.gradient_checkpointing,
        },
        engine_budget_bytes=profile.facts.free_bytes // max(1, 2 * profile.concurrency),
        miniature_recipe=prepared.miniature_recipe,
        folds=prepared.folds,
        outer_fold=outer_fold,
    )


def write_splits(rounds: Sequence[tuple[str, Prepared]], path: Path) -> None:
    """Which example stands on which side: `fold` (of outer cross-validation), `example_id`, `group`, `split`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        {"fold": fold, "example_id": example.id, "group": example.group, "split": part.splits[example.id]}
        for fold, part in rounds
        for example in part.examples
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
