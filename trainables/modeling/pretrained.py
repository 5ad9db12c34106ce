"""Classes of transformers as frozen backbones, some with a head of our own. Shared by backbones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedConfig
from transformers.utils import logging

from trainables.contract import Size
from trainables.errors import InputError
from trainables.modeling import configurations, nf4
from trainables.modeling.checkpoints import is_path, snapshot, split_revision
from trainables.modeling.seeded import seeded_init

HEAD_SEED = 0
SHOWN = 3  # names in an error


def source_of(checkpoint: str, size: str, sizes: Mapping[str, Size]) -> dict[str, Any]:
    """What `from_pretrained` is to be told; the revision of a published checkpoint included."""
    checkpoint, pinned = split_revision(checkpoint)
    published = sizes.get(size)
    revision = published.revision if published is not None and published.checkpoint == checkpoint else None
    revision = pinned or revision
    if not is_path(checkpoint) and Path(checkpoint).is_dir():  # transformers would take that folder for the checkpoint
        checkpoint, revision = str(snapshot(checkpoint, revision)), None
    return {"pretrained_model_name_or_path": checkpoint, "revision": revision, "trust_remote_code": False}


def read(what: Any, source: Mapping[str, Any], part: str) -> Any:
    """`what.from_pretrained(**source)`: a configuration, a tokenizer, a feature extractor, named by `part`.

    Raises InputError where it cannot be had or read, or is a configuration of another architecture.
    """
    name = source["pretrained_model_name_or_path"]
    try:
        found = what.from_pretrained(**source)
        kind = getattr(what, "model_type", "")
        said = what.get_config_dict(**source)[0].get("model_type", kind) if kind else kind
    except Exception as error:  # libraries raise whatever comes out of a damaged file
        reason = (str(error) or type(error).__name__).strip().splitlines()[0]
        raise InputError(f"the checkpoint {name}: its {part} cannot be read ({reason}).") from error
    if said != kind:
        raise InputError(f"the checkpoint {name} is a {said!r} and no {kind!r}.")
    return found


def configuration(config_class: Any, checkpoint: str, *, backbone: str) -> Any:
    """The configuration of a checkpoint that a sweep names, from its `config.json` alone, without dropout and masks.

    Raises InputError where it cannot be had or read, or is of another architecture.
    """
    said = configurations.read_configuration(checkpoint, (config_class.model_type,), backbone=backbone)
    return as_configuration(config_class, said, checkpoint)


def as_configuration(config_class: Any, said: Mapping[str, Any], checkpoint: str) -> Any:
    """`said`, the content of a `config.json`. Raises InputError where the class refuses it."""
    try:
        built = config_class.from_dict(dict(said))
    except Exception as error:  # the class checks types and sizes, each in its own way
        reason = (str(error) or type(error).__name__).strip().splitlines()[0]
        raise InputError(f"search.model_size: the configuration of {checkpoint} cannot be used ({reason}).") from error
    silence(built)
    return built


def silence(config: PreTrainedConfig) -> None:
    """Switches off whatever a configuration lets a model draw from a global generator: dropout, layerdrop, masks; in
    the configurations within it too."""
    for name, value in list(vars(config).items()):
        if isinstance(value, PreTrainedConfig):
            silence(value)
        draws = "drop" in name or (name.startswith("mask_") and name.endswith("_prob"))
        if draws and isinstance(value, int | float):
            setattr(config, name, 0.0)
    if hasattr(config, "apply_spec_augment"):
        config.apply_spec_augment = False


def load_pretrained(
    model_class: Any,
    config: PreTrainedConfig,
    source: Mapping[str, Any],
    *,
    heads: Sequence[str] = (),
    kept: Sequence[str] = (),
    quantization: str,
    dtype: torch.dtype,
    device: torch.device,
    key_mapping: Mapping[str, str] | None = None,
) -> nn.Module:
    """A checkpoint's model as `config` says, frozen, in eval mode; safetensors only.

    The modules `heads` start anew and the same every time: what the checkpoint holds was for other labels. They and
    the modules `kept` stay out of 4 bits. `key_mapping`: patterns of the checkpoint's names -> ours.

    Raises InputError where the checkpoint cannot be had, or lacks weights of the model, its heads apart.
    """
    silence(config)
    options: dict[str, Any] = {"dtype": dtype, "device_map": {"": str(device)}, "attn_implementation": "sdpa"}
    if not model_class._supports_sdpa:
        options["attn_implementation"] = "eager"
    if quantization == "nf4":
        options["quantization_config"] = nf4.loader_settings(dtype, keep=[*heads, *kept])
    if key_mapping is not None:
        options["key_mapping"] = dict(key_mapping)
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # the table of unused and new weights: judged below
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            model, report = model_class.from_pretrained(
                **source,
                config=config,
                use_safetensors=True,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
                **options,
            )
    except OSError as error:
        name = source["pretrained_model_name_or_path"]
        raise InputError(f"the checkpoint {name} cannot be loaded ({str(error).splitlines()[0]}).") from error
    finally:
        logging.set_verbosity(verbosity)
    _check(report, heads, str(source["pretrained_model_name_or_path"]))
    nf4.keep_gradients(model)
    start_heads(model, heads)
    model.requires_grad_(False)
    return cast(nn.Module, model.eval())


def start_heads(model: nn.Module, heads: Sequence[str]) -> None:
    """Gives the modules `heads` fresh weights, every time the same."""
    with seeded_init(HEAD_SEED):
        for name in heads:
            head = model.get_submodule(name)
            parameter = next(head.parameters())
            device, dtype = parameter.device, parameter.dtype
            head.to("cpu", torch.float32)
            for part in head.modules():
                reset = getattr(part, "reset_parameters", None)
                if callable(reset):
                    reset()
            head.to(device, dtype)


def bare(model: nn.Module) -> Any:
    """The model itself, where PEFT has wrapped it."""
    return cast(Any, model).get_base_model() if hasattr(model, "get_base_model") else model


def own_dtype(model: nn.Module, values: Tensor) -> Tensor:
    """`values` in the floating-point type that the model's own layers have, 4-bit ones left out."""
    return values.to(next(p.dtype for p in model.parameters() if p.is_floating_point()))


def pad_frames(clips: Sequence[Tensor], frames: int, value: float) -> list[Tensor]:
    """Clips (T, F) of at most `frames` -> (frames, F), padded at the end."""
    return [functional.pad(clip, (0, 0, 0, frames - len(clip)), value=value) for clip in clips]


def _check(report: Mapping[str, Any], heads: Sequence[str], checkpoint: str) -> None:
    lacking = {
        name if isinstance(name, str) else name[0]
        for key in ("missing_keys", "mismatched_keys")
        for name in report[key]
    }
    lacking = {name for name in lacking if not any(name.startswith(f"{head}.") for head in heads)}
    if lacking:
        some = ", ".join(sorted(lacking)[:SHOWN]) + (", ..." if len(lacking) > SHOWN else "")
        raise InputError(
            f"the checkpoint {checkpoint} lacks {len(lacking)} of the model's weights, or has them in other shapes: "
            f"{some}. Is it of another architecture?"
        )
