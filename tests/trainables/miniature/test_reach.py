"""A finished miniature answers as before, and a LoRA step moves it further."""

import torch
from transformers import Qwen2AudioForConditionalGeneration

from trainables.backbones import qwen2_audio
from trainables.miniature.questions import tokenizer
from trainables.miniature.reach import extend_reach
from trainables.tasks.label_scoring import LabelScoring

TASK = LabelScoring(("YES", "NO"), "Is it?")


def test_the_function_stays_and_an_update_counts_for_more(tiny_checkpoint: object) -> None:
    model = Qwen2AudioForConditionalGeneration.from_pretrained(str(tiny_checkpoint))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():  # as after a training: nothing is one or zero
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    from transformers import WhisperFeatureExtractor

    extractor = WhisperFeatureExtractor(feature_size=128, chunk_length=2)
    loaded = qwen2_audio.assemble(model, tokenizer(qwen2_audio.MINIATURE_VOCABULARY), extractor)
    wave = torch.randn(20_000, generator=generator).numpy()
    batch = qwen2_audio.collate(loaded, [qwen2_audio.features(loaded, wave)], TASK, None)

    def scores() -> torch.Tensor:
        with torch.no_grad():
            return qwen2_audio.predict(model, batch)

    def moved_by_an_update() -> float:
        weight = model.model.language_model.layers[0].self_attn.q_proj.weight
        before = scores()
        with torch.no_grad():
            weight += 0.01
            after = scores()
            weight -= 0.01
        return (after - before).abs().max().item()

    plain, moved = scores(), moved_by_an_update()
    extend_reach(model, 4.0)
    torch.testing.assert_close(scores(), plain, rtol=1e-5, atol=1e-5)
    assert moved_by_an_update() > 2 * moved
