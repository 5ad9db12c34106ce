"""What the machine can do: device, precision, how many trials at once. Decisions are pure functions of `Facts`.

`probe` is the only function here that asks the machine (where it may have an accelerator it imports torch); everything
else takes its answer.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

from sweeps.machine.memory import WORKER_BYTES
from trainables.errors import InputError
from trainables.limits import container_limit, usable_cores

GIB = 1 << 30
DEVICES = ("cuda", "mps", "cpu")
REFERENCE_GPU_BYTES = 80 * GIB  # planned with where no CUDA device can be asked
DRIVER_BYTES = 2 * GIB  # the sweep's own process, and Ray's
WORKERS_PER_ACCELERATOR = 4  # more of them only take turns
THREADS_PER_GPU_WORKER = 4
CPU_PARAMS_LIMIT = 200_000_000  # above it an epoch on a CPU takes hours
CPU_CORES_LIMIT = 64
ACCELERATOR_DEVICES = ("nvidia", "nvhost", "nvgpu", "nvmap", "dxg", "kfd")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a machine answers about itself. Memory is one accelerator's; on a CPU it is the machine's."""

    kind: str  # the best device it has: cuda | mps | cpu
    name: str
    accelerators: int  # 0 on a CPU
    memory_bytes: int
    free_bytes: int
    cores: int  # that this process may use
    ram_bytes: int  # likewise
    ram_free_bytes: int
    bf16: bool  # computes in it, and a CPU is faster for it
    nf4: bool  # bitsandbytes has 4-bit kernels for it
    assumed: bool = False  # nobody asked the device: a reference for planning, or workers that are yet to start


@dataclass(frozen=True, slots=True)
class Profile:
    """How a sweep uses the machine."""

    device: str  # cuda | mps | cpu
    precision: str  # fp32 | bf16 | fp16
    concurrency: int  # trials at once
    threads_per_worker: int
    gpu_fraction: float  # of one accelerator, per trial
    gradient_checkpointing: bool
    facts: Facts
    worker_environment: Mapping[str, str] = field(default_factory=dict)  # set before torch is imported

    @property
    def trial_resources(self) -> dict[str, float]:
        """What a trial asks of Ray: a place on the CPU, and its share of an accelerator."""
        return {"CPU": 1.0} | ({"GPU": self.gpu_fraction} if self.gpu_fraction else {})

    def describe(self) -> str:
        at_once = "1 trial at a time" if self.concurrency == 1 else f"{self.concurrency} trials at once"
        threads = "1 thread" if self.threads_per_worker == 1 else f"{self.threads_per_worker} threads"
        assumed = ", assumed" if self.facts.assumed else ""
        memory = f"{self.facts.memory_bytes / GIB:.0f} GiB"
        return f"{self.device} ({self.facts.name}, {memory}{assumed}), {self.precision}, {at_once}, {threads} each"


def probe(environment: Mapping[str, str] | None = None) -> Facts:
    """Asks this machine for its best device.

    On a cluster (RAY_ADDRESS) the driver's machine cannot speak for the workers: SWEEP_GPUS says how many GPUs the
    cluster may grow to, SWEEP_GPU_GIB how much memory each of them has.

    Raises:
        InputError: SWEEP_GPUS is given, and it or SWEEP_GPU_GIB is no whole number above 0.
    """
    environment = os.environ if environment is None else environment
    if environment.get("RAY_ADDRESS", "local") != "local" and "SWEEP_GPUS" in environment:
        gpus, gib = _positive(environment, "SWEEP_GPUS"), _positive(environment, "SWEEP_GPU_GIB")
        return cluster_facts(_cpu_facts(bitsandbytes=True), gpus, gib * GIB)
    bitsandbytes = find_spec("bitsandbytes") is not None
    cpu = _cpu_facts(bitsandbytes)
    if not accelerator_possible():
        return _with_bf16(cpu)
    import torch

    if torch.cuda.is_available():
        free_bytes, total_bytes = torch.cuda.mem_get_info(0)
        return replace(
            cpu,
            kind="cuda",
            name=torch.cuda.get_device_name(0),
            accelerators=torch.cuda.device_count(),
            memory_bytes=total_bytes,
            free_bytes=free_bytes,
            bf16=torch.cuda.is_bf16_supported(including_emulation=False),
            nf4=bitsandbytes and torch.cuda.get_device_capability(0) >= (6, 0),
        )
    if torch.backends.mps.is_available():
        # Metal shares the machine's memory and recommends how much of it to take
        total_bytes = torch.mps.recommended_max_memory()
        macos_14 = torch.backends.mps.is_macos_or_newer(14, 0)
        return replace(
            cpu,
            kind="mps",
            name=f"Apple {platform.machine()}",
            accelerators=1,
            memory_bytes=total_bytes,
            free_bytes=min(total_bytes, cpu.ram_free_bytes),
            bf16=macos_14,
            nf4=bitsandbytes and macos_14,
        )
    return _with_bf16(cpu)


def _with_bf16(cpu: Facts) -> Facts:
    from sweeps.machine.bf16 import bf16_pays

    return replace(cpu, bf16=bf16_pays())


def accelerator_possible(system: str = sys.platform, devices: Path = Path("/dev")) -> bool:
    """Whether torch has to be asked, which takes seconds to import. Linux reaches a GPU through a device file: of
    NVIDIA (nvidia; nvhost, nvgpu and nvmap on its boards), of Windows' subsystem (dxg) or of ROCm (kfd)."""
    return system != "linux" or any(next(devices.glob(f"{name}*"), None) for name in ACCELERATOR_DEVICES)


def cluster_facts(facts: Facts, accelerators: int, memory_bytes: int = REFERENCE_GPU_BYTES) -> Facts:
    """CUDA workers that nobody has asked: a plan for another machine, or a cluster whose GPU nodes start on demand."""
    gib = memory_bytes / GIB
    return replace(
        facts,
        kind="cuda",
        name=f"a {gib:.0f} GiB GPU",
        accelerators=accelerators,
        memory_bytes=memory_bytes,
        free_bytes=memory_bytes,
        cores=max(facts.cores, THREADS_PER_GPU_WORKER * accelerators),
        bf16=True,
        nf4=True,
        assumed=True,
    )


def choose(
    name: str,
    facts: Facts,
    *,
    planning: bool = False,
    trial_bytes: int = 0,
    miniature: bool = False,
    memory_limit_bytes: int | None = None,
    precision: str = "auto",
) -> Profile:
    """The profile `name` (auto | cuda | mps | cpu) on this machine, in the given precision (auto | fp32 | bf16).

    `trial_bytes` is what the largest trial needs on its device (`needed_bytes`); accelerators are shared by as many
    trials as they hold. `memory_limit_bytes` caps all workers together. With `planning`, CUDA need not be there.

    Raises:
        InputError: the machine lacks the named device, or does not compute in the named precision.
    """
    device = facts.kind if name == "auto" else name
    if device not in DEVICES:
        raise InputError(f"profile: {name} is unknown; choose auto, {', '.join(DEVICES)}.")
    if device != "cpu" and device != facts.kind:
        if not (planning and device == "cuda"):
            there = f"the best device is {facts.kind} ({facts.name})"
            raise InputError(f"profile: {device} was asked for, but {there}; use --profile {facts.kind} or auto.")
        facts = cluster_facts(facts, accelerators=1)
    if device == "cpu":
        facts = _as_cpu(facts)
        return _cpu_profile(facts, _precision(precision, device, facts, miniature), trial_bytes, memory_limit_bytes)

    room_bytes = min(facts.free_bytes, memory_limit_bytes or facts.free_bytes)
    fitting = int(room_bytes // trial_bytes) if trial_bytes else 1
    per_accelerator = max(1, min(fitting, WORKERS_PER_ACCELERATOR, facts.cores // facts.accelerators))
    concurrency = per_accelerator * facts.accelerators
    threads = max(1, min(THREADS_PER_GPU_WORKER, facts.cores // concurrency))
    mps = device == "mps"
    return Profile(
        device=device,
        precision=_precision(precision, device, facts, miniature),
        concurrency=concurrency,
        threads_per_worker=threads,
        gpu_fraction=(10_000 // per_accelerator) / 10_000,  # Ray counts in ten-thousandths
        gradient_checkpointing=not miniature,
        facts=facts,
        worker_environment=_worker_environment(threads)
        | ({"PYTORCH_ENABLE_MPS_FALLBACK": "1"} if mps else {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}),
    )


def fits(needed: int, facts: Facts, *, total_params: int) -> bool:
    """Whether a trial of `needed` bytes can train on the device; a CPU also has to get done (CPU_PARAMS_LIMIT)."""
    if facts.kind == "cpu":
        return needed <= facts.ram_bytes - DRIVER_BYTES and total_params <= CPU_PARAMS_LIMIT
    return needed <= facts.free_bytes


def why_unfit(needed: int, facts: Facts) -> str:
    """The reason of a `fits` that is False."""
    if facts.kind == "cpu" and needed <= facts.ram_bytes - DRIVER_BYTES:
        return f"on a CPU an epoch of more than {CPU_PARAMS_LIMIT:,} parameters takes hours"
    return f"{facts.kind} ({facts.name}) has {facts.free_bytes / GIB:.1f} free"


def _precision(wanted: str, device: str, facts: Facts, miniature: bool) -> str:
    if wanted == "bf16" and device != "cpu" and not facts.bf16:  # a CPU can, if slowly
        raise InputError(f"precision: bf16 was asked for, but {facts.name} does not compute in it; write fp32 or auto.")
    if wanted != "auto":
        return wanted
    if miniature:  # it gains nothing from fewer bits
        return "fp32"
    # fp16 has no loss scaling on Metal that is tested here, and on a CPU no use
    return "bf16" if facts.bf16 else "fp16" if device == "cuda" else "fp32"


def _cpu_profile(facts: Facts, precision: str, trial_bytes: int, memory_limit_bytes: int | None) -> Profile:
    """One thread per trial: two one-thread workers are faster than one with two, and its bits do not change."""
    room_bytes = min(facts.ram_free_bytes - DRIVER_BYTES, memory_limit_bytes or facts.ram_bytes)
    by_memory = int(room_bytes // max(trial_bytes, WORKER_BYTES))
    return Profile(
        device="cpu",
        precision=precision,
        concurrency=max(1, min(facts.cores, by_memory, CPU_CORES_LIMIT)),
        threads_per_worker=1,
        gpu_fraction=0.0,
        gradient_checkpointing=False,
        facts=facts,
        worker_environment=_worker_environment(1),
    )


def _worker_environment(threads: int) -> dict[str, str]:
    return {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "TOKENIZERS_PARALLELISM": "false",
        "TORCHDYNAMO_DISABLE": "1",  # nothing here is compiled, and bitsandbytes would load the compiler: over a second
    }


def _as_cpu(facts: Facts) -> Facts:
    if facts.kind == "cpu":
        return facts
    name, nf4 = platform.machine(), find_spec("bitsandbytes") is not None
    return replace(
        facts, kind="cpu", name=name, accelerators=0, memory_bytes=facts.ram_bytes, free_bytes=facts.ram_free_bytes,
        bf16=False, nf4=nf4,
    )  # fmt: skip


def _cpu_facts(bitsandbytes: bool) -> Facts:
    import psutil

    memory = psutil.virtual_memory()
    total_bytes = min(memory.total, _cgroup_limit_bytes())
    free_bytes = min(memory.available, total_bytes)
    return Facts(
        kind="cpu",
        name=platform.processor() or platform.machine(),
        accelerators=0,
        memory_bytes=total_bytes,
        free_bytes=free_bytes,
        cores=usable_cores(),
        ram_bytes=total_bytes,
        ram_free_bytes=free_bytes,
        bf16=False,
        nf4=bitsandbytes,
    )


def _positive(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name, "")
    if not text.isdecimal() or int(text) == 0:
        raise InputError(f"{name}: expected a whole number above 0, got {text!r}.")
    return int(text)


def _cgroup_limit_bytes() -> int:
    limit = container_limit("memory.max")
    return int(limit) if limit.isdigit() else 1 << 62
