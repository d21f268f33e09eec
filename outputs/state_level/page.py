"""``state_level.html``: the page on which a district sees whom to call, about which student, and by when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from outputs.next_steps import counted, long_date
from outputs.pages import encode_texts, render_page
from outputs.state_level.content import DistrictFindings
from outputs.state_level.sharing import RECEIVES, SENDS

_DUE = {RECEIVES: "Ask for the records by", SENDS: "Send the records by"}
_STATUS = {"open": "open", "reopened": "came back", "contacted": "contacted", "accepted": "accepted"}
_STATUS_CLASS = {"open": "warning", "reopened": "warning", "contacted": "accent", "accepted": "good"}
LISTED_CALLS, LISTED_KINDS = 12, 4
_ALONE = "No other district"


@dataclass(frozen=True, slots=True)
class Call:
    """One district to call, with all that there is to settle.

    Attributes:
        lines: title and number of findings, most first; due: the first day by which something has to be done, in words.
        place: of the district among the table's, for the button that shows its rows.
    """

    name: str
    code: str | None
    contact_name: str | None
    contact_email: str | None
    contact_phone: str | None
    count: int
    students: int
    lines: tuple[tuple[str, int], ...]
    due: str | None
    is_overdue: bool
    place: int


def state_level_html(findings: DistrictFindings) -> bytes:
    """The page: self-contained, without any field of another district but those a locator shows."""
    rows = findings.rows
    open_rows = findings.open_rows
    names = _other_names(rows)
    calls = list(_calls(open_rows, names, findings.day))
    return render_page(
        "state_level.html.j2",
        title=f"Between districts: {findings.district_name}",
        data=_table(rows, names) if rows.height else None,
        findings=findings,
        day=long_date(findings.day),
        headline=_headline(open_rows, calls),
        lead=_lead(open_rows, calls),
        kind="warning" if open_rows.height else "good",
        tiles=list(_tiles(findings)),
        calls=calls,
        has_others=_has_others(calls),
        listed=LISTED_CALLS,
        listed_kinds=LISTED_KINDS,
        kinds=_kinds(open_rows),
        cleared=_cleared(findings),
    )


def _headline(open_rows: pl.DataFrame, calls: Sequence[Call]) -> str:
    if open_rows.is_empty():
        return "Nothing is open between you and other districts"
    findings = counted(open_rows.height, "finding")
    if not _has_others(calls):
        return f"{findings} to correct in your own file"
    return f"{findings} to settle with other districts"


def _has_others(calls: Sequence[Call]) -> bool:
    """Whether any other district has to be called."""
    return any(call.code for call in calls)


def _lead(open_rows: pl.DataFrame, calls: Sequence[Call]) -> str:
    if open_rows.is_empty():
        return "Every finding that compared your files with those of other districts is corrected or accepted."
    others = sum(call.code is not None for call in calls)
    students = counted(_students(open_rows), "student")
    with_whom = f" and {counted(others, 'district')}" if others else ""
    return f"About {students}{with_whom}. None of this stops your certification."


def _students(rows: pl.DataFrame) -> int:
    return rows.select(pl.coalesce("state_id", "finding_id").n_unique()).item()


def _tiles(findings: DistrictFindings) -> Iterator[tuple[str, str, str]]:
    """Kind, number and label of each tile."""
    rows, today = findings.rows, findings.day
    counts = dict(rows.group_by("status").len().iter_rows())
    still = counts.get("open", 0) + counts.get("reopened", 0)
    yield "warning" if still else "good", f"{still:,}", "not called yet"
    yield "", f"{counts.get('contacted', 0):,}", "contacted"
    if counts.get("accepted"):
        yield "", f"{counts['accepted']:,}", "accepted"
    overdue = findings.open_rows.filter(pl.col("due_date") < today, pl.col("status") != "contacted").height
    if overdue:
        yield "error", f"{overdue:,}", "past their day"
    yield "", f"{rows.filter('is_new').height:,}", "new today"
    yield "good", f"{findings.cleared.height:,}", "cleared today"


def _other_names(rows: pl.DataFrame) -> list[str]:
    """For each row the other district as the table names it."""
    return [
        _ALONE if code is None else f"{name or 'District'} ({code})"
        for code, name in rows.select("other_district_code", "other_name").iter_rows()
    ]


def _calls(open_rows: pl.DataFrame, names: Sequence[str], today: date) -> Iterator[Call]:
    """The districts to call: whose day comes first, then with whom there is most to settle; what needs no call comes last."""
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    groups = open_rows.partition_by("other_district_code", maintain_order=True)
    ordered = sorted(groups, key=_urgency)
    for group in ordered:
        first = group.row(0, named=True)
        code = first["other_district_code"]
        name = _other_names(group.head(1))[0]
        lines = group.group_by("title").len().sort(["len", "title"], descending=[True, False])
        due, is_overdue = _first_due(group, today)
        yield Call(
            name=(first["other_name"] or "A district that is not in the directory") if code else "In your own file",
            code=code,
            contact_name=first["contact_name"],
            contact_email=first["contact_email"],
            contact_phone=first["contact_phone"],
            count=group.height,
            students=_students(group),
            lines=tuple(lines.iter_rows()),
            due=due,
            is_overdue=is_overdue,
            place=places[name],
        )


def _urgency(group: pl.DataFrame) -> tuple[bool, date, int, str]:
    waiting = group.filter(pl.col("status") != "contacted")["due_date"].drop_nulls()
    code = group["other_district_code"][0]
    first = waiting.min() if len(waiting) else None
    return code is None, first if isinstance(first, date) else date.max, -group.height, code or ""


def _first_due(group: pl.DataFrame, today: date) -> tuple[str | None, bool]:
    """What has to be done first and by when; whether that day is past."""
    waiting = group.filter(pl.col("due_date").is_not_null(), pl.col("status") != "contacted").sort("due_date")
    if waiting.is_empty():
        return None, False
    row = waiting.row(0, named=True)
    day, students = row["due_date"], waiting.filter(pl.col("side") == row["side"]).height
    many = f" ({counted(students, 'student')})" if students > 1 else ""
    return f"{_DUE.get(row['side'], 'Settle it by')} {long_date(day)}{many}", day < today


def _kinds(open_rows: pl.DataFrame) -> list[tuple[str, int, str, str | None]]:
    """Title, number, message and fix of each kind of finding, most first."""
    kinds = open_rows.group_by("title", "message", "fix").len()
    ordered = kinds.sort(["len", "title"], descending=[True, False])
    return list(ordered.select("title", "len", "message", "fix").iter_rows())


def _cleared(findings: DistrictFindings) -> list[tuple[str, int]]:
    counts = findings.cleared.group_by("title").len().sort(["len", "title"], descending=[True, False])
    return [(title, count) for title, count in counts.iter_rows()]


def _table(rows: pl.DataFrame, names: Sequence[str]) -> dict[str, Any]:
    """What table.js shows."""
    texts = _texts(rows)
    columns = [
        _column("other", "Other district", names, filter="All districts"),
        {
            **_column("student", "Student", texts["own"].to_list()),
            "found": _column("there", "", texts["there"].to_list()),
            "note": _column("numbers", "", texts["numbers"].to_list()),
        },
        {
            **_column("what", "What is wrong", texts["title"].to_list(), filter="All kinds"),
            "found": _column("value", "In your file:", rows["value"].to_list()),
        },
        {
            **_column("due", "Due", texts["due"].to_list()),
            "order": _day_order(texts["due"].to_list(), rows["due_date"].to_list()),
        },
        _status_column(rows),
        _column("since", "Since", texts["since"].to_list(), filter="New and old", keep=True),
    ]
    return {"size": rows.height, "columns": columns}


def _column(name: str, label: str, texts: Sequence[str | None], **more: Any) -> dict[str, Any]:
    lookup, values = encode_texts(texts)
    return {"id": name, "label": label, "lookup": lookup, "values": values, **more}


def _day_order(texts: Sequence[str | None], days: Sequence[date | None]) -> list[int]:
    """For each distinct text of the column its place in time."""
    lookup = list(dict.fromkeys(text for text in texts if text is not None))
    day_of = {text: day for text, day in zip(texts, days, strict=True) if text is not None and day is not None}
    return [day_of[text].toordinal() for text in lookup]


def _status_column(rows: pl.DataFrame) -> dict[str, Any]:
    column = _column("status", "Status", [_STATUS[status] for status in rows["status"]], filter="All states")
    by_word = {word: _STATUS_CLASS[status] for status, word in _STATUS.items()}
    return {**column, "kind": "badge", "classes": [by_word[word] for word in column["lookup"]]}


def _texts(rows: pl.DataFrame) -> pl.DataFrame:
    """The table's cells: one text each."""
    numbers = [
        pl.format("Local ID {}", "local_student_id"),
        pl.format("State ID {}", "state_id"),
        pl.format("line {}", "line_number"),
    ]
    verb = pl.col("side").replace_strict({RECEIVES: "Ask by", SENDS: "Send by"}, default="By", return_dtype=pl.String)
    due = pl.concat_str([verb, pl.col("due_date").dt.strftime("%m/%d/%Y")], separator=" ")
    own, other = _person("own"), _person("other")
    there = pl.when(other.is_not_null() & own.ne_missing(other)).then(pl.format("there: {}", other))
    return rows.select(
        "title",
        own=pl.coalesce(own, pl.when(other.is_not_null()).then(pl.lit("Not in your file"))),
        there=there,
        numbers=pl.concat_str(numbers, separator=" · ", ignore_nulls=True),
        due=pl.when(pl.col("due_date").is_not_null()).then(due),
        since=pl.when("is_new")
        .then(pl.lit("new today"))
        .otherwise(pl.col("first_seen_at").dt.convert_time_zone("America/Chicago").dt.strftime("%m/%d/%Y")),
    )


def _person(side: str) -> pl.Expr:
    """``Last, First Middle Jr · 03/04/2015 · F``; null where the district has sent nothing about the child."""
    given = pl.concat_str(
        [pl.col(f"{side}_{name}") for name in ("first_name", "middle_name", "suffix")], separator=" ", ignore_nulls=True
    )
    name = pl.concat_str([pl.col(f"{side}_last_name"), given], separator=", ")
    parts = [name, pl.col(f"{side}_birth_date").dt.strftime("%m/%d/%Y"), pl.col(f"{side}_gender")]
    text = pl.concat_str(parts, separator=" · ", ignore_nulls=True)
    return pl.when(pl.col(f"{side}_last_name").is_not_null()).then(text)
