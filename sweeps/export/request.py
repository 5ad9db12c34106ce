"""What is to be exported, and in which form: the words of the command line and what holds between them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sweeps.predict.exported import ADAPTER, CTRANSLATE2, MERGED, ONNX
from sweeps.predict.loadable import HEADS, Tuned
from trainables.config import WHOLE
from trainables.errors import InputError

FORMATS = (ADAPTER, MERGED, CTRANSLATE2, ONNX)
DTYPES = ("fp32", "bf16")
CLIPS = 200  # test clips that are answered again


@dataclass(frozen=True)
class Request:
    sweep: str
    out: Path
    arm: str | None = None
    seed: int | None = None
    ensemble: bool = False
    merge: bool = False
    format: str | None = None
    dtype: str | None = None
    clips: int = CLIPS
    results: str | None = None

    @property
    def chosen_format(self) -> str:
        return self.format or (MERGED if self.merge else ADAPTER)


def check_words(request: Request) -> None:
    """Raises InputError with everything that the words alone show to be wrong."""
    problems = []
    if request.merge and request.format == ADAPTER:
        problems.append(
            "--merge and --format peft: an adapter that is merged is no adapter any more; take one of them."
        )
    if request.ensemble and request.chosen_format != ADAPTER:
        problems.append(
            "--ensemble: several seeds are several whole models once merged; export the adapters (--format peft), or "
            "each seed by itself with --seed."
        )
    if request.dtype is not None and request.chosen_format == ADAPTER:
        problems.append("--dtype: adapters stay in float32, as they were trained; it is for --merge.")
    if request.dtype == "nf4":
        problems.append(NO_NF4)
    elif request.dtype is not None and request.dtype not in DTYPES:
        problems.append(f"--dtype: {request.dtype!r} is none of {', '.join(DTYPES)}.")
    problems += _place_problems(request.out)
    if problems:
        raise InputError(problems)


NO_NF4 = (
    "--merge: merging into NF4 would round what was trained to 16 values per block, and the answers would be others. "
    "Write --dtype bf16 or --dtype fp32: the 4-bit weights become what they stand for and the adapter is added to "
    "them; or leave --merge out and load the adapter on the 4-bit weights."
)


def check_fits(request: Request, tuned: Tuned) -> None:
    """Raises InputError where this arm cannot be exported so."""
    problems = []
    if Path(tuned.config.model_size).is_absolute():
        problems.append("SWEEP: its backbone is a folder of this machine, which nobody else has; name one on the hub.")
    form, backbone = request.chosen_format, tuned.config.backbone
    if form != ADAPTER and tuned.config.quantization == "nf4" and request.dtype is None:
        problems.append(NO_NF4)
    if form == ADAPTER and not tuned.adapters:
        problems.append(f"--arm: nothing was trained of {tuned.arm}, so there is no adapter; --merge writes the model.")
    if form == ADAPTER and tuned.config.adapter == WHOLE:
        problems.append(f"--arm: {tuned.arm} was trained whole, so there is no adapter; --merge writes the model.")
    if form == CTRANSLATE2 and backbone != "whisper":
        problems.append(f"--format: CTranslate2 runs Whisper, not {backbone}; take --merge.")
    if form == ONNX and tuned.task_kind not in HEADS:
        problems.append(f"--format: onnx is for {', '.join(HEADS)}, and this is {tuned.task_kind}; take --merge.")
    if problems:
        raise InputError(problems)


def _place_problems(out: Path) -> list[str]:
    try:
        place = out.expanduser()
        if place.is_dir():
            return (
                [f"OUT: {str(out)!r} is not empty; name a folder that is not there yet."]
                if any(place.iterdir())
                else []
            )
        if place.exists():
            return [f"OUT: {str(out)!r} is a file; name a folder that is not there yet."]
        place.absolute().parent.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        return [f"OUT: {str(out)!r} cannot be written ({error}); name another folder."]
    return []
