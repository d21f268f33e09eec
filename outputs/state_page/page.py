"""``state.html``: one self-contained page for the operator."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb
import polars as pl

from outputs.district_states import STATES, status_rows
from outputs.next_steps import counted, long_date
from outputs.pages import BarPart, bar_parts, embedded_json, encode_texts, render_page
from outputs.question_ages import QuestionAges
from outputs.state_page.between import STANDING_NAMES, BetweenRow, between_rows, waiver_rows
from outputs.state_page.days import DayChart, day_chart
from outputs.state_page.heat import (
    Cause,
    Titles,
    frequent_causes,
    heat_data,
    records_in_state,
    rule_counts,
    tried_in_state,
)
from outputs.status import collection_due_date, collection_totals
from schemas.clock import MISSOURI, missouri_day
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.rule_files import read_titles

# Colour of each standing, in bars and badges.
_KINDS = {
    "missing": "error", "refused": "error", "errors": "error", "waiting": "warning", "near_matches": "warning",
    "recertify": "warning", "ready": "accent", "answered": "good", "certified": "good", "not_due": "quiet",
}  # fmt: skip
_BAR_ORDER = ("good", "accent", "warning", "error", "quiet")
# A file in quarantine is news for so long; nothing else ever ends it.
SET_ASIDE_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CollectionCard:
    """One collection at the head of the page."""

    title: str
    version: str
    due: str
    districts: str
    parts: list[BarPart]
    standings: list[tuple[str, str, str]]
    records: str
    errors: str


def state_html(
    con: duckdb.DuckDBPyConnection,
    now: datetime,
    *,
    dictionary: Dictionary,
    directory: Directory,
    ages: QuestionAges | None = None,
) -> bytes:
    """The page as it stands at a moment."""
    rows = status_rows(con, dictionary, directory, now)
    groups = [group for _, group in rows.group_by("collection_version", maintain_order=True)]
    looks = [_look(con, group, dictionary, now) for group in groups]
    heats = [look.heat for look in looks if look.heat]
    local = now.astimezone(MISSOURI)
    return render_page(
        "state.html.j2",
        title="MOSIS: where the state stands",
        data=_table_data(rows) if rows.height else None,
        script=("table.js", "state_page/heat.js"),
        style="state_page/state.css",
        made_at=f"{long_date(missouri_day(now))}, {local:%I:%M %p}".replace(", 0", ", "),
        attention=_attention(rows, _set_aside(con, now), ages),
        cards=[_card(group) for group in groups],
        causes=[(look.title, look.causes, max(each.failed for each in look.causes)) for look in looks if look.causes],
        heat=embedded_json(heats) if heats else None,
        charts=[look.chart for look in looks if look.chart],
        between=[(look.title, look.between) for look in looks if look.between],
        between_names=STANDING_NAMES,
        waivers=waiver_rows(con, now),
    )


@dataclass(frozen=True, slots=True)
class CollectionLook:
    """What one collection adds to the page below the table of districts."""

    title: str
    causes: list[Cause]
    heat: dict[str, Any] | None
    chart: DayChart | None
    between: list[BetweenRow]


def _look(con: duckdb.DuckDBPyConnection, group: pl.DataFrame, dictionary: Dictionary, now: datetime) -> CollectionLook:
    version, title = group["collection_version"][0], group["collection_title"][0]
    received = group.filter(pl.col("received_count") > 0)
    if not received.height:
        return CollectionLook(title, [], None, None, [])
    titles: Titles = read_titles(dictionary, dictionary.collection(version))
    counts = rule_counts(con, version, titles)
    names = dict(group.select("district_code", "district_name").iter_rows())
    return CollectionLook(
        title,
        frequent_causes(
            counts,
            tried_in_state(con, version, titles),
            titles,
            of_districts=received.height,
            of_records=records_in_state(con, version),
        ),
        heat_data(title, version, counts, titles, names) if counts.height else None,
        day_chart(con, version, title, missouri_day(now)),
        between_rows(con, version, titles, now),
    )


def _set_aside(con: duckdb.DuckDBPyConnection, now: datetime) -> int:
    """Files of known districts that went to quarantine of late."""
    found = con.execute(
        "SELECT count(*) FROM intake.submission WHERE status = 'quarantined' AND received_at > ?",
        [now - SET_ASIDE_FOR],
    ).fetchall()
    return int(found[0][0])


def _attention(rows: pl.DataFrame, set_aside: int, ages: QuestionAges | None) -> tuple[str, str]:
    """Colour and sentence of the head: what waits for the operator."""
    asks = {
        "ready": ("trial is ready to certify", "trials are ready to certify"),
        "recertify": ("corrected file is ready to certify anew", "corrected files are ready to certify anew"),
        "waiting": ("file waits for confirmation", "files wait for confirmation"),
        "missing": ("file is missing", "files are missing"),
    }
    by_state = dict(rows.group_by("state").len().iter_rows())
    parts = [counted(by_state[state], one, many) for state, (one, many) in asks.items() if by_state.get(state)]
    if set_aside:
        what = counted(set_aside, "file was", "files were")
        parts.append(f"{what} set aside in the last {SET_ASIDE_FOR.days} days; see the folder quarantine")
    if ages is not None and ages.flagged and (sentence := ages.sentence()):
        parts.append(sentence.removesuffix("."))
    if not rows.height and not parts:
        return "", "Nothing was received yet and no collection is open."
    if not parts:
        return "good", "Nothing waits for you. Districts that have something to correct have their reports."
    return "warning", "; ".join(parts) + "."


def _card(group: pl.DataFrame) -> CollectionCard:
    totals = collection_totals(group)
    standing, due = totals["standing"], collection_due_date(group)
    by_kind = dict.fromkeys(_BAR_ORDER, 0)
    for state, kind in _KINDS.items():
        by_kind[kind] += standing.get(state, 0)
    return CollectionCard(
        title=group["collection_title"][0],
        version=group["collection_version"][0],
        due=_due_words(group, due),
        districts=counted(totals["districts"], "district"),
        parts=bar_parts(list(by_kind.items()), totals["districts"]),
        standings=[
            (_KINDS[state], f"{standing[state]:,}", meaning) for state, meaning in STATES.items() if state in standing
        ],
        records=counted(totals["records"], "record"),
        errors=counted(totals["errors"], "error"),
    )


def _due_words(group: pl.DataFrame, due: Any) -> str:
    if due is None:
        return "No deadline"
    days = int(group.filter(pl.col("due_date") == due)["days_left"][0])
    if days == 0:
        return f"Due today, {long_date(due)}"
    when = f"{counted(days, 'day')} left" if days > 0 else f"{counted(-days, 'day')} ago"
    return f"Due {long_date(due)} ({when})"


def _table_data(rows: pl.DataFrame) -> dict[str, Any]:
    states, state_values = encode_texts(rows["state"])
    urgency = list(STATES)
    names = [f"{code} {name}" for code, name in rows.select("district_code", "district_name").iter_rows()]
    titles = rows["collection_title"].to_list()
    received = rows["last_received_at"].dt.convert_time_zone(MISSOURI.key).dt.strftime("%b %d, %H:%M")
    return {
        "size": rows.height,
        "sort": "state",
        "page": 12,
        "columns": [
            _text("collection", "Collection", titles, filter="All collections", hidden=True),
            {**_text("district", "District", names), "note": _text("of", "", rows["collection_version"].to_list())},
            {
                "id": "state", "label": "Stands at", "kind": "badge", "values": state_values,
                "lookup": [STATES[state] for state in states], "classes": [_KINDS[state] for state in states],
                "order": [urgency.index(state) for state in states], "filter": "All standings",
            },
            _number("files", "Files", rows["received_count"]),
            _number("records", "Records", rows.select(pl.coalesce("trial_records", "certified_records")).to_series()),
            _number("errors", "Errors", rows["errors"]),
            _number("warnings", "Warnings", rows["warnings"]),
            _number("questions", "Near matches", rows["near_matches"]),
            {
                **_text("received", "Last file", received.to_list(), keep=True, order=_time_order(received, rows["last_received_at"])),
                "note": _text("late", "", ["late" if late else None for late in rows["is_late"]]),
            },
            {"id": "days", "label": "Days left", "kind": "number", "values": rows["days_left"].to_list()},
        ],
    }  # fmt: skip


def _text(name: str, label: str, texts: list[str | None] | list[str], **more: Any) -> dict[str, Any]:
    lookup, values = encode_texts(texts)
    return {"id": name, "label": label, "lookup": lookup, "values": values, **more}


def _time_order(texts: pl.Series, moments: pl.Series) -> list[int]:
    """Place in time of each distinct text, in the order in which the texts are first seen."""
    first: dict[str, int] = {}
    for text, rank in zip(texts, moments.rank("dense"), strict=True):
        if text is not None:
            first.setdefault(text, rank)
    return list(first.values())


def _number(name: str, label: str, counts: pl.Series) -> dict[str, Any]:
    """Counts, largest first at the first click; a zero is left blank so that the others stand out."""
    return {
        "id": name, "label": label, "kind": "number", "biggest": True,
        "values": [count or None for count in counts],
    }  # fmt: skip
