"""What workers need to be there before a stage: small models, decoded clips, and their orders."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

from rich.console import Console

from sweeps.machine.weights import commit_of, folder_digest
from sweeps.plan.packing import half_of_worker_bytes, largest_params, trials_per_worker
from sweeps.plan.prepare import Prepared
from sweeps.plan.workload import kept_bytes_per_clip
from sweeps.state.workspace import EXPLORE, REVISIONS, Workspace
from sweeps.worker.job import Job
from trainables.data.storing import INT16
from trainables.errors import InputError
from trainables.modeling.checkpoints import is_path, names_checkpoint
from trainables.sizes import size_of

SMALL_PARAMS, CLIPS_PER_PASS = 10_000_000, 16


def build_miniatures(prepared: Prepared) -> None:
    """Once per machine: workers find them ready."""
    recipe = prepared.miniature_recipe
    if recipe is None:
        return
    from trainables import miniature

    miniature.make(sizes_by_backbone(prepared), recipe)


def miniatures_built(prepared: Prepared) -> bool:
    """Whether `build_miniatures` has nothing to do."""
    recipe = prepared.miniature_recipe
    if recipe is None:
        return True
    from trainables import miniature

    return all(miniature.is_ready(backbone, size, recipe) for backbone, size in sizes_by_backbone(prepared))


def sizes_by_backbone(prepared: Prepared) -> list[tuple[str, str]]:
    return [(name, size) for name in prepared.backbones for size in prepared.spec.sizes_of(name)]


def make_stores(prepared: Prepared, workspace: Workspace, splits: Sequence[str], console: Console) -> dict[str, str]:
    """Decodes the named splits once, for all workers, in every way in which the sweep's backbones hear; split -> folder
    (see `open_store`)."""
    from rich.progress import Progress

    from trainables.data.sound.store import write_store

    folders = {split: workspace.store(split) for split in splits}
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        hearings = prepared.hearings
        for (split, folder), how in product(folders.items(), hearings):
            examples = prepared.of_split(split)
            bar = progress.add_task(f"decoding {split} clips", total=len(examples))
            write_store(
                how.folder(folder) if len(hearings) > 1 else folder,
                examples,
                sample_rate_hz=how.sample_rate_hz,
                window_seconds=how.window_seconds,
                kept_as=prepared.spec.data.store,
                headers=prepared.headers_of(split),
                progress=lambda done, total, bar=bar: progress.update(bar, completed=done, total=total),  # type: ignore[misc]
            )
    return {split: str(folder) for split, folder in folders.items()}


def say_heard(prepared: Prepared, stores: Mapping[str, str], console: Console) -> None:
    """Says what decoding showed of the clips in these stores: silence, channels that cancel, levels that tell classes
    apart, ..."""
    from trainables.data.doubts.listen import Heard, kept_facts
    from trainables.data.doubts.report import heard_doubts
    from trainables.data.sound.store import open_store

    hearing = next(iter(prepared.hearings))
    heard = Heard()
    for split, folder in stores.items():
        if split not in prepared.evaluations:
            heard.facts.update(kept_facts(open_store(Path(folder), hearing)).facts)
    if prepared.spec.data.store == INT16:
        kept = [open_store(Path(folder), hearing) for folder in stores.values()]
        if floats := sum(store.as_floats for store in kept):
            console.print(
                f"{floats:,} of {sum(map(len, kept)):,} clips hold more than 16 bits, or were resampled, and are kept "
                "as float32; the others take half of that.",
                soft_wrap=True,
            )
    if prepared.heard_all:  # the plan has said it
        return
    for sentence in heard_doubts(prepared.examples, prepared.splits, prepared.task, heard):
        console.print(f"- {sentence}", style="yellow", markup=False, soft_wrap=True)


def pin_revisions(prepared: Prepared, workspace: Workspace) -> dict[str, str]:
    """Checkpoint -> commit of its hub repository, of a folder its digest: looked up once and kept, so that every worker
    loads the same weights, also when the sweep goes on after the hub has others.

    Raises InputError where a folder has others now.
    """
    if prepared.weights.miniature:
        return {}
    path = workspace.folder / REVISIONS
    if not path.is_file():
        sizes = [
            size_of(backbone, size)
            for name, backbone in prepared.backbones.items()
            for size in prepared.spec.sizes_of(name)
            if size in backbone.SIZES or names_checkpoint(size)
        ]
        commits = {size.checkpoint: commit_of(size) for size in sizes}
        path.write_text(json.dumps({name: commit for name, commit in commits.items() if commit}), encoding="utf-8")
    pinned: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    if changed := [folder for folder, digest in pinned.items() if is_path(folder) and folder_digest(folder) != digest]:
        raise InputError(
            [
                f"the weights in {folder} are not those that the sweep was begun with: put them back, or start a new "
                "sweep with --new."
                for folder in changed
            ]
        )
    return pinned


def explore_job(
    prepared: Prepared, stores: Mapping[str, str], outer_fold: str, revisions: Mapping[str, str] | None = None
) -> Job:
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
            "clips_per_pass": clips_per_pass(prepared),
            "kept_bytes_per_clip": kept_bytes_per_clip(prepared),
        },
        engine_budget_bytes=half_of_worker_bytes(prepared),
        miniature_recipe=prepared.miniature_recipe,
        revisions=dict(revisions or {}),
        folds=prepared.folds,
        outer_fold=outer_fold,
        trials_per_worker=trials_per_worker(prepared),
    )


def clips_per_pass(prepared: Prepared) -> int:
    """How many clips of one optimizer step may pass together, whatever `batch_size`: of a small model a few clips leave
    a processor's time to the calls. By its size alone, so that the same sweep has the same passes everywhere."""
    small = largest_params(prepared) <= SMALL_PARAMS
    return CLIPS_PER_PASS if small and prepared.spec.packing == "off" else 1


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
