"""wav2vec 2.0 and its kin: a stack of convolutions on the waveform, a Transformer, and a head.

They share their shapes and most of their code in transformers, and so they share this file; each has a file of its own
in backbones/, which says what is particular to it. The heads are the published ones. Of classifiers: a projection of
every frame to 256 values, their mean over the clip, and a Linear. Of recognisers: a Linear on every frame, which says a
letter or a blank (CTC). A checkpoint that was trained as a recogniser keeps its head and letters; any other one, and
every miniature, gets a new head for the letters of the task.

Sizes whose first convolution has a group norm (`feat_extract_norm: group`) hear padding, masked or not: a clip is
padded to a grid of lengths, always alike, and a forward pass takes clips of one length. Those with layer norms take
clips of any length, with a mask.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import Wav2Vec2FeatureExtractor

from trainables.contract import Described, Loaded, Preset, Size, Task
from trainables.modeling import ctc, pretrained
from trainables.modeling.checkpoints import names_checkpoint
from trainables.modeling.head_loss import head_losses, head_targets, with_labels
from trainables.modeling.layer_modules import PLAIN, Modules
from trainables.modeling.seeded import seeded_init
from trainables.modeling.subwords import Letters, own_spelling
from trainables.modeling.vocabulary import Vocabulary, is_recogniser
from trainables.writing import Frames, TextLimits, Writer

SAMPLE_RATE_HZ = 16_000
CLASSIFIER_HEAD, RECOGNISER_HEAD = ("projector", "classifier"), ("lm_head",)
HEAD_MODULES = (*CLASSIFIER_HEAD, *RECOGNISER_HEAD)  # a task has its own
TASKS = ("classification", "regression", "multilabel", "transcription")
BESIDE = (("preprocessor_config.json", "processor_config.json"),)
WAVEFORM, FILTER_BANK = "input_values", "input_features"  # what a model is given, as transformers names it
SHORTEST_SAMPLES = 400  # what the convolutions need for one frame
LENGTH_STEP = 1600  # samples, 0.1 s: the grid of lengths
_NO_LIMIT = TextLimits(10**9)  # of tokens: frames are the limit
WRITER = Writer(_NO_LIMIT, _NO_LIMIT, (), (), told_language=False, frames=Frames(SAMPLE_RATE_HZ, SHORTEST_SAMPLES, 320))

# Shapes by size. `layer`: the larger published models, which also move the norms of the Transformer to the front.
_LAYER_NORMS = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
_NO_MASKS = {"mask_time_prob": 0.0, "mask_feature_prob": 0.0}  # no embedding for what only pre-training masks
_MINIATURE = {"num_conv_pos_embeddings": 32, "num_conv_pos_embedding_groups": 8, "num_attention_heads": 4}
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "base": {},
    "large": {
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "intermediate_size": 4096,
        **_LAYER_NORMS,
    },
    "mini-300k": {
        "conv_dim": (8, 16, 32, 48, 48, 48, 48),  # most of the time goes into the first ones
        "hidden_size": 96,
        "num_hidden_layers": 3,
        "intermediate_size": 192,
        "classifier_proj_size": 64,
        **_MINIATURE,
    },
    "mini-600k": {
        "conv_dim": (8, 16, 32, 48, 64, 64, 64),
        "hidden_size": 128,
        "num_hidden_layers": 4,
        "intermediate_size": 256,
        "classifier_proj_size": 64,
        **_MINIATURE,
        **_LAYER_NORMS,
    },
}


def has_group_norm(config: Any) -> bool:
    return bool(config.feat_extract_norm == "group")


@dataclass(frozen=True)
class Family:
    """One kind of these models; its methods are what a backbone file offers."""

    prefix: str  # of the names of its modules; may be empty
    model_class: Any  # ...ForSequenceClassification
    recogniser_class: Any  # ...ForCTC
    config_class: Any
    sizes: Mapping[str, Size]  # the published ones
    kept: tuple[str, ...] = ()  # modules that stay out of 4 bits
    chain: str = r"feature_extractor|encoder\.layers\.\d+"  # see trainables/prefix_cache/cut.py; below `prefix`
    modules: Modules = PLAIN
    hears_padding: Callable[[Any], bool] = has_group_norm  # by a checkpoint's configuration: masked or not
    extractor_class: Any = Wav2Vec2FeatureExtractor
    recogniser_head: tuple[str, ...] = RECOGNISER_HEAD

    @property
    def presets(self) -> dict[str, Preset]:
        return self.modules.presets(self.prefix)

    def config(self, size: str) -> Any:
        """A size's configuration, as in the published files, without the network; a checkpoint's from its own."""
        if names_checkpoint(size):
            return pretrained.configuration(self.config_class, size, backbone=self.config_class.model_type)
        return self.config_class(**SHAPES[size], **_NO_MASKS)

    def described(self, size: str) -> Described:
        """The architecture has no longest clip: the window stays the backbone's."""
        del size
        return Described()

    def skeleton(self, size: str, task: Task) -> nn.Module:
        """The model on the `meta` device: shapes and names without weights, network or memory."""
        config = self.config(size)
        letters = own_letters(size, config) if names_checkpoint(size) and writes(task) else None
        with torch.device("meta"):
            return self._model(config, task, letters)

    def _model(self, config: Any, task: Task, letters: Letters | None) -> nn.Module:
        """`letters`: those of the checkpoint, which a recogniser's own head knows; None: the task's."""
        if writes(task):
            return cast(nn.Module, self.recogniser_class(with_letters(config, letters or letters_of(task))))
        return cast(nn.Module, self.model_class(with_labels(config, task)))

    def load(
        self, checkpoint: str, task: Task, *, size: str, quantization: str, dtype: torch.dtype, device: torch.device
    ) -> Loaded:
        """Loads a hub id or a local folder, frozen, in eval mode, without dropout, layerdrop and masks; its head
        starts anew, unless it is that of a recogniser, for a task of texts.

        `quantization` nf4: 4-bit NormalFloat with double quantization (Dettmers et al. 2023), the head left alone,
        `dtype` for computing.
        """
        source = pretrained.source_of(checkpoint, size, self.sizes)
        config = pretrained.read(self.config_class, source, "configuration")
        extractor = pretrained.read(self.extractor_class, source, "feature extractor (preprocessor_config.json)")
        heads = self.recogniser_head if writes(task) else CLASSIFIER_HEAD
        own = own_letters(_named(source), config) if writes(task) else None
        letters = own or (letters_of(task) if writes(task) else None)
        model: Any = pretrained.load_pretrained(
            self.model_class if letters is None else self.recogniser_class,
            with_labels(config, task) if letters is None else with_letters(config, letters),
            source,
            heads=heads if own is None else (),
            kept=(*self.kept, *heads),
            quantization=quantization,
            dtype=dtype,
            device=device,
        )
        if hasattr(model, "freeze_feature_encoder"):
            model.freeze_feature_encoder()  # else its input asks for gradients in every training step
        if letters is not None:
            model.tokenizer = letters  # `predict` writes texts
        hears_padding = self.hears_padding(config)
        return Loaded(
            model,
            extractor,
            heads,
            chain=rf"{self.prefix}\.({self.chain})" if self.prefix else self.chain,
            equal_shapes=hears_padding,
            pads_to_longest=not hears_padding,
            new_heads=own is None,
        )

    def build(self, size: str, task: Task, seed: int) -> nn.Module:
        """An untrained model on the CPU in float32, every weight drawn from `seed`, all of it trainable."""
        built = self.config(size)
        encoder = getattr(built, "encoder_config", built)
        wide = encoder.hidden_size**-0.5  # the default is for wide models
        built.initializer_range = encoder.initializer_range = wide
        pretrained.silence(built)
        letters = own_letters(size, built) if names_checkpoint(size) and writes(task) else None
        with seeded_init(seed):
            return self._model(built, task, letters)

    def write(self, model: nn.Module, size: str, folder: Path) -> None:
        """Writes what `build` gave, and training changed, as a folder that `load` reads; of a recogniser the encoder
        alone, so that every task of texts has a head for its own letters."""
        del size
        whole: Any = model
        masked = not self.hears_padding(whole.config)
        (whole.base_model if hasattr(whole, "lm_head") else whole).save_pretrained(folder)
        Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=masked).save_pretrained(folder)

    def features(self, loaded: Loaded, waveform: np.ndarray) -> Tensor:
        """(samples,) float32 at 16 kHz -> (samples,) float32: normalised where the checkpoint's processor says so;
        then silence, up to the shortest length or to the grid."""
        clip = np.asarray(waveform, dtype=np.float32)
        values = loaded.processor(clip, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
        heard: Tensor = values["input_values"][0]
        length = max(SHORTEST_SAMPLES, len(heard))
        if loaded.equal_shapes:
            length = math.ceil(length / LENGTH_STEP) * LENGTH_STEP
        return functional.pad(heard, (0, length - len(heard)))

    @staticmethod
    def collate(
        loaded: Loaded, features: Sequence[Tensor], task: Task, targets: Sequence[Any] | None
    ) -> dict[str, Tensor]:
        """A batch on the CPU: input_values (B, samples) or input_features (B, frames, bins), and attention_mask, (B,
        samples) or (B, frames), where lengths differ; with targets (label names) what `head_targets` gives. For texts
        `frames` (B,), and with targets `labels` (B, L) and `blank` ()."""
        lengths = torch.tensor([len(clip) for clip in features])
        name = WAVEFORM if features[0].ndim == 1 else FILTER_BANK
        batch = {name: nn.utils.rnn.pad_sequence(list(features), batch_first=True)}
        if lengths.min() < lengths.max():
            batch["attention_mask"] = (torch.arange(int(lengths.max())) < lengths[:, None]).long()
        if not writes(task):
            return batch if targets is None else batch | head_targets(task, targets)
        model: Any = loaded.model
        lengths_of = getattr(model, "_get_feat_extract_output_lengths", None) or model._get_subsampling_output_length
        batch["frames"] = lengths_of(lengths).long()
        if targets is None:
            return batch
        letters: Letters = model.tokenizer
        spelled = ctc.labels([letters.spell(text) for text in targets])
        return batch | {"labels": spelled, "blank": torch.tensor(letters.blank)}

    @staticmethod
    def clip_losses(model: nn.Module, batch: Mapping[str, Tensor], *, label_smoothing: float) -> Tensor:
        """(B,): the cross-entropy of each clip, or the loss of its text (`ctc.losses`)."""
        outputs = logits(model, batch)
        if "labels" not in batch:
            return head_losses(outputs, batch, label_smoothing=label_smoothing)
        blank = int(batch["blank"])
        return ctc.losses(outputs, batch["frames"], batch["labels"], blank=blank, label_smoothing=label_smoothing)

    @staticmethod
    def predict(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor | list[str]:
        """(B, C) float32 logits, or B transcripts: of every frame of a clip the best letter (`Vocabulary.read`)."""
        outputs = logits(model, batch)
        if "frames" not in batch:
            return outputs.float()
        letters: Letters = pretrained.bare(model).tokenizer
        return [letters.read(best) for best in ctc.best_tokens(outputs, batch["frames"])]


def writes(task: Task) -> bool:
    """Whether answers to the task are texts."""
    return task.column == "text"


def letters_of(task: Task) -> Vocabulary:
    """Those that the task says; a plan takes them from the training texts."""
    return Vocabulary.made(cast(Any, task).vocabulary or ())


def own_letters(checkpoint: str, config: Any) -> Letters | None:
    """Of a checkpoint that was trained as a recogniser; None of others. Raises InputError as `of_checkpoint`."""
    said = {name: getattr(config, name, None) for name in ("model_type", "architectures", "vocab_size", "pad_token_id")}
    return own_spelling(checkpoint, said) if is_recogniser(said) else None


def with_letters(config: Any, letters: Letters) -> Any:
    """A transformers configuration, set to a head with these letters, and to the loss that is used here."""
    config.vocab_size, config.pad_token_id = len(letters.tokens), letters.blank
    config.ctc_loss_reduction = "mean"
    return config


def logits(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """(B, C), or (B, T, V) of a recogniser: of every frame."""
    name = WAVEFORM if WAVEFORM in batch else FILTER_BANK
    values = pretrained.own_dtype(model, batch[name])
    found: Tensor = model(**{name: values}, attention_mask=batch.get("attention_mask")).logits
    return found


def _named(source: Mapping[str, Any]) -> str:
    """As `configurations.find` takes it."""
    name, revision = source["pretrained_model_name_or_path"], source["revision"]
    return f"{name}@{revision}" if revision else str(name)
