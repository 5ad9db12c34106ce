"""Parts that pages for the eye are made of: titles, tables, and rows of a name and what there is to say about it."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

LOG_COLUMNS = 150
WIDE = 10_000  # columns: what nothing needs


def make_console(*, quiet: bool = False) -> Console:
    """A log file has no width of its own: 80 columns would fold every table. A quiet one shows nothing."""
    if quiet:
        return Console(quiet=True, force_terminal=False)
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=LOG_COLUMNS)


def title(text: str, style: str = "bold") -> Text:
    return Text(f"\n{text}", style=style)


def table(header: Iterable[str], rows: Iterable[Iterable[str]], *, right_from: int | None = None) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for index, name in enumerate(header):
        right = right_from is not None and index >= right_from
        shown.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*map(Text, row))  # names of classes and groups are no markup
    return shown


def counts_table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Table:
    """A table whose first column has names and whose others have numbers: where it is narrow, the names give way."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for index, name in enumerate(header):
        if index:
            shown.add_column(name, justify="right", no_wrap=True)
        else:
            shown.add_column(name, overflow="ellipsis")
    for row in rows:
        shown.add_row(*map(Text, row))
    return shown


def named_rows(rows: Iterable[tuple[str, str]], style: str = "", *, gap: int = 2) -> Table:
    """Two columns without lines, `gap` characters apart: a name, and a text that may take several lines."""
    grid = Table.grid(padding=(0, gap))
    grid.add_column(no_wrap=True, style=style)
    grid.add_column(overflow="fold", style=style)
    for name, text in rows:
        grid.add_row(Text(name), Text(text))
    return grid


class FirstThatFits:
    """Shows the first of these that is no wider than the terminal, or the last one."""

    def __init__(self, *choices: RenderableType) -> None:
        self.choices = choices

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for choice in self.choices[:-1]:
            if Measurement.get(console, options.update(max_width=WIDE), choice).maximum <= options.max_width:
                yield choice
                return
        yield self.choices[-1]
