"""What ``mosis review`` prints: tables for a terminal of 80 columns; IDs and codes, no name of a student."""

from typing import TYPE_CHECKING

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from flows.review_import import ImportResult
    from matching.forecast import Forecast

# Terminals and pipes hold so many lines; --json has all.
MOST_ROWS = 200


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for name, side in columns:
        table.add_column(name, justify="right" if side == "right" else "left", overflow="fold")
    return table


def print_questions(questions: pl.DataFrame, proposals: int) -> None:
    console = Console()
    if questions.is_empty():
        console.print("No question is open.", highlight=False)
    else:
        table = _table(
            ("question", "left"), ("district", "left"), ("days", "right"), ("reason", "left"), ("bits", "right"),
            ("candidates", "right"), ("group", "left"),
        )  # fmt: skip
        for row in questions.head(MOST_ROWS).iter_rows(named=True):
            weight = "" if row["match_weight"] is None else f"{row['match_weight']:.1f}"
            table.add_row(
                row["near_match_id"], row["district_code"], str(row["age_days"]), row["reason"], weight,
                str(len(row["candidates"])), row["group_id"],
            )  # fmt: skip
        console.print(table)
        console.print(_more(questions.height, "open question"), highlight=False)
    if proposals:
        console.print(
            f"{proposals:,} merge proposal{'' if proposals == 1 else 's'}: mosis review list --proposals",
            highlight=False,
        )


def print_groups(groups: pl.DataFrame) -> None:
    console = Console()
    if groups.is_empty():
        console.print("No question is open.", highlight=False)
        return
    for row in groups.head(MOST_ROWS).iter_rows(named=True):
        count = row["questions"]
        console.print(
            f"[bold]{row['group_id']}[/bold]  {count:,} question{'' if count == 1 else 's'} of "
            f"{row['districts']:,} district{'' if row['districts'] == 1 else 's'}, oldest {row['oldest']} days  "
            f"{row['reason']}",
            highlight=False,
        )
        console.print(f"    {row['pattern']}", highlight=False)
    console.print(_more(groups.height, "group"), highlight=False)


def print_proposals(proposals: pl.DataFrame) -> None:
    console = Console()
    if proposals.is_empty():
        console.print("No merge is proposed.", highlight=False)
        return
    table = _table(("proposal", "left"), ("ID", "left"), ("other ID", "left"), ("reason", "left"), ("bits", "right"))
    for row in proposals.head(MOST_ROWS).iter_rows(named=True):
        weight = "" if row["match_weight"] is None else f"{row['match_weight']:.1f}"
        table.add_row(row["proposal_id"], row["state_id"], row["other_state_id"], row["reason"], weight)
    console.print(table)
    console.print(_more(proposals.height, "merge proposal"), highlight=False)


def _more(count: int, what: str) -> str:
    shown = f" The first {MOST_ROWS} are shown; --json has all." if count > MOST_ROWS else ""
    return f"{count:,} {what}{'' if count == 1 else 's'}.{shown}"


_OUTCOMES = {
    "REUSED": "linked", "CONFIRMED": "linked", "NEW": "new ID", "CANCELED": "canceled",
    "NEAR_MATCH": "asked again: somebody alike came since", "APART": "kept apart", "MERGED": "merged",
    "MERGE_WAITS": "the merge waits for the end of the testing window",
    "MERGE_PROPOSED": "the merge waits for a second person (mosis ids acts --open)",
}  # fmt: skip


def print_result(result: "ImportResult") -> None:
    console = Console()
    for each in result.answered:
        given = f" {each.state_id}" if each.state_id else ""
        console.print(f"line {each.line}: {each.item} {each.decision}: {_OUTCOMES.get(each.outcome, each.outcome)}{given}",
                      highlight=False, soft_wrap=True)  # fmt: skip
    for refusal in result.refused:
        console.print(
            f"line {refusal.line}: {refusal.item} refused ({refusal.reason}): {refusal.message}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    console.print(f"{len(result.answered):,} decided, {len(result.refused):,} refused.", highlight=False)


def print_forecast(result: "Forecast") -> None:
    console = Console()
    table = _table(("", "left"), ("today", "right"), ("then", "right"), ("change", "right"))
    for name in ("upper", "lower", "margin"):
        one, other = result.today[name], result.then[name]
        table.add_row(f"{name} threshold, bits", f"{one:g}", f"{other:g}", f"{other - one:+g}" if one != other else "")
    for label, (before, after) in (
        ("linked by the model", result.links), ("questions", result.questions), ("new", result.new),
    ):  # fmt: skip
        table.add_row(label, f"{before:,}", f"{after:,}", f"{after - before:+,}" if before != after else "")
    before_risk, after_risk = result.false_links
    table.add_row("expected false links", f"{before_risk:.4f}", f"{after_risk:.4f}", f"{after_risk - before_risk:+.4f}")
    console.print(table)
    for move in result.moves:
        told = move.same + move.different
        said = f"; of these clerks decided {told:,}: {move.same:,} SAME, {move.different:,} DIFFERENT" if told else ""
        console.print(
            f"{move.before} -> {move.after}: {move.lines:,} line{'' if move.lines == 1 else 's'}{said}", highlight=False
        )
    console.print(
        f"Over {result.lines:,} lines that the model decided. {result.other_questions:,} other questions were asked for a "
        "reason that no threshold moves. Expected false links take the model at its word: a link of w bits is wrong "
        "once in 1 + 2^w.",
        highlight=False,
    )
