"""Adapters on one frozen backbone: many at once, each by name. With `adapter_kinds.py` all that imports PEFT.

LoRA: Hu et al. 2021 (arXiv 2106.09685); QLoRA: Dettmers et al. 2023 (arXiv 2305.14314); the others: `adapter_kinds.py`.
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

from trainables.config import LORA, TAKE_APART, TrialConfig
from trainables.modeling.seeded import seeded_init
from trainables.training.adapter_kinds import optimizer_of, peft_options
from trainables.training.dropout import DropoutDraws, LaneDropout, lane_dropout
from trainables.training.fresh_heads import start
from trainables.training.own_weights import OwnWeights
from trainables.training.taken_apart import TakenApart
from trainables.training.whole_model import WholeModels


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
        self._own = OwnWeights()
        self._apart = TakenApart(model, self._own)
        self._whole = WholeModels(model, self.head_modules, self._own, new_heads=new_heads)
        self._active, self._adapters_off = "", False

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
        adapter: str = LORA,
    ) -> DropoutDraws:
        """Adds an adapter: A and head drawn from `seed`, B zero, unless its kind has them otherwise. `concatenated`:
        targets that hear all clips of a pass as one sequence. Returns what dropouts draw from, by `dropout_seed`."""
        self._own.use("")
        config = LoraConfig(
            r=rank,
            lora_alpha=alpha,
            lora_dropout=dropout,
            target_modules=list(targets),
            modules_to_save=self.head_modules or None,
            bias="none",
            **peft_options(adapter),
        )
        if adapter in TAKE_APART:
            self._apart.set_apart(name, targets)
        with seeded_init(seed):
            if all(target in self._adapted for target in targets):
                self._add_to_wrapped(name, config, set(targets))
            else:
                self._wrap(name, config)
            for head in self.heads(name).values():
                start(head, anew=self.new_heads)
        config.target_modules = list(targets)  # PEFT shortens long lists; what is saved says all of them, in order
        if adapter in TAKE_APART:
            self._apart.began(name, self._layers(name))
        self.activate(name)
        draws = DropoutDraws(dropout_seed)
        for index, (module_name, layer) in enumerate(self._layers(name).items()):
            if dropout > 0.0:
                base = layer.get_base_layer()
                layer.lora_dropout[name] = lane_dropout(
                    dropout, draws, index, base, concatenated=module_name in concatenated
                )
        return draws

    def add_whole(self, name: str, *, seed: int, fixed: Collection[str] = ()) -> None:
        """Adds a lane that trains copies of all weights but `fixed`, and a head that is drawn from `seed`."""
        self._own.use("")
        self._whole.add(name, seed=seed, fixed=fixed)
        self.activate(name)

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
        self._own.use(name)
        self._active = name
        if name in self._whole:
            if self._peft is not None:
                self._peft.base_model.disable_adapter_layers()
            self._adapters_off = True
            return
        if self._adapters_off:
            self.peft.base_model.enable_adapter_layers()
            self._adapters_off = False
        self.peft.set_adapter(name)

    def remove(self, name: str) -> None:
        self._own.drop(name)
        if name in self._whole:
            self._whole.remove(name)
            return
        self._apart.remove(name)
        self.peft.delete_adapter(name)
        if left := next(iter(self.peft.peft_config), None):
            self.activate(left)  # PEFT asks its first layer who is next, which may have nobody

    def optimizer(self, name: str, config: TrialConfig) -> torch.optim.AdamW:
        """AdamW over what a lane trains, at the rates of its configuration."""
        self.activate(name)
        return optimizer_of(config, self._peft or self.model, self.parameters(name))

    def parameters(self, name: str) -> list[nn.Parameter]:
        """What an adapter and its head train, in a fixed order."""
        if name in self._whole:
            return self._whole.parameters(name)
        heads = (head.parameters() for head in self.heads(name).values())
        return [*self._matrices(name), *(parameter for head in heads for parameter in head)]

    def _matrices(self, name: str) -> Iterator[nn.Parameter]:
        """An adapter's own: A and B of every module, with DoRA the lengths of the rows."""
        for layer in self._layers(name).values():
            for part in (layer.lora_A, layer.lora_B, layer.lora_magnitude_vector):
                if name in part:
                    yield from part[name].parameters()

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
        return sum(parameter.numel() for parameter in self._matrices(name))

    def head_params(self, name: str) -> int:
        if name in self._whole:
            return self._whole.head_params(name)
        return sum(p.numel() for head in self.heads(name).values() for p in head.parameters())

    def tensors(self, name: str) -> dict[str, Tensor]:
        """Copies on the CPU of what a lane trains: by PEFT's own names, of a whole model by the model's."""
        if name in self._whole:
            return self._whole.tensors(name)
        state = get_peft_model_state_dict(self.peft, adapter_name=name, save_embedding_layers=False)
        if name in self._apart:
            state |= self._apart.tensors(name)
        return {key: value.detach().to("cpu", copy=True).contiguous() for key, value in state.items()}

    def load_tensors(self, name: str, tensors: dict[str, Tensor]) -> None:
        if name in self._whole:
            self._whole.load_tensors(name, tensors)
            return
        if name in self._apart:
            self._own.use(name)
            tensors = self._apart.load(name, self._layers(name), tensors)
            self._own.use(self._active)
        result = set_peft_model_state_dict(self.peft, tensors, adapter_name=name)
        if wrong := sorted(result.unexpected_keys)[:3]:
            raise ValueError(f"adapter weights that fit no layer: {wrong}")

    def save(self, name: str, folder: Path) -> None:
        """Writes `adapter_config.json` and `adapter_model.safetensors`; `PeftModel.from_pretrained` reads them. Of a
        model that is trained whole it writes `model.safetensors`, by the model's names."""
        if name in self._whole:
            self._whole.save(name, folder)
            return
        staging = folder.with_name(folder.name + ".writing")
        self.peft.save_pretrained(str(staging), selected_adapters=[name], save_embedding_layers=False)
        if name in self._apart:
            self._apart.to_plain_weights(name, staging / name)
        (staging / name).replace(folder)
        shutil.rmtree(staging)

    def merged(self, name: str) -> nn.Module:
        """The backbone with the adapter in its weights, and the adapter's heads in place of its own, without PEFT. The
        bank is of no use afterwards. Raises ValueError where a weight would become infinite or no number."""
        self.activate(name)
        if name in self._whole:
            return self.model
        return self.peft.base_model.merge_and_unload(safe_merge=True, adapter_names=[name])  # type: ignore[no-any-return]

    @contextmanager
    def disabled(self) -> Iterator[None]:
        """Inside, the backbone answers untuned."""
        with self._own.put_back():
            if self._peft is None or not self._peft.peft_config or self._adapters_off:
                yield
                return
            with self._peft.disable_adapter():
                yield

    @property
    def peft(self) -> PeftModel:
        if self._peft is None:
            raise RuntimeError("no adapter has been added yet")
        return self._peft

    def _layers(self, name: str) -> dict[str, LoraLayer]:
        """By the name that the module has without PEFT, in the model's order."""
        return {module_name: layer for module_name, layer in self._adapted.items() if name in layer.lora_A}
