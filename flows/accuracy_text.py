"""A pooled measurement as text: goals first, then every measure by subgroup, what the errors are made of, the frontier."""

from collections.abc import Sequence
from io import StringIO
from typing import Any

import polars as pl

from flows.accuracy import AS_GIVEN, COLD, PLAIN, RULE, VARIANTS, WARM
from flows.accuracy_pool import Pooled, PooledMode, seed_figures
from matching.evaluation import EVERYBODY, MEASURES
from sample_data.tables import read_table

WIDTH = 118
MOST_CAUSES = 8
MODE_TITLES = {
    COLD: "Cold: no record names a state ID",
    WARM: "Warm: nine of ten records of the second year name a state ID, one in 500 of them a wrong one",
    PLAIN: "Plain splink at 0.95 on the same requests: its own comparisons, training and clusters; no guard, no review",
    RULE: "Exact rule on the same requests: equal names and birth date, or equal district and local ID (how hard the state is)",
}
FRONTIER_TITLE = "The frontier: what other thresholds would have done (bits); 'first run' counts the first run alone"
KIND_TITLES = {
    "false merge": "False merges are made of",
    "split": "Splits are made of",
    "move not linked": "Moves that were not linked are made of",
}


def describe(groups: Sequence[Pooled]) -> str:
    """Every group of measurements, the variants of a size in one table after it."""
    lines: list[str] = []
    for group in groups:
        if group.variant == AS_GIVEN:
            variants = [
                other for other in groups if other.students == group.students and other.districts == group.districts
            ]
            lines += _size(group, variants)
    alone = [
        group for group in groups if not any(g.variant == AS_GIVEN and g.students == group.students for g in groups)
    ]
    if alone:
        lines += _variants(alone)
    return "\n".join(lines)


def headline(group: Pooled) -> str:
    """The one sentence: how many children, how many false merges, how much was settled."""
    mode = group.modes[COLD]
    figures = _figures(mode.table)
    merges = figures["false merges"]
    return (
        f"{len(group.seeds)} state{'s' if len(group.seeds) > 1 else ''} of {group.students:,} students: "
        f"{merges['count']:,} false merge{'' if merges['count'] == 1 else 's'} among {mode.pupils:,} children "
        f"({merges['value']:.2f} per 100,000; at most {merges['high']:.2f} with 95% confidence), "
        f"{figures['settled without a clerk']['value']:.2f}% of records settled without a clerk."
    )


def _size(group: Pooled, variants: Sequence[Pooled]) -> list[str]:
    lines = [headline(group), _provenance(group), "", *_goals(group), "", *_by_seed(group)]
    for mode in (COLD, WARM):
        if mode in group.modes:
            lines += ["", *_measures(MODE_TITLES[mode], group.modes[mode])]
            lines += ["", *_reasons(group.modes[mode]), *_causes(group.modes[mode])]
    for baseline in (PLAIN, RULE):
        if baseline in group.modes:
            lines += ["", *_measures(MODE_TITLES[baseline], group.modes[baseline])]
    if len(variants) > 1:
        lines += ["", *_variants(variants)]
    return [*lines, "", *_frontier(group.modes[COLD]), "", *_error_rates(), ""]


def _provenance(group: Pooled) -> str:
    source = "some given by hand" if group.given_seeds else "from the operating system"
    seeds = f"{', '.join(map(str, group.seeds))} ({source})"
    mixed = " Several versions of the code were measured: compare with care." if len(group.code_versions) > 1 else ""
    return (
        f"{group.districts} districts; seeds {seeds}; model {', '.join(group.model_versions)}, "
        f"code {', '.join(group.code_versions)}.{mixed} Intervals: 95%, exact."
    )


def _goals(group: Pooled) -> list[str]:
    judged = [one for mode in group.modes.values() for one in mode.judged]
    rows = [
        (
            one.mode, one.kind, one.measure, f"{one.value:,.2f}", f"{one.low:,.2f}–{one.high:,.2f}",
            f"{one.relation} {one.limit:g}", "met" if one.met else "MISSED", f"{one.slack:+,.2f}",
            f"{one.stretch:g} {'met' if one.stretch_met else 'missed'}", one.unit,
        )
        for one in judged
    ]  # fmt: skip
    heads = ("mode", "kind", "measure", "value", "interval", "limit", "", "by", "stretch", "unit")
    return _table("Gates and goals", heads, rows, right=(3, 4, 7))


def _measures(title: str, mode: PooledMode) -> list[str]:
    """One line a measure, one column a subgroup; the interval stands under the figure."""
    subgroups = mode.table["subgroup"].unique(maintain_order=True).to_list()
    cells = {(row["measure"], row["subgroup"]): _cell(row) for row in mode.table.iter_rows(named=True)}
    units = dict(mode.table.select("measure", "unit").unique(maintain_order=True).iter_rows())
    rows = [
        (measure, unit, *(cells.get((measure, subgroup), "") for subgroup in subgroups))
        for measure, unit in units.items()
    ]
    return _table(title, ("measure", "unit", *subgroups), rows, right=tuple(range(2, 2 + len(subgroups))))


def _by_seed(group: Pooled) -> list[str]:
    rows = []
    for run in group.runs:
        figures = seed_figures(run)
        rows.append(
            (
                str(figures["seed"]), _number(figures["false merges"], 1, 0), _number(figures["splits"], 1e5, 0),
                _number(figures["settled without a clerk"], 100, 2), _number(figures["moves linked"], 100, 1),
                _number(figures["warm false merges"], 1, 0), _number(figures["wrong IDs flagged"], 100, 1),
                f"{figures['seconds']:,.0f}", f"{figures['peak_mib'] or 0:,}",
            )
        )  # fmt: skip
    heads = (
        "seed", "false merges", "splits per 100,000", "settled %", "moves linked %", "warm: false merges",
        "wrong IDs flagged %", "seconds", "peak MiB",
    )  # fmt: skip
    return _table("Each seed", heads, rows, right=tuple(range(9)))


def _reasons(mode: PooledMode) -> list[str]:
    rows = [
        (row["outcome"], row["reason"], f"{row['records']:,}", f"{row['pupils']:,}",
         f"{1000 * row['pupils'] / mode.pupils:,.2f}")
        for row in mode.reasons.iter_rows(named=True)
    ]  # fmt: skip
    return _table("Answers by reason", ("outcome", "reason", "records", "pupils", "per 1,000 pupils"), rows, (2, 3, 4))


def _causes(mode: PooledMode) -> list[str]:
    lines: list[str] = []
    for error, title in KIND_TITLES.items():
        causes = mode.causes.filter(pl.col("error") == error)
        total = int(causes["count"].sum())
        if total:
            top = causes.head(MOST_CAUSES)
            rows = [
                (f"{row['count']:,}", f"{100 * row['count'] / total:.0f}%", row["who"], row["cause"], row["how"])
                for row in top.iter_rows(named=True)
            ]
            rest = total - int(top["count"].sum())
            rows += [(f"{rest:,}", f"{100 * rest / total:.0f}%", "", "everything rarer", "")] if rest else []
            lines += ["", *_table(f"{title} ({total:,})", ("count", "share", "who", "cause", "ended as"), rows, (0, 1))]
    return lines


def _variants(variants: Sequence[Pooled]) -> list[str]:
    measures = [
        "false merges", "splits", "twin sets merged", "pupils in review", "settled without a clerk", "moves linked",
        "stays linked", "pairwise F1", "Hispanic gap, moves linked",
    ]  # fmt: skip
    tables = [_figures(group.modes[COLD].table) for group in variants]
    rows = [
        (name, *(_cell(table[name]) if name in table else "" for table in tables), tables[0][name]["unit"])
        for name in measures
        if name in tables[0]
    ]
    if all(RULE in group.modes for group in variants):
        cells = [_cell(_figures(group.modes[RULE].table)["moves linked"]) for group in variants]
        rows.append(("moves linked by the exact rule", *cells, "% of moves"))
    titles = [f"{VARIANTS[group.variant].title}\n{len(group.seeds)} seeds" for group in variants]
    return _table("Cold, at other error rates and without a field", ("measure", *titles, "unit"), rows,
                  tuple(range(1, 1 + len(titles))))  # fmt: skip


def _frontier(mode: PooledMode) -> list[str]:
    rows = [
        (
            f"{row['upper']:g}", f"{row['lower']:g}", f"{row['margin']:g}", f"{row['new_upper']:g}",
            f"{1000 * row['pupils_in_review'] / row['pupils']:.2f}", f"{row['false_merges']:,}",
            f"{1e5 * row['false_merges'] / row['pupils']:.2f}", f"{1e5 * row['splits'] / row['pupils']:.0f}",
            f"{100 * row['moves_linked'] / row['moves']:.1f}" if row["moves"] else "",
            {"link": "", "new": "first run"}[row["kind"]] + (" <- in force" if row["is_in_force"] else ""),
        )
        for row in mode.frontier.iter_rows(named=True)
    ]  # fmt: skip
    heads = ("upper", "lower", "margin", "new_upper", "review per 1,000", "false merges", "per 100,000",
             "splits per 100,000", "moves linked %", "")  # fmt: skip
    return _table(
        "The frontier: what other thresholds would have done (bits); 'first run' counts the first run alone",
        heads,
        rows,
        tuple(range(9)),
    )


def _error_rates() -> list[str]:
    rows = [tuple(row) for row in read_table("error_rates.csv").iter_rows()]
    return _table(
        "Error rates of the sample, drawn per registration", ("error", "rate", "among", "comment"), rows, (1,)
    )


def _figures(table: pl.DataFrame) -> dict[str, dict[str, Any]]:
    return {row["measure"]: row for row in table.filter(pl.col("subgroup") == EVERYBODY).iter_rows(named=True)}


def _cell(row: dict[str, Any]) -> str:
    return f"{row['value']:,.2f}\n{row['low']:,.1f}–{row['high']:,.1f}"


def _number(value: float | None, scale: float, digits: int) -> str:
    return "" if value is None else f"{value * scale:,.{digits}f}"


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int]) -> list[str]:
    from rich.console import Console
    from rich.table import Table

    table = Table(*heads, title=title, title_justify="left", box=None, pad_edge=False)
    for place in right:
        table.columns[place].justify = "right"
    for row in rows:
        table.add_row(*row)
    page = StringIO()
    Console(file=page, width=WIDTH).print(table)
    return [page.getvalue().rstrip()]


def meanings() -> list[tuple[str, str, str]]:
    """Every measure with its unit and what is counted."""
    return [(name, unit, meaning) for name, (unit, _, _, meaning) in MEASURES.items()]
