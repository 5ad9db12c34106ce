"""What a verdict holds, and its form on disk (`verdict.json`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from analysis.verdict.comparison import Comparison
from analysis.verdict.plain_answers import Constant, Variety


@dataclass(frozen=True)
class Row:
    """One configuration's test values."""

    name: str
    role: str  # finalist | baseline | untuned
    values: Mapping[int, float]  # seed -> metric; the untuned backbone stands under seed 0 alone
    mean: float
    standard_error: float | None  # of the mean, over seeds; None with one run
    interval: tuple[float, float] | None  # of the mean, over new test groups and, with several runs, new seeds

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Row:
        """The inverse of `dataclasses.asdict`, after JSON."""
        interval = plain["interval"]
        values = {int(seed): value for seed, value in plain["values"].items()}
        return cls(**{**plain, "values": values, "interval": None if interval is None else (interval[0], interval[1])})


@dataclass(frozen=True)
class Verdict:
    """What the confirm runs show."""

    metric: str
    mode: str  # max | min
    question: str  # baseline | each_other
    look: int  # earlier looks at the test data
    alpha: float  # the level used: the given one / 2^look
    rows: tuple[Row, ...]
    against_baseline: tuple[Comparison, ...]  # finalist minus baseline
    among_finalists: tuple[Comparison, ...]
    against_untuned: Comparison | None  # best finalist minus untuned backbone; a test of its own, in no family
    best: str  # the finalist with the best mean
    winner: str | None  # a finalist shown to be better than the baseline (each_other: than every other finalist)
    indistinguishable: tuple[str, ...]  # finalists that cannot be told from the best, itself first
    warnings: tuple[str, ...]
    constant: Constant | None = None  # the best single answer to every test clip, where answers are labels or texts
    variety: Mapping[str, Variety] = field(default_factory=dict)  # arm -> its least varied run
    labels: Mapping[str, str] = field(default_factory=dict)  # arm -> what it is, for the eye (`labels.renamed`)
    interim: tuple[int, ...] = ()  # numbers of seeds at which the confirmation was looked at; empty: at its end alone
    worth: float | None = None  # the smallest difference that matters, chosen before the data were seen
    each: str = "finalist"  # what the arms are to each other: `backbone` where each is the best of one
    design: tuple[str, ...] = ()  # what the sweep's own design makes hard to believe, whatever the answers are

    def as_dict(self) -> dict[str, Any]:
        """Plain values only, safe for JSON."""
        found: dict[str, Any] = _plain(asdict(self))
        return found

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Verdict:
        """The inverse of `as_dict`, after JSON; other entries, such as the sentence of a record, are passed over."""
        untuned, constant = plain["against_untuned"], plain.get("constant")
        return cls(
            **{
                **{entry.name: plain[entry.name] for entry in fields(cls) if entry.name in plain},
                "rows": tuple(Row.from_dict(row) for row in plain["rows"]),
                "against_baseline": tuple(Comparison.from_dict(each) for each in plain["against_baseline"]),
                "among_finalists": tuple(Comparison.from_dict(each) for each in plain["among_finalists"]),
                "against_untuned": None if untuned is None else Comparison.from_dict(untuned),
                "indistinguishable": tuple(plain["indistinguishable"]),
                "warnings": tuple(plain["warnings"]),
                "interim": tuple(plain.get("interim", ())),
                "design": tuple(plain.get("design", ())),
                "constant": None if constant is None else Constant(**constant),  # a record of before has none
                "variety": {name: Variety(**values) for name, values in plain.get("variety", {}).items()},
            }
        )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, tuple | list) else value
