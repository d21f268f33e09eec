"""What districts and vendors are told when a state ID was merged, split, retired or brought back (design 5.8).

Each district gets ``id_changes/<day>-act-<number>/`` with its own students only: a notice to read and a crosswalk to load.
A vendor to whom an old number was delivered gets ``id_crosswalk_<day>.csv`` with all changes of that day. Everything is made
from the stored lines of the correction, so a notice that a crash prevented is the same when it is written later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from outputs.disclosure_log import Disclosure
from outputs.pages import render_page
from schemas.clock import end_of_day, missouri_day, rfc3339
from schemas.directory import Directory
from schemas.files import GROUP_FILE, PRIVATE_FILE, PRIVATE_FOLDER, make_folder, write_atomic
from schemas.paths import StateHome

CROSSWALK, NOTICE, PAGE = "id_crosswalk.csv", "notice.txt", "notice.html"
_GROUP_FOLDER = 0o750
# Of its fields the local ID is the most protected one (access_level of the data dictionary).
_CROSSWALK_LEVEL = 3
_REASONS = {"merge": "MERGED", "split": "SPLIT", "retire": "RETIRED", "undo": "UNDONE"}
UNCHANGED = "UNCHANGED"
_TITLES = {
    "merge": "Two state IDs of one student were joined",
    "split": "A state ID had been shared by two students",
    "retire": "A state ID was withdrawn",
    "undo": "An earlier correction of a state ID was taken back",
}
_WHAT = {
    "merge": "One student had been given two state IDs. The state keeps one of them.",
    "split": "Records of two students had come together under one state ID. The student known longest keeps it; the other "
    "has a number of their own.",
    "retire": "The state ID should never have been given: no student belongs to it.",
    "undo": "A merge, split or withdrawal turned out to be wrong; the state IDs stand again as they did before.",
}
_UNTIL_THEN = {
    "merge": "Until then, a file with the old state ID is understood: the answer carries the new one and a warning.",
    "split": "Until then, a file with the old state ID for these students is answered with the new one, or comes back as a "
    "question.",
    "retire": "Until then, a record with this state ID comes back as an error.",
    "undo": "Until then, a file with the old state ID may come back with a question.",
}


@dataclass(frozen=True, slots=True)
class Applied:
    """A correction as a notice names it."""

    act_number: int
    kind: str
    applied_at: datetime

    @property
    def folder_name(self) -> str:
        return f"{missouri_day(self.applied_at):%Y-%m-%d}-act-{self.act_number}"


@dataclass(frozen=True, slots=True)
class DistrictNotice:
    """One district's notice.

    Args:
        students: crosswalk rows of this district, those that change first.
    """

    district_code: str
    district_name: str | None
    correction: Applied
    students: pl.DataFrame

    @property
    def changed(self) -> pl.DataFrame:
        return self.students.filter(pl.col("reason") != UNCHANGED)

    @property
    def title(self) -> str:
        return _TITLES[self.correction.kind]

    @property
    def what(self) -> str:
        return _WHAT[self.correction.kind]

    @property
    def steps(self) -> list[str]:
        """What the district does now, in order."""
        if self.changed.is_empty():
            return ["Nothing: the students below keep their state ID; only another district's records were concerned."]
        count = self.changed.height
        who = "student" if count == 1 else f"{count:,} students"
        if self.correction.kind == "retire":
            return [
                f"Blank this state ID in your student system for the {who} below ({CROSSWALK}).",
                "If the student exists, send the record again with a blank StateID: the right number comes back.",
                _UNTIL_THEN["retire"],
            ]
        return [
            f"Replace the old state ID by the new one in your student system for the {who} below ({CROSSWALK}).",
            "Send the new state ID in every file from now on. A certified collection needs no correction for this.",
            _UNTIL_THEN[self.correction.kind],
        ]


def write_correction_notices(
    con: duckdb.DuckDBPyConnection, correction: Applied, home: StateHome, directory: Directory
) -> tuple[str, ...]:
    """Write every notice of a correction and the vendors' crosswalks of its day; who got one (districts, assessments).

    Nothing that stands already is written again.
    """
    notified = []
    for notice in _district_notices(con, correction, directory):
        _write_district(home.outbox_of(notice.district_code), notice)
        notified.append(notice.district_code)
    for assessment, rows in _vendor_rows(con, correction.applied_at).items():
        if (rows["act_number"] == correction.act_number).any():
            _write_vendor(home.precode / assessment, correction.applied_at, rows.drop("act_number"))
            notified.append(assessment)
    return tuple(notified)


def vendor_disclosures(con: duckdb.DuckDBPyConnection, correction: Applied, actor: str) -> list[Disclosure]:
    """What the log of disclosures has to hold before a vendor's crosswalk is written: whose numbers it names."""
    purpose = f"crosswalk of state IDs, correction {correction.act_number}"
    return [
        Disclosure(actor, _CROSSWALK_LEVEL, purpose, f"vendor of {assessment}", own)
        for assessment, rows in _vendor_rows(con, correction.applied_at).items()
        if (own := _numbers(rows.filter(pl.col("act_number") == correction.act_number)))
    ]


def _numbers(rows: pl.DataFrame) -> list[str]:
    named = pl.concat([rows["old_state_id"], rows["new_state_id"]]).unique().sort()
    return [number for number in named.to_list() if number]


def _district_notices(
    con: duckdb.DuckDBPyConnection, correction: Applied, directory: Directory
) -> list[DistrictNotice]:
    rows = con.execute(
        f"""
        WITH student AS (
            SELECT district_code, old_state_id, new_state_id, local_student_id,
                   arg_max(school_code, (submission_id, line_number)) AS school_code,
                   max((submission_id, line_number)) AS last_line
            FROM identity.correction_line WHERE act_number = ? AND district_code IS NOT NULL GROUP BY ALL
        )
        SELECT district_code, old_state_id, coalesce(new_state_id, ''), ? AS effective_at,
               CASE WHEN old_state_id IS DISTINCT FROM new_state_id THEN ? ELSE '{UNCHANGED}' END AS reason,
               coalesce(local_student_id, ''), coalesce(school_code, ''), last_line[1], last_line[2]
        FROM student
        -- A line without a local ID (of an ID batch, say) tells nothing where another one names the student.
        QUALIFY local_student_id IS NOT NULL
             OR count(local_student_id) OVER (PARTITION BY district_code, old_state_id, new_state_id) = 0
        ORDER BY district_code, reason = '{UNCHANGED}', old_state_id, local_student_id
        """,
        [correction.act_number, rfc3339(correction.applied_at), _REASONS[correction.kind]],
    ).fetchall()
    names = (
        "district_code", "old_state_id", "new_state_id", "effective_at", "reason", "local_student_id", "school_code",
        "submission_id", "line_number",
    )  # fmt: skip
    schema = dict.fromkeys(names[:-1], pl.String) | {"line_number": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return [
        DistrictNotice(str(district), directory.district_name(str(district)), correction, own.drop("district_code"))
        for (district,), own in frame.partition_by("district_code", as_dict=True, maintain_order=True).items()
        if directory.has_district(str(district))
    ]


def _write_district(outbox: Path, notice: DistrictNotice) -> None:
    folder = outbox / "id_changes" / notice.correction.folder_name
    for part in (outbox, folder.parent, folder):
        make_folder(part, _GROUP_FOLDER)
    files = {
        CROSSWALK: notice.students.write_csv(line_terminator="\r\n").encode("utf-8"),
        PAGE: _page(notice),
        NOTICE: _text(notice),
    }
    for name, content in files.items():
        _write_once(folder / name, content)


def _write_once(path: Path, content: bytes, mode: int = GROUP_FILE) -> None:
    if not (path.is_file() and path.read_bytes() == content):
        write_atomic(path, content, mode)


def _text(notice: DistrictNotice) -> bytes:
    heading = " ".join(part for part in (notice.district_code, notice.district_name) if part)
    lines = [
        f"{notice.title}.",
        f"District {heading}. Effective {missouri_day(notice.correction.applied_at):%B %d, %Y}. "
        f"Correction {notice.correction.act_number}.",
        "",
        notice.what,
        "",
        "What to do",
        *(f"  {number}. {step}" for number, step in enumerate(notice.steps, start=1)),
        "",
        "Students (your local ID, school: old state ID -> new state ID)",
        *(f"  {_student_line(row)}" for row in notice.students.iter_rows(named=True)),
        "",
        f"If this looks wrong to you, tell the state's MOSIS desk and name correction {notice.correction.act_number}.",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")


def _student_line(row: dict[str, str]) -> str:
    who = row["local_student_id"] or f"(no local ID: line {row['line_number']} of {row['submission_id']})"
    school = f", school {row['school_code']}" if row["school_code"] else ""
    if row["reason"] == UNCHANGED:
        return f"{who}{school}: {row['old_state_id']}, unchanged"
    return f"{who}{school}: {row['old_state_id']} -> {row['new_state_id'] or 'none'}"


def _page(notice: DistrictNotice) -> bytes:
    return render_page(
        "id_change.html.j2",
        title=f"{notice.title}: district {notice.district_code}",
        data=None,
        notice=notice,
        day=f"{missouri_day(notice.correction.applied_at):%B %d, %Y}",
        students=notice.students.to_dicts(),
        unchanged=UNCHANGED,
    )


def _vendor_rows(con: duckdb.DuckDBPyConnection, applied_at: datetime) -> dict[str, pl.DataFrame]:
    """All changes of a day in Missouri, by assessment, for students who were in one of its deliveries before the change."""
    day = missouri_day(applied_at)
    rows = con.execute(
        """
        SELECT DISTINCT delivery.assessment, correction.act_number, correction.applied_at, correction.kind,
               line.old_state_id, coalesce(line.new_state_id, ''), record.district_code,
               coalesce(record.school_code, ''), coalesce(line.local_student_id, '')
        FROM identity.correction AS correction
        JOIN identity.correction_line AS line USING (act_number)
        JOIN precode.record AS record USING (submission_id, line_number)
        JOIN precode.delivery AS delivery USING (delivery_id)
        WHERE record.is_included AND line.old_state_id IS DISTINCT FROM line.new_state_id
          AND delivery."at" <= correction.applied_at AND correction.applied_at > ? AND correction.applied_at <= ?
        ORDER BY ALL
        """,
        [end_of_day(day - timedelta(days=1)), end_of_day(day)],
    ).fetchall()
    names = (
        "assessment", "old_state_id", "new_state_id", "effective_at", "reason", "district_code", "school_code",
        "local_student_id", "act_number",
    )  # fmt: skip
    said = [
        (assessment, old, new, rfc3339(at), _REASONS[kind], *where, act)
        for assessment, act, at, kind, old, new, *where in rows
    ]
    schema = dict.fromkeys(names[:-1], pl.String) | {"act_number": pl.Int64}
    frame = pl.DataFrame(said, schema=schema, orient="row")
    found = frame.partition_by("assessment", as_dict=True, maintain_order=True, include_key=False)
    return {str(assessment): own for (assessment,), own in found.items()}


def _write_vendor(folder: Path, applied_at: datetime, rows: pl.DataFrame) -> None:
    make_folder(folder, PRIVATE_FOLDER)
    path = folder / f"id_crosswalk_{missouri_day(applied_at):%Y-%m-%d}.csv"
    _write_once(path, rows.write_csv(line_terminator="\r\n").encode("utf-8"), PRIVATE_FILE)
