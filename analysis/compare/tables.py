"""The comparison as two tables for a paper: `--table markdown` or `--table latex` (booktabs)."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.compare.comparison import Compared
from analysis.compare.view import p_text, span
from analysis.stats.estimate import confidence_percent
from analysis.stats.finding import CLAIMS

LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "$": r"\$",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def tables(found: Compared, form: str) -> str:
    """Configurations, then pairs, then what they claim; `form` is markdown or latex."""
    verdict = found.verdict
    confidence = f"{confidence_percent(verdict.alpha)} %"
    several = len(found.pairs) > 1
    first = [("configuration", "seeds", f"mean {verdict.metric}", f"{confidence} interval")]
    first += [(r.name, str(len(r.values)), f"{r.mean:.4f}", span(r.interval, sign="")) for r in verdict.rows]
    second = [
        ("first minus second", "difference", f"{confidence} interval" + (", simultaneous" if several else ""))
        + (("p (Holm)",) if several else ("p",))
    ]
    for pair in found.pairs:
        c = pair.comparison
        name = f"{c.first} minus {c.second}"
        second.append((name, f"{c.difference:+.4f}", span(c.interval), p_text(c.adjusted_p_value)))
    kinds = dict.fromkeys(pair.comparison.claim for pair in found.pairs)
    claims = " ".join(f"The claim is about {CLAIMS[kind]}." for kind in kinds)
    note = f"{found.groups} test groups, {found.examples} examples; {found.family}. {claims}"
    made = _markdown if form == "markdown" else _latex
    closing = note if form == "markdown" else f"% {note}"
    return "\n\n".join((made(first), made(second), closing))


def _markdown(rows: Sequence[tuple[str, ...]]) -> str:
    header, *body = [[cell.replace("|", r"\|") for cell in row] for row in rows]
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _latex(rows: Sequence[tuple[str, ...]]) -> str:
    header, *body = [" & ".join("".join(LATEX.get(c, c) for c in cell) for cell in row) + r" \\" for row in rows]
    columns = "l" + "r" * (len(rows[0]) - 1)
    return "\n".join(
        [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", header, r"\midrule", *body, r"\bottomrule", r"\end{tabular}"]
    )
