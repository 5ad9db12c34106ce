"""BEATs' network against a second one in numpy, written from the papers' formulas: token by token, head by head."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import erf

from trainables.errors import InputError
from trainables.networks.beats import Beats, BeatsConfig, relative_bucket

MEL_BINS = 8
SMALL = BeatsConfig(4, 6, 2, 8, 12, 2, conv_pos=4, conv_pos_groups=2, num_buckets=8, max_distance=20)
ODD = replace(SMALL, encoder_layers=1, conv_pos=5, conv_pos_groups=4, encoder_attention_heads=4)

Array = np.ndarray


def network(config: BeatsConfig, seed: int = 0) -> Beats:
    """In float64, every parameter a random number, gains and biases too."""
    with torch.device("meta"):
        model = Beats(config, classes=3, mel_bins=MEL_BINS)
    model = model.to_empty(device="cpu").double().eval()
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 0.3, 0.7, generator=generator)
    return model


def by_hand(config: BeatsConfig, weights: dict[str, Array], fbank: Array) -> Array:
    """(frames, bins) -> (classes,)"""

    def linear(name: str, x: Array) -> Array:
        return weights[f"{name}.weight"] @ x + weights[f"{name}.bias"]

    def norm(name: str, x: Array) -> Array:
        centred = x - x.mean()
        return centred / math.sqrt((centred**2).mean() + 1e-5) * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def gelu(x: Array) -> Array:
        return x * (1 + erf(x / math.sqrt(2))) / 2

    # patches: first those of the first frames, from low to high frequencies
    size = config.input_patch_size
    filters = weights["patch_embedding.weight"][:, 0]
    tokens = [
        linear("post_extract_proj", norm("layer_norm", np.array([(f * patch).sum() for f in filters])))
        for start in range(0, len(fbank) - size + 1, size)
        for patch in (fbank[start : start + size, low : low + size] for low in range(0, MEL_BINS, size))
    ]

    # positions: a grouped convolution whose taps have the length that weight_g says
    direction, length = weights["encoder.pos_conv.0.weight_v"], weights["encoder.pos_conv.0.weight_g"]
    width, per_group, taps = direction.shape
    placed = []
    for t in range(len(tokens)):
        position = weights["encoder.pos_conv.0.bias"].copy()
        for channel in range(width):
            first = channel // (width // config.conv_pos_groups) * per_group
            for tap in range(taps):
                source = t + tap - taps // 2
                if 0 <= source < len(tokens):
                    unit = direction[channel, :, tap] / math.sqrt((direction[:, :, tap] ** 2).sum())
                    position[channel] += length[0, 0, tap] * unit @ tokens[source][first : first + per_group]
        placed.append(norm("encoder.layer_norm", tokens[t] + gelu(position)))
    tokens = placed

    scale = (2 * config.encoder_layers) ** 0.25
    table = weights["encoder.layers.0.self_attn.relative_attention_bias.weight"]
    heads = config.encoder_attention_heads
    for number in range(config.encoder_layers):
        at = f"encoder.layers.{number}"
        attended = []
        for i, query_token in enumerate(tokens):
            mixed = []
            for head in range(heads):
                part = slice(head * width // heads, (head + 1) * width // heads)
                query = linear(f"{at}.self_attn.q_proj", query_token)[part]
                eight = linear(f"{at}.self_attn.grep_linear", query)
                update, reset = (1 / (1 + math.exp(-eight[half].sum())) for half in (slice(0, 4), slice(4, 8)))
                gate = update * (reset * weights[f"{at}.self_attn.grep_a"][0, head, 0, 0] - 1) + 2
                scores = np.array(
                    [
                        query @ linear(f"{at}.self_attn.k_proj", token)[part] / math.sqrt(len(query))
                        + gate * table[bucket(j - i, config), head]
                        for j, token in enumerate(tokens)
                    ]
                )
                share = np.exp(scores - scores.max())
                share /= share.sum()
                values = [linear(f"{at}.self_attn.v_proj", token)[part] for token in tokens]
                mixed.append(sum(s * value for s, value in zip(share, values, strict=True)))
            attended.append(linear(f"{at}.self_attn.out_proj", np.concatenate(mixed)))
        tokens = [norm(f"{at}.self_attn_layer_norm", scale * x + y) for x, y in zip(tokens, attended, strict=True)]
        tokens = [
            norm(f"{at}.final_layer_norm", scale * x + linear(f"{at}.fc2", gelu(linear(f"{at}.fc1", x))))
            for x in tokens
        ]
    return np.mean([linear("predictor", token) for token in tokens], axis=0)


def bucket(distance: int, config: BeatsConfig) -> int:
    """T5, bidirectional: later tokens have the upper half of the buckets."""
    half = config.num_buckets // 2
    first, far = (half if distance > 0 else 0), abs(distance)
    if far < half // 2:
        return first + far
    growth = math.log(far / (half // 2)) / math.log(config.max_distance / (half // 2))
    return first + min(half - 1, half // 2 + int(growth * (half - half // 2)))


def clips(*frames: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).standard_normal((len(frames), max(frames), MEL_BINS)))


@pytest.mark.parametrize("config", [SMALL, ODD], ids=["even-taps", "odd-taps"])
def test_the_network_equals_one_computed_by_hand(config: BeatsConfig) -> None:
    model = network(config)
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    fbank = clips(30)  # 7 patches long, 14 tokens; the last two frames are no whole patch
    with torch.no_grad():
        got = model(fbank)[0].numpy()
    np.testing.assert_allclose(got, by_hand(config, weights, fbank[0].numpy()), rtol=1e-9, atol=1e-12)


def test_clips_of_several_lengths_in_one_batch_equal_those_computed_by_hand() -> None:
    model = network(SMALL)
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    lengths = (12, 28, 4)
    fbank = clips(*lengths)  # what stands behind a clip is no silence here
    with torch.no_grad():
        got = model(fbank, torch.tensor(lengths)).numpy()
    expected = [by_hand(SMALL, weights, clip[:count].numpy()) for clip, count in zip(fbank, lengths, strict=True)]
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


def test_buckets_of_the_published_table() -> None:
    """80 distances of their own, then logarithmic up to 800; 160 buckets for either direction."""
    row = relative_bucket(1000, 320, 800, torch.device("cpu"))
    before, after = row[999].flip(0), row[0]  # distances 0, -1, ... and 0, 1, ...
    assert before[:80].tolist() == list(range(80))
    assert torch.equal(after[1:], before[1:] + 160)
    assert (before[80].item(), before[799].item(), before[999].item()) == (80, 159, 159)
    assert (before.diff() >= 0).all()
    # half of the logarithmic way, at the geometric mean of 80 and 800
    assert before[int(math.sqrt(80 * 800))].item() == 80 + 39


def test_buckets_are_tied_and_stored_in_every_layer() -> None:
    model = network(SMALL)
    names = [name for name in model.state_dict() if name.endswith("relative_attention_bias.weight")]
    assert len(names) == 2
    assert sum("relative_attention_bias" in name for name, _ in model.named_parameters()) == 1


def test_initial_weights_come_from_the_generator() -> None:
    def make(seed: int) -> Beats:
        with torch.device("meta"):
            model = Beats(SMALL, classes=3, mel_bins=MEL_BINS)
        model.to_empty(device="cpu").initialise(torch.Generator().manual_seed(seed))
        return model

    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    first, again, other = make(1).state_dict(), make(1).state_dict(), make(2).state_dict()
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["predictor.weight"], other["predictor.weight"])
    assert all(tensor.isfinite().all() for tensor in first.values())


def test_deep_norms_gain_is_smaller_where_a_branch_ends() -> None:
    config = replace(SMALL, encoder_embed_dim=256, encoder_ffn_embed_dim=256, encoder_layers=8)
    with torch.device("meta"):
        model = Beats(config, classes=3, mel_bins=MEL_BINS)
    model.to_empty(device="cpu").initialise(torch.Generator().manual_seed(0))
    attention = model.encoder.layers[0].self_attn
    ratio = attention.out_proj.weight.std() / attention.q_proj.weight.std()
    assert ratio.item() == pytest.approx((8 * 8) ** -0.25, rel=0.02)


def test_a_variant_that_was_never_published_is_refused() -> None:
    assert BeatsConfig.published({"deep_norm": True, "max_distance": 800, "layerdrop": 0.05}, "x.pt") == BeatsConfig()
    with pytest.raises(InputError, match=r"x\.pt: its configuration has layer_norm_first True"):
        BeatsConfig.published({"layer_norm_first": True}, "x.pt")
