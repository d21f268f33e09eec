"""The views that a rule across files may ask: their names and columns (described in rule_book/README.md).

They exist while rules are judged; outputs/across_files makes them from the state's tables. Here is what they are, so that a
rule can be tried out against an empty copy before any file is read.
"""

from collections.abc import Iterator, Mapping

from schemas.database.collection_tables import collection_columns
from schemas.dictionary import ID_BATCH, Dictionary

# Which records of a layout a view holds; the view is named <family>_<layout>.
JUDGED, STANDING, CERTIFIED = "judged", "standing", "certified"
ELSEWHERE_STANDING, ELSEWHERE_CERTIFIED = "elsewhere_standing", "elsewhere_certified"
RECORD_FAMILIES = (JUDGED, STANDING, CERTIFIED, ELSEWHERE_STANDING, ELSEWHERE_CERTIFIED)
ELSEWHERE_FAMILIES = frozenset({ELSEWHERE_STANDING, ELSEWHERE_CERTIFIED})
# What state scope has instead: records that count now, of every district, of the children being compared; and of those among
# them whom more than one district knows, which is all that a comparison of two districts needs.
STATEWIDE, SHARED = "statewide", "shared"
STATE_FAMILIES = (STATEWIDE, SHARED)

# What each record says of the file it stands in, beside its own fields. state_id is the number that is valid today.
RECORD_KEYS: Mapping[str, str] = {
    "submission_id": "VARCHAR", "line_number": "BIGINT", "district_code": "VARCHAR", "trial__school_code": "VARCHAR",
    "collection__version": "VARCHAR", "collection__school_year": "INTEGER", "collection__cycle": "VARCHAR",
    "state_id": "VARCHAR",
}  # fmt: skip
FILE_COLUMNS: Mapping[str, str] = {
    "submission_id": "VARCHAR", "district_code": "VARCHAR", "trial__school_code": "VARCHAR", "layout": "VARCHAR",
    "collection__version": "VARCHAR", "collection__school_year": "INTEGER", "collection__cycle": "VARCHAR",
    "record_count": "BIGINT", "is_certified": "BOOLEAN",
}  # fmt: skip
CALENDAR_COLUMNS: Mapping[str, str] = {
    "collection__version": "VARCHAR", "layout": "VARCHAR", "collection__school_year": "INTEGER",
    "collection__cycle": "VARCHAR", "title": "VARCHAR", "count_date": "DATE", "window_opens": "DATE", "due_date": "DATE",
}  # fmt: skip
STUDENT_COLUMNS: Mapping[str, str] = {"state_id": "VARCHAR", "status": "VARCHAR", "merged_into": "VARCHAR"}
IDENTITY_COLUMNS: Mapping[str, str] = {
    "state_id": "VARCHAR", "district_code": "VARCHAR", "school_code": "VARCHAR", "local_student_id": "VARCHAR",
    "last_name": "VARCHAR", "first_name": "VARCHAR", "middle_name": "VARCHAR", "suffix": "VARCHAR",
    "birth_date": "DATE", "gender": "VARCHAR", "race_ethnicity": "VARCHAR", "grade": "VARCHAR",
    "first_school_year": "INTEGER", "last_school_year": "INTEGER", "source_submission_id": "VARCHAR",
    "source_line": "BIGINT", "first_seen_at": "TIMESTAMPTZ", "last_seen_at": "TIMESTAMPTZ",
    "layout": "VARCHAR",
}  # fmt: skip
# An SSN serves identity work alone; no rule compares it.
_NEVER_SHOWN = frozenset({"ssn_hash", "ssn_near", "ssn_status"})
# Views that are not of one layout.
COMMON_VIEWS: Mapping[str, Mapping[str, str]] = {
    "judged_file": FILE_COLUMNS,
    "standing_file": FILE_COLUMNS,
    "certified_file": FILE_COLUMNS,
    "statewide_file": FILE_COLUMNS,
    "calendar": CALENDAR_COLUMNS,
    "identity_student": STUDENT_COLUMNS,
    "identity_record": IDENTITY_COLUMNS,
}
# Views of state scope alone: the day of the comparison, and for each day in Missouri what section 167.020 makes of it.
STATE_VIEWS: Mapping[str, Mapping[str, str]] = {
    "today": {"day": "DATE", "school_year": "INTEGER"},
    "records_request": {
        "begins_at": "TIMESTAMPTZ", "ends_at": "TIMESTAMPTZ", "request_by": "DATE", "answer_by": "DATE",
    },
}  # fmt: skip

# What a rule's query gives: one row for each record (or missing record) that the rule is about.
REQUIRED_ANSWERS: Mapping[str, str] = {"submission_id": "VARCHAR", "line_number": "BIGINT", "fails": "BOOLEAN"}
OPTIONAL_ANSWERS: Mapping[str, str] = {
    "value": "VARCHAR", "state_id": "VARCHAR", "local_student_id": "VARCHAR", "school_code": "VARCHAR",
    "other_district_code": "VARCHAR", "other_submission_id": "VARCHAR", "other_line_number": "BIGINT",
    "due_date": "DATE",
}  # fmt: skip
# Of state scope alone: which part of a finding a district has, what both districts' rows have in common beside the child (the
# collection where it is not given), and from when or after whose file it is a finding.
STATE_OPTIONAL_ANSWERS: Mapping[str, str] = {
    "side": "VARCHAR", "context": "VARCHAR", "opens_on": "DATE", "waits_for": "VARCHAR",
}  # fmt: skip
# State scope names the other side of every finding.
STATE_ANSWERS = ("other_district_code", "other_submission_id", "other_line_number")


def record_view_columns(layout: str, dictionary: Dictionary) -> dict[str, str]:
    """Columns of every view of a layout, name to type: of the file, then the fields of all school years; no SSN."""
    fields = {
        name: kind
        for name, kind in collection_columns(layout, dictionary).items()
        if name not in RECORD_KEYS and name not in _NEVER_SHOWN
    }
    return {**RECORD_KEYS, **fields}


def every_view(dictionary: Dictionary) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Name and columns of every view."""
    for layout in dictionary.layout_names:
        if layout != ID_BATCH:
            columns = record_view_columns(layout, dictionary)
            for family in RECORD_FAMILIES:
                yield f"{family}_{layout}", columns
            for family in STATE_FAMILIES:
                yield f"{family}_{layout}", columns
    yield from COMMON_VIEWS.items()
    yield from STATE_VIEWS.items()
