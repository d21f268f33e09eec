"""Decisions about violations as acts: journaled with their facts, carried out again after a crash."""

from collections.abc import Mapping
from datetime import date

import duckdb

from matching.acts import Act, Carry
from outputs.violation_desk import decide
from outputs.violation_desk.decide import Decided
from outputs.violation_desk.decide_responses import ResponseSelection, decide_responses
from outputs.violation_desk.selection import Selection

SET, WAIVE, UNWAIVE, EXPIRE = "set_violations", "waive_violations", "unwaive_violations", "expire_waivers"
DECIDE_RESPONSES = "decide_responses"
REVALIDATE = "revalidate"


def carry_set(con: duckdb.DuckDBPyConnection, act: Act, block_number: int) -> None:
    decide.set_status(con, _by(act, block_number), _selection(act), act.facts["status"])


def carry_waive(con: duckdb.DuckDBPyConnection, act: Act, block_number: int) -> None:
    """Facts: selection, until, covers_later (whether files that come later are covered, too)."""
    waive = decide.waive_rules if act.facts["covers_later"] else decide.waive_rows
    waive(con, _by(act, block_number), _selection(act), date.fromisoformat(act.facts["until"]))


def carry_unwaive(con: duckdb.DuckDBPyConnection, act: Act, block_number: int) -> None:
    decide.unwaive(con, _by(act, block_number), _selection(act))


def carry_expire(con: duckdb.DuckDBPyConnection, act: Act, block_number: int) -> None:
    decide.expire(con, _by(act, block_number), date.fromisoformat(act.facts["today"]))


def carry_decide_responses(con: duckdb.DuckDBPyConnection, act: Act, block_number: int) -> None:
    """Facts: selection, verdict (approved, refused), until."""
    until = act.facts["until"]
    decide_responses(
        con,
        _by(act, block_number),
        ResponseSelection.from_json(act.facts["selection"]),
        act.facts["verdict"],
        date.fromisoformat(until) if until else None,
    )


def carry_revalidate(con: duckdb.DuckDBPyConnection, act: Act, block_number: int) -> None:
    """After an interruption; what reads files is loaded only then."""
    from flows.revalidation import carry_revalidation

    carry_revalidation(con, act, block_number)


def _by(act: Act, block_number: int) -> Decided:
    return Decided(block_number, act.at, act.actor, act.reason)


def _selection(act: Act) -> Selection:
    return Selection.from_json(act.facts["selection"])


VIOLATION_ACTS: Mapping[str, Carry] = {
    SET: carry_set,
    WAIVE: carry_waive,
    UNWAIVE: carry_unwaive,
    EXPIRE: carry_expire,
    DECIDE_RESPONSES: carry_decide_responses,
    REVALIDATE: carry_revalidate,
}
