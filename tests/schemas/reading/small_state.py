"""A dictionary small enough to check by eye: one core layout of six fields in two years, ID batches as they are."""

from datetime import date

import polars as pl

from schemas.dictionary import Collection, Dictionary, Field, RecordLayout
from schemas.inbox.recognise import recognise
from schemas.reading import Extract, read_extract

LITERAL, LAST_YEAR = "2026Oct1.0StuCore", "2025Oct1.0StuCore"
CORE = (
    ("CollectionVersion", "collection_version", 20),
    ("StateID", "submitted_state_id", 10),
    ("LastName", "last_name", 12),
    ("FirstName", "first_name", 10),
    ("SSN", "ssn", 11),
    ("StudentGradeLevel", "grade", 2),
)
PRECODE = (
    ("CollectionVersion", "collection_version", 20),
    ("StateID", "submitted_state_id", 10),
    ("LastName", "last_name", 12),
    ("Assessment", "assessment", 6),
    ("Sort", "sort", 8),
)
BATCH = (
    "RecordType", "CurrentSchoolCode", "ResidentDistrictCode", "LegalLastName", "LegalFirstName", "LegalMiddleName",
    "Suffix", "Gender", "DateOfBirth", "StudentGradeLevel", "LocalStudentID", "SSN", "RaceEthnicity", "StateID",
    "CurrentDistrictCode", "SchoolYear", "GuardianLastName", "GuardianFirstName",
)  # fmt: skip


def field(column: str, standard_name: str, length: int) -> Field:
    return Field(
        item="", column=column, type="Text", length=length, precision=None, code_set=None, definition="",
        requirements={"": "Optional"}, access_level=4, standard_name=standard_name,
        periodicity="", purpose="", source="",
    )  # fmt: skip


def layout(name: str, year: int, columns: tuple[tuple[str, str, int], ...]) -> RecordLayout:
    return RecordLayout(name, year, tuple(field(*column) for column in columns))


def collection(version: str, layout_name: str, year: int, cycle: str) -> Collection:
    return Collection(version, layout_name, year, cycle, version, date(year - 1, 9, 24), None, None, "", "")


def batch_name(column: str) -> str:
    return {"SSN": "ssn", "StateID": "submitted_state_id"}.get(column, column.lower())


CORE_LAYOUT = layout("student_core", 2026, CORE)
DICTIONARY = Dictionary(
    layouts={
        ("student_core", 2026): CORE_LAYOUT,
        ("student_core", 2025): layout("student_core", 2025, (*CORE[:4], *CORE[5:])),
        ("assessment_precode", 2026): layout("assessment_precode", 2026, PRECODE),
        ("id_batch", 2026): layout("id_batch", 2026, tuple((name, batch_name(name), 60) for name in BATCH)),
    },
    code_sets={},
    collections=(
        collection(LITERAL, "student_core", 2026, "Oct"),
        collection(LAST_YEAR, "student_core", 2025, "Oct"),
        collection("2026MAPSPR1.0AsmPre", "assessment_precode", 2026, "MAPSPR"),
    ),
    id_batch=collection("id_batch", "id_batch", 2026, ""),
    version="small",
)
HEADER = "CollectionVersion,StateID,LastName,FirstName,SSN,StudentGradeLevel"


def hash_ssn(numbers: pl.Series) -> pl.DataFrame:
    """A stand-in that shows which values arrived: lengths instead of hashes."""
    lengths = numbers.str.len_chars()
    return pl.DataFrame(
        {
            "ssn_hash": lengths.cast(pl.String),
            "ssn_near": pl.Series([[]] * len(numbers), dtype=pl.List(pl.String)),
            "ssn_status": pl.select(
                pl.when(lengths.is_null()).then(pl.lit("blank")).otherwise(pl.lit("ok"))
            ).to_series(),
        }
    )


def read(content: bytes | str) -> Extract:
    """Recognise and read; a str is sent as UTF-8."""
    data = content.encode() if isinstance(content, str) else content
    return read_extract(data, recognise(data, DICTIONARY), DICTIONARY, hash_ssn)


def row(state_id: str = "", last: str = "Smith", first: str = "Ann", ssn: str = "", grade: str = "05") -> str:
    return f"{LITERAL},{state_id},{last},{first},{ssn},{grade}"


def names(extract: Extract) -> list[tuple[int, str | None]]:
    """line_number and last name of each record, the shortest proof of what was read from where."""
    return list(extract.records.select("line_number", "last_name").iter_rows())


def refusals(extract: Extract) -> list[tuple[int, int, str]]:
    return list(extract.refused.select("line_number", "line_span", "reason").iter_rows())


def adds_up(extract: Extract, lines: int) -> bool:
    """Whether every physical line is in exactly one class, given that no readable record spans several lines."""
    return (
        extract.line_count == lines
        and extract.record_count == extract.records.height + extract.refused.height
        and extract.header_lines + extract.blank_lines + extract.records.height + extract.refused["line_span"].sum()
        == lines
    )
