"""What a district's state-level page and table say: its open findings, whom to call, what changed; all from the database.

Of another district's child no more is shown than a locator shows (level 4: state ID, name, birth date, gender), as the other
district has it; and who to call there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import duckdb
import polars as pl

from schemas.clock import missouri_day
from schemas.directory import CONTACT_COLUMNS, Directory

# What the locator shows of a child (outputs/locator_answers.py).
LOCATOR_FIELDS = ("last_name", "first_name", "middle_name", "suffix", "birth_date", "gender")
# How the log of disclosures names these pages, before their day.
PURPOSE = "state-level findings of "
OPEN = ("open", "reopened", "contacted")
_SHOWN = (*OPEN, "accepted")
_ZONE = "America/Chicago"


@dataclass(frozen=True, slots=True)
class DistrictFindings:
    """One district's part of the findings that compare districts.

    Attributes:
        rows: findings that stand or were accepted, the most urgent first: columns of quality.violation, ``title`` of the rule,
            ``other_name`` and contact of the other district, ``own_*`` and ``other_*`` locator fields, ``is_new`` (opened or
            come back on the page's day).
        cleared: findings that went away on the page's day: title, state_id, local_student_id, other_district_code.
        shown: state IDs of whom the page shows another district's record for the first time, or about whom it has news.
    """

    district_code: str
    district_name: str
    day: date
    rows: pl.DataFrame
    cleared: pl.DataFrame
    shown: tuple[str, ...]

    @property
    def open_rows(self) -> pl.DataFrame:
        return self.rows.filter(pl.col("status").is_in(OPEN))


def districts_to_tell(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Districts that have something to be told and no page yet that says it."""
    query = "SELECT DISTINCT district_code FROM quality.state_notice WHERE written_at IS NULL ORDER BY ALL"
    return [code for (code,) in con.execute(query).fetchall()]


def load_findings(
    con: duckdb.DuckDBPyConnection,
    districts: Sequence[str],
    directory: Directory,
    titles: Mapping[str, str],
    at: datetime,
) -> list[DistrictFindings]:
    """The content of several districts' pages, in a few queries for all of them."""
    day = missouri_day(at)
    codes = pl.DataFrame({"district_code": sorted(districts)}, schema={"district_code": pl.String})
    told = _told(con, codes, day)
    rows = _with_people(con, _rows(con, codes)).join(_contacts(directory), on="other_district_code", how="left")
    new = told.filter(pl.col("change").is_in(["opened", "reopened"])).select("district_code", "finding_id", is_new=True)
    rows = (
        rows.join(new.unique(), on=["district_code", "finding_id"], how="left")
        .with_columns(pl.col("is_new").fill_null(False), _title(titles))
        .sort("due_date", "other_district_code", "rule_id", "school_code", "line_number", "finding_id", nulls_last=True)
    )
    cleared = _cleared(con, told, titles)
    pending = told.filter(pl.col("is_pending")).select("district_code", "finding_id", is_news=True).unique()
    is_shown = pl.any_horizontal(pl.col(f"other_{name}").is_not_null() for name in LOCATOR_FIELDS)
    shown = (
        rows.filter(is_shown)
        .join(pending, on=["district_code", "finding_id"], how="left")
        .join(_logged(con, codes), on=["district_code", "state_id"], how="left")
        .filter(pl.col("is_news").fill_null(False) | pl.col("is_logged").is_null())
    )
    return [
        DistrictFindings(
            code,
            directory.district_name(code),
            day,
            rows.filter(pl.col("district_code") == code),
            cleared.filter(pl.col("district_code") == code),
            tuple(sorted(set(shown.filter(pl.col("district_code") == code)["state_id"].drop_nulls()))),
        )
        for code in codes["district_code"]
    ]


def mark_told(con: duckdb.DuckDBPyConnection, districts: Sequence[str], at: datetime) -> None:
    """Note that these districts' pages say what they had to be told, in the open transaction."""
    con.execute(
        "UPDATE quality.state_notice SET written_at = ? "
        "WHERE written_at IS NULL AND district_code IN (SELECT unnest(?::VARCHAR[]))",
        [at, list(districts)],
    ).fetchall()


def _told(con: duckdb.DuckDBPyConnection, codes: pl.DataFrame, day: date) -> pl.DataFrame:
    """district_code, finding_id, change, is_pending of what changed on the page's day, and of what was not told yet."""
    notices = con.sql(
        'SELECT district_code, finding_id, rule_id, change, "at", written_at IS NULL AS is_pending '
        "FROM quality.state_notice SEMI JOIN codes USING (district_code)"
    ).pl()
    of_today = pl.col("at").dt.convert_time_zone(_ZONE).dt.date() == day
    return notices.filter(pl.col("is_pending") | of_today)


def _logged(con: duckdb.DuckDBPyConnection, codes: pl.DataFrame) -> pl.DataFrame:
    """district_code, state_id and is_logged (true) of the children of whom a district's pages showed another's record before."""
    return con.sql(
        f"""
        SELECT DISTINCT codes.district_code, disclosed.state_id, true AS is_logged
        FROM codes JOIN access.log AS log ON log.recipient = 'district ' || codes.district_code
        JOIN access.disclosed AS disclosed USING (seq)
        WHERE starts_with(log.purpose, '{PURPOSE}')
        """
    ).pl()


def _rows(con: duckdb.DuckDBPyConnection, codes: pl.DataFrame) -> pl.DataFrame:
    return con.sql(
        f"SELECT violation.* FROM quality.violation AS violation SEMI JOIN codes USING (district_code) "
        f"WHERE scope = 'state' AND status IN {_SHOWN}"
    ).pl()


def _cleared(con: duckdb.DuckDBPyConnection, told: pl.DataFrame, titles: Mapping[str, str]) -> pl.DataFrame:
    """Findings that were cleared and have not come back since."""
    gone = told.filter(pl.col("change") == "cleared").select("district_code", "finding_id").unique()  # noqa: F841
    return (
        con.sql(
            "SELECT district_code, finding_id, rule_id, state_id, local_student_id, other_district_code "
            "FROM quality.violation SEMI JOIN gone USING (district_code, finding_id) "
            "WHERE scope = 'state' AND status = 'fixed' ORDER BY ALL"
        )
        .pl()
        .with_columns(_title(titles))
    )


def _title(titles: Mapping[str, str]) -> pl.Expr:
    return (
        pl.col("rule_id").replace_strict(dict(titles), default=pl.col("rule_id"), return_dtype=pl.String).alias("title")
    )


def _contacts(directory: Directory) -> pl.DataFrame:
    return directory.districts.select(
        pl.col("district_code").alias("other_district_code"), pl.col("name").alias("other_name"), *CONTACT_COLUMNS
    )


def _with_people(con: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the child's locator fields as the district itself and as the other one sent them last."""
    asked = pl.concat(  # noqa: F841 (query)
        [rows.select("state_id", "district_code"), rows.select("state_id", district_code="other_district_code")]
    ).drop_nulls().unique()  # fmt: skip
    fields = ", ".join(f"record.{name}" for name in LOCATOR_FIELDS)
    people = con.sql(
        f"""
        SELECT DISTINCT ON (record.state_id, record.district_code) record.state_id, record.district_code, {fields}
        FROM identity.record AS record SEMI JOIN asked USING (state_id, district_code)
        ORDER BY record.state_id, record.district_code, last_school_year DESC, last_seen_at DESC, version_hash
        """
    ).pl()
    own = people.rename({name: f"own_{name}" for name in LOCATOR_FIELDS})
    other = people.rename({name: f"other_{name}" for name in LOCATOR_FIELDS} | {"district_code": "other_district_code"})
    return rows.join(own, on=["state_id", "district_code"], how="left").join(
        other, on=["state_id", "other_district_code"], how="left"
    )
