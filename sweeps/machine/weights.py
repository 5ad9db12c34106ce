"""Where a sweep's weights are, whether it therefore runs on the miniature, and from where a trial loads them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.machine.memory import needed_bytes
from sweeps.machine.profile import GIB, Facts, fits
from trainables import measured
from trainables.config import TrialConfig
from trainables.modeling.checkpoints import (
    COMMIT,
    CONFIG,
    FILES,
    checkpoints_folder,
    find_file,
    is_file_name,
    is_path,
    names_checkpoint,
    split_revision,
)
from trainables.outline import outline
from trainables.sizes import is_size, size_of

if TYPE_CHECKING:
    from trainables.contract import Backbone, Size

HUB_TIMEOUT_SECONDS = 5.0
WEIGHT_FILES = ("model.safetensors", "model.safetensors.index.json")


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the sweep runs on the miniature, and why, in one sentence; and what stands in the way of a start."""

    miniature: bool
    reason: str
    problems: tuple[str, ...] = ()


def needs_miniature(
    sizes: Mapping[str, Size],
    quantizations: tuple[str, ...],
    precision: str,
    facts: Facts,
    *,
    batch_size: int,
    lacks: Callable[[Size], str | None] | None = None,
) -> Decision:
    """The miniature stands in where the device holds none of `sizes`, or the weights of none of them can be had; where
    some can be had and others cannot, the decision has problems. For checkpoints that are named nothing stands in.

    `facts` are those of the profile's device. `lacks` says what a size lacks, None where its weights can be had
    (default: `lacking` below); it is asked only about sizes that fit.
    """
    fitting = {name: size for name, size in sizes.items() if _fits(size, quantizations, precision, facts, batch_size)}
    named = any(map(names_checkpoint, sizes))
    smallest = min(sizes, key=lambda name: sizes[name].total_params)
    if not fitting:
        billions = sizes[smallest].total_params / 1e9
        holder = "no accelerator was found" if facts.kind == "cpu" else f"the {facts.name} is too small"
        return Decision(
            not named,
            f"{holder} ({facts.kind}, {facts.memory_bytes / GIB:.0f} GiB), and even {smallest} "
            f"({sizes[smallest].checkpoint}, {billions:.2g} billion parameters) cannot be trained there",
        )
    lookup = lacks or lacking
    problems = {name: problem for name, size in fitting.items() if (problem := lookup(size)) is not None}
    if len(problems) == len(fitting) and not named:
        return Decision(True, _missing(list(fitting.values())))
    found = [f"search.model_size: {problem}" for problem in problems.values()]
    can = ", ".join(name for name in fitting if name not in problems) or "nothing"
    return Decision(False, f"{can} can be trained on {facts.name}", tuple(found))


def weights_at_hand(size: Size) -> bool:
    """Whether the weights are local, in the hub's cache, or can be downloaded (one short request)."""
    return lacking(size) is None


def lacking(size: Size, backbone: Backbone | None = None) -> str | None:
    """What stands in the way of loading a checkpoint, and what to do, in one sentence; None where nothing does."""
    checkpoint = size.checkpoint
    if is_file_name(checkpoint):
        return None if find_file(checkpoint) is not None else _missing([size])
    name, revision = repository(size)
    files = _files_here(name, revision)
    if is_path(checkpoint):
        if (unsafe := _unsafe(files)) is not None:
            return f"{checkpoint} {unsafe}"
        if not is_local(checkpoint):
            return f"{checkpoint} holds no weights ({WEIGHT_FILES[0]}): put them beside its {CONFIG}"
    elif not is_cached(name, revision):
        there = _files_of_hub(name, revision)
        if there is None:
            return (
                f"the weights of {checkpoint} are neither in the hub's cache nor can the hub be reached: where there "
                f"is a network, `hf download {name}{f' --revision {revision}' if revision else ''}`; or take it out of "
                "the search and the baseline"
            )
        own = backbone is None or checkpoint in {published.checkpoint for published in backbone.SIZES.values()}
        # of what is published with pickles alone, transformers finds the safetensors that the hub offers beside them
        if not own and (unsafe := _unsafe(there)) is not None:
            return f"{checkpoint} {unsafe}"
        files = there or files
    beside = getattr(backbone, "BESIDE", ()) if names_checkpoint(checkpoint) and files else ()
    lacks = [" or ".join(alternatives) for alternatives in beside if not files & {*alternatives}]
    if lacks:
        return f"{checkpoint} lacks {', '.join(lacks)}: copy it from the model that it was tuned from"
    return None


def repository(size: Size) -> tuple[str, str | None]:
    """The hub's name of a size's checkpoint, and the revision that is wanted."""
    name, revision = split_revision(size.checkpoint)
    return name, revision or size.revision


def _unsafe(files: set[str]) -> str | None:
    """Whether the only weights among these files are pickles, which may hold any program."""
    pickles = sorted(file for file in files if file.startswith("pytorch_model") and file.endswith(".bin"))
    if not pickles or any(file.endswith(".safetensors") for file in files):
        return None
    return (
        f"has its weights in {pickles[0]} and no safetensors: `python -m trainables.import_bin FOLDER OUT` converts "
        "its folder (hf download), then name OUT"
    )


def _files_here(name: str, revision: str | None) -> set[str]:
    """Names of a checkpoint's files on this machine; none where it is not here."""
    if is_path(name):
        folder = Path(name).expanduser()
    else:
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(name, CONFIG, revision=revision)
        if not isinstance(cached, str):
            return set()
        folder = Path(cached).parent
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def is_local(checkpoint: str) -> bool:
    """Whether `checkpoint`, a path, is a folder that holds weights."""
    folder = Path(checkpoint).expanduser()
    return is_path(checkpoint) and folder.is_dir() and any(folder.glob("*.safetensors"))


def folder_digest(folder: str) -> str:
    """Of every file that is loaded from a local checkpoint; computed again where a file was written since."""
    files = sorted(path for pattern in FILES for path in Path(folder).expanduser().glob(pattern))
    stamps = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    key = hashlib.sha256(repr(stamps).encode()).hexdigest()[:16]
    return str(measured.once(f"folder-{key}", lambda: {"digest": _digest(files)})["digest"])


def _digest(files: Sequence[Path]) -> str:
    found = hashlib.sha256()
    for path in files:
        with path.open("rb") as stream:
            found.update(f"{path.name} {hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return found.hexdigest()[:40]


def is_cached(checkpoint: str, revision: str | None) -> bool:
    """Whether the hub's cache on this machine holds every weight file of the checkpoint."""
    from huggingface_hub import try_to_load_from_cache

    def found(file: str) -> str | None:
        path = try_to_load_from_cache(checkpoint, file, revision=revision)
        return path if isinstance(path, str) else None

    single, index = WEIGHT_FILES
    if found(single):
        return True
    index_path = found(index)
    if index_path is None:
        return False
    shards = set(json.loads(Path(index_path).read_text())["weight_map"].values())
    return all(found(shard) for shard in shards)


def is_reachable(size: Size) -> bool:
    """Whether the hub answers for this checkpoint. False when HF_HUB_OFFLINE is set, without any request."""
    return _files_of_hub(*repository(size)) is not None


def _files_of_hub(name: str, revision: str | None) -> set[str] | None:
    """Names of the files of a repository, none where the hub does not list them; None where it cannot be asked."""
    from huggingface_hub import HfApi, constants

    if constants.HF_HUB_OFFLINE:
        return None
    try:
        found = HfApi().model_info(name, revision=revision, timeout=HUB_TIMEOUT_SECONDS)
    except Exception:  # no network, a proxy's page, a gated or vanished repository: the weights cannot be had
        return None
    return {file.rfilename for file in found.siblings or ()}


def commit_of(size: Size) -> str | None:
    """The commit of the hub's repository that a checkpoint's name means now; offline, the one in the local cache. Of a
    folder the digest of its files.

    None where the checkpoint is a file, or nobody can say.
    """
    from huggingface_hub import HfApi, constants, try_to_load_from_cache

    if is_path(size.checkpoint):
        return folder_digest(size.checkpoint)
    name, revision = repository(size)
    if is_file_name(name) or (revision is not None and COMMIT.fullmatch(revision)):
        return revision
    if not constants.HF_HUB_OFFLINE:
        try:
            commit: str | None = HfApi().model_info(name, revision=revision, timeout=HUB_TIMEOUT_SECONDS).sha
            return commit
        except Exception:  # as in is_reachable
            pass
    cached = try_to_load_from_cache(name, CONFIG, revision=revision)
    return Path(cached).parent.name if isinstance(cached, str) else None


def checkpoint_name(config: TrialConfig) -> str:
    size = _published(config)
    return f"miniature {config.model_size}" if size is None else size.checkpoint


def checkpoint_revision(config: TrialConfig, revisions: Mapping[str, str]) -> str | None:
    """The commit of the hub's repository, of `revisions` (by checkpoint) where it was pinned, or a folder's digest;
    None where weights come from neither."""
    size = _published(config)
    return None if size is None else revisions.get(size.checkpoint, size.revision)


def checkpoint_to_load(config: TrialConfig, revisions: Mapping[str, str], miniature_recipe: str | None) -> str:
    """A hub id with the commit that was pinned, a folder, or that of a miniature, which is made where it is absent."""
    if miniature_recipe is not None:
        from trainables import miniature

        return str(miniature.path(config.backbone, config.model_size, miniature_recipe, progress=False))
    backbone = outline(config.backbone)
    published = backbone.SIZES.get(config.model_size)
    checkpoint = config.model_size if published is None else published.checkpoint
    pinned = revisions.get(checkpoint)
    return checkpoint if pinned is None or is_path(checkpoint) else f"{split_revision(checkpoint)[0]}@{pinned}"


def _published(config: TrialConfig) -> Size | None:
    """None of a miniature's size."""
    backbone = outline(config.backbone)
    if config.model_size in backbone.SIZES or not is_size(backbone, config.model_size):
        return size_of(backbone, config.model_size)
    return None


def _missing(sizes: Sequence[Size]) -> str:
    """One sentence: whose weights cannot be had, and what to do about those that no hub has."""
    files = [size for size in sizes if is_file_name(size.checkpoint)]
    names = ", ".join(size.checkpoint for size in sizes)
    if not files:
        return f"the weights of {names} are neither in the local cache nor can the hub be reached"
    origins = ", ".join(dict.fromkeys(_address(size) for size in files))
    return f"{names} cannot be had: download from {origins} into {checkpoints_folder()}"


def _address(size: Size) -> str:
    """Of the file, where its origin is an address that files lie under; else in words."""
    return f"{size.origin}/{size.checkpoint}" if size.origin.startswith("https://") else size.origin


def _fits(size: Size, quantizations: tuple[str, ...], precision: str, facts: Facts, batch_size: int) -> bool:
    needs = (
        needed_bytes(size.total_params, quantization, precision, trainable_params=0, batch_size=batch_size)
        for quantization in quantizations
    )
    return any(fits(needed, facts, total_params=size.total_params) for needed in needs)
