"""Writes an export: weights, front end and manifest into a folder beside the wanted one, checked, then renamed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sweeps.export.check import EXACT, NUMBERS, ROUNDED, Checked, compare
from sweeps.export.clips import RecordedClips, read_clips
from sweeps.export.exported import Exported
from sweeps.export.request import Request, check_fits, check_words
from sweeps.predict.exported import (
    ADAPTER,
    BASE,
    CTRANSLATE2,
    EXPORT,
    LAYOUT,
    ONNX,
    OWN_MERGED,
    hashes,
    read_export,
)
from sweeps.predict.loadable import Tuned
from sweeps.predict.model import Model
from sweeps.predict.tuned import FITTED, Found, find_arm
from trainables import registry
from trainables.contract import Task
from trainables.data.atomic import atomic_folder
from trainables.sizes import size_of
from trainables.training.thresholds import copy_thresholds

# Of a task's options those that an answer depends on; what only scores or data depend on may name files of its owner
ANSWERING = ("labels", "prompt", "language", "answer_length", "vocabulary", "names", "centre", "spread")


def export(request: Request, say: Callable[[str], None]) -> Exported:
    """Writes the folder, whole or not at all. Raises InputError before anything is written, SweepFailed where the
    export answers a test clip otherwise than the sweep did."""
    from sweeps.export.card import write_card

    check_words(request)
    found = find_arm(request.sweep, request.results, arm=request.arm, seed=request.seed, ensemble=request.ensemble)
    check_fits(request, found.tuned)
    clips = read_clips(found, request.clips)
    say(f"Exports {found.tuned.in_words} as {request.chosen_format}")
    out = request.out.expanduser().absolute()
    with atomic_folder(out) as folder:
        code, form = _write(request, found, clips, folder)
        manifest = _manifest(request, found, clips, form)
        _seal(folder, manifest)
        say(f"Answers {len(clips.clips)} of {clips.count} test clips again")
        checked = check(folder, found, clips, code, form, request)
        manifest["checked"] = {str(seed): found_.as_dict() for seed, found_ in checked.items()}
        _seal(folder, manifest)
        exported = Exported(folder, found, manifest, checked, code)
        write_card(exported)
    return replace(exported, folder=out)


def _write(request: Request, found: Found, clips: RecordedClips, folder: Path) -> tuple[str | None, str]:
    """Weights and front end; the code that answers by them without this package, and the name of the format."""
    from trainables.release.merged import is_of_transformers, write_front_end, write_merged
    from trainables.release.plain_code import plain_code

    tuned, form = found.tuned, request.chosen_format
    if form == ADAPTER:
        model = Model(replace(tuned, adapters={}))
        write_front_end(model.engine.loaded, folder)
        _write_adapters(tuned, folder)
        return None, form
    for source in tuned.adapters.values():  # one, which is merged
        copy_thresholds(source, folder)
    model = Model(tuned, full_precision=True)
    loaded, task = model.engine.loaded, model.task
    code = plain_code(loaded, model.engine.backbone, task, clips.hearing.window_seconds)
    merged = next((model.engine.bank.merged(lane) for lane in model.lanes.values()), model.engine.model)
    dtype = request.dtype or "fp32"
    if form == ONNX:
        from trainables.release.onnx_file import onnx_code, write_onnx

        example = model.engine.backbone.features(loaded, clips.clips.waveform(0))
        write_onnx(model.engine.backbone, loaded, merged, task, example, folder)
        write_front_end(loaded, folder)
        return onnx_code(loaded, model.engine.backbone, task), form
    write_merged(model.engine.backbone, loaded, merged, task, size=tuned.config.model_size, dtype=dtype, folder=folder)
    if form == CTRANSLATE2:
        from trainables.release.ctranslate import convert, ctranslate_code

        convert(folder, dtype)
        return ctranslate_code(loaded, model.engine.backbone, task, clips.hearing.window_seconds), form
    return code, form if is_of_transformers(merged) else OWN_MERGED


def _write_adapters(tuned: Tuned, folder: Path) -> None:
    """In PEFT's format; the weights of a miniature, which no hub has, beside them."""
    from sweeps.machine.weights import checkpoint_name, checkpoint_revision, checkpoint_to_load

    many = len(tuned.adapters) > 1
    if tuned.miniature:
        shutil.copytree(checkpoint_to_load(tuned.config, tuned.revisions, tuned.recipe), folder / BASE)
    for seed, source in tuned.adapters.items():
        own = folder / f"seed-{seed}" if many else folder
        own.mkdir(exist_ok=True)
        shutil.copyfile(source / "adapter_model.safetensors", own / "adapter_model.safetensors")
        copy_thresholds(source, own)
        config = json.loads((source / "adapter_config.json").read_text(encoding="utf-8"))
        config["base_model_name_or_path"] = BASE if tuned.miniature else checkpoint_name(tuned.config)
        config["revision"] = checkpoint_revision(tuned.config, tuned.revisions)
        (own / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _manifest(request: Request, found: Found, clips: RecordedClips, form: str) -> dict[str, Any]:
    from sweeps.machine.weights import checkpoint_name, checkpoint_revision

    tuned = found.tuned
    size = size_of(registry.backbone(tuned.config.backbone), tuned.config.model_size)
    options = {name: tuned.task_options[name] for name in ANSWERING if name in tuned.task_options}
    return {
        "layout": LAYOUT,
        "made_by": f"audio-sweeps {version('audio-sweeps')}",
        "format": form,
        "sweep": tuned.sweep_id,
        "arm": tuned.arm,
        "seeds": list(tuned.adapters),
        "task": {"kind": tuned.task_kind, **options},
        "config": tuned.config.as_dict(),
        "precision": "fp32" if form != ADAPTER else tuned.precision,
        "dtype": request.dtype or "fp32",
        "base": {
            "checkpoint": checkpoint_name(tuned.config),
            "revision": checkpoint_revision(tuned.config, tuned.revisions),
            "licence": size.licence,
            "miniature": tuned.miniature,
        },
        "sample_rate_hz": clips.hearing.sample_rate_hz,
        "window_seconds": clips.hearing.window_seconds,
        "data_fingerprint": found.manifest.data_fingerprint,
    }


def _seal(folder: Path, manifest: dict[str, Any]) -> None:
    """Writes the manifest, with the hash of every other file."""
    manifest["files"] = hashes(folder)
    (folder / EXPORT).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def check(
    folder: Path, found: Found, clips: RecordedClips, code: str | None, form: str, request: Request
) -> dict[int | None, Checked]:
    """What the folder answers, read as its reader reads it, against the record. Raises SweepFailed."""
    rounded = request.dtype == "bf16" or found.tuned.precision != "fp32" or found.manifest.precision != "fp32"
    tolerance = ROUNDED if rounded else EXACT
    task = _scored(found)

    def compared(seed: int | None, outputs: Sequence[Any]) -> Checked:
        own, by_code = clips.recorded[seed], code is not None
        return compare(own, clips.clips, outputs, task, tolerance=tolerance, of=clips.count, answered=by_code)

    if code is not None:
        from trainables.release.plain_code import run

        answer = run(code, str(folder))
        questions = [[] if example.question is None else [example.question] for example in clips.clips.examples]
        outputs = [answer(clips.clips.waveform(row), *question) for row, question in enumerate(questions)]
        return {seed: compared(seed, outputs) for seed in found.left}
    model = Model(read_export(folder, arm=None, seed=None, ensemble=len(found.tuned.adapters) > 1))
    return {seed: compared(seed, model.outputs(clips.clips, seed if model.lanes else None)) for seed in found.left}


def _scored(found: Found) -> Task:
    """The task with what its files hold, as texts were brought to one form for the record."""
    from sweeps.plan.texts import read_task_files

    options = dict(found.spec.task_options)
    if found.tuned.task_kind in NUMBERS:
        options |= {name: found.tuned.task_options[name] for name in FITTED if name in found.tuned.task_options}
    return read_task_files(found.spec, registry.task(found.spec.task_kind, options))[1]
