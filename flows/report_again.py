"""The pages and the receipt of stored submissions, written again from the database alone: after a decision, a rule that was
corrected, a waiver that ran out.

Which submissions need it stands in quality.page_due, put there in the transaction that changed what they say; a process that
dies before the pages are written leaves it there for the next run.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl

from flows.outboxes import refresh_outboxes
from flows.report_queries import by_submission, named
from flows.session import Session
from flows.violation_reports import NO_VIOLATIONS, ViolationReports
from outputs.receipts import build_receipt, count_outcomes, write_receipt
from outputs.violation_desk.changes import rule_change_sentences, with_changes
from outputs.violation_desk.response_answer import RESPONSES_FILE, responses_csv
from outputs.violation_desk.responses import rows_of
from outputs.violation_rows import read_violations
from schemas.database import checkpoint, transaction
from schemas.files import make_folder, write_atomic
from schemas.reading.recognition import VIOLATION_RESPONSE
from schemas.submission import Submission

# So many submissions are asked for together; more would fill the memory with their records.
AT_ONCE = 100
# Submissions whose violations a person can still act on; the pages of others stay as they were.
REPORTED = ("trial", "certified", "answered")
_STORED_COLUMNS = (
    "submission_id", "district_code", "school_code", "file_name", "sha256", "claim_path", "received_at", "run_id",
    "layout", "collection_version", "school_year", "cycle", "line_count", "header_lines", "blank_lines", "record_count",
    "accepted_count", "refused_count", "outcome", "status", "reason", "duplicate_of", "is_late", "is_pilot",
)  # fmt: skip


@dataclass(frozen=True)
class StoredReport:
    """What the database knows of a submission and its receipt repeats."""

    submission: Submission
    finished_at: datetime
    dictionary_version: str
    rule_book_version: str


def rewrite_reports(session: Session, submission_ids: Collection[str], at: datetime) -> list[str]:
    """Write violations.csv, .xlsx, .html and the receipt of stored submissions anew; gives the names of those written.

    Each file is replaced whole, the receipt last. Submissions that were replaced, refused or never stored are left as they
    are. The answers (ids_assigned.txt and its companions) are not touched: they are about the file, not about the rules.
    Of a file with a district's answers to violations only responses.csv is written, which says what the state decided.

    Args:
        at: when the pages are made; the receipt keeps the time at which the file was answered.
    """
    reports = ViolationReports(session)
    names = sorted(set(submission_ids))
    written = _rewrite_responses(session, names)
    for start in range(0, len(names), AT_ONCE):
        part = names[start : start + AT_ONCE]
        stored = list(_stored(session.con, part))
        rows = by_submission(read_violations(session.con, [each.submission.submission_id for each in stored]))
        reports.prepare([each.submission for each in stored], rows)
        said = rule_change_sentences(session.con, part)
        for each in stored:
            name = each.submission.submission_id
            _rewrite(session, reports, each, rows.get(name, NO_VIOLATIONS), said.get(name, ()), at)
            written.append(name)
    refresh_outboxes(session, touched=_districts(session.con, written))
    _settle_due(session.con, names)
    return written


def rewrite_due(session: Session, at: datetime) -> list[str]:
    """Write anew what stands in quality.page_due; nothing where it is empty."""
    due = session.con.execute("SELECT DISTINCT submission_id FROM quality.page_due ORDER BY ALL").fetchall()
    return rewrite_reports(session, [name for (name,) in due], at) if due else []


def _rewrite_responses(session: Session, names: Sequence[str]) -> list[str]:
    found = session.con.execute(
        "SELECT submission_id, district_code FROM intake.submission "
        "WHERE list_contains(?, submission_id) AND layout = ? AND status = 'answered' ORDER BY submission_id",
        [list(names), VIOLATION_RESPONSE],
    ).fetchall()
    for name, district in found:
        folder = session.home.outbox_of(district) / name
        make_folder(folder.parent, 0o750)
        make_folder(folder, 0o750)
        write_atomic(folder / RESPONSES_FILE, responses_csv(rows_of(session.con, name)))
    return [name for name, _ in found]


def _stored(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> Iterator[StoredReport]:
    listed = ", ".join(_STORED_COLUMNS)
    rows = con.execute(
        f"SELECT {listed}, finished_at, dictionary_version, rule_book_version FROM intake.submission "
        "WHERE list_contains(?, submission_id) AND list_contains(?, status) AND layout IS NOT NULL "
        "AND collection_version IS NOT NULL AND record_count IS NOT NULL AND layout <> ? ORDER BY submission_id",
        [list(names), list(REPORTED), VIOLATION_RESPONSE],
    ).fetchall()
    for row in rows:
        values = dict(zip(_STORED_COLUMNS, row, strict=False))
        yield StoredReport(Submission(**values, byte_count=0), *row[len(_STORED_COLUMNS) :])


def _rewrite(
    session: Session,
    reports: ViolationReports,
    stored: StoredReport,
    rows: pl.DataFrame,
    said: Sequence[str],
    at: datetime,
) -> None:
    submission = stored.submission
    name = submission.submission_id
    folder = session.home.outbox_of(submission.district_code) / name
    make_folder(folder.parent, 0o750)
    make_folder(folder, 0o750)
    ids = _identity_outcomes(session.con, name)
    written = reports.write(folder, submission, rows, ids, at)
    kept = sorted(path.name for path in folder.iterdir() if not path.name.startswith(".") and path.is_file())
    facts = reports.facts(submission, tuple(dict.fromkeys((*written, *_answers_among(kept)))))
    receipt = build_receipt(
        submission,
        facts,
        violations=rows,
        ids=ids,
        finished_at=stored.finished_at,
        dictionary_version=stored.dictionary_version,
        rule_book_version=stored.rule_book_version or None,
    )
    write_receipt(folder, with_changes(session.con, receipt, rows, said), facts)


def _answers_among(names: Sequence[str]) -> list[str]:
    """The files of the first report that are not written anew."""
    return [name for name in names if name.endswith(".txt") and name != "receipt.txt"]


def _identity_outcomes(con: duckdb.DuckDBPyConnection, name: str) -> dict[str, int] | None:
    """As they came out when the file was answered; null where none was asked for."""
    wanted = named([name])  # noqa: F841 (query)
    found = con.sql("SELECT outcome FROM identity.assignment SEMI JOIN wanted USING (submission_id)").pl()
    return count_outcomes(found) if found.height else None


def _districts(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> set[str]:
    found = con.execute(
        "SELECT DISTINCT district_code FROM intake.submission WHERE list_contains(?, submission_id)", [list(names)]
    ).fetchall()
    return {code for (code,) in found}


def _settle_due(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    wanted = pl.DataFrame({"submission_id": list(names)}, schema={"submission_id": pl.String})  # noqa: F841 (query)
    with transaction(con):
        con.execute("DELETE FROM quality.page_due WHERE submission_id IN (SELECT submission_id FROM wanted)").fetchall()
    checkpoint(con)
