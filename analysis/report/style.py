"""How the page looks, on a screen by day and by night and on paper, and the one script that it has: sorting tables."""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root { --ink: #1a1a1a; --soft: #5c5c5c; --line: #d9d9d9; --faint: #ececec; --rule: #9a9a9a; --back: #fff;
  --code: #f6f6f6; --accent: #0072B2; --warn: #8a4b00; --warnback: #fff4e0; --heat: 0, 114, 178; --grid: #e4e4e4;
  --shade: rgba(0, 0, 0, .22); color-scheme: light dark }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e3; --soft: #a9a6a1; --line: #4a4a4a; --faint: #353535;
  --rule: #777; --back: #1b1b1d; --code: #262629; --accent: #6cb8e6; --warn: #f2c06b; --warnback: #33290f;
  --heat: 86, 180, 233; --grid: #3a3a3d; --shade: rgba(0, 0, 0, .75) } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 62rem; padding: 1.2rem clamp(.8rem, 4vw, 2rem) 4rem; color: var(--ink);
  background: var(--back); overflow-wrap: break-word;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
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
/* the shadows lie under covers that scroll along: a side has one while there is more on it */
.table { overflow-x: auto; margin: .8rem 0; background:
  linear-gradient(to right, var(--back) 30%, transparent) left / 2.5rem 100% no-repeat local,
  linear-gradient(to left, var(--back) 30%, transparent) right / 2.5rem 100% no-repeat local,
  radial-gradient(farthest-side at 0 50%, var(--shade), transparent) left / .9rem 100% no-repeat scroll,
  radial-gradient(farthest-side at 100% 50%, var(--shade), transparent) right / .9rem 100% no-repeat scroll }
.table:focus-visible { outline: 2px solid var(--accent) }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }
.caption { margin: 1rem 0 0 }
.caption + .table { margin-top: .2rem }
td:first-child { min-width: 6.5rem }
th, td { padding: .32rem .7rem .32rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--faint) }
th { border-bottom: 1.5px solid var(--rule); font-weight: 600; vertical-align: bottom }
th button { all: unset; cursor: pointer }
th button:focus-visible { outline: 2px solid var(--accent) }
th button::after { content: "\\2195"; color: var(--soft); padding-left: .25em; font-weight: 400 }
th[aria-sort=ascending] button::after { content: "\\2191" } th[aria-sort=descending] button::after { content: "\\2193" }
.number { text-align: right }
td.number { white-space: nowrap }
.matrix td { text-align: center; min-width: 2.6rem; padding: .3rem .4rem; border: 1px solid var(--faint) }
.matrix td.zero { color: var(--soft) } .matrix td.own { outline: 1.5px solid var(--rule); outline-offset: -2px }
.matrix th { padding: .3rem .4rem; max-width: 9rem }
audio { height: 1.9rem; width: 11rem; vertical-align: middle }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem 1.6rem;
  margin: .8rem 0 }
figure { margin: 0; break-inside: avoid }
figure svg { width: 100%; max-width: 30rem; height: auto; display: block }
figure svg text { fill: var(--ink) }
pre { overflow-x: auto; background: var(--code); padding: .8rem; font-size: .82rem; line-height: 1.45;
  border-radius: 4px }
@media (max-width: 36rem) {
  table { font-size: .8rem } th, td { padding-right: .5rem } td:first-child { min-width: 5rem }
  pre { white-space: pre-wrap }
}
@media print {
  :root { --ink: #000; --soft: #444; --back: #fff; --code: #fff; --faint: #ddd; --grid: #e4e4e4; color-scheme: light }
  body { max-width: none; padding: 0; font-size: 10pt } table { font-size: 8pt }
  nav, audio { display: none } th button::after { content: none }
  h2 { margin-top: 1.4rem } h2, h3, .caption { break-after: avoid } tr, figure, .verdict { break-inside: avoid }
  p { orphans: 3; widows: 3 }
  .table { overflow: visible; background: none } pre { white-space: pre-wrap; border: 1px solid var(--line) }
  /* a grid is moved to the next page whole; figures side by side in lines are not */
  .pictures { display: block; orphans: 1; widows: 1 }
  figure { display: inline-block; width: 48%; vertical-align: top; margin: 0 1% .6rem 0 }
  a { color: inherit; text-decoration: none }
}
"""

SCRIPT = """
for (const table of document.querySelectorAll("table.sorts")) {
  const rows = [...table.tBodies[0].rows];
  const number = text => { const found = text.replace(/,/g, "").match(/^[<+]?\\s*-?\\d[\\d.e+-]*/);
    return found ? parseFloat(found[0].replace(/[<+\\s]/g, "")) : NaN };
  [...table.tHead.rows[0].cells].forEach((cell, column) => {
    const button = document.createElement("button");
    button.append(...cell.childNodes); cell.append(button);
    button.addEventListener("click", () => {
      const up = cell.getAttribute("aria-sort") === "descending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      cell.setAttribute("aria-sort", up ? "ascending" : "descending");
      const text = row => row.cells[column].textContent.trim();
      const last = row => text(row) === "" || text(row) === "-";
      rows.sort((a, b) => { if (last(a) || last(b)) return last(a) - last(b);
        const [x, y] = [number(text(a)), number(text(b))];
        const order = isNaN(x) || isNaN(y) ? text(a).localeCompare(text(b)) : x - y;
        return up ? order : -order });
      table.tBodies[0].append(...rows);
    });
  });
}
"""


def policy() -> str:
    """What the page may load: nothing from anywhere, and no script but its own."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    data = "img-src data:; media-src data:"
    return f"default-src 'none'; style-src 'unsafe-inline'; {data}; script-src 'sha256-{digest}'"
