"""Pre-code, aggregate, publish: each opens the home, does one thing in one transaction, and says what it did."""

from flows.session import Session, open_session
from outputs.aggregates.aggregate import aggregate
from outputs.certification.built_on import uncounted_changes
from outputs.next_steps import counted as number_of
from outputs.precode import Delivery, build_precode
from outputs.publish.publish import publish
from outputs.publish.summary import ReleaseSummary
from schemas.clock import Clock
from schemas.database import checkpoint, transaction
from schemas.errors import UsageError
from schemas.paths import StateHome


def deliver_precode(home: StateHome, assessment: str, school_year: int | None, *, actor: str, clock: Clock) -> str:
    """Build the vendor's and the districts' pre-code files; the sentence that says where they are."""
    with open_session(home, clock) as session:
        return precode(session, assessment, school_year, actor).text


def precode(session: Session, assessment: str, school_year: int | None, actor: str) -> Delivery:
    at = session.clock.now()
    with transaction(session.con):
        delivery = build_precode(
            session.con,
            assessment,
            school_year,
            session.home,
            session.directory,
            session.dictionary,
            at,
            f"precode-{at:%Y%m%dT%H%M%SZ}",
            actor,
        )
    checkpoint(session.con)
    return delivery


def aggregate_cycle(home: StateHome, school_year: int, cycle: str, *, clock: Clock) -> str:
    """Count certified enrolment into publish.cell; the sentence that says what was counted."""
    with open_session(home, clock) as session:
        return count_cells(session, school_year, cycle)


def count_cells(session: Session, school_year: int, cycle: str) -> str:
    with transaction(session.con):
        counted = aggregate(session.con, school_year, cycle, session.clock.now(), session.directory)
    checkpoint(session.con)
    return counted.text


def publish_release(home: StateHome, school_year: int, cycle: str, *, clock: Clock) -> ReleaseSummary:
    """Write a public release.

    Raises:
        UsageError: certificates changed since the cycle was counted.
        UnsafeRelease: the audit found a withheld count that can be computed; nothing was published.
    """
    with open_session(home, clock) as session:
        return release_cells(session, school_year, cycle)


def release_cells(session: Session, school_year: int, cycle: str) -> ReleaseSummary:
    home = session.home
    if changes := uncounted_changes(session.con, school_year, cycle):
        raise UsageError(
            f"{number_of(changes, 'certificate was', 'certificates were')} given or taken back since {cycle} {school_year} was "
            f"counted. Count first: mosis aggregate --year {school_year} --cycle {cycle}"
        )
    with transaction(session.con):
        release = publish(
            session.con,
            home.published,
            school_year,
            cycle,
            session.clock.now(),
            home.settings.suppression_threshold,
            session.directory,
        )
    checkpoint(session.con)
    return release
