"""Random sequences of corrections: no number is ever lost or doubled, forwarding ends, and an undo gives everything back."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching.corrections.change import Order
from matching.corrections.children import load_records
from matching.corrections.register import APPLIED, load_corrections
from matching.corrections.standing import current_id, load_family
from schemas.errors import MosisError
from tests.matching.conftest import build_registry
from tests.matching.corrections.conftest import Desk, store_files

DISTRICTS = ("010004", "048078", "077077")
CHILDREN = [
    {"state_id": f"{number:010d}", "district_code": district, "local_student_id": f"{number}{place}",
     "submission_id": f"S{number}{place}", "first_name": f"Name{chr(96 + number)}"}
    for number in range(1, 5) for place, district in enumerate(DISTRICTS[: 1 + number % 3])
]  # fmt: skip
# What an undo must give back to the letter; events, decisions and the register itself are history and only grow.
STATE = ("student", "record", "assignment", "moved_line", "near_match", "decided_record")

Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["merge", "split", "undo", "retire"]), st.integers(0, 7), st.integers(0, 7)),
    min_size=1,
    max_size=8,
)


def make_desk() -> Desk:
    con = build_registry(*CHILDREN)
    store_files(con)
    return Desk(con)


def order_of(desk: Desk, step: Step) -> Order | None:
    """The order that a step means in the registry as it stands; null where there is nothing to name."""
    kind, first, second = step
    active = [name for (name,) in desk.rows("SELECT state_id FROM identity.student WHERE status = 'active' ORDER BY 1")]
    if not active and kind != "undo":
        return None
    state_id = active[first % len(active)] if active else ""
    if kind == "merge":
        return Order("merge", state_id=state_id, other_id=active[second % len(active)], is_forced=True)
    if kind == "retire":
        return Order("retire", state_id=state_id)
    if kind == "undo":
        applied = [item.act_number for item in load_corrections(desk.con, statuses=(APPLIED,)) if item.kind != "undo"]
        return Order("undo", act_number=applied[first % len(applied)]) if applied else None
    records = load_records(desk.con, load_family(desk.con, [state_id]))
    return Order("split", state_id=state_id, lines=(records[second % len(records)].key,)) if records else None


def snapshot(desk: Desk, known: set[str]) -> dict[str, list[Any]]:
    """Rows of every table; of numbers given since only that they were given."""
    rows = {table: desk.rows(f"SELECT * FROM identity.{table} ORDER BY ALL") for table in STATE}
    rows["student"] = [row for row in rows["student"] if row[0] in known]
    rows["collection"] = desk.rows("SELECT * FROM collection.student_core ORDER BY ALL")
    return rows


def numbers(desk: Desk) -> set[str]:
    return {name for (name,) in desk.rows("SELECT state_id FROM identity.student")}


def check(desk: Desk, ever: set[str]) -> None:
    rows = desk.rows("SELECT state_id, status, merged_into FROM identity.student")
    assert {row[0] for row in rows} == ever and len(rows) == len(ever), "a number was lost or doubled"
    assert all((status == "merged") == (into is not None) for _, status, into in rows)
    assert {status for _, status, _ in rows} <= {"active", "merged", "retired"}
    family = load_family(desk.con, ever)
    for state_id in ever:
        end = current_id(family, state_id)
        assert end is None or family[end].status == "active", "a number leads nowhere"
    assert not {name for (name,) in desk.rows("SELECT state_id FROM identity.record")} - ever
    doubled = desk.rows("SELECT submission_id FROM identity.moved_line GROUP BY ALL HAVING count(*) > 1")
    assert not doubled


def try_sequence(steps: list[Step]) -> None:
    desk = make_desk()
    try:
        ever = numbers(desk)
        before: dict[int, tuple[set[str], dict[str, list[Any]]]] = {}
        for step in steps:
            order = order_of(desk, step)
            if order is None:
                continue
            known, rows = numbers(desk), snapshot(desk, ever)
            try:
                act = desk.carry(order)
            except MosisError:
                assert snapshot(desk, ever) == rows, "a refusal changed something"
                continue
            before[act] = known, rows
            ever |= numbers(desk)
            check(desk, ever)
        undo_all(desk, before)
        check(desk, ever)
    finally:
        desk.con.close()


def undo_all(desk: Desk, before: dict[int, tuple[set[str], dict[str, list[Any]]]]) -> None:
    """Take back what stands, the latest first: after each the registry is what it was before that act.

    Acts that were undone in between have left no trace but numbers they gave.
    """
    standing = [item for item in load_corrections(desk.con, statuses=(APPLIED,)) if item.kind != "undo"]
    for item in sorted(standing, key=lambda item: item.act_number, reverse=True):
        desk.undo(item.act_number)
    first, rows = before[min(before)] if before else (set(), snapshot(desk, numbers(desk)))
    if before:
        assert snapshot(desk, first) == rows


@pytest.mark.slow
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_numbers_are_permanent_and_undo_is_exact(steps: list[Step]) -> None:
    try_sequence(steps)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_numbers_are_permanent_over_many_sequences(steps: list[Step]) -> None:
    try_sequence(steps)
