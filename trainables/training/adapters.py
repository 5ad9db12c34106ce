"""LoRA adapters on one frozen backbone: many at once, each by name. The only file that imports PEFT.

LoRA: Hu et al. 2021 (arXiv 2106.09685); QLoRA: Dettmers et al. 2023 (arXiv 2305.14314).
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from trainables.modeling import late_compile  # noqa: F401

# isort: split
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from peft.tuners.tuners_utils import cast_adapter_dtype
from peft.utils import ModulesToSaveWrapper
from torch import Tensor, nn

from trainables.modeling.seeded import seeded_init
from trainables.training.dropout import DropoutDraws, LaneDropout, lane_dropout


@dataclass(frozen=True)
class LoraPart:
    """One lane's pair of matrices on one frozen module: the module's output gains scale * B A dropout(x)."""

    base: nn.Module
    a: nn.Parameter  # (rank, in), behind it the ones of a pointwise filter
    b: nn.Parameter  # (out, rank), likewise
    scale: float
    dropout: nn.Module


class AdapterBank:
    """The adapters of all lanes on one backbone. The backbone's own modules are changed in place by PEFT."""

    def __init__(self, model: nn.Module, head_modules: Sequence[str] = (), *, new_heads: bool = True) -> None:
        self.model = model
        self.head_modules = list(head_modules)
        self.new_heads = new_heads
        self._peft: PeftModel | None = None
        # what PEFT has wrapped so far, by the name that the module has without PEFT, in the model's order
        self._adapted: dict[str, LoraLayer] = {}
        self._wrapped_heads: dict[str, ModulesToSaveWrapper] = {}

    def add(
        self,
        name: str,
        *,
        targets: Sequence[str],
        rank: int,
        alpha: int,
        dropout: float,
        seed: int,
        dropout_seed: int = 0,
        concatenated: Collection[str] = (),
    ) -> DropoutDraws:
        """Adds an adapter: its A and its head drawn from `seed`, its B zero. `concatenated`: those of the targets whose
        input is all clips of a pass as one sequence. Returns what its dropouts draw masks from, by `dropout_seed`."""
        config = LoraConfig(
            r=rank,
            lora_alpha=alpha,
            lora_dropout=dropout,
            target_modules=list(targets),
            modules_to_save=self.head_modules or None,
            bias="none",
        )
        with seeded_init(seed):
            if all(target in self._adapted for target in targets):
                self._add_to_wrapped(name, config, set(targets))
            else:
                self._wrap(name, config)
            self._start_heads(name)
        config.target_modules = list(targets)  # PEFT shortens long lists; what is saved says all of them, in order
        self.activate(name)
        draws = DropoutDraws(dropout_seed)
        for index, (module_name, layer) in enumerate(self._layers(name).items()):
            if dropout > 0.0:
                base = layer.get_base_layer()
                layer.lora_dropout[name] = lane_dropout(
                    dropout, draws, index, base, concatenated=module_name in concatenated
                )
        return draws

    def _wrap(self, name: str, config: LoraConfig) -> None:
        """Adds an adapter as PEFT does, which looks through the whole model several times."""
        if self._peft is None:
            self._peft = get_peft_model(self.model, config, adapter_name=name)
        else:
            if not self._peft.peft_config:
                # PEFT activates again whatever is active before it adds; after the last removal nothing is, and a
                # wrapped head refuses to activate nothing
                self._peft.base_model.active_adapter = name
            self._peft.add_adapter(name, config)
        modules = dict(self.model.named_modules())
        self._adapted = {found: module for found, module in modules.items() if isinstance(module, LoraLayer)}
        self._wrapped_heads = {
            found: module for found, module in modules.items() if isinstance(module, ModulesToSaveWrapper)
        }

    def _add_to_wrapped(self, name: str, config: LoraConfig, targets: Set[str]) -> None:
        """The same, in the same order, where every module is wrapped: PEFT searches the model for what is known here,
        half of what a trial's start takes."""
        for module_name, layer in self._adapted.items():
            if module_name in targets:
                layer.update_layer(name, config.r, lora_alpha=config.lora_alpha, config=config)
                cast_adapter_dtype(layer, name)
        for wrapper in self._wrapped_heads.values():
            wrapper.update(name)
        self.peft.peft_config[name] = config

    def activate(self, name: str) -> None:
        """The next forward passes use this adapter, and only its parameters take gradients."""
        self.peft.set_adapter(name)

    def remove(self, name: str) -> None:
        self.peft.delete_adapter(name)
        if left := next(iter(self.peft.peft_config), None):
            self.activate(left)  # PEFT asks its first layer who is next, which may have nobody

    def parameters(self, name: str) -> list[nn.Parameter]:
        """What an adapter and its head train, in a fixed order."""
        pairs = ((layer.lora_A[name].weight, layer.lora_B[name].weight) for layer in self._layers(name).values())
        heads = (head.parameters() for head in self.heads(name).values())
        return [parameter for part in (*pairs, *heads) for parameter in part]

    def lora_parts(self, name: str) -> dict[str, LoraPart]:
        """By the name of the frozen module, in the model's order."""
        return {
            module_name: LoraPart(
                base=layer.get_base_layer(),
                a=layer.lora_A[name].weight,
                b=layer.lora_B[name].weight,
                scale=layer.scaling[name],
                dropout=layer.lora_dropout[name],
            )
            for module_name, layer in self._layers(name).items()
        }

    def indifferent_to_padding(self, name: str) -> bool:
        """Whether clips may be padded further, and pass with others, without any other number: no dropout forbids."""
        dropouts = [part.dropout for part in self.lora_parts(name).values()]
        return not any(isinstance(dropout, LaneDropout) and dropout.concatenated for dropout in dropouts)

    def heads(self, name: str) -> dict[str, nn.Module]:
        """A lane's own copies of the modules that are trained whole, by the name of what holds them."""
        return {
            module_name: wrapper.modules_to_save[name]
            for module_name, wrapper in self._wrapped_heads.items()
            if name in wrapper.modules_to_save
        }

    @contextmanager
    def replaced(self, heads: Mapping[str, nn.Module]) -> Iterator[None]:
        """Inside, every adapter is off, and these modules answer in place of the backbone's heads, named as in
        `heads`."""
        wrappers = {name: self._wrapped_heads[name] for name in heads}
        originals = {name: wrapper.original_module for name, wrapper in wrappers.items()}
        try:
            for name, wrapper in wrappers.items():
                wrapper.original_module = heads[name]
            with self.disabled():
                yield
        finally:
            for name, wrapper in wrappers.items():
                wrapper.original_module = originals[name]

    def adapter_params(self, name: str) -> int:
        parts = ((layer.lora_A, layer.lora_B) for layer in self._layers(name).values())
        return sum(p.numel() for pair in parts for part in pair for p in part[name].parameters())

    def tensors(self, name: str) -> dict[str, Tensor]:
        """Copies of the adapter's (and its head's) weights on the CPU, by PEFT's own names."""
        state = get_peft_model_state_dict(self.peft, adapter_name=name, save_embedding_layers=False)
        return {key: value.detach().to("cpu", copy=True).contiguous() for key, value in state.items()}

    def load_tensors(self, name: str, tensors: dict[str, Tensor]) -> None:
        result = set_peft_model_state_dict(self.peft, tensors, adapter_name=name)
        if result.unexpected_keys:
            raise ValueError(f"adapter weights that fit no layer: {sorted(result.unexpected_keys)[:3]}")

    def save(self, name: str, folder: Path) -> None:
        """Writes `adapter_config.json` and `adapter_model.safetensors`; `PeftModel.from_pretrained` reads them."""
        staging = folder.with_name(folder.name + ".writing")
        self.peft.save_pretrained(str(staging), selected_adapters=[name], save_embedding_layers=False)
        (staging / name).replace(folder)
        shutil.rmtree(staging)

    def merged(self, name: str) -> nn.Module:
        """The backbone with the adapter in its weights, and the adapter's heads in place of its own, without PEFT. The
        bank is of no use afterwards. Raises ValueError where a weight would become infinite or no number."""
        self.activate(name)
        return self.peft.base_model.merge_and_unload(safe_merge=True, adapter_names=[name])  # type: ignore[no-any-return]

    @contextmanager
    def disabled(self) -> Iterator[None]:
        """Inside, the backbone answers untuned."""
        if self._peft is None or not self._peft.peft_config:
            yield
            return
        with self._peft.disable_adapter():
            yield

    @property
    def peft(self) -> PeftModel:
        if self._peft is None:
            raise RuntimeError("no adapter has been added yet")
        return self._peft

    def _start_heads(self, name: str) -> None:
        """PEFT copies the backbone's head. Where its labels are none of this task's the copy starts anew.

        On the CPU, whose generator is the seeded one, and at least in float32, as PEFT keeps adapters.
        """
        for head in self.heads(name).values():
            parameter = next(head.parameters())
            device, dtype = parameter.device, torch.promote_types(parameter.dtype, torch.float32)
            head.to("cpu", dtype)
            for part in head.modules():
                if self.new_heads and callable(reset := getattr(part, "reset_parameters", None)):
                    reset()
            head.to(device)

    def _layers(self, name: str) -> dict[str, LoraLayer]:
        """By the name that the module has without PEFT, in the model's order."""
        return {module_name: layer for module_name, layer in self._adapted.items() if name in layer.lora_A}
