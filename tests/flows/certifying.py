"""Certifying one district by command, for tests that need a certified collection."""

from dataclasses import dataclass

from flows.certification import certify_many
from flows.reporting import write_overview
from flows.session import open_session
from schemas.clock import Clock
from schemas.paths import StateHome


@dataclass(frozen=True)
class Decision:
    """Whether a trial was certified, and the sentence that says so or why not."""

    is_certified: bool
    text: str


def certify_trial(home: StateHome, district: str, collection: str, *, actor: str, clock: Clock) -> Decision:
    with open_session(home, clock) as session:
        (outcome,) = certify_many(session, collection, [district], all_ready=False, actor=actor)
        write_overview(session)
    return Decision(outcome.certified is not None, outcome.text)
