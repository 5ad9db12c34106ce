"""What models with an encoder that hears and a decoder that writes have in common: Moonshine and Whisper.

`sound` is the name under which a model takes what it hears, the same in a batch and in its forward pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from torch import Tensor, nn

from trainables.contract import Preset
from trainables.modeling import pretrained, transcripts

CHAIN = r"model\.encoder(\.(conv\d|layers\.\d+))?"
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


def logits(model: nn.Module, batch: Mapping[str, Tensor], sound: str) -> Tensor:
    """(B, T, V): of the token after each that the decoder reads."""
    out = pretrained.bare(model)(
        **{sound: pretrained.own_dtype(model, batch[sound])},
        decoder_input_ids=batch["decoder_input_ids"],
        use_cache=False,
    )
    return cast(Tensor, out.logits)


def transcribe(
    model: nn.Module,
    batch: Mapping[str, Tensor],
    sound: str,
    *,
    never: Sequence[int] = (),
    never_first: Sequence[int] = (),
) -> list[str]:
    """B transcripts: `transcripts.greedy`, special tokens left out. The model carries its `tokenizer`."""
    whole = pretrained.bare(model)
    heard = whole.model.encoder(pretrained.own_dtype(model, batch[sound])).last_hidden_state
    tokens = transcripts.greedy(
        whole,
        heard,
        batch["decoder_input_ids"],
        end=whole.config.eos_token_id,
        most_tokens=int(batch["most_tokens"]),
        never=never,
        never_first=never_first,
    )
    return [whole.tokenizer.decode(row, skip_special_tokens=True).strip() for row in tokens]
