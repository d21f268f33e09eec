"""The views of records: SQL that lets the allowed fields of a layout through, each in its safe form."""

from collections.abc import Collection, Iterable

import duckdb

from outputs.analyst_copy.fields import FIRST_NUMBER_TOO_LARGE, WITHHELD, AnalystField, analyst_fields
from outputs.analyst_copy.meanings import RECORDS, column_meanings
from outputs.one_child import placed_records
from outputs.store import table_columns
from schemas.dictionary import Dictionary
from schemas.directory import STANDING_SCHOOLS, Directory
from schemas.predicates import EDUCATOR_ID

# The first of them that a layout has names the school; a layout without one has the submission's.
_SCHOOLS = ("reporting_school_code", "current_school_code")
# What a view tells of people, and the field that the layout must have for it.
_PEOPLE = {"student": "submitted_state_id", "educator": EDUCATOR_ID, "age_years": "birth_date"}
_AGE = (
    "date_diff('year', record.birth_date, day) - (strftime(record.birth_date, '%m%d') > strftime(day, '%m%d'))::INTEGER"
)
# A date in a layout that cannot tell whose birth date it may be: nobody in school was born so late.
_RECENT = "CASE WHEN year({0}) >= file.school_year - 2 THEN {0} END"


def record_columns(dictionary: Dictionary, layout: str) -> dict[str, str]:
    """Column -> meaning of a layout's view, the view's own under the empty name."""
    meanings = column_meanings()
    shared = {name: meaning for name, meaning in meanings[RECORDS].items() if name not in _PEOPLE}
    about = {name: meanings[RECORDS][name] for name in _people(dictionary, layout)}
    fields = {field.name: field.meaning for field in analyst_fields(dictionary, layout)}
    return {**shared, **about, "": f"{shared['']}: {layout}", **fields}


def _people(dictionary: Dictionary, layout: str) -> list[str]:
    """Which of student, educator and age a layout's records can tell."""
    names = {name for (each, _), found in dictionary.layouts.items() if each == layout for name in found.standard_names}
    return [shown for shown, source in _PEOPLE.items() if source in names]


def record_select(
    con: duckdb.DuckDBPyConnection, layout: str, dictionary: Dictionary, directory: Directory, threshold: int
) -> str:
    """The SELECT of a layout's view; the table ``pseudonym`` and the relation ``collections`` must be at hand."""
    present = set(table_columns(con, "collection", layout))
    known = _Known(con, layout, directory, threshold)
    fields = [
        f'{known.safe(field, "birth_date" in present)} AS "{field.name}"'
        for field in analyst_fields(dictionary, layout)
    ]
    school = next((known.school(f'record."{name}"') for name in _SCHOOLS if name in present), "NULL")
    people = {"student": "pseudonym.student", "educator": "educators.educator", "age_years": f"{_AGE} AS age_years"}
    shown = [
        "record.submission_id", "record.line_number", "file.collection_version", "file.school_year",
        "file.cycle", "file.status", "coalesce(file.is_pilot, false) AS is_pilot", "record.district_code",
        f"coalesce({school}, file.school_code) AS school_code",
        *(people[name] for name in _people(dictionary, layout)), *fields,
    ]  # fmt: skip
    return f"""
        SELECT {", ".join(shown)}
        FROM (
            SELECT placed.*, coalesce(calendar.count_date, calendar.due_date) AS day
            FROM {placed_records(layout)} AS placed
            JOIN intake.submission AS sent USING (submission_id)
            LEFT JOIN collections AS calendar ON calendar.collection_version = sent.collection_version
        ) AS record
        JOIN intake.submission AS file USING (submission_id)
        LEFT JOIN pseudonym ON pseudonym.state_id = record.state_id
        {f"LEFT JOIN educators ON educators.educator_id = record.{EDUCATOR_ID}" if EDUCATOR_ID in present else ""}
        WHERE file.status IN ('trial', 'certified')
        ORDER BY file.collection_version, record.district_code, record.submission_id, record.line_number"""


class _Known:
    """What a field of one layout may show: codes, districts, schools, and short texts that many records carry."""

    def __init__(self, con: duckdb.DuckDBPyConnection, layout: str, directory: Directory, threshold: int) -> None:
        self._con, self._layout, self._threshold = con, layout, threshold
        self._districts = directory.district_codes
        self._schools = sorted({*STANDING_SCHOOLS, *directory.schools["school_code"]})

    def safe(self, field: AnalystField, has_birth_date: bool) -> str:
        column = f'record."{field.name}"'
        if field.kind == "number":
            return f"CASE WHEN abs({column}) < {FIRST_NUMBER_TOO_LARGE} THEN {column} END"
        if field.kind == "date":
            return f"nullif({column}, record.birth_date)" if has_birth_date else _RECENT.format(column)
        if field.kind == "school":
            return self.school(column)
        if field.kind == "district":
            return _one_of(column, self._districts)
        return _one_of(column, field.codes if field.kind == "code" else self._common(field.name))

    def school(self, column: str) -> str:
        return _one_of(column, self._schools)

    def _common(self, column: str) -> list[str]:
        found = self._con.execute(
            f'SELECT "{column}" FROM collection."{self._layout}" WHERE "{column}" IS NOT NULL '
            f"GROUP BY ALL HAVING count(*) >= {self._threshold} ORDER BY ALL"
        ).fetchall()
        return [value for (value,) in found]


def _one_of(column: str, values: Collection[str]) -> str:
    """The value where it is one of these, null where it is blank, otherwise that it is not shown."""
    listed = f"{column} IN ({_literals(sorted(values))})" if values else "false"
    return f"CASE WHEN {column} IS NULL OR {listed} THEN {column} ELSE '{WITHHELD}' END"


def _literals(values: Iterable[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
