"""Where a sweep's weights are, whether it therefore runs on the miniature, and from where a trial loads them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.machine.memory import needed_bytes
from sweeps.machine.profile import GIB, Facts, fits
from trainables.config import TrialConfig
from trainables.modeling.checkpoints import CONFIG, checkpoints_folder, find_file, is_file_name
from trainables.outline import outline

if TYPE_CHECKING:
    from trainables.contract import Size

HUB_TIMEOUT_SECONDS = 5.0
WEIGHT_FILES = ("model.safetensors", "model.safetensors.index.json")


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the sweep runs on the miniature, and why, in one sentence."""

    miniature: bool
    reason: str


def needs_miniature(
    sizes: Mapping[str, Size],
    quantizations: tuple[str, ...],
    precision: str,
    facts: Facts,
    *,
    batch_size: int,
    at_hand: Callable[[Size], bool] | None = None,
) -> Decision:
    """The miniature stands in where the device holds none of `sizes`, or the weights of none of them can be had.

    `facts` are those of the profile's device. `at_hand` says whether a size's weights can be had (default: `at_hand`
    below); it is asked only about sizes that fit.
    """
    fitting = {name: size for name, size in sizes.items() if _fits(size, quantizations, precision, facts, batch_size)}
    smallest = min(sizes, key=lambda name: sizes[name].total_params)
    if not fitting:
        billions = sizes[smallest].total_params / 1e9
        holder = "no accelerator was found" if facts.kind == "cpu" else f"the {facts.name} is too small"
        return Decision(
            True,
            f"{holder} ({facts.kind}, {facts.memory_bytes / GIB:.0f} GiB), and even {smallest} "
            f"({sizes[smallest].checkpoint}, {billions:.2g} billion parameters) cannot be trained there",
        )
    lookup = at_hand or weights_at_hand
    if not any(lookup(size) for size in fitting.values()):
        return Decision(True, _missing(list(fitting.values())))
    return Decision(False, f"{', '.join(fitting)} can be trained on {facts.name}")


def weights_at_hand(size: Size) -> bool:
    """Whether the weights are local, in the hub's cache, or can be downloaded (one short request)."""
    if is_file_name(size.checkpoint):
        return find_file(size.checkpoint) is not None
    return is_local(size.checkpoint) or is_cached(size.checkpoint, size.revision) or is_reachable(size)


def is_local(checkpoint: str) -> bool:
    """Whether `checkpoint` is a folder that holds weights."""
    folder = Path(checkpoint).expanduser()
    return folder.is_dir() and any(folder.glob("*.safetensors"))


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
    from huggingface_hub import HfApi, constants

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        HfApi().model_info(size.checkpoint, revision=size.revision, timeout=HUB_TIMEOUT_SECONDS)
    except Exception:  # no network, a proxy's page, a gated or vanished repository: the weights cannot be had
        return False
    return True


def commit_of(size: Size) -> str | None:
    """The commit of the hub's repository that a checkpoint's name means now; offline, the one in the local cache.

    None where the checkpoint is a file or a folder, or nobody can say.
    """
    from huggingface_hub import HfApi, constants, try_to_load_from_cache

    if size.revision is not None or is_file_name(size.checkpoint) or is_local(size.checkpoint):
        return size.revision
    if not constants.HF_HUB_OFFLINE:
        try:
            commit: str | None = HfApi().model_info(size.checkpoint, timeout=HUB_TIMEOUT_SECONDS).sha
            return commit
        except Exception:  # as in is_reachable
            pass
    cached = try_to_load_from_cache(size.checkpoint, CONFIG)
    return Path(cached).parent.name if isinstance(cached, str) else None


def checkpoint_name(config: TrialConfig) -> str:
    sizes = outline(config.backbone).SIZES
    return sizes[config.model_size].checkpoint if config.model_size in sizes else f"miniature {config.model_size}"


def checkpoint_revision(config: TrialConfig, revisions: Mapping[str, str]) -> str | None:
    """The commit of the hub's repository, of `revisions` (by checkpoint) where it was pinned; None where weights come
    from no hub."""
    published = outline(config.backbone).SIZES.get(config.model_size)
    return None if published is None else revisions.get(published.checkpoint, published.revision)


def checkpoint_to_load(config: TrialConfig, revisions: Mapping[str, str], miniature_recipe: str | None) -> str:
    """A hub id with the commit that was pinned, or the folder of a miniature, which is made where it is absent."""
    if miniature_recipe is not None:
        from trainables import miniature

        return str(miniature.path(config.backbone, config.model_size, miniature_recipe, progress=False))
    checkpoint = outline(config.backbone).SIZES[config.model_size].checkpoint
    return f"{checkpoint}@{revisions[checkpoint]}" if checkpoint in revisions else checkpoint


def _missing(sizes: Sequence[Size]) -> str:
    """One sentence: whose weights cannot be had, and what to do about those that no hub has."""
    files = [size for size in sizes if is_file_name(size.checkpoint)]
    names = ", ".join(size.checkpoint for size in sizes)
    if not files:
        return f"the weights of {names} are neither in the local cache nor can the hub be reached"
    origins = ", ".join(dict.fromkeys(size.origin for size in files))
    return f"{names} cannot be had: download from {origins} into {checkpoints_folder()}"


def _fits(size: Size, quantizations: tuple[str, ...], precision: str, facts: Facts, batch_size: int) -> bool:
    needs = (
        needed_bytes(size.total_params, quantization, precision, trainable_params=0, batch_size=batch_size)
        for quantization in quantizations
    )
    return any(fits(needed, facts, total_params=size.total_params) for needed in needs)
