#!/usr/bin/env bash
# transformers 5.23.0: Trainer divides the loss by gradient_accumulation_steps unless the model's forward takes **kwargs, which
# it reads as "this model divides by num_items_in_batch itself". The speech models take **kwargs and ignore that number: one
# step over the same 8 clips has a gradient 4 or 8 times as large when it is accumulated, and the logged loss is as much too
# high. AST divides. Clipping of gradients and a sweep over batch sizes then mean something else for each model.
# Guessed before: the same gradient, however the 8 clips are cut into batches.
# Seen (norm of the gradient against that of one batch of 8; 8 clips as 1 x 8, 4 x 2, 8 x 1):
#   Wav2Vec2ForSequenceClassification 1.0 4.0 8.0
#   Wav2Vec2ForCTC 1.0 4.0 8.0
#   WhisperForConditionalGeneration 1.0 4.0 8.0
#   ASTForAudioClassification 1.0 1.0 1.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "transformers==5.23.0" "accelerate==1.15.0" "torch==2.14.1"
cat > "$work/accumulate.py" <<'PYTHON'
import sys

import torch
from transformers import (ASTConfig, ASTForAudioClassification, Trainer, TrainerCallback, TrainingArguments, Wav2Vec2Config,
                          Wav2Vec2ForCTC, Wav2Vec2ForSequenceClassification, WhisperConfig,
                          WhisperForConditionalGeneration)

still = dict(hidden_dropout=0.0, attention_dropout=0.0, activation_dropout=0.0, feat_proj_dropout=0.0, final_dropout=0.0,
             layerdrop=0.0, apply_spec_augment=False)
speech = dict(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, conv_dim=(32, 32),
              conv_stride=(10, 8), conv_kernel=(10, 8), num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4,
              vocab_size=12, classifier_proj_size=16, ctc_loss_reduction="mean", **still)
ast = dict(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, max_length=64, num_mel_bins=16,
           hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
whisper = dict(vocab_size=20, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, dropout=0.0,
               decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_source_positions=30,
               max_target_positions=16, pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1)
answer = torch.tensor([1, 2, 3, 4])
for model_class, config, key, shape, labels in (
    (Wav2Vec2ForSequenceClassification, Wav2Vec2Config(**speech), "input_values", (4000,), torch.tensor(1)),
    (Wav2Vec2ForCTC, Wav2Vec2Config(**speech), "input_values", (4000,), answer),
    (WhisperForConditionalGeneration, WhisperConfig(**whisper), "input_features", (80, 60), answer),
    (ASTForAudioClassification, ASTConfig(**ast), "input_values", (64, 16), torch.tensor(1)),
):
    torch.manual_seed(1)
    clips = [{key: torch.randn(shape), "labels": labels} for _ in range(8)]
    norms = []

    class Norm(TrainerCallback):
        def on_log(self, args, state, control, logs=None, **_):
            norms.extend([float(logs["grad_norm"])] if "grad_norm" in logs else [])

    for steps in (1, 4, 8):
        torch.manual_seed(0)
        how = TrainingArguments(output_dir=sys.argv[1], per_device_train_batch_size=8 // steps, max_steps=1, use_cpu=True,
                                gradient_accumulation_steps=steps, logging_steps=1, max_grad_norm=1e9, learning_rate=0.0,
                                save_strategy="no", report_to=[], disable_tqdm=True)
        Trainer(model_class(config), how, train_dataset=clips, callbacks=[Norm()]).train()
    print("FOUND", model_class.__name__, *(f"{norm / norms[0]:.1f}" for norm in norms))
PYTHON
found=$("$work/venv/bin/python" "$work/accumulate.py" "$work/out" 2> "$work/log" | sed -n 's/^FOUND //p')
echo "$found"
[ "$found" = "Wav2Vec2ForSequenceClassification 1.0 4.0 8.0
Wav2Vec2ForCTC 1.0 4.0 8.0
WhisperForConditionalGeneration 1.0 4.0 8.0
ASTForAudioClassification 1.0 1.0 1.0" ]
