"""A classifier for onnxruntime, by torch's own exporter. Optional: `uv sync --extra export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trainables.contract import Backbone, Loaded, Task
from trainables.errors import InputError
from trainables.modeling.wav2vec2_family import LENGTH_STEP, SHORTEST_SAMPLES
from trainables.release.merged import named_outputs
from trainables.release.plain_code import kept_by, meaning

MODEL = "model.onnx"
CODE = """\
import numpy as np
import onnxruntime
from transformers import AutoFeatureExtractor

extractor = AutoFeatureExtractor.from_pretrained(FOLDER)
session = onnxruntime.InferenceSession(FOLDER + "/model.onnx", providers=["CPUExecutionProvider"])
NAMES = {labels}  # of the outputs


def answer(waveform):
    features = extractor(waveform, sampling_rate={rate}, return_tensors="np")[extractor.model_input_names[0]]{padded}
    return session.run(None, {{"features": features.astype(np.float32)}})[0][0].tolist()
"""
PADDED = """
    length = -(-max({shortest}, features.shape[1]) // {step}) * {step}  # silence behind the clip: as in training
    features = np.pad(features, ((0, 0), (0, length - features.shape[1])))"""
ONE_CLIP = ("htsat",)  # Swin folds the batch into its windows, so that the exporter fixes how many clips there are
WAVEFORMS = ("wav2vec2", "hubert", "wavlm")
KNOWN = ("ast", "whisper_encoder", *WAVEFORMS, "htsat")  # whose front end is a file of transformers


class Plain(nn.Module):
    """Features -> logits, without the options that a backbone's batch has."""

    def __init__(self, backbone: Backbone, model: nn.Module, name: str) -> None:
        super().__init__()
        self.model, self.backbone, self.name = model, backbone, name

    def forward(self, features: Tensor) -> Tensor:
        found = self.backbone.predict(self.model, {self.name: features})
        assert isinstance(found, Tensor)
        return found


def write_onnx(
    backbone: Backbone, loaded: Loaded, model: nn.Module, task: Task, features: Tensor, folder: Path
) -> None:
    """Writes model.onnx: `features` (B, ...) -> `logits` (B, C), batch and, of waveforms, length free (HTS-AT: B = 1).

    `features` of one clip show the shape. Raises InputError: not installed, or a backbone whose front end only this
    package has.
    """
    own = kept_by(backbone, loaded)
    if own not in KNOWN:
        raise InputError(
            f"--format: the front end of {own} is no file that other software reads, so an ONNX file of its "
            "network would be of no use; take --merge and sweeps.predict."
        )
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError:
        raise InputError(
            "--format: onnx is not installed; `uv sync --extra export` brings it, or take --merge."
        ) from None
    alone = own in ONE_CLIP
    batch = backbone.collate(loaded, [features] if alone else [features, features], task, None)
    (name,) = (key for key in batch if key != "attention_mask")
    example = batch[name].float()
    free: dict[int, Any] = {} if alone else {0: torch.export.Dim("batch", min=1)}
    if example.ndim == 2:  # waveforms
        free[1] = torch.export.Dim.AUTO
    model.float().eval()
    with torch.no_grad():
        torch.onnx.export(
            Plain(backbone, model, name).eval(),
            (example,),
            folder / MODEL,
            dynamo=True,
            external_data=False,
            input_names=["features"],
            output_names=["logits"],
            dynamic_shapes=(free,),
            verbose=False,
        )


def onnx_code(loaded: Loaded, backbone: Any, task: Any) -> str:
    """How the file answers, as `plain_code` has it."""
    step = LENGTH_STEP if loaded.equal_shapes else 1
    padded = PADDED.format(shortest=SHORTEST_SAMPLES, step=step) if kept_by(backbone, loaded) in WAVEFORMS else ""
    return CODE.format(rate=backbone.SAMPLE_RATE_HZ, labels=named_outputs(task), padded=padded) + meaning(task)
