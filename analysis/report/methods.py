"""The report's paragraph for a paper, and what it takes to do the sweep again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from analysis.record.sweep import Recorded, folds_of
from analysis.report.as_set import LEARN, SAMPLERS, adapted_by, sampled_by, settings_text, stopped_by
from analysis.report.document import Block, Code, Heading, Section, Table, Text
from analysis.report.numbers import bytes_of
from analysis.report.sharing import Shared
from analysis.verdict.account import Account
from analysis.verdict.comparison import Comparison
from analysis.verdict.result import Verdict
from trainables.records import PARAM_TEXTS, TAG_DECISIONS, TAG_LOOKS, TAG_SESSIONS

RANDOM_TRIALS = 10  # of the sampler, at least
NAMES = {
    "adapter": "the kind of adapter",
    "rank": "the rank of LoRA",
    "alpha": "its alpha",
    "alpha_ratio": "the ratio of alpha to rank",
    "target_modules": "the adapted modules",
    "learning_rate": "the learning rate",
    "lora_dropout": "adapter dropout",
    "model_size": "the size of the model",
    "quantization": "the precision of its frozen weights",
    "batch_size": "the batch size",
    "warmup_ratio": "the warm-up",
    "weight_decay": "weight decay",
}


def methods_section(recorded: Recorded) -> Section:
    """To be quoted; numbers as recorded."""
    sentences = [_searched(recorded), _confirmed(recorded), settings_text(recorded), _tested(recorded)]
    sentences.append(_software(recorded))
    blocks: list[Block] = [Text(" ".join(sentence for sentence in sentences if sentence))]
    if recorded.miniature:
        blocks.append(
            Text("Not for a paper: this sweep ran on the miniature, in place of the published model.", "warning")
        )
    return Section("Methods, for a paper", blocks)


def _searched(recorded: Recorded) -> str:
    models = sorted({str(t.runs[0].params["checkpoint"]) for t in recorded.trials if "checkpoint" in t.runs[0].params})
    axes = _listed([NAMES.get(axis, axis.replace("_", " ")) for axis in recorded.axes])
    seeds = sorted({run.seed for trial in recorded.trials for run in trial.runs})
    epochs = max((run.epochs for trial in recorded.trials for run in trial.runs), default=0)
    pruned = sum(trial.status == "pruned" for trial in recorded.trials)
    folds = sorted({run.fold for trial in recorded.trials for run in trial.runs})
    inner = f" and {len(folds)} folds" if len(folds) > 1 else ""
    rule = stopped_by(recorded)
    stopped = f"{rule} stopped {pruned} of them early by {recorded.objective}" if rule else "none was stopped early"
    return (
        f"We adapted {_listed(models) or 'the model'} with {_listed(adapted_by(recorded))}, and searched "
        f"{axes or 'no axis'} with {len(recorded.trials)} trials, {_proposed(recorded)}, each trained for up to "
        f"{epochs} epochs under {_count(len(seeds), 'seed')}{inner}; {stopped}."
    )


def _proposed(recorded: Recorded) -> str:
    """Where the trials came from; the sampler's first ones are drawn at random (`sweeps.search.sampler`)."""
    made = f" (and {_count(recorded.clones, 'clone')} that a person made of earlier trials)" if recorded.clones else ""
    looks = recorded.source.look
    more = f"; trials were added after {_count(looks - 1, 'verdict')}" if looks > 1 else ""
    return _sampled(recorded) + made + more


def _sampled(recorded: Recorded) -> str:
    sampler = sampled_by(recorded)
    name = f"{SAMPLERS[sampler]}, in Optuna {_version(recorded, 'optuna')})"
    if sampler not in LEARN:
        return name if sampler == "random" else f"proposed from {name}"
    first = _random_trials(recorded)
    if len(recorded.trials) - recorded.clones <= first:
        return f"all drawn at random (too few for the {name} to begin)"
    return f"at least the first {first} drawn at random, the others by the {name}"


def drawn_at_random(recorded: Recorded) -> str:
    """A sentence: how many of the trials owe nothing to the others."""
    trials, sampler = len(recorded.trials), sampled_by(recorded)
    if sampler not in LEARN:
        return f"None of the {trials} trials was proposed by the others: they were {sampler}'s."
    return f"Of {trials} trials at least the first {min(trials, _random_trials(recorded))} were drawn at random."


def _random_trials(recorded: Recorded) -> int:
    """As the sweep noted it; RANDOM_TRIALS of one that did not."""
    noted = re.search(r"the first (\d+) at random", recorded.tags.get(TAG_DECISIONS, ""))
    return int(noted[1]) if noted else RANDOM_TRIALS


def _confirmed(recorded: Recorded) -> str:
    finalists = sum(arm.role == "finalist" for arm in recorded.arms)
    seeds = sorted({run.seed for run in recorded.confirm_runs if run.seed.isdigit()}, key=int)
    if not finalists or not seeds:
        return ""
    folds = folds_of(recorded)
    outer = (
        f" The whole procedure was run once per fold of a {len(folds)}-fold cross-validation, and test predictions "
        "were pooled."
        if folds
        else ""
    )
    return (
        f"The {_count(finalists, 'configuration')} with the best validation value and a baseline declared beforehand "
        f"were then trained anew under {_count(len(seeds), 'fresh seed')} ({', '.join(seeds)}) without early stopping "
        f"and each of these models was evaluated once on test data that took no part in the search.{outer}"
    )


def _tested(recorded: Recorded) -> str:
    verdict = recorded.verdict
    if verdict is None:
        return ""
    compared = [*verdict.against_baseline, *verdict.among_finalists]
    if not compared:
        return ""
    claims = {comparison.claim for comparison in compared}
    size = f"{compared[0].groups} test groups ({compared[0].examples} clips)"
    if claims == {"population"}:
        rule = (
            f"Differences in {recorded.metric} over {size} were tested with test groups as a random factor crossed "
            "with the configurations and seeds as a random factor within each (multi-reader multi-case analysis: "
            "Obuchowski and Rockette 1995, Hillis 2007 and 2014; the seeds' variance pooled over three or more "
            "configurations) on jackknife pseudo-values of the groups. Under the assumption that the test groups are a "
            "random sample of those meant, the claim is about new seeds and new test groups. As the seeds' variance "
            "the larger of the pair's own and the pooled one was taken, for the degrees of freedom at least the "
            "residual (which is neither Obuchowski and Rockette's nor Hillis's rule); the degrees of freedom were at "
            f"most one less than the groups of the smallest class{_freedom(compared)}; intervals of shares reach away "
            "from 0 as far as the configurations' logits"
        )
    else:
        rule = f"Differences in {recorded.metric} over {size} were tested by: " + _listed(
            sorted({comparison.method for comparison in compared})
        )
    texts = recorded.params.get(PARAM_TEXTS)
    if texts:
        rule = f"Transcripts and answers were brought to one form before scoring ({texts}). {rule}"
    return (
        f"{rule}; two-sided level {verdict.alpha:g} in each of two families (finalists against the baseline, finalists "
        "against one another), Holm's correction and simultaneous intervals within each"
        + ("; the comparison with the untuned backbone is a further test." if verdict.against_untuned else ".")
        + _looked_at(verdict)
    )


def _looked_at(verdict: Verdict) -> str:
    """How a confirmation was stopped, as a group-sequential design is reported."""
    if not verdict.interim:
        return ""
    account = Account(verdict.interim, verdict.alpha)
    *early, last = (f"{look} ({account.level(look):.2g})" for look in verdict.interim)
    seeds = _listed(sorted({f"{row.name} {len(row.values)}" for row in verdict.rows if row.role != "untuned"}))
    return (
        f" The confirmation was group-sequential: looks after {', '.join(early)} and {last} seeds, in brackets the "
        "two-sided level of each (O'Brien-Fleming-like spending: Lan and DeMets 1983). A finalist that was shown to be "
        f"better or worse, or whose predictive probability of being shown better with all {account.planned} seeds was "
        f"below {account.futile_below:.2g}, was trained under no further one. Seeds trained: {seeds}. The interval of "
        "what was shown is at the level of its look (repeated confidence interval: Jennison and Turnbull 1989); means "
        "of arms that were stopped early are not corrected for it."
    )


def _freedom(compared: Sequence[Comparison]) -> str:
    used = [f"{c.estimate.degrees_of_freedom:.1f}" for c in compared if c.estimate is not None]
    return f" (used: {', '.join(used)})" if used else ""


def _software(recorded: Recorded) -> str:
    parts = [
        f"{name} {_version(recorded, key)}"
        for name, key in (("PyTorch", "torch"), ("PEFT", "peft"), ("Ray Tune", "ray"))
    ]
    hardware = recorded.provenance.get("gpu.names") or recorded.provenance.get("cpu.model")
    return f"Software: {', '.join(parts)}" + (f"; hardware: {hardware}." if hardware else ".")


def reproduce_section(recorded: Recorded, shared: Shared) -> Section:
    """Command, code, data, versions, machine, and the sweep file as run."""
    facts = recorded.provenance
    rows: list[tuple[str, str]] = [("sweep", recorded.name)]
    same = facts.get("git.commit") == facts.get("package.git.commit")
    shown = [(title, key) for title, key in _FACTS if key in facts and not (same and key == "package.git.commit")]
    rows += [(title, shared.text(str(facts[key]))) for title, key in shown]
    if "git.commit" in facts and facts.get("git.dirty"):
        rows.append(("uncommitted changes", "yes: the commit alone does not give this result"))
    if "memory_bytes" in facts:
        rows.append(("memory", bytes_of(float(facts["memory_bytes"]))))
    rows += [(name.replace("_", " "), found) for name, found in sorted(shared.params(recorded.params).items())]
    looks = recorded.tags.get(TAG_LOOKS)
    if looks:
        rows.append(("seeds of every look at the test data", looks))
    sessions = recorded.tags.get(TAG_SESSIONS, "1")
    if sessions != "1":
        rows.append(("sessions (it was interrupted or extended)", sessions))
    versions = [(key.removeprefix("version."), str(found)) for key, found in sorted(facts.items()) if "version." in key]
    blocks: list[Block] = []
    if command := str(facts.get("command", "")):
        blocks.append(Code(shared.text(command), "sh"))
        if CUT in command or not shared.private:
            blocks.append(Text("Paths in it are shortened or left out: put your own in their place.", "note"))
    blocks += [
        Table(("what", "as recorded"), rows, sortable=False),
        Text("The same bits come again with the same versions, threads and machine, and only there.", "note"),
    ]
    if versions:
        blocks += [Heading("Versions"), Table(("package", "version"), versions)]
    if recorded.yaml_text:
        blocks += [Heading("The sweep file as run"), Code(shared.text(recorded.yaml_text), "yaml")]
    blocks.append(Text(f"This report again: python -m analysis.report {recorded.name}", "note"))
    return Section("To do it again", blocks)


CUT = "\u2026/"  # in place of the folders before a file's name (sweeps/machine/provenance.py)
_FACTS = (
    ("started", "time.started"),
    ("commit", "git.commit"),
    ("commit of the package", "package.git.commit"),
    ("Python", "python"),
    ("platform", "platform"),
    ("processor", "cpu.model"),
    ("GPU", "gpu.names"),
    ("CUDA", "gpu.cuda"),
)


def _version(recorded: Recorded, package: str) -> str:
    found: Any = recorded.provenance.get(f"version.{package}")
    return str(found) if found else "(version not recorded)"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
