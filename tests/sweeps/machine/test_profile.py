import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sweeps.machine.memory import WORKER_BYTES, needed_bytes
from sweeps.machine.profile import (
    CPU_PARAMS_LIMIT,
    DRIVER_BYTES,
    GIB,
    Facts,
    accelerator_possible,
    choose,
    cluster_facts,
    fits,
    probe,
    why_unfit,
)
from trainables.errors import InputError

LAPTOP = Facts(
    kind="cpu",
    name="x86_64",
    accelerators=0,
    memory_bytes=16 * GIB,
    free_bytes=12 * GIB,
    cores=8,
    ram_bytes=16 * GIB,
    ram_free_bytes=12 * GIB,
    bf16=False,
    nf4=True,
)
A100 = replace(
    LAPTOP, kind="cuda", name="A100", accelerators=2, memory_bytes=80 * GIB, free_bytes=78 * GIB, cores=32, bf16=True
)
M2 = replace(
    LAPTOP, kind="mps", name="Apple arm64", accelerators=1, memory_bytes=21 * GIB, free_bytes=12 * GIB, bf16=True
)
SEVEN_B = 8_397_094_912


def test_auto_takes_the_best_device() -> None:
    assert [choose("auto", facts).device for facts in (LAPTOP, A100, M2)] == ["cpu", "cuda", "mps"]


def test_cpu_runs_one_thread_per_trial_and_a_trial_per_core() -> None:
    profile = choose("auto", LAPTOP)
    assert (profile.precision, profile.threads_per_worker, profile.concurrency) == ("fp32", 1, 8)
    assert profile.trial_resources == {"CPU": 1.0}
    assert profile.worker_environment["OMP_NUM_THREADS"] == "1"
    assert profile.worker_environment["TORCHDYNAMO_DISABLE"] == "1"


def test_cpu_concurrency_is_capped_by_memory() -> None:
    small = replace(LAPTOP, ram_free_bytes=DRIVER_BYTES + 3 * WORKER_BYTES)
    assert choose("cpu", small).concurrency == 3
    assert choose("cpu", LAPTOP, trial_bytes=5 * GIB).concurrency == 2
    assert choose("cpu", LAPTOP, memory_limit_bytes=4 * GIB).concurrency == 4
    assert choose("cpu", replace(LAPTOP, ram_free_bytes=GIB)).concurrency == 1


def test_cpu_can_be_asked_for_on_a_machine_with_a_gpu() -> None:
    profile = choose("cpu", A100)
    assert (profile.device, profile.facts.kind, profile.facts.accelerators) == ("cpu", "cpu", 0)
    assert profile.facts.free_bytes == A100.ram_free_bytes
    assert "GPU" not in profile.trial_resources


@pytest.mark.parametrize(("name", "facts"), [("cuda", LAPTOP), ("mps", LAPTOP), ("cuda", M2), ("mps", A100)])
def test_a_device_that_is_not_there_is_an_error_and_no_fallback(name: str, facts: Facts) -> None:
    with pytest.raises(InputError, match=f"profile: {name} was asked for, but the best device is {facts.kind}"):
        choose(name, facts)


def test_cuda_can_be_planned_anywhere_and_metal_cannot() -> None:
    profile = choose("cuda", LAPTOP, planning=True)
    assert (profile.device, profile.precision, profile.facts.assumed) == ("cuda", "bf16", True)
    assert "assumed" in profile.describe()
    with pytest.raises(InputError):
        choose("mps", LAPTOP, planning=True)


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="tpu is unknown; choose auto, cuda, mps, cpu"):
        choose("tpu", LAPTOP)


def test_trials_share_an_accelerator_that_holds_several() -> None:
    alone = choose("cuda", A100, trial_bytes=60 * GIB)
    assert (alone.concurrency, alone.gpu_fraction, alone.threads_per_worker) == (2, 1.0, 4)
    shared = choose("cuda", A100, trial_bytes=25 * GIB)
    assert (shared.concurrency, shared.gpu_fraction) == (6, 0.3333)
    assert shared.gpu_fraction * 3 <= 1.0
    assert shared.trial_resources == {"CPU": 1.0, "GPU": 0.3333}
    assert choose("cuda", A100, trial_bytes=GIB).concurrency == 8  # never more than four on one


def test_precision_follows_the_device_and_the_miniature_stays_exact() -> None:
    assert choose("cuda", A100).precision == "bf16"
    assert choose("cuda", replace(A100, bf16=False)).precision == "fp16"
    assert choose("mps", M2).precision == "bf16"
    assert choose("mps", replace(M2, bf16=False)).precision == "fp32"
    miniature = choose("cuda", A100, miniature=True)
    assert (miniature.precision, miniature.gradient_checkpointing) == ("fp32", False)


def test_a_cpu_that_is_faster_in_bfloat16_gets_it_for_published_weights_alone() -> None:
    able = replace(LAPTOP, bf16=True)
    assert choose("cpu", able).precision == "bf16"
    assert choose("cpu", able, miniature=True).precision == "fp32"
    assert choose("cpu", LAPTOP).precision == "fp32"


def test_the_file_may_name_the_precision() -> None:
    for facts in (LAPTOP, A100, M2):
        assert choose("auto", facts, precision="fp32").precision == "fp32"
    assert choose("cpu", LAPTOP, miniature=True, precision="bf16").precision == "bf16"
    with pytest.raises(InputError, match="precision: bf16 was asked for, but A100 does not compute in it"):
        choose("cuda", replace(A100, bf16=False), precision="bf16")


def test_metal_workers_fall_back_to_the_cpu_for_what_metal_lacks() -> None:
    assert choose("mps", M2).worker_environment["PYTORCH_ENABLE_MPS_FALLBACK"] == "1"
    assert "PYTORCH_ENABLE_MPS_FALLBACK" not in choose("cuda", A100).worker_environment


def test_what_fits() -> None:
    needed = needed_bytes(SEVEN_B, "none", "bf16", trainable_params=0, batch_size=2)
    assert fits(needed, A100, total_params=SEVEN_B)
    assert not fits(needed, replace(A100, free_bytes=16 * GIB), total_params=SEVEN_B)
    roomy = replace(LAPTOP, ram_bytes=512 * GIB, memory_bytes=512 * GIB)
    assert not fits(needed, roomy, total_params=SEVEN_B)  # it would be there, and never get done
    assert fits(2 * GIB, LAPTOP, total_params=CPU_PARAMS_LIMIT)
    assert not fits(15 * GIB, LAPTOP, total_params=CPU_PARAMS_LIMIT)


def test_why_it_does_not_fit_is_memory_or_hours_of_a_cpu() -> None:
    assert why_unfit(2 * GIB, LAPTOP) == "on a CPU an epoch of more than 200,000,000 parameters takes hours"
    assert f"({LAPTOP.name}) has " in why_unfit(1000 * GIB, LAPTOP)
    assert why_unfit(40 * GIB, replace(A100, free_bytes=16 * GIB)) == f"cuda ({A100.name}) has 16.0 free"


def test_a_cluster_says_what_it_may_grow_to() -> None:
    environment = {"RAY_ADDRESS": "auto", "SWEEP_GPUS": "4", "SWEEP_GPU_GIB": "44"}
    facts = probe(environment)
    assert (facts.kind, facts.accelerators, facts.memory_bytes) == ("cuda", 4, 44 * GIB)
    profile = choose("cuda", facts)
    assert (profile.concurrency, profile.trial_resources) == (4, {"CPU": 1.0, "GPU": 1.0})


@pytest.mark.parametrize("changed", [{"SWEEP_GPUS": "many"}, {"SWEEP_GPUS": "0"}, {"SWEEP_GPU_GIB": ""}])
def test_a_cluster_that_says_nonsense_is_asked_again(changed: dict[str, str]) -> None:
    (name,) = changed
    environment = {"RAY_ADDRESS": "auto", "SWEEP_GPUS": "4", "SWEEP_GPU_GIB": "44"} | changed
    with pytest.raises(InputError, match=f"{name}: expected a whole number above 0"):
        probe(environment)


def test_the_cluster_variables_mean_nothing_without_a_cluster() -> None:
    assert not probe({"SWEEP_GPUS": "4", "SWEEP_GPU_GIB": "44"}).assumed


def test_probe_tells_this_machine() -> None:
    facts = probe({})
    assert facts.cores >= 1
    assert 0 < facts.ram_free_bytes <= facts.ram_bytes
    assert 0 < facts.free_bytes <= facts.memory_bytes
    assert (facts.accelerators == 0) == (facts.kind == "cpu")
    assert choose("auto", facts).device == facts.kind


def test_assumed_facts_have_cores_for_their_gpus() -> None:
    assert cluster_facts(LAPTOP, accelerators=4).cores >= 16


def test_a_workers_imports_leave_the_compiler_alone() -> None:
    """bitsandbytes asks for compiled fallbacks when it is imported, which loads torch's compiler."""
    source = "import peft, sys; print('torch._inductor.compile_fx' in sys.modules)"
    environment = {**os.environ, **choose("cpu", LAPTOP).worker_environment}
    said = subprocess.run([sys.executable, "-c", source], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def test_torch_is_asked_only_where_there_may_be_an_accelerator(tmp_path: Path) -> None:
    assert not accelerator_possible("linux", tmp_path)
    assert accelerator_possible("darwin", tmp_path)
    assert accelerator_possible("win32", tmp_path)
    (tmp_path / "nvidia0").touch()
    assert accelerator_possible("linux", tmp_path)
