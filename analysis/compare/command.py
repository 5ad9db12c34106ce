"""The command line: python -m analysis.compare A B [C ...]"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainables.errors import InputError, print_problems

HELP = """\
usage: python -m analysis.compare A B [C ...] [options]
       python -m analysis.compare COUNTS.json [options]

Compares configurations by their predictions on the same test examples. The sweeps' verdict decides (seeds and test
groups as crossed random factors, where there are several seeds); beside it stands every other test that fits the data,
each with what it claims. Differences are A minus B.

  A, B, ...    a file of predictions (.parquet, .csv, .json, .jsonl) with the columns example_id, target, output, and
               optionally seed, group, score/CLASS
               an MLflow run's id
               SWEEP               the finalist that came first in the sweep's validation results
               SWEEP:CONFIG_ID     a configuration with all its confirm seeds; also SWEEP:baseline, SWEEP:untuned,
                                   SWEEP:finalists
               NAME=...            any of these under a name of your own
  COUNTS.json  published counts of right answers, where there are no predictions (see analysis/compare/counts.py)

  --metric NAME         accuracy, balanced_accuracy, macro_f1, loss; mae, mse, rmse, pearson, ccc, r2; wer, cer
                        (default: the sweep's, else accuracy or mae by the data)
  --alpha LEVEL         two-sided level, and intervals at 1 - LEVEL (default 0.05)
  --margin DIFFERENCE   also tests equivalence and "no worse than" within this difference
  --screen              for three and more: also the false discovery rate over all pairs
  --picture FILE.svg    for three and more: the critical-difference picture
  --seed NUMBER         of the resampling (default 0): the same seed, the same numbers
  --tracking-uri URI    MLflow's store (default: MLFLOW_TRACKING_URI, else results/mlflow.db)
  --json                everything as JSON
  --help                this text

examples:
  python -m analysis.compare qwen_lora:finalists qwen_lora:baseline
  python -m analysis.compare attention=a.csv mlp=b.csv --margin 0.02
  python -m analysis.compare examples/published/attention_mlp.json

exit status: 0 compared (whatever was found), 2 bad input, 130 interrupted
"""

FLAGS = ("--json", "--screen")
OPTIONS = ("--metric", "--alpha", "--margin", "--picture", "--seed", "--tracking-uri")
LOG_COLUMNS = 190  # where there is no terminal


@dataclass(frozen=True)
class Command:
    words: tuple[str, ...]
    metric: str | None = None
    alpha: float = 0.05
    margin: float | None = None
    picture: str | None = None
    seed: int = 0
    tracking_uri: str | None = None
    json: bool = False
    screen: bool = False


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood, with every problem."""
    words: list[str] = []
    values: dict[str, str] = {}
    problems: list[str] = []
    rest = iter(arguments)
    for word in rest:
        name, equals, value = word.partition("=")
        if word in FLAGS:
            values[word] = "yes"
        elif name in OPTIONS:
            following = value if equals else next(rest, None)
            if following is None:
                problems.append(f"{name}: a value is missing.")
            else:
                values[name] = following
        elif word.startswith("--"):
            problems.append(f"{name}: there is no such option; there are {', '.join((*OPTIONS, *FLAGS))}.")
        else:
            words.append(word)
    alpha = _number(values, "--alpha", 0.05, problems)
    margin = _number(values, "--margin", None, problems)
    seed = _number(values, "--seed", 0, problems)
    if alpha is not None and not 0.0 < alpha < 0.5:
        problems.append(f"--alpha {alpha:g}: must lie between 0 and 0.5.")
    if margin is not None and margin <= 0.0:
        problems.append(f"--margin {margin:g}: must be above 0, in the metric's unit.")
    if seed is not None and (seed < 0 or seed != int(seed)):
        problems.append(f"--seed {seed:g}: must be a whole number, at least 0.")
    if not words:
        problems.append("Nothing to compare was given; name two configurations, or see --help.")
    if problems:
        raise InputError(problems)
    return Command(
        tuple(words),
        metric=values.get("--metric"),
        alpha=alpha or 0.05,
        margin=margin,
        picture=values.get("--picture"),
        seed=int(seed or 0),
        tracking_uri=values.get("--tracking-uri"),
        json="--json" in values,
        screen="--screen" in values,
    )


def _number(values: dict[str, str], name: str, default: float | None, problems: list[str]) -> float | None:
    if name not in values:
        return default
    try:
        return float(values[name])
    except ValueError:
        problems.append(f"{name} {values[name]}: must be a number.")
        return None


def run(command: Command) -> None:
    """Compares and prints. Raises InputError."""
    import numpy as np
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=LOG_COLUMNS)
    from analysis.compare.counts import is_counts

    if len(command.words) == 1 and is_counts(Path(command.words[0])):
        from analysis.compare.counts import read_counts
        from analysis.compare.published import compare_counts, print_published

        published = compare_counts(read_counts(Path(command.words[0])), alpha=command.alpha, margin=command.margin)
        if command.json:
            print(json.dumps(published.as_dict(), indent=2, allow_nan=False))
        else:
            print_published(console, published)
        return
    from analysis.compare.comparison import compare_sources
    from analysis.compare.sources import find_sources
    from analysis.compare.view import print_compared

    found = compare_sources(
        find_sources(command.words, command.tracking_uri),
        metric_name=command.metric,
        alpha=command.alpha,
        margin=command.margin,
        screen=command.screen,
        rng=np.random.Generator(np.random.SFC64(command.seed)),
    )
    if command.picture is not None:
        from analysis.compare.critical_difference import write_picture

        write_picture(found.ranking, Path(command.picture))
    if command.json:
        print(json.dumps(found.as_dict(), indent=2, allow_nan=False))
    else:
        print_compared(console, found)


def main(arguments: Sequence[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else list(arguments)
    if "--help" in words or "-h" in words:
        print(HELP, end="")
        return 0
    try:
        run(parse(words))
    except InputError as error:
        return print_problems(error)
    except KeyboardInterrupt:
        return 130
    return 0
