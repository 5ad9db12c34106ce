"""What a checkpoint says of itself without its weights: its configuration, the files beside it, its card.

Read from a folder, from the hub's cache, or from the hub, a small file at a time. Loads no torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from trainables.errors import InputError
from trainables.modeling.checkpoints import CONFIG, is_path, split_revision

HUB_TIMEOUT_SECONDS = 5.0
CARD = "README.md"
UNKNOWN_LICENCE = "unknown: see its card"
MOST_LAYERS = 1000  # of any stack: what is said to have more is damaged, and would take hours to count


def find(checkpoint: str, file: str, *, fetch: bool = False) -> Path | None:
    """A file of a checkpoint on this machine; with `fetch` the hub is asked for it. None where it cannot be had."""
    if is_path(checkpoint):
        path = Path(checkpoint).expanduser() / file
        return path if path.is_file() else None
    from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache

    name, revision = split_revision(checkpoint)
    if fetch and not constants.HF_HUB_OFFLINE and hub_answers():
        try:
            return Path(hf_hub_download(name, file, revision=revision, etag_timeout=HUB_TIMEOUT_SECONDS))
        except Exception:  # no network, a proxy's page, a gated or vanished repository: perhaps it is cached
            pass
    cached = try_to_load_from_cache(name, file, revision=revision)
    return Path(cached) if isinstance(cached, str) else None


@cache
def hub_answers() -> bool:
    """Whether the hub can be reached at all; asked once in a process. The library would try each file five times more,
    for half a minute, and write a line for each."""
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=HUB_TIMEOUT_SECONDS)
    except Exception:  # no network, no such host, a certificate that is not known
        return False
    return True


def read_configuration(checkpoint: str, architectures: Sequence[str], *, backbone: str) -> dict[str, Any]:
    """The content of a checkpoint's `config.json`; `architectures` are the `model_type` that `backbone` takes.

    Raises InputError: it cannot be had or read, or is of another architecture.
    """
    said = _read(checkpoint)
    kind = said.get("model_type")
    if kind not in architectures:
        what = f"is a {kind!r}" if isinstance(kind, str) else "does not say what it is (model_type)"
        remote = " Its own code (auto_map) is never run." if "auto_map" in said else ""
        raise InputError(
            f"search.model_size: the checkpoint {checkpoint} {what}, and the backbone {backbone} takes "
            f"{' or '.join(architectures)}.{remote}"
        )
    if deep := [name for name, count in _numbers(said) if "layers" in name and count > MOST_LAYERS]:
        raise InputError(
            f"search.model_size: the checkpoint {checkpoint}: {deep[0]} is above {MOST_LAYERS}; is it damaged?"
        )
    return said


def digest(checkpoint: str) -> str:
    """Of `config.json`; sixteen hex digits. Raises InputError as `read_configuration`."""
    return hashlib.sha256(json.dumps(_read(checkpoint), sort_keys=True).encode()).hexdigest()[:16]


def licence(checkpoint: str) -> str:
    """As the card says, in the YAML at its top."""
    import yaml
    from huggingface_hub.repocard import metadata_load

    card = find(checkpoint, CARD, fetch=True)
    try:
        said = (metadata_load(card) or {}) if card is not None else {}
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        said = {}
    found = said.get("license_name") or said.get("license")
    return found if isinstance(found, str) and found.isprintable() else UNKNOWN_LICENCE


def _read(checkpoint: str) -> dict[str, Any]:
    path = find(checkpoint, CONFIG, fetch=True)
    if path is None:
        raise InputError(f"search.model_size: {_absent(checkpoint)}")
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"search.model_size: the checkpoint {checkpoint}: {path} is no JSON ({error}).") from None
    if not isinstance(said, dict):
        raise InputError(f"search.model_size: the checkpoint {checkpoint}: {path} holds no mapping.")
    return said


def _absent(checkpoint: str) -> str:
    if is_path(checkpoint):
        folder = Path(checkpoint).expanduser()
        lacks = f"holds no {CONFIG}" if folder.is_dir() else "is no folder"
        return (
            f"{checkpoint} {lacks}; a checkpoint is a folder in Hugging Face's layout, with {CONFIG} and safetensors."
        )
    name, revision = split_revision(checkpoint)
    wanted = f"{name} --revision {revision}" if revision else name
    return (
        f"the configuration of {checkpoint} is neither in the hub's cache, nor can the hub give it (no network, or no "
        f"such repository): where there is a network, `hf download {wanted}`; then copy the cache here, or name a "
        "folder."
    )


def _numbers(said: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Every whole number of a configuration and of its parts."""
    found = [(name, value) for name, value in said.items() if isinstance(value, int)]
    for value in said.values():
        if isinstance(value, Mapping):
            found += _numbers(value)
    return found
