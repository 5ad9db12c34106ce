#!/usr/bin/env bash
# PEFT 0.21.2 with transformers 5.23.0: LoRA on the attention projections of WavLM (q_proj, k_proj, v_proj, out_proj) is
# attached and has trainable parameters, and changes nothing: the model hands the projections' bare weights to
# torch.nn.functional.multi_head_attention_forward, so that PEFT's layers are never called, and a loss has no gradient to give them.
# After merge_and_unload the same adapter does change the outputs. There is no warning. The same names in wav2vec 2.0 work.
# Guessed before: that the adapter changes both models alike, since PEFT reports the same modules as replaced.
# Seen:
#   wav2vec2: 8 layers adapted, 16384 trainable, outputs changed True, gradient True, changed after merging True
#   wavlm: 8 layers adapted, 16384 trainable, outputs changed False, gradient False, changed after merging True
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "peft==0.21.2" "transformers==5.23.0" "torch==2.14.1"
cat > "$work/adapt.py" <<'PYTHON'
import torch
from peft import LoraConfig, get_peft_model
from transformers import Wav2Vec2Config, Wav2Vec2Model, WavLMConfig, WavLMModel

shape = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128, conv_dim=(32, 32),
             conv_stride=(10, 8), conv_kernel=(10, 8), num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4)
for name, config, model_class in (
    ("wav2vec2", Wav2Vec2Config(**shape), Wav2Vec2Model),
    ("wavlm", WavLMConfig(**shape), WavLMModel),
):
    torch.manual_seed(0)
    model, sound = model_class(config).eval(), torch.randn(1, 8000)
    with torch.no_grad():
        plain = model(sound).last_hidden_state
    targets = ["q_proj", "k_proj", "v_proj", "out_proj"]
    model = get_peft_model(model, LoraConfig(r=16, target_modules=targets, init_lora_weights=False)).eval()
    adapted = model(sound).last_hidden_state
    gradient = adapted.requires_grad  # the base weights are frozen: only an adapter can ask for one
    lora = {key: value for key, value in model.named_parameters() if "lora_" in key}
    layers = len({key.split(".lora_")[0] for key in lora})
    with torch.no_grad():
        merged = model.merge_and_unload()(sound).last_hidden_state
    print(f"{name}: {layers} layers adapted, {sum(v.numel() for v in lora.values())} trainable, outputs changed "
          f"{not torch.allclose(adapted, plain, atol=1e-5)}, gradient {gradient}, changed after merging "
          f"{not torch.allclose(merged, plain, atol=1e-5)}")
PYTHON
found=$("$work/venv/bin/python" "$work/adapt.py" 2> "$work/log")
echo "$found"
[ "$found" = "wav2vec2: 8 layers adapted, 16384 trainable, outputs changed True, gradient True, changed after merging True
wavlm: 8 layers adapted, 16384 trainable, outputs changed False, gradient False, changed after merging True" ]
