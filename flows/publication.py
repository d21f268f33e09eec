"""Certify, pre-code, aggregate, publish: each opens the home, does one thing in one transaction, and says what it did."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from flows.reporting import write_overview
from flows.session import Session, open_session
from matching.journal import Block
from matching.ledger import advance_head
from outputs.aggregates.aggregate import aggregate
from outputs.certification import Certified, certify
from outputs.precode import Delivery, build_precode
from outputs.publish.publish import publish
from outputs.publish.summary import ReleaseSummary
from schemas.clock import Clock
from schemas.database import checkpoint, transaction
from schemas.errors import CommitUnknown, MosisError
from schemas.paths import StateHome


@dataclass(frozen=True)
class Decision:
    """Whether a trial was certified, and the sentence that says so or why not."""

    is_certified: bool
    text: str


def certify_trial(home: StateHome, district: str, collection: str, *, actor: str, clock: Clock) -> Decision:
    """Freeze one trial, or say what stands against it.

    Raises:
        UnknownName: no such district or collection.
    """
    with open_session(home, clock) as session:
        try:
            certified = freeze_trial(session, district, collection, actor)
        except MosisError as error:
            if error.exit_code != MosisError.exit_code:
                raise
            return Decision(False, str(error))
        write_overview(session)
    return Decision(True, f"Certified {district} {collection}: {certified.record_count:,} records, signed by {actor}.")


def freeze_trial(session: Session, district: str, collection: str, actor: str) -> Certified:
    """Certify in one transaction; the decision is journaled before it is committed, so a restored backup can repeat it."""
    at = session.clock.now()
    run_id = f"certify-{at:%Y%m%dT%H%M%SZ}"
    block: Block | None = None
    try:
        with transaction(session.con):
            certified = certify(
                session.con,
                district,
                collection,
                dictionary=session.dictionary,
                directory=session.directory,
                actor=actor,
                at=at,
            )
            facts = {"decision": "certified", "actor": actor, "manifests": list(certified.manifests)}
            block = session.journal.append("decision", run_id=run_id, at=at, facts=facts)
            advance_head(session.con, block, session.reservations, (), pl.Series("state_id", [], pl.String), at)
    except CommitUnknown:
        raise
    except Exception:
        if block is not None:
            # Journaled but rolled back: without this a restore would repeat a decision that never took effect.
            session.journal.append("void", run_id=run_id, at=at, facts={"block": block.number})
        raise
    checkpoint(session.con)
    return certified


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
        UnsafeRelease: the audit found a withheld count that can be computed; nothing was published.
    """
    with open_session(home, clock) as session:
        return release_cells(session, school_year, cycle)


def release_cells(session: Session, school_year: int, cycle: str) -> ReleaseSummary:
    home = session.home
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


def certify_all(session: Session, pairs: Sequence[tuple[str, str]], actor: str) -> int:
    """Certify several trials that are known to be free of errors; gives how many records they hold."""
    return sum(freeze_trial(session, district, collection, actor).record_count for district, collection in pairs)
