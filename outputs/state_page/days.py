"""Day by day: files and records that came, and the errors that stood at the end of each day."""

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import polars as pl

from outputs.next_steps import counted
from outputs.pages import BarPart

MOST_DAYS = 60
_ZONE = "America/Chicago"
_KINDS = (("clean", "good"), ("with_violations", "warning"), ("refused", "error"))


@dataclass(frozen=True, slots=True)
class Day:
    """What came on a day in Missouri, and the errors of the trials that stood when it ended."""

    day: date
    clean: int
    with_violations: int
    refused: int
    records: int
    errors: int

    @property
    def files(self) -> int:
        return self.clean + self.with_violations + self.refused

    @property
    def name(self) -> str:
        return f"{self.day:%b} {self.day.day}"


@dataclass(frozen=True, slots=True)
class DayChart:
    """Days in a row for one collection; ``files`` and ``errors`` are columns of a chart of 100 by 100, from the ground up."""

    title: str
    days: list[Day]
    files: list[list[BarPart]]
    errors: list[BarPart]
    most_files: int
    most_errors: int
    files_words: str
    errors_words: str


def day_chart(con: duckdb.DuckDBPyConnection, version: str, title: str, today: date) -> DayChart | None:
    """The days from the first file of a collection to the last one or today, at most MOST_DAYS; null where none came."""
    days = _days(con, version, today)
    if not days:
        return None
    most_files, most_errors = max(day.files for day in days), max(day.errors for day in days)
    first, last = days[0], days[-1]
    return DayChart(
        title,
        days,
        [_column(day, most_files) for day in days],
        [_part("error", day.errors, most_errors, 0.0) for day in days],
        most_files,
        most_errors,
        f"Files by day, {first.name} to {last.name}: {counted(sum(day.files for day in days), 'file')}, "
        f"{counted(sum(day.records for day in days), 'record')} accepted",
        f"Errors that stood at the end of each day: {first.errors:,} on {first.name}, {last.errors:,} on {last.name}",
    )


def _column(day: Day, most: int) -> list[BarPart]:
    parts, start = [], 0.0
    for name, kind in _KINDS:
        part = _part(kind, getattr(day, name), most, start)
        parts.append(part)
        start += part.width
    return parts


def _part(kind: str, count: int, most: int, start: float) -> BarPart:
    """A piece of a column: ``start`` and ``width`` are hundredths of its height."""
    return BarPart(kind, round(start, 2), round(100 * count / most, 2) if most else 0.0)


def _days(con: duckdb.DuckDBPyConnection, version: str, today: date) -> list[Day]:
    came = con.sql(
        f"""
        SELECT CAST(received_at AT TIME ZONE '{_ZONE}' AS DATE) AS day,
               count(*) FILTER (outcome = 'accepted') AS clean,
               count(*) FILTER (outcome = 'accepted_with_violations') AS with_violations,
               count(*) FILTER (outcome IN ('rejected', 'quarantined')) AS refused,
               coalesce(sum(accepted_count) FILTER (outcome LIKE 'accepted%'), 0)::BIGINT AS records
        FROM intake.submission WHERE collection_version = ? AND status NOT IN ('duplicate', 'waiting') GROUP BY ALL
        """,
        params=[version],
    ).pl()
    if not came.height:
        return []
    last = min(max(today, came["day"].max()), came["day"].max() + timedelta(days=1))
    first = max(came["day"].min(), last - timedelta(days=MOST_DAYS - 1))
    errors = _errors_by_day(con, version)
    every = pl.DataFrame({"day": pl.date_range(first, last, eager=True)})
    joined = every.join(came, on="day", how="left").join_asof(errors, on="day").fill_null(0).sort("day")
    return [Day(**row) for row in joined.iter_rows(named=True)]


def _errors_by_day(con: duckdb.DuckDBPyConnection, version: str) -> pl.DataFrame:
    """day, errors: the sum over districts of the errors of their latest trial up to and on that day."""
    return con.sql(
        f"""
        WITH trials AS (
            SELECT received_at, CAST(received_at AT TIME ZONE '{_ZONE}' AS DATE) AS day,
                   error_count - coalesce(lag(error_count) OVER (
                       PARTITION BY district_code, school_code ORDER BY received_at, submission_id), 0) AS change
            FROM intake.submission WHERE collection_version = ? AND error_count IS NOT NULL
        ), by_day AS (SELECT day, sum(change)::BIGINT AS change FROM trials GROUP BY day)
        SELECT day, (sum(change) OVER (ORDER BY day))::BIGINT AS errors FROM by_day ORDER BY day
        """,
        params=[version],
    ).pl()
