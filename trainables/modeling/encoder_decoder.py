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


def presets(layers: tuple[str, str], *, output: str, mlp: str) -> dict[str, Preset]:
    """`layers`: how a configuration names the numbers of layers of encoder and decoder. `output` names an attention's
    last projection, `mlp` (a pattern) the two Linears of a feed-forward block. `all-linear` leaves out the output
    embeddings."""
    encoder, decoder = layers

    def preset(pattern: str, per_attention: int, per_layer: int = 0) -> Preset:
        """A decoder's layer has two attentions: on what was written, and on what was heard."""
        return Preset(pattern, layers={encoder: per_attention + per_layer, decoder: 2 * per_attention + per_layer})

    heard = r"(self_attn|encoder_attn)\."
    attention = rf"{heard}(q_proj|k_proj|v_proj|{output})"
    return {
        "qv": preset(rf"{_LAYER}{heard}(q_proj|v_proj)", 2),
        "attention": preset(_LAYER + attention, 4),
        "attention+mlp": preset(f"{_LAYER}({attention}|{mlp})", 4, 2),
        "all-linear": preset(f"{_LAYER}({attention}|{mlp})", 4, 2),
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
    ends_loops: bool = False,
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
        ends_loops=ends_loops,
    )
    return [whole.tokenizer.decode(row, skip_special_tokens=True).strip() for row in tokens]
