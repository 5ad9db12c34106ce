"""What a sweep says at its end: the verdict, what it rests on, where things are, what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sweeps.confirm.stage import Confirmed
from sweeps.plan.prepare import Prepared
from sweeps.plan.texts import texts_scored_as
from sweeps.state.workspace import Workspace, relative, size_bytes
from trainables.command_line import to_copy
from trainables.config import LORA, WHOLE, TrialConfig
from trainables.records import Predictions
from trainables.tasks.texts import said_of

if TYPE_CHECKING:
    from analysis.verdict.comparison import Comparison
    from analysis.verdict.result import Verdict
    from sweeps.confirm.stage import Confirmed
    from sweeps.record.tracker import Tracker
    from sweeps.rounds import Outcome

MINIATURE_NOTE = (
    "These numbers come from the miniature: they show that the sweep works, and say nothing about the published models."
)
SAMPLES = 5
NARROW_COLUMNS = 100
WORTH_FREEING_BYTES = 50_000_000
STREAM = 42  # of the draw of sample clips: the same sweep, the same clips


def print_summary(
    console: Console,
    prepared: Prepared,
    workspace: Workspace,
    tracker: Tracker,
    outcomes: Sequence[Outcome],
    verdict: Verdict,
    seconds: float,
) -> None:
    from analysis.report.command import IN_FULL
    from analysis.verdict.chances import chances, in_words
    from analysis.verdict.labels import renamed
    from analysis.verdict.wording import constant_sentence, sentence

    miniature = prepared.weights.miniature
    explored = [trial for outcome in outcomes for trial in outcome.explored]
    confirmed = [run for outcome in outcomes for run in outcome.confirmed]

    def say(text: str = "", style: str | None = None) -> None:
        console.print(text, style=style, soft_wrap=True, markup=False)

    say()
    say("Verdict", style="bold")
    shown = renamed(verdict)
    say(sentence(verdict))
    if miniature:
        say(MINIATURE_NOTE, style="yellow")
    for warning in (*shown.warnings, *shown.design):
        say(f"Note: {warning}", style="yellow")
    say()
    narrow = console.width < NARROW_COLUMNS
    console.print(arms_table(verdict, outcomes, miniature=miniature, narrow=narrow))
    for text in configuration_lines(verdict, outcomes) if narrow else ():
        say(text)
    if name := IN_FULL.get(verdict.metric.removeprefix("test ")):
        say(f"{verdict.metric}: {name}; {'larger' if verdict.mode == 'max' else 'smaller'} is better.")
    if floor := constant_sentence(verdict):
        say(floor)
    if beside := in_words(chances(shown), verdict.worth):
        say(beside)
    for comparison in (*shown.against_baseline, *shown.among_finalists):
        if line := discordant_line(comparison):
            say(line)
    if shown.against_untuned is not None:
        say(untuned_line(shown.against_untuned))
    if prepared.evaluations or prepared.task.shows_samples:
        metrics = [name for name in prepared.task.metrics if name != "loss"]
        say()
        console.print(
            evaluations_table(counted(confirmed, verdict), ["test", *prepared.evaluations], metrics, verdict.labels)
        )
    if scored_as := texts_scored_as(prepared.task):
        say(said_of(scored_as))
    if prepared.task.shows_samples:
        say()
        console.print(samples_table(counted(confirmed, verdict), verdict.best, verdict.labels))

    pruned = sum(trial.status == "pruned" for trial in explored)
    failed = sum(trial.status == "failed" for trial in explored)
    say()
    say(
        f"{len(explored)} trials ({pruned} pruned, {failed} failed), {len(confirmed)} confirm runs, "
        f"{seconds:.0f} s in all, of which {tracker.seconds:.1f} s writing MLflow ({tracker.seconds / seconds:.1%})."
    )
    say(f"Results:   {relative(workspace.folder)}")
    if (kept := _sound_bytes(workspace)) >= WORTH_FREEING_BYTES:
        say(f"Free disk: {to_copy('sweeps.clean', workspace.sweep_id)} (decoded sound takes {kept / 1e9:.2f} GB)")
    best = [run for run in confirmed if run.arm == verdict.best]
    if any(run.config.adapter == WHOLE for run in best):
        say(f"Weights of {shown.best}, one model per seed, for its load_state_dict:")
    else:
        say(f"Adapters of {shown.best}, one per seed, for PeftModel.from_pretrained:")
    for run in best:
        say(f"  seed {run.seed}: {relative(run.folder / 'adapter')}")
    say(f"Use it:    {to_copy('sweeps.predict', relative(workspace.folder), 'FILES', '--output', 'answers.csv')}")
    if command := tracker.ui_command():
        say(f"Compare:   {command}")
    say(f"  then open {tracker.view_link}")
    say(f"Browse:    {to_copy('sweeps.browse', relative(workspace.results))}")


def _sound_bytes(workspace: Workspace) -> int:
    return sum(size_bytes(folder) for folder in (workspace.folder / "data", *workspace.folder.glob("fold-*/data")))


def counted(confirmed: Sequence[Confirmed], verdict: Verdict) -> list[Confirmed]:
    """The runs that the verdict rests on: of an arm that lacks an outer fold under a seed, that seed is left out."""
    seeds = {"untuned" if row.role == "untuned" else row.name: set(row.values) for row in verdict.rows}
    return [run for run in confirmed if (run.seed or 0) in seeds.get(run.arm, ())]


def arms_table(
    verdict: Verdict,
    outcomes: Sequence[Outcome],
    *,
    miniature: bool,
    narrow: bool = False,
) -> Table:
    """One row an arm: what it is, what the search saw (mean over outer folds), what the test says under every seed. A
    narrow one has the test alone."""
    configs = _configurations(outcomes)
    values: dict[str, list[float]] = {}
    for outcome in outcomes:
        for rank, trial in enumerate(outcome.finalists, start=1):
            values.setdefault(f"finalist {rank}", []).append(trial.value or 0.0)
    searched = {arm: fmean(found) for arm, found in values.items()}
    table = Table(box=None, pad_edge=False, header_style="bold")
    level = f"{100 * (1 - verdict.alpha):.4g} % interval"
    varied = ["different answers"] if verdict.variety else []
    wide = ("arm", "configuration", "validation in search", verdict.metric, level, "per seed", *varied)
    kept = [name for name in wide if not narrow or name in ("arm", verdict.metric, level)]
    for column in kept:
        table.add_column(column, overflow="fold")
    for row in verdict.rows:
        arm = "untuned" if row.role == "untuned" else row.name
        value = searched.get(arm)
        spread = f" ± {row.standard_error:.3f}" if row.standard_error is not None else ""
        cells = (
            verdict.labels.get(row.name, row.name),
            describe_all(configs[arm], untuned=arm == "untuned"),
            "-" if value is None else f"{value:.3f}",
            f"{row.mean:.3f}{spread}" + (" (miniature)" if miniature else ""),
            "-" if row.interval is None else f"{row.interval[0]:.3f} to {row.interval[1]:.3f}",
            "  ".join(f"{seed_value:.3f}" for seed_value in row.values.values()),
            *([str(verdict.variety[row.name].different) if row.name in verdict.variety else "-"] if varied else []),
        )
        table.add_row(*(cell for name, cell in zip(wide, cells, strict=True) if name in kept))
    return table


def configuration_lines(verdict: Verdict, outcomes: Sequence[Outcome]) -> list[str]:
    """What each arm is and what its seeds said, where a terminal is too narrow for columns of it."""
    configs = _configurations(outcomes)
    lines = []
    for row in verdict.rows:
        arm = "untuned" if row.role == "untuned" else row.name
        seeds = " ".join(f"{value:.3f}" for value in row.values.values())
        what = describe_all(configs[arm], untuned=arm == "untuned")
        lines.append(f"{verdict.labels.get(row.name, row.name)}: {what}; per seed {seeds}")
    return lines


def _configurations(outcomes: Sequence[Outcome]) -> dict[str, set[TrialConfig]]:
    """Arm -> its configurations: one, or one an outer fold."""
    return {
        run.arm: {r.config for o in outcomes for r in o.confirmed if r.arm == run.arm}
        for outcome in outcomes
        for run in outcome.confirmed
    }


def describe_all(configs: set[TrialConfig], *, untuned: bool = False) -> str:
    """The configuration; in outer cross-validation every fold may have found another one."""
    if len(configs) > 1:
        backbones = {config.backbone for config in configs}
        which = next(iter(backbones)) if len(backbones) == 1 else "each"
        return f"{which}, its fold's own ({len(configs)} different ones)"
    return describe(next(iter(configs)), untuned=untuned)


def describe(config: TrialConfig, *, untuned: bool = False) -> str:
    where = f"{config.backbone} {config.model_size} {'fp' if config.quantization == 'none' else config.quantization}"
    if untuned:
        return where
    if config.adapter == WHOLE:
        return f"{where} whole model lr={config.learning_rate:.1e}"
    kind = "" if config.adapter == LORA else f" {config.adapter}"
    return (
        f"{where}{kind} r={config.rank} alpha={config.alpha} {config.target_modules} lr={config.learning_rate:.1e} "
        f"dropout={config.lora_dropout:.2f}"
    )


def evaluations_table(
    confirmed: Sequence[Confirmed], splits: Sequence[str], metrics: Sequence[str], labels: Mapping[str, str]
) -> Table:
    """One row an arm: every metric on every one of these test sets, the mean over its runs; without those that no run
    has, such as a word error rate of clips in which nothing is said. `labels`: what the verdict calls the arms."""
    table = Table(title="All metrics", title_justify="left", box=None, pad_edge=False, header_style="bold")
    named = [f"{split}/{metric}" for split in splits for metric in metrics]
    names = [name for name in named if any(name in run.metrics for run in confirmed)]
    for column in ("arm", *names):
        table.add_column(column)
    for arm in dict.fromkeys(run.arm for run in confirmed):
        runs = [run.metrics for run in confirmed if run.arm == arm]
        known = ([run[name] for run in runs if name in run] for name in names)
        table.add_row(Text(labels.get(arm, arm)), *(f"{fmean(values):.3f}" if values else "-" for values in known))
    return table


def samples_table(confirmed: Sequence[Confirmed], best: str, labels: Mapping[str, str]) -> Table:
    """Test clips drawn at random: what was said, and what the best arm, the baseline and the untuned backbone wrote,
    each under its first seed. `labels`: what the verdict calls the arms."""
    shown = {arm: _first_answers(confirmed, arm) for arm in dict.fromkeys((best, "baseline", "untuned"))}
    answers = {arm: found for arm, found in shown.items() if found}
    table = Table(title="Test clips, drawn at random", title_justify="left", box=None, pad_edge=False)
    for column in ("said", *(labels.get(arm, arm) for arm in answers)):
        table.add_column(Text(column), header_style="bold", overflow="fold")
    known = set.intersection(*(set(found) for found in answers.values())) if answers else set()
    first = [(example, said) for example, (said, _) in next(iter(answers.values()), {}).items() if example in known]
    for row in sorted(np.random.default_rng(STREAM).permutation(len(first))[:SAMPLES]):
        example, said = first[row]
        table.add_row(Text(said), *(Text(found[example][1]) for found in answers.values()))
    return table


def _first_answers(confirmed: Sequence[Confirmed], arm: str) -> Mapping[str, tuple[str, str]]:
    """Clip -> what it says, what was heard; by the first of the arm's runs."""
    run = next((run for run in confirmed if run.arm == arm), None)
    if run is None:
        return {}
    found = Predictions.read_parquet(run.folder / "predictions" / "test.parquet")
    return {
        example: (str(target), str(output))
        for example, target, output in zip(found.example_ids, found.targets, found.outputs, strict=True)
    }


def discordant_line(comparison: Comparison) -> str | None:
    """Per seed, how many test clips only one of the two got right: what a difference in accuracy is made of."""
    if not comparison.discordant:
        return None
    counts = ", ".join(f"{each.only_first_right}:{each.only_second_right}" for each in comparison.discordant)
    return (
        f"Test clips that one of the two alone got right, {comparison.first} : {comparison.second}, per seed: {counts}"
    )


def untuned_line(comparison: Comparison) -> str:
    p = "nothing can be tested" if comparison.p_value is None else f"p = {comparison.p_value:.2g}"
    return f"{comparison.first} minus the {comparison.second}: {comparison.difference:+.3f} ({p})"
