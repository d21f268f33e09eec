"""After the files of a run, a certificate or a correction: the districts are compared with each other, and told.

Compared in one transaction; the pages are written afterwards from the database alone. What a crash prevents, the next run
does: which files were taken in and whom to tell stands in the database.
"""

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from flows.session import Session
from schemas.clock import missouri_day
from schemas.database import checkpoint, transaction
from schemas.faults import reach

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from outputs.state_level.comparing import Changes


def compare_districts(session: Session) -> list[str]:
    """Find, move and settle the findings that compare districts, then write the pages; sentences for the run's summary.

    Does nothing, and loads next to nothing, where no file came or went since the last time.
    """
    from outputs.state_level.comparing import find_changes, rules_version

    today = missouri_day(session.clock.now())
    version = rules_version(session.dictionary)
    with session.con.cursor() as cursor:
        changes = find_changes(cursor, today, version)
        said = [] if changes is None else _compare(session, cursor, changes, today, version)
    written = write_missing_pages(session)
    if written:
        said.append(f"State-level pages written for {written:,} {'district' if written == 1 else 'districts'}.")
    return said


def _compare(
    session: Session, cursor: "DuckDBPyConnection", changes: "Changes", today: date, version: str
) -> list[str]:
    """One comparison, committed whole; a sentence that counts what changed."""
    from outputs.state_level.comparing import choose_children
    from outputs.state_level.findings import find_disagreements
    from outputs.state_level.settling import known_findings, record_comparison, settle_findings

    with session.watch.stage("compare districts"):
        choose_children(cursor, changes, today)
        found = find_disagreements(cursor, session.dictionary, today)
        known = known_findings(cursor)
        numbers = cursor.sql("SELECT number FROM compared_number").pl()
        at = session.clock.now()
        with transaction(session.con):
            told = settle_findings(
                session.con, found, known, numbers, changes, rules_version=version, today=today, at=at
            )  # fmt: skip
            record_comparison(session.con, changes, told, version, at)
        reach("after_commit")
        checkpoint(session.con)
    counts = Counter(told["change"].to_list())
    if not counts:
        return []
    listed = ", ".join(f"{count:,} {change}" for change, count in sorted(counts.items()))
    return [f"State-level findings: {listed}."]


def write_missing_pages(session: Session) -> int:
    """Write the page of every district that has something to be told, also after a crash; how many were written.

    A disclosure is on record before the page exists; a crash in between leaves a row too many, never one too few.
    """
    from outputs.state_level.content import districts_to_tell

    districts = districts_to_tell(session.con)
    if not districts:
        return 0
    from outputs.disclosure_log import record_disclosures
    from outputs.state_level.content import load_findings, mark_told
    from outputs.state_level.findings import state_rules
    from outputs.state_level.folder import disclosure_of, write_state_level

    with session.watch.stage("state-level pages", len(districts)):
        titles = {rule.rule_id: rule.title for rule in state_rules(session.dictionary)}
        at = session.clock.now()
        known = [code for code in districts if session.directory.has_district(code)]
        pages = load_findings(session.con, known, session.directory, titles, at)
        disclosures = [each for page in pages if (each := disclosure_of(page))]
        if disclosures:
            with transaction(session.con):
                record_disclosures(session.con, disclosures, at)
            checkpoint(session.con)
        for number, page in enumerate(pages, start=1):
            write_state_level(session.home, page, session.directory)
            session.watch.progress("state-level pages", number, len(pages))
        with transaction(session.con):
            mark_told(session.con, districts, at)
        checkpoint(session.con)
    session.log(f"state-level pages written for {len(pages)} districts")
    return len(pages)
