"""A sweep file, with `key=value` overrides, to a SweepSpec; every error at once, each with its place. Loads no torch.

YAML -> located values (`located_yaml.py`) -> overrides (`overrides.py`) -> kinds and keys (`schema.py`,
`search_types.py`) -> rules between keys (`rules.py`) -> SweepSpec.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeps.config import located_yaml, rules
from sweeps.config.adapter_rules import with_own_conditions
from sweeps.config.axis import allows, axes_of, fixed_of, in_order, open_of
from sweeps.config.checkpoints import with_folders
from sweeps.config.confirm_rules import DEFAULT_SEEDS, finalists_of
from sweeps.config.located_yaml import Node
from sweeps.config.overrides import MINIATURE, apply_miniature, apply_overrides, mark_axes, read_overrides
from sweeps.config.scalar_types import Problems, nearest_of, show
from sweeps.config.schema import ROOT, TASK_CLASSES
from sweeps.config.spec import ConfirmSpec, DataSpec, NotifySpec, SweepSpec, TrainSpec
from trainables.config import DEFAULT_ASHA
from trainables.data.storing import INT16
from trainables.errors import InputError

SHIPPED = "search_spaces"
KEPT_FILE, BEGUN_WITH = "sweep.yaml", "sweep.json"  # in the folder of a sweep: its file as it stands, and its manifest


@dataclass(frozen=True)
class Variants:
    """A sweep file that was read once: which of the two is run is decided later, by the machine and its weights."""

    published: SweepSpec  # as written
    miniature: SweepSpec  # with its `miniature:` block; sizes are still those of the file, see `stand_in`


def load_sweep(path: str | Path, overrides: Sequence[str] = ()) -> SweepSpec:
    """The sweep as its file is written. Raises InputError as `load_variants`."""
    return load_variants(path, overrides).published


def load_variants(path: str | Path, overrides: Sequence[str] = ()) -> Variants:
    """Reads the sweep file at `path`, else the shipped sweep of that name; the `sweep.yaml` that a sweep keeps in its
    folder has the overrides of its first command in it, and its paths begin where they began then.

    Raises InputError with every problem.
    """
    file = find(path)
    name = located_yaml.one_line(str(path), limit=200)
    begun_in = _begun_in(file)
    folder = str(file.resolve().parent) if begun_in is None else begun_in
    return parse_variants(_read(file, name), overrides, name=name, base_folder=folder, recorded=begun_in is not None)


def _begun_in(file: Path) -> str | None:
    """Where the relative paths of a sweep's own file begin, as the manifest beside it says; None of any other file."""
    beside = file.parent / BEGUN_WITH
    if file.name != KEPT_FILE or not beside.is_file():
        return None
    try:
        return str(json.loads(beside.read_text(encoding="utf-8"))["base_folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def parse_sweep(
    text: str,
    overrides: Sequence[str] = (),
    *,
    name: str = "sweep",
    base_folder: str = ".",
    recorded: bool = False,
) -> SweepSpec:
    """The sweep as this text has it. Arguments and InputError as of `parse_variants`."""
    return parse_variants(text, overrides, name=name, base_folder=base_folder, recorded=recorded).published


def parse_variants(
    text: str,
    overrides: Sequence[str] = (),
    *,
    name: str = "sweep",
    base_folder: str = ".",
    recorded: bool = False,
) -> Variants:
    """The text of a sweep file; `name` stands before the line in errors. Raises InputError with every problem found.

    `recorded`: the text is the `source_text` of one of the two; read again, it gives that one again.
    """
    root, found = located_yaml.parse(text, name)
    if root.value is None:
        raise InputError(f"{root.where}: the file is empty; a sweep file starts with `name:` and `backbone:`.")
    if not isinstance(root.value, dict):
        raise InputError(f"{root.where}: expected a mapping (name: ..., backbone: ...), got {show(root)}.")
    if recorded:
        root = mark_axes(root)
    given, more = read_overrides(overrides)
    found += more
    # An override of a key inside `miniature:` has to be there before the block is applied, all others come after it.
    inside = [override for override in given if override.path[0] == MINIATURE]
    outside = [override for override in given if override.path[0] != MINIATURE]
    root, more = apply_overrides(root, inside)
    found += more
    small, more = apply_miniature(root)
    found += more
    # Both variants are held to the rules, whichever is wanted: a file that is right is right on every machine.
    documents, values = [], []
    for variant in (root, small):
        document, more = apply_overrides(variant, outside)
        read, problems = _read_values(document)
        found += [*more, *problems.found]
        documents.append(document)
        values.append(read)
    if found:
        raise InputError(sorted(dict.fromkeys(found), key=lambda problem: _line(problem, name)))
    texts = [located_yaml.dump(document.plain()) for document in documents]
    return Variants(
        published=with_folders(_assemble(values[0], texts[0] if overrides else text, base_folder)),
        miniature=with_folders(_assemble(values[1], texts[1], base_folder)),
    )


def _read_values(root: Node) -> tuple[dict[str, Any], Problems]:
    problems = Problems(root)
    values = with_own_conditions(ROOT.read(root, (), problems))
    rules.check(values, problems)
    return values, problems


def _line(problem: str, name: str) -> int:
    """Problems in the file by line, those of the command line after them."""
    line = problem.removeprefix(f"{name}:").partition(":")[0]
    return int(line) if problem.startswith(f"{name}:") and line.isdecimal() else located_yaml.MAX_BYTES


def find(path: str | Path) -> Path:
    """The file at `path`, else a shipped sweep. Raises InputError that says where it looked."""
    given = Path(path)
    shipped = shipped_folder()
    candidates = [given]
    if not given.is_absolute() and str(given.parent) in (".", SHIPPED):
        candidates += [shipped / given.name, shipped / f"{given.name}.yaml"]
    shown = located_yaml.one_line(str(path))
    try:
        for candidate in candidates:
            if candidate.is_file():
                return candidate
        if given.is_dir():
            raise InputError(f"{shown}: is a folder; name a sweep file in it.")
        if given.exists():
            raise InputError(f"{shown}: is no regular file.")
    except (OSError, ValueError):
        raise InputError(f"{shown}: cannot be opened: no valid file name, or no permission.") from None
    stems = [file.stem for file in sorted(shipped.glob("*.yaml"))]
    near = nearest_of(given.stem, stems)
    known = (", ".join(stems) or "none") + (f" (nearest: {near})" if near else "")
    looked = ", ".join(dict.fromkeys(str(candidate.parent.absolute()) for candidate in candidates))
    raise InputError(f"{shown}: no such sweep file (looked in {looked}). Shipped sweeps: {known}.")


def shipped_folder() -> Path:
    """Inside the package where a wheel put it, else beside the package in the repository."""
    package = Path(__file__).resolve().parents[1]
    installed = package / SHIPPED
    return installed if installed.is_dir() else package.parent / SHIPPED


def _read(file: Path, name: str) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(located_yaml.MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}.") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}:{line}: not UTF-8 text (byte {error.start}); save the file as UTF-8.") from None


def _task_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the file; where the target is gathered from several columns, it is named by them."""
    options = {key: value for key, value in values["task"].items() if key != "kind"}
    task: Any = TASK_CLASSES[values["task"]["kind"]]
    columns = values["data"].get("columns", {}).get(task.column)
    if isinstance(columns, tuple) and (named := getattr(task, "named_by_columns", None)):
        options.setdefault(named, columns)
    return options


def _assemble(values: Mapping[str, Any], source_text: str, base_folder: str) -> SweepSpec:
    """Values that passed every rule, with defaults, as a spec."""
    data, objective = values["data"], values["objective"]
    folds = data.get("folds", {})
    asha = {**DEFAULT_ASHA, **values.get("asha", {})}
    seeds = {**DEFAULT_SEEDS, **values.get("seeds", {})}
    may_be_left_out = (
        "results",
        "profile",
        "precision",
        "head",
        "warm_start",
        "augment",
        "packing",
        "decisions",
        "sampler",
        "pruner",
    )
    optional = {key: values[key] for key in may_be_left_out if key in values}
    opened = open_of(values)
    return SweepSpec(
        name=values["name"],
        backbone=values.get("backbone", ""),
        task_kind=values["task"]["kind"],
        task_options=_task_options(values),
        data=DataSpec(
            source=data["source"],
            **data.get("splits", {}),
            columns=data.get("columns", {}),
            separator=data.get("separator"),
            layout=data.get("layout"),
            audio_folder=data.get("audio_folder"),
            skip=data.get("skip", 0),
            store=data.get("store", INT16),
            inner_folds=folds.get("inner"),
            outer_folds=folds.get("outer"),
            evaluate=data.get("evaluate", {}),
        ),
        axes=in_order(axes_of(values)),
        fixed=fixed_of(values),
        train=TrainSpec(**values.get("train", {})),
        metric=objective["metric"],
        mode=objective.get("mode", rules.natural_mode(objective["metric"])),
        trials=values["trials"],
        grace_epochs=asha["grace_epochs"],
        reduction_factor=asha["reduction_factor"],
        explore_seeds=seeds["explore"],
        confirm_seeds=seeds["confirm"],
        finalists=finalists_of(values),
        confirm=ConfirmSpec(**values.get("confirm", {})),
        baseline=values["baseline"],
        notify=NotifySpec(**values.get("notify", {})),
        **values.get("limits", {}),
        **{
            **optional,
            # Optuna is handed only what it can suggest: not what is fixed, nor what the miniature's ranges leave out.
            "warm_start": tuple(
                start
                for point in values.get("warm_start", ())
                if (
                    start := {
                        name: value for name, value in point.items() if name in opened and allows(opened[name], value)
                    }
                )
            ),
        },
        source_text=source_text,
        base_folder=base_folder,
    )
