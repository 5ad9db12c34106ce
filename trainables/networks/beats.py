"""The network of BEATs: spectrogram patches, and a Transformer encoder with gated relative position bias.

Chen et al. 2022, "BEATs: Audio Pre-Training with Acoustic Tokenizers", arXiv 2212.09058; its parts: T5's buckets
(Raffel et al. 2020, arXiv 1910.10683), the gate of WavLM (Chen et al. 2022, arXiv 2110.13900), deep norm (Wang et al.
2022, arXiv 2203.00555), the convolutional positions of wav2vec 2.0 (Baevski et al. 2020, arXiv 2006.11477). Modules
are named as in the published files. Published dropout and layerdrop are left out: adapters bring a dropout of their
own.

In shapes: B clips, F frames, T tokens, D width, H heads, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.errors import InputError
from trainables.networks.layers import Network


@dataclass(frozen=True)
class BeatsConfig:
    """Named as in the published files; the defaults are theirs."""

    input_patch_size: int = 16  # frames and mel bins of a patch
    embed_dim: int = 512
    encoder_layers: int = 12
    encoder_embed_dim: int = 768
    encoder_ffn_embed_dim: int = 3072
    encoder_attention_heads: int = 12
    conv_pos: int = 128  # tokens that a positional convolution sees
    conv_pos_groups: int = 16
    num_buckets: int = 320
    max_distance: int = 800  # tokens; beyond it all distances share a bucket

    @classmethod
    def published(cls, cfg: Mapping[str, Any], source: object) -> BeatsConfig:
        """From a checkpoint's `cfg`. InputError where it asks for a variant that no published BEATs is."""
        fixed = {"layer_norm_first": False, "deep_norm": True, "conv_bias": False, "activation_fn": "gelu"}
        fixed |= {"relative_position_embedding": True, "gru_rel_pos": True}
        for name, value in fixed.items():
            if cfg.get(name, value) != value:
                raise InputError(f"{source}: its configuration has {name} {cfg[name]!r}; BEATs is read with {value!r}.")
        return cls(**{field.name: cfg[field.name] for field in fields(cls) if field.name in cfg})


class Beats(Network):
    """(B, F, mel bins) normalised filter banks -> (B, C) logits, the mean of each clip's token logits.

    Batches of clips of several lengths are exact: what is padded is seen by nothing.
    """

    def __init__(self, config: BeatsConfig, classes: int, mel_bins: int = 128) -> None:
        super().__init__()
        patch = config.input_patch_size
        self.config = config
        self.patches_per_step = mel_bins // patch
        self.patch_embedding = nn.Conv2d(1, config.embed_dim, patch, stride=patch, bias=False)
        self.layer_norm = nn.LayerNorm(config.embed_dim)
        self.post_extract_proj = nn.Linear(config.embed_dim, config.encoder_embed_dim)
        self.encoder = Encoder(config)
        self.predictor = nn.Linear(config.encoder_embed_dim, classes)

    def forward(self, fbank: Tensor, frames: Tensor | None = None) -> Tensor:
        """`frames` (B,): how many of F belong to each clip; None: all. Whole patches count. At least float32."""
        tokens, valid = self.tokens(fbank, frames)
        logits: Tensor = self.predictor(tokens.to(torch.promote_types(tokens.dtype, torch.float32)))  # (B, T, C)
        if valid is None:
            return logits.mean(1)
        return logits.masked_fill(~valid[..., None], 0.0).sum(1) / valid.sum(1, keepdim=True)

    def tokens(self, fbank: Tensor, frames: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """(B, T, D) outputs of the encoder, and (B, T) true where a token belongs to its clip (None: everywhere)."""
        patches = self.patch_embedding(fbank[:, None].to(self.patch_embedding.weight.dtype))  # (B, E, F / 16, 8)
        x = self.layer_norm(patches.flatten(2).transpose(1, 2))  # time-major: the patches of a step stand together
        x = self.post_extract_proj(x)
        valid = None
        if frames is not None:
            count = frames // self.config.input_patch_size * self.patches_per_step
            valid = torch.arange(x.shape[1], device=x.device) < count[:, None]
        return self.encoder(x, valid, self.run), valid

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Every weight, for training from nothing: deep norm's Xavier gains; biases 0, norms 1."""
        branch_gain = (8 * self.config.encoder_layers) ** -0.25
        for name, module in self.named_modules():
            if isinstance(module, nn.LayerNorm):
                nn.init.ones_(module.weight)
            elif isinstance(module, nn.Linear):
                ends = ("v_proj", "out_proj", "fc1", "fc2")
                gain = branch_gain if name.endswith(ends) else 1.0
                nn.init.xavier_normal_(module.weight, gain, generator=generator)
            elif isinstance(module, nn.Conv2d):
                nn.init.xavier_normal_(module.weight.flatten(1), generator=generator)
            elif isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, 0.0, 0.02, generator=generator)
            elif isinstance(module, PositionConvolution):
                spread = math.sqrt(4.0 / (module.weight_v.shape[0] * module.weight_v.shape[2]))
                nn.init.normal_(module.weight_v, 0.0, spread, generator=generator)
                module.weight_g.copy_(torch.linalg.vector_norm(module.weight_v, dim=(0, 1), keepdim=True))
            elif isinstance(module, Attention):
                nn.init.ones_(module.grep_a)
            if isinstance(bias := getattr(module, "bias", None), Tensor):
                nn.init.zeros_(bias)


class Encoder(nn.Module):
    def __init__(self, config: BeatsConfig) -> None:
        super().__init__()
        self.num_buckets = config.num_buckets
        self.max_distance = config.max_distance
        width = config.encoder_embed_dim
        self.pos_conv = nn.Sequential(PositionConvolution(width, config.conv_pos, config.conv_pos_groups))
        self.layer_norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.encoder_layers))
        first: Any = self.layers[0]
        for layer in self.layers:
            layer.self_attn.relative_attention_bias = first.self_attn.relative_attention_bias  # type: ignore[union-attr]

    def forward(self, x: Tensor, valid: Tensor | None, run: Any) -> Tensor:
        """(B, T, D) -> (B, T, D). `valid` (B, T); `run` calls a layer."""
        if valid is not None:
            x = x.masked_fill(~valid[..., None], 0.0)
        x = self.layer_norm(x + functional.gelu(self.pos_conv(x.transpose(1, 2)).transpose(1, 2)))
        first: Any = self.layers[0]
        bucket = relative_bucket(x.shape[1], self.num_buckets, self.max_distance, x.device)
        bias = first.self_attn.relative_attention_bias(bucket).permute(2, 0, 1)  # (H, T, T)
        for layer in self.layers:
            x = run(layer, x, bias, valid)
        return x


class PositionConvolution(nn.Module):
    """A grouped convolution over tokens, its weight normalised per tap (Salimans and Kingma 2016, arXiv 1602.07868)."""

    def __init__(self, width: int, taps: int, groups: int) -> None:
        super().__init__()
        self.groups = groups
        self.weight_g = nn.Parameter(torch.empty(1, 1, taps))
        self.weight_v = nn.Parameter(torch.empty(width, width // groups, taps))
        self.bias = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor) -> Tensor:
        """(B, D, T) -> (B, D, T): with an even number of taps the padding gives one token too many, the last."""
        norm = torch.linalg.vector_norm(self.weight_v, dim=(0, 1), keepdim=True)
        taps = self.weight_v.shape[2]
        weight = self.weight_v * (self.weight_g / norm)
        return functional.conv1d(x, weight, self.bias, padding=taps // 2, groups=self.groups)[..., : x.shape[2]]


class Layer(nn.Module):
    """Attention and feed-forward, each added to `deep_norm` times its input, then normalised."""

    def __init__(self, config: BeatsConfig) -> None:
        super().__init__()
        width, inner = config.encoder_embed_dim, config.encoder_ffn_embed_dim
        self.deep_norm = (2 * config.encoder_layers) ** 0.25
        self.self_attn = Attention(width, config.encoder_attention_heads, config.num_buckets)
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, bias: Tensor, valid: Tensor | None) -> Tensor:
        x = self.self_attn_layer_norm(self.deep_norm * x + self.self_attn(x, bias, valid))
        out: Tensor = self.final_layer_norm(self.deep_norm * x + self.fc2(functional.gelu(self.fc1(x))))
        return out


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, num_buckets: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)
        self.grep_linear = nn.Linear(width // heads, 8)
        self.grep_a = nn.Parameter(torch.empty(1, heads, 1, 1))
        self.relative_attention_bias = nn.Embedding(num_buckets, heads)

    def forward(self, x: Tensor, bias: Tensor, valid: Tensor | None) -> Tensor:
        """`bias` (H, T, T) by distance, which every query scales for itself; keys that are not `valid` are not seen."""
        query, key, value = (
            projection(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )  # (B, H, T, D / H)
        gates = self.grep_linear(query).unflatten(3, (2, 4)).sum(4).sigmoid()  # (B, H, T, 2)
        update, reset = gates.split(1, dim=3)
        seen = (update * (reset * self.grep_a - 1.0) + 2.0) * bias  # (B, H, T, T)
        if valid is not None:
            seen = seen.masked_fill(~valid[:, None, None, :], -torch.inf)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen.to(query.dtype))
        out: Tensor = self.out_proj(mixed.transpose(1, 2).flatten(2))
        return out


def relative_bucket(tokens: int, num_buckets: int, max_distance: int, device: torch.device) -> Tensor:
    """(T, T) int64, row i and column j: the bucket of distance j - i. One half of the buckets for each direction; half
    of these hold one distance each, the others grow logarithmically up to `max_distance`."""
    place = torch.arange(tokens, device=device)
    distance = place[None, :] - place[:, None]
    half = num_buckets // 2
    exact = half // 2
    far = distance.abs()
    grown = torch.log(far.clamp(min=1) / exact) / math.log(max_distance / exact) * (half - exact)
    bucket = torch.where(far < exact, far, (exact + grown.long()).clamp(max=half - 1))
    return bucket + half * (distance > 0)
