"""Target presets of models with an encoder that hears and a decoder that writes: Moonshine and Whisper."""

from __future__ import annotations

from collections.abc import Mapping

from trainables.contract import Preset

_LAYER = r"model\.(encoder|decoder)\.layers\.\d+\."


def presets(layers: Mapping[str, tuple[int, int]], *, output: str, mlp: str) -> dict[str, Preset]:
    """`layers`: size -> number of layers of encoder and decoder. `output` names an attention's last projection, `mlp`
    (a pattern) the two Linears of a feed-forward block. `all-linear` leaves the output embeddings out."""

    def matches(per_attention: int, per_layer: int = 0) -> dict[str, int]:
        """A decoder's layer has two attentions: on what was written, and on what was heard."""
        return {
            size: per_attention * (encoder + 2 * decoder) + per_layer * (encoder + decoder)
            for size, (encoder, decoder) in layers.items()
        }

    heard = r"(self_attn|encoder_attn)\."
    attention = rf"{heard}(q_proj|k_proj|v_proj|{output})"
    return {
        "qv": Preset(rf"{_LAYER}{heard}(q_proj|v_proj)", matches(2)),
        "attention": Preset(_LAYER + attention, matches(4)),
        "attention+mlp": Preset(f"{_LAYER}({attention}|{mlp})", matches(4, 2)),
        "all-linear": Preset(f"{_LAYER}({attention}|{mlp})", matches(4, 2)),
    }
