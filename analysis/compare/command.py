"""The command line: python -m analysis.compare A B [C ...]"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainables import command_line
from trainables.command_line import NOT_NEGATIVE, Exit
from trainables.doing import doing, done, silently
from trainables.errors import InputError

REQUIREMENTS = ("not-worse", "equivalent", "better")
TABLE_FORMS = ("markdown", "latex")
DESCRIPTION = """\
Compares configurations by their predictions on the same test examples. The sweeps' verdict decides (seeds and test
groups as crossed random factors, where there are several seeds); beside it stands every other test that fits the data,
each with what it claims. Differences are A minus B.
"""
EXAMPLES = """\
  python -m analysis.compare qwen_lora:finalists qwen_lora:baseline
  python -m analysis.compare attention=a.csv mlp=b.csv --margin 0.02
  python -m analysis.compare old=a.csv new=b.csv --require not-worse --margin 0.005
  python -m analysis.compare examples/published/attention_mlp.json
"""
WHAT_A_IS = """\
  FILE                  predictions (.parquet, .csv, .json, .jsonl) with the columns example_id, target, output, and
                        optionally seed, group, score/CLASS; FILE,FILE: rows of one configuration in several files
  RUN_ID                one MLflow run
  SWEEP                 the finalist that came first in the sweep's validation results
  SWEEP:CONFIG_ID       a configuration with all its confirm seeds; also SWEEP:baseline, SWEEP:untuned,
                        SWEEP:finalists
  NAME=...              any of these under a name of your own
"""

PARSER = command_line.Parser(
    "analysis.compare",
    ("A B [C ...] [options]", "COUNTS.json [options]"),
    DESCRIPTION,
    exits={
        Exit.DONE: "compared (whatever was found); with --require: it was shown",
        Exit.FAILED: "with --require: it was not shown",
    },
    sections={"what A, B, ... can be": WHAT_A_IS, "examples": EXAMPLES},
)
PARSER.words(
    {
        "A, B, ...": "what is compared: see below",
        "COUNTS.json": "counts of right answers from a paper, instead of predictions (see examples/published)",
    }
)
PARSER.value(
    "--metric",
    "NAME",
    "accuracy, balanced_accuracy, macro_f1, auroc, average_precision, brier, ece, loss; mae, mse, rmse, pearson, ccc, "
    "r2; wer, cer; of several labels map, macro_auroc, micro_auroc, macro_f1, loss "
    "(default: the sweep's, else accuracy, mae or map by the data)",
)
PARSER.value(
    "--alpha",
    "LEVEL",
    "two-sided level, and intervals at 1 - LEVEL (default: %(default)s)",
    read=command_line.number("a number from 0.000001 to 0.5", lambda level: 1e-6 <= level < 0.5),
    default=0.05,
)
PARSER.value(
    "--margin",
    "DIFFERENCE",
    'also tests equivalence and "no worse than" within this difference, with the Bayesian probability of it',
    also="--worth",
    read=command_line.number("a number above 0, in the metric's unit", lambda margin: 0.0 < margin < math.inf),
)
PARSER.value(
    "--require",
    "WHAT",
    "a gate for CI, of B against A: not-worse or equivalent within --margin, or better; else exit status 1",
    read=command_line.one_of(REQUIREMENTS),
)
PARSER.value(
    "--table", "FORM", "only the tables, for a paper: markdown or latex", read=command_line.one_of(TABLE_FORMS)
)
PARSER.flag("--screen", "for three and more: also the false discovery rate over all pairs")
PARSER.value("--picture", "FILE.svg", "for three and more: the critical-difference picture")
PARSER.value(
    "--seed",
    "NUMBER",
    "of the resampling (default: %(default)s): the same seed, the same numbers",
    read=NOT_NEGATIVE,
    default=0,
)
PARSER.value("--tracking-uri", "URI", "MLflow's store (default: MLFLOW_TRACKING_URI, else results/mlflow.db)")
PARSER.flag("--json", "everything as JSON")
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
    require: str | None = None
    table: str | None = None


_FOR_PREDICTIONS: dict[str, Callable[[Command], bool]] = {
    "--metric": lambda command: command.metric is not None,
    "--require": lambda command: command.require is not None,
    "--table": lambda command: command.table is not None,
    "--picture": lambda command: command.picture is not None,
    "--screen": lambda command: command.screen,
}


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood, with every problem."""
    given, problems = PARSER.read(arguments)
    if not given.words:
        problems.append("Nothing to compare was given; name two configurations, or see --help.")
    if given.json and given.table is not None:
        problems.append("--json and --table are two forms of one answer; give one of them.")
    if problems:
        raise InputError(problems)
    return Command(
        tuple(given.words),
        metric=given.metric,
        alpha=given.alpha,
        margin=given.margin,
        picture=given.picture,
        seed=given.seed,
        tracking_uri=given.tracking_uri,
        json=given.json,
        screen=given.screen,
        require=given.require,
        table=given.table,
    )


def run(command: Command) -> int:
    """Compares and prints; the exit status says whether what was required was shown. Raises InputError."""
    import numpy as np
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)  # labels are the data's, such as `[/red]`
    if not console.is_terminal:
        console.width = LOG_COLUMNS
    from analysis.compare.counts import is_counts

    if len(command.words) == 1 and is_counts(Path(command.words[0])):
        from analysis.compare.counts import read_counts
        from analysis.compare.published import compare_counts, print_published

        unfit = [option for option, given in _FOR_PREDICTIONS.items() if given(command)]
        if unfit:
            raise InputError(f"{', '.join(unfit)}: for predictions only; leave it out, since these are counts.")
        published = compare_counts(read_counts(Path(command.words[0])), alpha=command.alpha, margin=command.margin)
        if command.json:
            print(json.dumps(published.as_dict(), indent=2, allow_nan=False))
        else:
            print_published(console, published)
        return Exit.DONE
    from analysis.compare.comparison import compare_sources
    from analysis.compare.requirement import check_requirement, judged
    from analysis.compare.sources import find_sources
    from analysis.compare.tables import tables
    from analysis.compare.view import print_compared

    with silently(command.json or command.table is not None):
        doing("reading the answers")
    sources = find_sources(command.words, command.tracking_uri)
    check_requirement(command.require, len(sources), command.margin)
    found = compare_sources(
        sources,
        metric_name=command.metric,
        alpha=command.alpha,
        margin=command.margin,
        screen=command.screen,
        rng=np.random.Generator(np.random.SFC64(command.seed)),
    )
    if command.picture is not None:
        from analysis.compare.critical_difference import write_picture

        write_picture(found.ranking, Path(command.picture))
    done()
    requirement = None if command.require is None else judged(found, command.require, command.margin)
    if command.json:
        extra = {} if requirement is None else {"requirement": requirement.as_dict()}
        print(json.dumps({**found.as_dict(), **extra}, indent=2, allow_nan=False))
    elif command.table is not None:
        print(tables(found, command.table))
    else:
        print_compared(console, found)
    if requirement is None:
        return Exit.DONE
    if not command.json:
        print(requirement.sentence)
    return Exit.DONE if requirement.met else Exit.FAILED


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, run, arguments)
