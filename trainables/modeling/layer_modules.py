"""Which modules of an encoder's layers a preset adapts, and the rule of their number. Shared by families of these."""

from __future__ import annotations

from dataclasses import dataclass

from trainables.contract import Preset


@dataclass(frozen=True)
class Modules:
    """Names within a layer, as patterns: two of `qv`, four of `attention`, and `in_mlp` of `mlp`."""

    qv: str = r"attention\.(q|v)_proj"
    attention: str = r"attention\.(q|k|v|out)_proj"
    mlp: str = r"feed_forward\.(intermediate|output)_dense"
    in_mlp: int = 2
    projection: str = r"feature_projection\.projection"  # one, below all layers; empty: there need not be one
    layers: str = "num_hidden_layers"  # their number, as the configuration names it

    def presets(self, prefix: str) -> dict[str, Preset]:
        """`prefix`: of the names of all modules; empty where the encoder stands at the top."""
        root = rf"{prefix}\." if prefix else ""
        layer = rf"{root}encoder\.layers\.\d+\."
        every, in_each = f"{layer}({self.attention}|{self.mlp})", 4 + self.in_mlp
        below, once = (f"|{root}{self.projection}", 1) if self.projection else ("", 0)
        return {
            "qv": Preset(layer + self.qv, layers={self.layers: 2}),
            "attention": Preset(layer + self.attention, layers={self.layers: 4}),
            "attention+mlp": Preset(every, layers={self.layers: in_each}),
            "all-linear": Preset(every + below, layers={self.layers: in_each}, once=once),
        }


PLAIN = Modules()
# Conformers: attention between two feed-forward networks, by the names of wav2vec2-conformer and wav2vec2-bert
CONFORMER = Modules(
    r"self_attn\.linear_(q|v)", r"self_attn\.linear_(q|k|v|out)", r"ffn(1|2)\.(intermediate|output)_dense", in_mlp=4
)
PARAKEET = Modules(
    r"self_attn\.(q|v)_proj",
    r"self_attn\.(q|k|v|o)_proj",
    r"feed_forward(1|2)\.linear(1|2)",
    in_mlp=4,
    projection=r"encoder\.subsampling\.linear",
    layers="encoder_config.num_hidden_layers",
)
