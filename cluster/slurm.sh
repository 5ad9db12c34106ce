#!/usr/bin/env bash
# A Ray cluster inside one Slurm job, and a sweep on it. Run it from the repository's folder on a file system that all nodes
# mount, after `uv sync --no-dev`:
#
#   SWEEP_GPU_GIB=80 sbatch cluster/slurm.sh search_spaces/qwen_lora.yaml profile=cuda results=/shared/results
#
# Every argument goes to `python -m sweeps.run`. When the time is nearly up, or with `scancel --signal=INT --batch JOB`, the
# sweep is interrupted in good order; the same command goes on where it was.
#
# SWEEP_GPU_GIB      memory of each GPU, where there are any
# SWEEP_GPUS         GPUs that the sweep may use (default: those of the job)
# SWEEP_BIN          the folder of `ray` and `python` (default: .venv/bin)
# SWEEP_RAY_OPTIONS  more options for `ray start`
#
#SBATCH --job-name=audio-sweeps
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --mem=64G
#SBATCH --time=24:00:00
#SBATCH --signal=B:INT@180
set -euo pipefail

if [ -z "${SLURM_JOB_ID:-}" ]; then
  echo "slurm.sh: start it with sbatch; it runs inside a Slurm job" >&2
  exit 2
fi
if [ "$#" -eq 0 ]; then
  echo "slurm.sh: no sweep file was given: sbatch cluster/slurm.sh FILE [key=value ...]" >&2
  exit 2
fi
cd "${SLURM_SUBMIT_DIR:-.}"
bin="${SWEEP_BIN:-$PWD/.venv/bin}"
nodes="${SLURM_JOB_NUM_NODES:-1}"
gpus=$((nodes * ${SLURM_GPUS_ON_NODE:-0}))
if [ "$gpus" -gt 0 ]; then
  export SWEEP_GPUS="${SWEEP_GPUS:-$gpus}"
  : "${SWEEP_GPU_GIB:?slurm.sh: the job has GPUs: say the memory of each in GiB, SWEEP_GPU_GIB=80}"
fi
read -r -a options <<<"${SWEEP_RAY_OPTIONS:-}"

# Ray answers to this job's own token alone. Its ports are those of the job's nodes: whether the network outside reaches them
# is the site's firewall's matter. The dashboard listens on the head's 127.0.0.1.
umask 077
export RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
export RAY_AUTH_TOKEN_PATH="$HOME/.ray/slurm-$SLURM_JOB_ID.token"
mkdir -p "$HOME/.ray"
od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$RAY_AUTH_TOKEN_PATH"

steps=()
driver=""
finish() {
  for step in "${steps[@]}"; do kill -TERM "$step" 2>/dev/null || true; done
  for step in "${steps[@]}"; do wait "$step" 2>/dev/null || true; done
  rm -f "$RAY_AUTH_TOKEN_PATH"
}
interrupt() {
  if [ -n "$driver" ]; then kill -INT "$driver" 2>/dev/null || true; else exit 130; fi
}
trap finish EXIT
trap interrupt INT TERM

hosts="$(scontrol show hostnames "$SLURM_JOB_NODELIST")"
head="${hosts%%$'\n'*}"
addresses="$(srun --overlap --nodes=1 --ntasks=1 --nodelist="$head" hostname --ip-address)"
head_ip="${addresses%%[[:space:]]*}"
# two jobs may share a node; below 20000 are ports of Ray's workers, from 32768 on those that the system gives away
port=$((20000 + SLURM_JOB_ID % 4000))
address="$head_ip:$port"

# --overlap: the driver and the steps share the job's cores. --temp-dir: /tmp/ray may be another user's.
srun --overlap --nodes=1 --ntasks=1 --nodelist="$head" "$bin/ray" start --head --block --node-ip-address="$head_ip" \
  --port="$port" --ray-client-server-port="$((port + 4000))" --dashboard-host=127.0.0.1 \
  --dashboard-port="$((port + 8000))" \
  --temp-dir="/tmp/ray-$SLURM_JOB_ID" "${options[@]}" &
steps+=("$!")

joined() { "$bin/ray" status --address="$address" 2>/dev/null | grep -c '^ 1 node_' || true; }
wait_for() { # until so many nodes have joined, for at most 5 minutes
  for _ in $(seq 100); do
    for step in "${steps[@]}"; do
      if ! kill -0 "$step" 2>/dev/null; then
        echo "slurm.sh: Ray ended on a node: see above" >&2
        exit 1
      fi
    done
    if [ "$(joined)" -ge "$1" ]; then return; fi
    sleep 3
  done
  echo "slurm.sh: $(joined) of $1 nodes have joined Ray after 5 minutes" >&2
  exit 1
}
wait_for 1
if [ "$nodes" -gt 1 ]; then
  srun --overlap --nodes="$((nodes - 1))" --ntasks="$((nodes - 1))" --exclude="$head" "$bin/ray" start --block \
    --address="$address" "${options[@]}" &
  steps+=("$!")
  wait_for "$nodes"
fi

set -m # a process in the background would not hear of an interrupt otherwise
RAY_ADDRESS="$address" "$bin/python" -m sweeps.run "$@" &
driver="$!"
set +m
status=0
wait "$driver" || status="$?"
while kill -0 "$driver" 2>/dev/null; do # a signal ended the wait, not the driver
  status=0
  wait "$driver" || status="$?"
done
exit "$status"
