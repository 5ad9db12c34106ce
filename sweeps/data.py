"""The command line: python -m sweeps.data SOURCE [--output FILE.jsonl], which says how a data source is understood."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from trainables import command_line, registry
from trainables.doing import doing, done, silently
from trainables.errors import InputError

if TYPE_CHECKING:
    from trainables.data.doubts.listen import Heard
    from trainables.data.examples import Example
    from trainables.data.reading import Wanted

DESCRIPTION = """\
Says how a data source is understood, before there is a sweep: how it is read and why, where labels, groups and splits
come from, which columns, files and rows are not used, and what the clips are like. With --output it writes what it
understood as one plain manifest: a sweep on that has the same clips, ids, groups and splits.
"""
NOTES = """\
  --columns, --layout, --audio-folder and --skip are the entries of `data:` in a sweep file (docs/sweep_file.md).
  A manifest names a sound file relative to itself where the file lies in the manifest's folder or below it, so that
  the folder can be moved; any other file by its absolute path. No file is overwritten.
"""
EXAMPLES = """\
  python -m sweeps.data recordings/
  python -m sweeps.data clips.csv --columns label=category,group=speaker --output clips.jsonl
  python -m sweeps.data train.tsv --task transcription --audio-folder clips --skip unreadable
"""
SWEEPS = {"classification": "search_spaces/efficientat_lora.yaml", "transcription": "search_spaces/whisper_lora.yaml"}
TASKS = tuple(
    kind
    for kind in registry.TASKS
    # those that can be made without options: a prompt says nothing about clips
    if all(
        option.default is not MISSING or option.default_factory is not MISSING
        for option in fields(registry.task_class(kind))  # type: ignore[arg-type]
    )
)


def _columns(text: str) -> dict[str, str]:
    """`label=category,group=speaker` -> our name for a column -> the table's; `group=`: no column is that."""
    pairs = [pair.partition("=") for pair in text.split(",")]
    found = {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
    if len(found) < len(pairs) or not all(found) or not all("=" in pair for pair in text.split(",")):
        raise ValueError("our names and the table's, each once: label=category,group=speaker (group= for no column)")
    return found


def _skip(text: str) -> str | int:
    from sweeps.config.schema import SKIP_PATTERN

    if re.fullmatch(r"\d{1,9}", text):
        return int(text)
    if not re.fullmatch(SKIP_PATTERN, text):
        raise ValueError("none, unreadable, a number, or a share such as 2%")
    return text


def _layout(text: str) -> str:
    from trainables.data.reading import LAYOUTS

    layout: str = command_line.one_of(LAYOUTS)(text)
    return layout


PARSER = command_line.Parser(
    "sweeps.data",
    "SOURCE [OPTION ...] [--output FILE.jsonl] [--json]",
    DESCRIPTION,
    exits={command_line.Exit.BAD_INPUT: "bad input, or data that cannot be used (nothing was written)"},
    sections={"notes": NOTES, "examples": EXAMPLES},
)
PARSER.words({"SOURCE": "a manifest, a folder, a data set on the hub (hf://owner/name), or a built-in generator"})
PARSER.value(
    "--task", "KIND", f"{' or '.join(TASKS)}, whose column is looked for (default: {TASKS[0]})",
    read=command_line.one_of(TASKS), default=TASKS[0],
)  # fmt: skip
PARSER.value(
    "--columns",
    "A=B,...",
    "our names and the table's: label=category; group= for none",
    read=_columns,
    default={},
)
PARSER.value("--layout", "LAYOUT", "what the sub-folders are, such as splits/classes (default: guessed)", read=_layout)
PARSER.value("--audio-folder", "FOLDER", "where the paths in a table begin (default: at the table)", read=Path)
PARSER.value("--skip", "WHICH", "rows that may be left out: none, unreadable, a number, 2%% (default: 0)", read=_skip)
PARSER.value("--output", "FILE", "writes what was understood as a manifest, a .jsonl file", read=Path)
PARSER.flag("--headers-only", "decodes nothing: faster, and silent on levels, silence and copies that sound alike")
PARSER.flag("--json", "the same as JSON")


@dataclass(frozen=True)
class Command:
    source: str
    task: str
    columns: dict[str, str] = field(default_factory=dict)
    layout: str | None = None
    audio_folder: Path | None = None
    skip: str | int | None = None
    output: Path | None = None
    headers_only: bool = False
    json: bool = False


def parse(arguments: Sequence[str]) -> Command:
    """Raises InputError for a command line that cannot be understood."""
    given, problems = PARSER.read(arguments)
    if len(given.words) != 1:
        got = f"got {' '.join(given.words)[:80]!r}" if given.words else "none was given"
        problems.append(f"expected one SOURCE, {got}; see --help")
    if problems:
        raise InputError(problems)
    return Command(
        given.words[0],
        given.task,
        given.columns,
        given.layout,
        given.audio_folder,
        given.skip,
        given.output,
        given.headers_only,
        given.json,
    )


def run(command: Command) -> None:
    """Reads, says, and writes. Raises InputError: the source cannot be read, or the manifest cannot be written."""
    from sweeps.config.confirm_rules import DEFAULT_SEEDS
    from sweeps.plan.inspection import inspect_source
    from sweeps.plan.inspection_view import render
    from sweeps.plan.parts import make_console
    from trainables.cache import cache_folder
    from trainables.data.clean_manifest import write_clean

    with silently(command.json):
        doing(f"reading {command.source}")
    task = registry.task(command.task, {})
    seed = DEFAULT_SEEDS["explore"][0]
    try:
        clips, found = inspect_source(
            command.source,
            _wanted(command),
            task,
            base_folder=Path.cwd(),
            seed=seed,
            hear=None if command.headers_only else _hear,
        )
    except InputError as error:
        raise InputError([*error.problems, *_other_tasks(command, seed)]) from None
    new = command.output is not None and write_clean(
        command.output, clips.examples, task.column, cache_folder=cache_folder()
    )
    done()
    if command.json:
        written = None if command.output is None else str(command.output.absolute())
        print(json.dumps({**found.as_dict(), "written": written, "next_command": next_command(command)}, indent=2))
        return
    console = make_console()
    console.print(render(found))
    if command.output is not None:
        inside = sum(Path(path).is_relative_to(cache_folder()) for path in clips.headers)
        said = f"{found.clips:,} clips written to {command.output}" if new else f"{command.output} holds them already"
        if inside:
            said += f". {inside:,} of its sound files lie in the cache ({cache_folder()}) and go with it"
        console.print(f"\n{said}.", soft_wrap=True, markup=False)
    console.print("\nNext, when the problems are mended" if found.problems else "\nNext", style="bold")
    console.print(next_command(command), soft_wrap=True, markup=False)


def _hear(examples: Sequence[Example]) -> Heard:
    from rich.console import Console
    from rich.progress import Progress

    from trainables.data.doubts.listen import listen

    done()
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("listening to the clips", total=len(examples))
        return listen(
            examples,
            fingerprints=True,
            progress=lambda heard, total: progress.update(bar, completed=heard, total=total),
        )


def _other_tasks(command: Command, seed: int) -> list[str]:
    """Under which other task the source can be read, where it can."""
    from sweeps.plan.inspection import inspect_source

    found = []
    for kind in TASKS:
        other = replace(command, task=kind)
        if other != command:
            with suppress(InputError):
                inspect_source(other.source, _wanted(other), registry.task(kind, {}), base_folder=Path.cwd(), seed=seed)
                found.append(f"It can be read for another task: --task {kind}.")
    return found


def _wanted(command: Command) -> Wanted:
    from trainables.cache import cache_folder
    from trainables.data.reading import Skip, Wanted

    return Wanted(
        column=registry.task_class(command.task).column,
        cache_folder=cache_folder(),
        columns=command.columns,
        layout=command.layout,
        audio_folder=None if command.audio_folder is None else command.audio_folder.expanduser().absolute(),
        skip=Skip() if command.skip is None else Skip.from_text(command.skip),
    )


def next_command(command: Command) -> str:
    """The plan of a sweep on these data."""
    words = [SWEEPS.get(command.task, "SWEEP.yaml")]
    if command.output is not None:
        return command_line.to_copy("sweeps.run", *words, f"data.source={command.output.absolute()}", "--plan")
    path = Path(command.source).expanduser()
    words.append(f"data.source={path.absolute() if path.exists() else command.source}")
    if command.columns:
        words.append(f"data.columns={json.dumps(command.columns, ensure_ascii=False)}")
    folder = None if command.audio_folder is None else command.audio_folder.expanduser().absolute()
    entries = {"layout": command.layout, "audio_folder": folder, "skip": command.skip}
    words += [f"data.{key}={value}" for key, value in entries.items() if value is not None]
    return command_line.to_copy("sweeps.run", *words, "--plan")


def main(arguments: Sequence[str] | None = None) -> int:
    return command_line.main(parse, run, arguments)


if __name__ == "__main__":
    sys.exit(main())
