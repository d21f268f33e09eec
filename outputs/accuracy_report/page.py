"""``accuracy.html``: how often identity is wrong, against its goals, for whoever has to decide whether to trust it.

Everything comes as plain values (``flows.accuracy_pool``); this module only says it in sentences, tables and charts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from outputs.accuracy_report.chart import Chart, frontier_charts
from outputs.pages import BarPart, bar_parts, render_page

MOST_CAUSES = 8
SUBGROUP_TITLES = {
    "all": "All", "Hispanic": "Hispanic names", "not Hispanic": "Other names", "twins": "Twins", "moved": "Movers",
    "no SSN": "No SSN",
}  # fmt: skip
MODE_TITLES = {
    "cold": ("Cold start", "No record names a state ID: everything has to be found by the child’s data."),
    "warm": (
        "In operation",
        "Nine of ten records of the second year name a state ID; one in 500 of those is wrong: mistyped, a sibling’s or a "
        "stranger’s.",
    ),
    "plain": (
        "Plain splink at 0.95, for comparison",
        "The same records, splink’s own comparisons, unsupervised training and clusters; no guard, no review, no permanence.",
    ),
    "rule": (
        "The exact rule, for comparison",
        "Equal names and birth date, or equal district and local ID. The moves it links are those on which nobody made a "
        "mistake: it shows how hard the measured states are.",
    ),
}
CAUSE_TITLES = {
    "false merge": "What false merges are made of",
    "split": "What splits are made of",
    "move not linked": "What moves that were not linked are made of",
}
VARIANT_MEASURES = (
    "false merges", "splits", "twin sets merged", "pupils in review", "settled without a clerk", "moves linked",
    "stays linked", "pairwise F1", "Hispanic gap, moves linked",
)  # fmt: skip
# measure and digits shown; the first figure of every tile is the cold one.
TILES = (("false merges", 2), ("twin sets merged", 2), ("settled without a clerk", 2), ("splits", 0), ("moves linked", 1),
         ("Hispanic gap, moves linked", 1))  # fmt: skip

Row = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """A table of texts; the first ``names`` columns are words, the others figures."""

    title: str
    heads: list[str]
    rows: list[list[Any]]
    names: int = 1
    lead: str = ""


@dataclass(frozen=True)
class Causes:
    """Bars of one kind of error: cause, who and how it ended, share, bar."""

    title: str
    total: int
    bars: list[tuple[str, str, str, list[BarPart]]]


@dataclass(frozen=True)
class Part:
    """Everything about states of one size."""

    heading: str
    provenance: str
    tiles: list[tuple[str, str, str]]
    goals: list[tuple[Row, str]]
    charts: list[Chart]
    measures: list[Table]
    variants: Table | None
    causes: list[Causes]
    reasons: list[Table]
    by_seed: Table


def render_accuracy_report(
    groups: Sequence[Row],
    variant_titles: dict[str, str],
    error_rates: Sequence[Sequence[str]],
    meanings: Sequence[Sequence[str]],
) -> bytes:
    """The page.

    Args:
        groups: ``Pooled.to_json`` of each size and variant, the state as given first within a size.
        error_rates: error, rate, among, comment.
        meanings: measure, unit, what is counted.
    """
    given = [group for group in groups if group["variant"] == "as-given"] or list(groups[:1])
    parts = [_part(group, groups, variant_titles) for group in given]
    missed = [goal for part in parts for goal, _ in part.goals if not goal["met"]]
    return render_page(
        "accuracy.html.j2",
        title="Accuracy of identity",
        data=None,
        style="accuracy_report/accuracy.css",
        verdict=_verdict(missed),
        headline=_headline(given[0]),
        missed=[_missed(goal) for goal in missed],
        parts=parts,
        error_rates=[list(row) for row in error_rates],
        meanings=[list(row) for row in meanings],
    )


def _verdict(missed: Sequence[Row]) -> str:
    if any(goal["kind"] == "gate" for goal in missed):
        return "error"
    return "warning" if missed else "good"


def _headline(group: Row) -> tuple[str, str]:
    cold = group["modes"]["cold"]
    merges, settled = _figure(cold, "false merges"), _figure(cold, "settled without a clerk")
    title = f"{merges['count']:,} false merge{'' if merges['count'] == 1 else 's'} among {merges['among']:,} children"
    lead = (
        f"{merges['value']:.2f} per 100,000; with 95% confidence at most {merges['high']:.2f}. "
        f"{settled['value']:.2f}% of the records were settled without a clerk."
    )
    return title, lead


def _missed(goal: Row) -> str:
    return (
        f"{'Gate' if goal['kind'] == 'gate' else 'Goal'} missed ({goal['mode']}): {goal['measure']} "
        f"{goal['value']:,.2f} {goal['unit']}, {goal['relation']} {goal['limit']:g} wanted."
    )


def _part(group: Row, groups: Sequence[Row], variant_titles: dict[str, str]) -> Part:
    size = [
        other for other in groups if (other["students"], other["districts"]) == (group["students"], group["districts"])
    ]
    states = len(group["seeds"])
    mixed = " Several versions of the code were measured: compare with care." if len(group["code_versions"]) > 1 else ""
    modes = group["modes"]
    return Part(
        heading=f"{states} state{'s' if states > 1 else ''} of {group['students']:,} students, two years",
        provenance=(
            f"{group['districts']} districts. {_seeds(group)}. "
            f"Model {', '.join(group['model_versions'])}, code {', '.join(group['code_versions'])}.{mixed}"
        ),
        tiles=[_tile(modes["cold"], measure, digits) for measure, digits in TILES if _has(modes["cold"], measure)],
        goals=[(goal, _result(goal)) for mode in modes.values() for goal in mode["goals"]],
        charts=frontier_charts(modes["cold"]["frontier"]),
        measures=[_measures(name, mode) for name, mode in modes.items()],
        variants=_variants(size, variant_titles) if len(size) > 1 else None,
        causes=[causes for error in CAUSE_TITLES if (causes := _causes(error, modes["cold"]["causes"]))],
        reasons=[_reasons(name, mode) for name, mode in modes.items() if mode["reasons"]],
        by_seed=_by_seed(group["by_seed"]),
    )


def _seeds(group: Row) -> str:
    source = "Some seeds were given by hand" if group["given_seeds"] else "Seeds from the operating system"
    return f"{source}: {', '.join(map(str, group['seeds']))}"


def _figure(mode: Row, measure: str) -> Row:
    return next(row for row in mode["measures"] if (row["measure"], row["subgroup"]) == (measure, "all"))


def _has(mode: Row, measure: str) -> bool:
    return any((row["measure"], row["subgroup"]) == (measure, "all") for row in mode["measures"])


def _tile(mode: Row, measure: str, digits: int) -> tuple[str, str, str]:
    figure = _figure(mode, measure)
    goal = next((goal for goal in mode["goals"] if goal["measure"] == measure), None)
    kind = "" if goal is None else "good" if goal["met"] else "error" if goal["kind"] == "gate" else "warning"
    return f"{measure}, {figure['unit']}", f"{figure['value']:,.{digits}f}", kind


def _result(goal: Row) -> str:
    if not goal["met"]:
        return f"missed by {-goal['slack']:,.2f}"
    return f"met by {goal['slack']:,.2f}" if goal["slack"] else "met"


def _measures(name: str, mode: Row) -> Table:
    title, lead = MODE_TITLES[name]
    subgroups = list(dict.fromkeys(row["subgroup"] for row in mode["measures"]))
    units = {row["measure"]: row["unit"] for row in mode["measures"]}
    cells = {(row["measure"], row["subgroup"]): _cell(row) for row in mode["measures"]}
    rows = [[(measure, unit), *(cells.get((measure, group)) for group in subgroups)] for measure, unit in units.items()]
    return Table(title, ["Measure", *(SUBGROUP_TITLES.get(group, group) for group in subgroups)], rows, lead=lead)


def _cell(row: Row) -> tuple[str, str]:
    return f"{row['value']:,.2f}", f"{row['low']:,.1f} – {row['high']:,.1f}"


def _variants(size: Sequence[Row], titles: dict[str, str]) -> Table:
    cells = [
        {row["measure"]: row for row in group["modes"]["cold"]["measures"] if row["subgroup"] == "all"}
        for group in size
    ]
    rows = [
        [
            (measure, cells[0][measure]["unit"]),
            *(_cell(table[measure]) if measure in table else None for table in cells),
        ]
        for measure in VARIANT_MEASURES
        if measure in cells[0]
    ]
    if all("rule" in group["modes"] for group in size):
        cells_of_rule = [_cell(_figure(group["modes"]["rule"], "moves linked")) for group in size]
        rows.append([("moves linked by the exact rule", "how hard the states are"), *cells_of_rule])
    heads = [f"{titles[group['variant']]} ({len(group['seeds'])})" for group in size]
    lead = "Cold start. In brackets: how many states were measured."
    return Table("At other error rates and without a field", ["Measure", *heads], rows, lead=lead)


def _causes(error: str, rows: Sequence[Row]) -> Causes | None:
    found = [row for row in rows if row["error"] == error]
    total = sum(row["count"] for row in found)
    if not total:
        return None
    top = found[:MOST_CAUSES]
    most = top[0]["count"]
    bars = [
        (row["cause"], f"{row['who']}; {row['how']}", _counted(row["count"], total),
         bar_parts([("error" if error == "false merge" else "accent", row["count"])], most))
        for row in top
    ]  # fmt: skip
    rest = total - sum(row["count"] for row in top)
    if rest:
        bars.append(("everything rarer", "", _counted(rest, total), bar_parts([("quiet", rest)], max(most, rest))))
    return Causes(CAUSE_TITLES[error], total, bars)


def _counted(count: int, total: int) -> str:
    return f"{count:,} ({100 * count / total:.0f}%)"


def _reasons(name: str, mode: Row) -> Table:
    rows = [
        [row["outcome"], row["reason"], f"{row['records']:,}", f"{1000 * row['pupils'] / mode['pupils']:,.2f}"]
        for row in mode["reasons"]
    ]
    return Table(f"Answers by reason: {MODE_TITLES[name][0].lower()}", ["Outcome", "Reason", "Records", "Children per 1,000"],
                 rows, names=2)  # fmt: skip


def _by_seed(figures: Sequence[Row]) -> Table:
    shown = (
        ("false merges", 1, 0), ("splits", 1e5, 0), ("settled without a clerk", 100, 2), ("moves linked", 100, 1),
        ("warm false merges", 1, 0), ("wrong IDs flagged", 100, 1), ("seconds", 1, 0), ("peak_mib", 1, 0),
    )  # fmt: skip
    rows = [
        [
            str(run["seed"]),
            *("" if run[name] is None else f"{run[name] * scale:,.{digits}f}" for name, scale, digits in shown),
        ]
        for run in figures
    ]
    heads = ["Seed", "False merges", "Splits per 100,000", "Settled, %", "Moves linked, %", "Warm: false merges",
             "Wrong IDs flagged, %", "Seconds", "Peak MiB"]  # fmt: skip
    return Table("Each seed", heads, rows)
