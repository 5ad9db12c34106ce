"""A report as blocks, and two ways to write it: one HTML file that needs no network, and Markdown beside its pictures.

Everything that comes from a record is escaped; the only markup let through is that of pictures made here.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from analysis.report.style import SCRIPT, STYLE, policy

PAGE_COLOURS = {  # of analysis.report.plots -> the page's own
    "#1a1a1a": "--ink", "#444444": "--soft", "#555555": "--soft", "#666666": "--soft", "#8a8a8a": "--soft",
    "#e4e4e4": "--grid",
    "#cccccc": "--line",
    "#0072b2": "--accent",
}  # fmt: skip
FEWEST_TO_SORT = 8  # rows
MATRIX_CORNER = "is \\ answered"
NUMBER = re.compile(r"([+<]? ?[\d]|-\d|-?$|none$|cannot tell$)")


@dataclass(frozen=True)
class Text:
    text: str
    kind: str = "plain"  # plain | verdict | warning | note


@dataclass(frozen=True)
class Table:
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    sounds: Sequence[bytes | None] = ()  # of each row an MP3 file to listen to, on the page alone
    sortable: bool = True  # False: a column's cells are of different kinds

    def numbers(self) -> list[bool]:
        """Per column: whether all it holds begins like a number. Such columns stand to the right; the first never
        does."""
        columns = [[row[index] for row in self.rows] for index in range(len(self.header))]
        return [index > 0 and all(NUMBER.match(cell) for cell in column) for index, column in enumerate(columns)]


@dataclass(frozen=True)
class Matrix:
    """Counts by class and answer: zeros are quiet, the diagonal is marked, and a shade says the share of a row."""

    classes: Sequence[str]
    counts: Sequence[Sequence[float]]  # a row a class, a column an answer
    caption: str

    def as_table(self) -> Table:
        rows = [(name, *map(count_of, row)) for name, row in zip(self.classes, self.counts, strict=True)]
        return Table((MATRIX_CORNER, *self.classes), rows, self.caption)


@dataclass(frozen=True)
class Picture:
    name: str  # of its file: letters, digits, -
    svg: str
    caption: str


@dataclass(frozen=True)
class Pictures:
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Code:
    text: str
    language: str = ""


@dataclass(frozen=True)
class Heading:
    text: str


Block = Text | Table | Matrix | Pictures | Code | Heading


@dataclass(frozen=True)
class Section:
    title: str
    blocks: Sequence[Block]

    @property
    def anchor(self) -> str:
        return slug(self.title)


@dataclass(frozen=True)
class Document:
    title: str
    opening: Sequence[Block]
    sections: Sequence[Section] = field(default_factory=tuple)

    def pictures(self) -> list[Picture]:
        blocks = [*self.opening, *(block for section in self.sections for block in section.blocks)]
        return [picture for block in blocks if isinstance(block, Pictures) for picture in block.pictures]

    def as_html(self) -> str:
        contents = "".join(f'<li><a href="#{s.anchor}">{html.escape(s.title)}</a></li>' for s in self.sections)
        body = "\n".join(_html(block) for block in self.opening)
        body += f'\n<nav aria-label="Contents"><ul>{contents}</ul></nav>'
        for section in self.sections:
            body += f'\n<section>\n<h2 id="{section.anchor}">{html.escape(section.title)}</h2>\n'
            body += "\n".join(_html(block) for block in section.blocks) + "\n</section>"
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy()}">\n'
            f"<title>{html.escape(self.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
            f"<h1>{html.escape(self.title)}</h1>\n{body}\n"
            f"<script>{SCRIPT}</script>\n</body>\n</html>\n"
        )

    def as_markdown(self, picture_folder: str) -> str:
        """Pictures are linked as `picture_folder`/NAME.svg."""
        parts = [f"# {_marked(self.title)}", *(_markdown(block, picture_folder) for block in self.opening)]
        for section in self.sections:
            parts.append(f"## {_marked(section.title)}")
            parts += [_markdown(block, picture_folder) for block in section.blocks]
        return "\n\n".join(parts) + "\n"


def slug(text: str) -> str:
    """Lower-case letters, digits and single hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"


def _html(block: Block) -> str:
    match block:
        case Text(text, kind):
            return f'<p class="{kind}">{html.escape(text)}</p>' if kind != "plain" else f"<p>{html.escape(text)}</p>"
        case Heading(text):
            return f"<h3>{html.escape(text)}</h3>"
        case Code(text, _):
            return f"<pre><code>{html.escape(text)}</code></pre>"
        case Pictures(pictures):
            figures = "".join(
                f"<figure>{_labelled(p)}<figcaption>{html.escape(p.caption)}</figcaption></figure>" for p in pictures
            )
            return f'<div class="pictures">{figures}</div>'
        case Matrix():
            return _matrix(block)
        case Table():
            return _table(block)


def _table(table: Table) -> str:
    numbers = table.numbers()

    def row(cells: Sequence[str], tag: str, more: str = "") -> str:
        marks = [' class="number"' if number else "" for number in numbers]
        inside = "".join(f"<{tag}{m}>{html.escape(c)}</{tag}>" for m, c in zip(marks, cells, strict=True))
        return f"<tr>{inside}{more}</tr>"

    sounds = [_player(sound) for sound in table.sounds] or [""] * len(table.rows)
    body = "".join(row(cells, "td", sound) for cells, sound in zip(table.rows, sounds, strict=True))
    head = row(table.header, "th", "<th>listen</th>" if table.sounds else "")
    sorts = ' class="sorts"' if table.sortable and len(table.rows) >= FEWEST_TO_SORT else ""
    return f"{_above(table.caption)}<table{sorts}><thead>{head}</thead><tbody>{body}</tbody></table></div>"


def _above(caption: str) -> str:
    """The caption, and the frame in which a wide table scrolls: by keyboard too."""
    top = f'<p class="caption">{html.escape(caption)}</p>' if caption else ""
    return f'{top}<div class="table" tabindex="0">'


def _player(sound: bytes | None) -> str:
    if sound is None:
        return "<td></td>"
    data = base64.b64encode(sound).decode()
    return f'<td><audio controls preload="none" src="data:audio/mpeg;base64,{data}"></audio></td>'


def _matrix(matrix: Matrix) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in (MATRIX_CORNER, *matrix.classes))
    rows = []
    for place, (name, counts) in enumerate(zip(matrix.classes, matrix.counts, strict=True)):
        whole = sum(counts) or 1.0
        cells = []
        for column, count in enumerate(counts):
            marks = " ".join(mark for mark, holds in (("own", column == place), ("zero", not count)) if holds)
            shade = f' style="background: rgba(var(--heat), {0.55 * count / whole:.2f})"' if count else ""
            cells.append(f'<td class="{marks}"{shade}>{count_of(count)}</td>')
        rows.append(f"<tr><th>{html.escape(name)}</th>{''.join(cells)}</tr>")
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'{_above(matrix.caption)}<table class="matrix">{body}</table></div>'


def count_of(count: float) -> str:
    """A mean count: a quiet dot for none."""
    return f"{count:.1f}".removesuffix(".0") if count else "\u00b7"


def _labelled(picture: Picture) -> str:
    """The picture with a name for those who cannot see it, in the colours of the page."""
    return in_page_colours(
        picture.svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(picture.caption)}"', 1)
    )


def in_page_colours(svg: str) -> str:
    """Ink, frame and grid of a picture as the page has them, so that they can be seen by night."""
    for colour, name in PAGE_COLOURS.items():
        svg = svg.replace(colour, f"var({name})")
    return svg


def _markdown(block: Block, picture_folder: str) -> str:
    match block:
        case Text(text, kind):
            return {"verdict": "> **{}**", "warning": "> {}", "note": "*{}*"}.get(kind, "{}").format(_marked(text))
        case Heading(text):
            return f"### {_marked(text)}"
        case Code(text, language):
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`{3,}", text)), default=0))
            return f"{fence}{language}\n{text.rstrip()}\n{fence}"
        case Pictures(pictures):
            return "\n\n".join(f"![{_marked(p.caption)}]({picture_folder}/{p.name}.svg)" for p in pictures)
        case Matrix():
            return _markdown(block.as_table(), picture_folder)
        case Table(header, rows, caption):
            rule = ["---:" if number else "---" for number in block.numbers()]
            lines = [_line(header), "|" + "|".join(rule) + "|", *(_line(cells) for cells in rows)]
            return (f"{_marked(caption)}\n\n" if caption else "") + "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_marked(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _marked(text: str) -> str:
    """Text that Markdown shows as it stands."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", text)
