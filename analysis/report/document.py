"""A report as blocks, and two ways to write it: one HTML file that needs no network, and Markdown beside its pictures.

Everything that comes from a record is escaped; the only markup let through is that of pictures made here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

STYLE = """
:root { --ink: #1a1a1a; --soft: #5c5c5c; --line: #d9d9d9; --accent: #0072B2; --warn: #8a4b00; --warnback: #fff4e0 }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 62rem; padding: 1.2rem clamp(.8rem, 4vw, 2rem) 4rem; color: var(--ink);
  background: #fff; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: break-word; color-scheme: light }
h1 { font-size: clamp(1.35rem, 5vw, 1.9rem); line-height: 1.2; margin: .2em 0 }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line) }
h3 { font-size: 1.02rem; margin: 1.5rem 0 .4rem }
p { margin: .55rem 0; max-width: 46rem }
.verdict { font-size: 1.12rem; border-left: 4px solid var(--accent); padding: .5rem 0 .5rem .9rem; max-width: none }
.warning { color: var(--warn); background: var(--warnback); border-left: 4px solid #E69F00; padding: .45rem .8rem;
  max-width: none }
.note, .caption, figcaption { color: var(--soft); font-size: .88rem }
nav ul { columns: 15rem auto; padding-left: 1.1rem; font-size: .93rem; margin: .6rem 0 0 }
a { color: var(--accent) }
.table { overflow-x: auto; margin: .8rem 0 }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }
.caption { margin: 1rem 0 0 }
.caption + .table { margin-top: .2rem }
td:first-child { min-width: 6.5rem }
th, td { padding: .32rem .7rem .32rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #ececec }
th { border-bottom: 1.5px solid #9a9a9a; font-weight: 600; vertical-align: bottom }
.number { text-align: right }
td.number { white-space: nowrap }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem 1.6rem;
  margin: .8rem 0 }
figure { margin: 0; break-inside: avoid }
figure svg { width: 100%; max-width: 30rem; height: auto; display: block }
pre { overflow-x: auto; background: #f6f6f6; padding: .8rem; font-size: .82rem; line-height: 1.45; border-radius: 4px }
@media (max-width: 36rem) {
  table { font-size: .8rem } th, td { padding-right: .5rem } td:first-child { min-width: 5rem }
  pre { white-space: pre-wrap }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt } table { font-size: 8pt }
  nav { display: none }
  h2, h3 { break-after: avoid } tr, figure, .verdict { break-inside: avoid }
  .table { overflow: visible } pre { white-space: pre-wrap; background: none; border: 1px solid var(--line) }
  .pictures { grid-template-columns: 1fr 1fr }
  a { color: inherit; text-decoration: none }
}
"""

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

    def numbers(self) -> list[bool]:
        """Per column: whether all it holds begins like a number. Such columns stand to the right; the first never
        does."""
        columns = [[row[index] for row in self.rows] for index in range(len(self.header))]
        return [index > 0 and all(NUMBER.match(cell) for cell in column) for index, column in enumerate(columns)]


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


Block = Text | Table | Pictures | Code | Heading


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
            f"<title>{html.escape(self.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
            f"<h1>{html.escape(self.title)}</h1>\n{body}\n"
            "</body>\n</html>\n"
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
        case Table(header, rows, caption):
            numbers = block.numbers()

            def row(cells: Sequence[str], tag: str) -> str:
                marks = [' class="number"' if number else "" for number in numbers]
                inside = "".join(f"<{tag}{m}>{html.escape(c)}</{tag}>" for m, c in zip(marks, cells, strict=True))
                return f"<tr>{inside}</tr>"

            top = f'<p class="caption">{html.escape(caption)}</p>' if caption else ""
            body = "".join(row(cells, "td") for cells in rows)
            head = f"<thead>{row(header, 'th')}</thead>"
            return f'{top}<div class="table"><table>{head}<tbody>{body}</tbody></table></div>'


def _labelled(picture: Picture) -> str:
    """The picture with a name for those who cannot see it."""
    return picture.svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(picture.caption)}"', 1)


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
        case Table(header, rows, caption):
            rule = ["---:" if number else "---" for number in block.numbers()]
            lines = [_line(header), "|" + "|".join(rule) + "|", *(_line(cells) for cells in rows)]
            return (f"{_marked(caption)}\n\n" if caption else "") + "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_marked(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _marked(text: str) -> str:
    """Text that Markdown shows as it stands."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", text)
