"""What backbones share: pretrained weights, families of models, losses, 4-bit weights."""
