"""Who may share a pack, why others may not, how many packs there are, and where packing may pay at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.config import TrialConfig
from trainables.packing.compatibility import PackKey, may_pay, packs, why_alone, why_apart

CONFIG = TrialConfig(backbone="ast", model_size="base", batch_size=4)


def share(config: TrialConfig = CONFIG, *, clips: int = 40, precision: str = "fp32", **more: object) -> PackKey:
    return PackKey.of(config, precision=precision, head="full", clips=clips, **more)  # type: ignore[arg-type]


def test_what_an_adapter_and_its_optimizer_are_may_differ() -> None:
    other = replace(
        CONFIG, rank=64, alpha=1, learning_rate=1.0, lora_dropout=0.5, target_modules="qv", weight_decay=1.0,
        scheduler="cosine", clip_norm=None, warmup_ratio=0.5, epochs=100, keep="best", mixup_alpha=1.0,
    )  # fmt: skip
    assert why_apart(share(), share(other)) is None
    for adapter in ("rslora", "lora_plus"):
        assert why_apart(share(), share(replace(other, adapter=adapter))) is None


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (share(replace(CONFIG, batch_size=8)), "batch_size 4 and 8"),
        (share(replace(CONFIG, gradient_accumulation=2)), "gradient_accumulation 1 and 2"),
        (share(replace(CONFIG, model_size="large")), "model_size base and large"),
        (share(replace(CONFIG, quantization="nf4")), "quantization none and nf4"),
        (share(replace(CONFIG, label_smoothing=0.1)), "label_smoothing"),
        (share(precision="bf16"), "precision fp32 and bf16"),
        (share(clips=80), "steps_per_epoch 10 and 20"),
        (share(batch_parts=2), "batch_parts 1 and 2"),
        (share(precision="fp16"), "loss scale"),
        (share(in_order=False), "one sequence"),
        (share(replace(CONFIG, adapter="dora")), "dora scales what the frozen weights answer"),
        (share(replace(CONFIG, adapter="pissa")), "pissa changes the frozen weights"),
        (share(replace(CONFIG, adapter="none")), "adapter none trains all weights"),
    ],
)
def test_what_keeps_lanes_apart_is_said(other: PackKey, why: str) -> None:
    assert why in (why_apart(share(), other) or "")
    assert why_apart(other, share()) is not None


def test_folds_of_nearly_one_size_share() -> None:
    assert why_apart(share(clips=40), share(clips=41)) is None  # 10 and 11 steps


shares = st.builds(
    share,
    st.sampled_from([CONFIG, replace(CONFIG, batch_size=8)]),
    clips=st.integers(20, 50),
    precision=st.sampled_from(["fp32", "bf16", "fp16"]),
)


@given(st.lists(shares, max_size=20), st.integers(1, 8))
def test_every_lane_is_in_one_pack_with_lanes_that_it_may_share_with(members: list[PackKey], most: int) -> None:
    found = packs([(member, number) for number, member in enumerate(members)], most)
    assert sorted(number for pack in found for number in pack) == list(range(len(members)))
    for pack in found:
        assert 1 <= len(pack) <= most
        for one in pack:
            assert all(why_apart(members[one], members[other]) is None for other in pack if other != one)
            assert len(pack) == 1 or why_alone(members[one]) is None


def test_packs_are_of_like_size() -> None:
    assert [len(pack) for pack in packs([(share(), number) for number in range(9)], 8)] in ([4, 5], [5, 4])


def test_a_cpu_gains_only_where_a_larger_batch_is_cheaper_by_the_clip() -> None:
    assert may_pay("cuda", "none", "fp32", batch_size=8)
    assert not may_pay("cpu", "none", "fp32", batch_size=8)
    assert may_pay("cpu", "none", "fp32", batch_size=1)
    assert may_pay("cpu", "nf4", "fp32", batch_size=8)
    assert may_pay("cpu", "none", "bf16", batch_size=8)
