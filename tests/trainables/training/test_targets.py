from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from trainables.contract import Preset
from trainables.errors import InputError
from trainables.training.targets import adaptable_modules, adapted_modules, count, quantizable_params, resolve_targets


class Block(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.q_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, 2 * width)
        self.point = nn.Conv2d(width, 3 * width, 1)
        self.depthwise = nn.Conv2d(width, width, 3, groups=width)
        self.grouped_point = nn.Conv1d(width, width, 1, groups=2)
        self.wide = nn.Conv1d(width, width, 3)
        self.norm = nn.LayerNorm(width)


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Block() for _ in range(2))
        self.lm_head = nn.Linear(8, 100)


ATTENTION = Preset(r"layers\.\d+\.(q_proj|v_proj)", {"tiny": 4})
NAMES = ["layers.0.q_proj", "layers.0.v_proj", "layers.1.q_proj", "layers.1.v_proj"]


def meta() -> Model:
    with torch.device("meta"):
        return Model()


def test_a_preset_matches_whole_names() -> None:
    assert resolve_targets(meta(), ATTENTION, "tiny") == NAMES
    with pytest.raises(InputError, match="matches 0 modules"):
        resolve_targets(meta(), Preset("q_proj", {"tiny": 2}), "tiny")


def test_linear_and_pointwise_convolutions_are_targets_and_nothing_else() -> None:
    endings = {name.rpartition(".")[2] for name, _ in adaptable_modules(meta())}
    assert endings == {"q_proj", "v_proj", "point", "lm_head"}


def test_the_top_layers_alone_are_adapted() -> None:
    backbone: Any = SimpleNamespace(NAME="acme", PRESETS={"attention": ATTENTION}, HEAD_MODULES=("lm_head",))
    chosen: dict[str, Any] = {"target_modules": "attention", "size": "tiny"}
    assert adapted_modules(meta(), backbone, head="full", layers=1, **chosen) == NAMES[2:]
    assert adapted_modules(meta(), backbone, head="full", layers=2, **chosen) == NAMES
    assert adapted_modules(meta(), backbone, head="lora", layers=1, **chosen) == [*NAMES[2:], "lm_head"]
    with pytest.raises(InputError, match="layers: 3 is more than acme size tiny has"):
        adapted_modules(meta(), backbone, head="full", layers=3, **chosen)
    backbone.PRESETS["attention"] = Preset(r"layers\.0\.(q_proj|v_proj)", {"tiny": 2})
    with pytest.raises(InputError, match="attention matches nothing in the top 1 of the 2 layers"):
        adapted_modules(meta(), backbone, head="full", layers=1, **chosen)


def test_a_wrong_count_names_everything_that_helps() -> None:
    preset = Preset(ATTENTION.pattern, {"tiny": 6})
    with pytest.raises(InputError) as caught:
        resolve_targets(meta(), preset, "tiny", preset_name="attention", backbone="acme")
    (problem,) = caught.value.problems
    for part in (
        "target_modules: attention",
        "acme size tiny",
        "matches 4",
        "must match 6",
        "q_proj (2)",
        "lm_head (1)",
    ):
        assert part in problem


def test_a_size_that_the_preset_does_not_state_is_an_error() -> None:
    with pytest.raises(InputError, match="states no count for this size"):
        resolve_targets(meta(), ATTENTION, "huge")


def test_counts_are_those_of_lora_layers() -> None:
    """Rank times (in + out) for each pair, as PEFT makes them."""
    rank, model = 4, Model()
    names = [*NAMES, "layers.0.point"]
    pairs = [
        *(nn.Linear(8, rank, bias=False) for _ in NAMES),
        *(nn.Linear(rank, out, bias=False) for out in (8, 16, 8, 16)),
        nn.Conv2d(8, rank, 1, bias=False),
        nn.Conv2d(rank, 24, 1, bias=False),
    ]
    counts = count(model, names, rank, head_modules=("lm_head",))
    assert counts.matched_modules == 5
    assert counts.adapter_params == sum(p.numel() for part in pairs for p in part.parameters())
    assert counts.head_params == 8 * 100 + 100
    assert counts.trainable_params == counts.adapter_params + counts.head_params
    assert counts.total_params == sum(p.numel() for p in model.parameters())


def test_shared_head_parameters_count_once() -> None:
    model = Model()
    model.twin = model.lm_head
    assert count(model, NAMES, 1, head_modules=("lm_head", "twin")).head_params == 900


def test_output_embeddings_stay_in_full_precision() -> None:
    assert quantizable_params(meta()) == 2 * (8 * 8 + 8 * 16)


def test_names_stay_the_same_when_adapters_are_on() -> None:
    """A second lane resolves its targets on a model that carries the first one's adapter and head."""
    from trainables.training.adapters import AdapterBank

    model = Model()
    bank = AdapterBank(model, head_modules=["lm_head"])
    before = list(adaptable_modules(model))
    bank.add("one", targets=[*NAMES, "layers.0.point"], rank=2, alpha=4, dropout=0.1, seed=1)
    after = list(adaptable_modules(model))
    assert [name for name, _ in after] == [name for name, _ in before]
    assert [type(module) for _, module in after] == [type(module) for _, module in before]
    assert resolve_targets(model, ATTENTION, "tiny") == NAMES
    expected = count(Model(), [*NAMES, "layers.0.point"], 2).adapter_params
    assert bank.adapter_params("one") == expected
