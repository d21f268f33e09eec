"""Merge, split, retire, undo on a small registry: who keeps the number, what is refused, and what an undo gives back."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from matching.corrections.change import Change, Order
from matching.corrections.register import later_on_the_same, load_correction
from matching.stored_facts import facts_between
from schemas.errors import MosisError, UnknownName, UsageError
from tests.matching.conftest import build_registry, build_requests
from tests.matching.corrections.conftest import Desk, store_files

A, B, C = "1000000001", "1000000002", "1000000003"
HOME: dict[str, Any] = {"state_id": A, "district_code": "010004", "local_student_id": "100"}
AWAY: dict[str, Any] = {"state_id": B, "district_code": "048078", "local_student_id": "7"}
# Two children of one name under one number: the second came later.
SHARED = ({**HOME, "submission_id": "S1"}, {**AWAY, "state_id": A, "submission_id": "S2", "middle_name": "Lee"})
S1, S2 = ("S1", 1), ("S2", 2)

MakeDesk = Callable[..., Desk]


@pytest.fixture(scope="module")
def refusing() -> Iterator[Desk]:
    """For orders that are refused, so that nothing changes: B was merged into A; C lives."""
    con = build_registry(HOME, AWAY, {**AWAY, "state_id": C, "district_code": "077077"})
    store_files(con)
    desk = Desk(con)
    desk.merge(A, B)
    yield desk
    con.close()


def test_merged_number_leads_to_the_survivor_and_records_stay(make_desk: MakeDesk) -> None:
    desk = make_desk(HOME, AWAY)
    desk.merge(A, B)
    assert desk.standing(A) == ("active", None)
    assert desk.standing(B) == ("merged", A)
    assert desk.rows("SELECT state_id FROM identity.record ORDER BY 1") == [(A,), (B,)]
    assert desk.rows("SELECT state_id FROM collection.student_core ORDER BY 1") == [(A,), (B,)]
    assert desk.rows("SELECT kind, state_id, other_state_id FROM identity.decision") == [("must_link", A, B)]
    assert desk.rows("SELECT kind, state_id, other_state_id FROM identity.event ORDER BY event_id") == [
        ("merged", B, A), ("merged", A, B)
    ]  # fmt: skip


def test_older_number_survives_unless_somebody_chooses(make_desk: MakeDesk) -> None:
    desk = make_desk(HOME, AWAY)
    desk.con.execute(f"UPDATE identity.student SET issued_at = issued_at - INTERVAL 1 DAY WHERE state_id = '{B}'")
    assert desk.plan(Order("merge", state_id=A, other_id=B)).numbers == (B, A)
    assert desk.plan(Order("merge", state_id=A, other_id=B, keeps=A)).numbers == (A, B)


def test_chain_of_merges_leads_to_its_end(make_desk: MakeDesk) -> None:
    desk = make_desk(HOME, AWAY, {**AWAY, "state_id": C, "district_code": "077077"})
    desk.merge(A, B)
    act = desk.merge(C, A, keeps=C)
    assert desk.standing(B) == ("merged", A) and desk.standing(A) == ("merged", C)
    lines = desk.rows(
        "SELECT old_state_id, new_state_id FROM identity.correction_line WHERE act_number = ? ORDER BY 1, 2", act
    )
    assert lines == [(A, C), (A, C), (C, C)]


@pytest.mark.parametrize(
    ("one", "other", "error", "words"),
    [
        (A, A, UsageError, "named twice"),
        (A, "9999999999", UnknownName, "never given"),
        ("9999999999", A, UnknownName, "never given"),
        (A, B, MosisError, "leads there already"),
        (B, A, MosisError, "leads there already"),
        (B, C, MosisError, f"was merged into {A}. Name that number instead"),
    ],
)
def test_merge_is_refused(refusing: Desk, one: str, other: str, error: type[MosisError], words: str) -> None:
    with pytest.raises(error, match=words):
        refusing.merge(one, other)


def test_retired_number_is_not_merged(make_desk: MakeDesk) -> None:
    desk = make_desk(HOME, AWAY)
    desk.retire(B)
    with pytest.raises(MosisError, match=f"{B} is retired"):
        desk.merge(A, B)


def test_two_local_ids_in_one_district_and_year_need_force(make_desk: MakeDesk) -> None:
    desk = make_desk(HOME, {**HOME, "state_id": B, "local_student_id": "101"})
    with pytest.raises(MosisError, match="two local IDs in district 010004 in school year 2025") as caught:
        desk.merge(A, B)
    assert "101" not in str(caught.value)
    desk.merge(A, B, is_forced=True)
    assert desk.standing(B) == ("merged", A)


def test_split_gives_the_later_child_a_new_number(make_desk: MakeDesk) -> None:
    desk = make_desk(*SHARED)
    change = desk.plan(Order("split", state_id=A, lines=(S2,)))
    act = desk.split(A, S2)
    new = load_correction(desk.con, act).numbers[1]
    assert new not in (A, B) and desk.standing(new) == ("active", None)
    assert desk.rows("SELECT source_submission_id, state_id FROM identity.record ORDER BY 1") == [
        ("S1", A),
        ("S2", new),
    ]
    assert desk.rows("SELECT * FROM identity.moved_line") == [("S2", 2, new)]
    assert desk.rows("SELECT state_id FROM collection.student_core") == [(A,), (A,)], (
        "stored records are never rewritten"
    )
    assert "its evidence is the earliest (district 010004, S1 line 1" in change.notes[0]


def test_number_stays_with_the_earliest_evidence_whichever_child_is_selected(make_desk: MakeDesk) -> None:
    desk = make_desk(*SHARED)
    moved = [desk.plan(Order("split", state_id=A, lines=(line,))).moved for line in (S1, S2)]
    assert [[move.key for move in moves] for moves in moved] == [[S2], [S2]]
    chosen = desk.plan(Order("split", state_id=A, lines=(S1,), keeps="rest"))
    assert [move.key for move in chosen.moved] == [S1]


def test_later_lines_go_with_the_record_that_says_the_same(make_desk: MakeDesk) -> None:
    desk = make_desk(*SHARED)
    for name, source in (("S8", "S1"), ("S9", "S2")):
        desk.con.execute(
            f"INSERT INTO collection.student_core SELECT * REPLACE ('{name}' AS submission_id) "
            f"FROM collection.student_core WHERE submission_id = '{source}'"
        )
    moved = desk.plan(Order("split", state_id=A, lines=(S2,))).moved
    assert [move.key for move in moved] == [S2, ("S9", 2)]


def test_line_that_could_be_either_child_stays_and_is_named(make_desk: MakeDesk) -> None:
    desk = make_desk(SHARED[0], {**SHARED[1], "district_code": "010004"})
    desk.con.execute(
        "INSERT INTO intake.submission SELECT * REPLACE ('S9' AS submission_id, '010004' AS district_code) "
        "FROM intake.submission WHERE submission_id = 'S1'"
    )
    desk.con.execute(
        "INSERT INTO identity.assignment (submission_id, line_number, state_id, outcome) VALUES ('S9', 4, ?, 'NEW')",
        [A],
    )
    change = desk.plan(Order("split", state_id=A, lines=(S2,)))
    assert [move.key for move in change.moved] == [S2]
    assert "S9:4" in change.notes[1]


def test_split_is_refused(make_desk: MakeDesk) -> None:
    desk = make_desk(*SHARED)
    for order, words in (
        (Order("split", state_id=A), "Say which records"),
        (Order("split", state_id=A, lines=(S1, S2)), "All 2 records"),
        (Order("split", state_id=A, lines=(("S7", 1),)), "S7:1 is no record"),
        (Order("split", state_id=A, lines=(S2,), other_id=B), "was not merged into"),
    ):
        with pytest.raises(UsageError, match=words):
            desk.plan(order)


def test_split_can_bring_a_merged_number_back(make_desk: MakeDesk) -> None:
    desk = make_desk(HOME, AWAY)
    desk.merge(A, B)
    record = desk.rows("SELECT source_submission_id, source_line FROM identity.record WHERE state_id = ?", B)[0]
    with pytest.raises(UsageError, match=f"add --to {B}"):
        desk.split(A, record)
    desk.split(A, other_id=B)
    assert desk.standing(B) == ("active", None)
    assert desk.rows("SELECT * FROM identity.moved_line") == []


def test_children_that_were_split_are_not_merged_again(make_desk: MakeDesk) -> None:
    desk = make_desk(*SHARED)
    act = desk.split(A, S2)
    new = load_correction(desk.con, act).numbers[1]
    assert len(facts_between(desk.con, A, new)) >= 1
    with pytest.raises(MosisError, match=f"cannot be merged: .*another child than.*mosis ids undo {act}"):
        desk.merge(A, new)
    desk.undo(act)
    assert facts_between(desk.con, A, new) == []


def test_moved_record_is_known_when_it_comes_again_with_the_old_number(
    make_desk: MakeDesk, crowd: list[dict[str, Any]]
) -> None:
    from matching.identify import identify

    desk = make_desk(*SHARED, *crowd)
    act = desk.split(A, S2)
    new = load_correction(desk.con, act).numbers[1]
    again = build_requests(
        {**SHARED[1], "submission_id": "S5", "sha256": "x", "submitted_state_id": A, "state_id": None} | {}
    )
    found = identify(again, desk.con).assignments
    assert found.select("outcome", "state_id").rows() == [("REUSED", new)]


def test_retired_number_is_refused_while_it_carries_certified_records(make_desk: MakeDesk) -> None:
    desk = make_desk(HOME)
    desk.con.execute("UPDATE intake.submission SET status = 'certified', collection_version = '2026Oct1.0StuCore'")
    with pytest.raises(MosisError, match=r"certified records carry it \(010004 2026Oct1.0StuCore\)"):
        desk.retire(A)
    act = desk.retire(A, is_forced=True)
    assert desk.standing(A) == ("retired", None)
    assert desk.rows("SELECT DISTINCT new_state_id FROM identity.correction_line") == [(None,)]
    desk.undo(act)
    assert desk.standing(A) == ("active", None)


def test_number_that_others_lead_to_is_not_retired(make_desk: MakeDesk) -> None:
    desk = make_desk(HOME, AWAY)
    desk.merge(A, B)
    with pytest.raises(MosisError, match=f"{B} was merged into it"):
        desk.retire(A)


def test_undo_of_a_split_leaves_its_new_number_leading_back(make_desk: MakeDesk) -> None:
    desk = make_desk(*SHARED)
    act = desk.split(A, S2)
    new = load_correction(desk.con, act).numbers[1]
    desk.undo(act)
    assert desk.standing(new) == ("merged", A)
    assert desk.rows("SELECT DISTINCT state_id FROM identity.record") == [(A,)]
    assert desk.rows("SELECT * FROM identity.moved_line") == []
    assert desk.rows("SELECT * FROM identity.decided_record") == []


def test_undo_of_a_merge_sends_back_what_is_word_for_word_the_others(make_desk: MakeDesk) -> None:
    desk = make_desk(HOME, AWAY)
    act = desk.merge(A, B)
    desk.con.execute(
        "INSERT INTO identity.record SELECT * REPLACE (? AS state_id, 'S8' AS source_submission_id, "
        "? AS first_seen_at) FROM identity.record WHERE state_id = ?",
        [A, "2026-04-01 00:00:00+00", B],
    )
    desk.con.execute(
        "INSERT INTO identity.record SELECT * REPLACE ('S9' AS source_submission_id, 77 AS version_hash, "
        "? AS first_seen_at) FROM identity.record WHERE state_id = ? AND source_submission_id <> 'S8'",
        ["2026-04-01 00:00:00+00", A],
    )
    change = desk.plan(Order("undo", act_number=act))
    assert [(move.submission_id, move.new_id) for move in change.moved] == [("S8", B)]
    assert any(note.startswith(f"1 record came since and stayed with {A}") for note in change.notes)
    desk.undo(act)
    found = desk.rows(
        "SELECT source_submission_id, state_id FROM identity.record WHERE source_submission_id IN ('S8', 'S9')"
    )
    assert sorted(found) == [("S8", B), ("S9", A)]


def test_undo_is_refused_while_later_acts_build_on_it(make_desk: MakeDesk) -> None:
    desk = make_desk(HOME, AWAY, {**AWAY, "state_id": C, "district_code": "077077"})
    first = desk.merge(A, B)
    second = desk.merge(A, C)
    assert [other.act_number for other in later_on_the_same(desk.con, load_correction(desk.con, first))] == [second]
    with pytest.raises(MosisError, match=f"later acts build on it: {second} \\(merge\\)"):
        desk.undo(first)
    third = desk.undo(second)
    desk.undo(first)
    assert desk.standing(B) == ("active", None)
    with pytest.raises(MosisError, match="undone before"):
        desk.undo(first)
    with pytest.raises(UsageError, match="is an undo itself"):
        desk.undo(third)


def test_change_can_be_carried_out_from_its_facts_alone(make_desk: MakeDesk) -> None:
    order = Order("split", state_id=A, lines=(S2,), keeps="rest")
    first, second = make_desk(*SHARED), make_desk(*SHARED)
    facts = first.plan(order).to_facts()
    assert Change.of(facts).to_facts() == facts and Order.of(order.to_facts()) == order
    for desk in (first, second):
        desk.carry_facts(order, facts)
    for table in (
        "student",
        "record",
        "moved_line",
        "correction_line",
        "correction",
        "event",
        "decision",
        "decided_record",
    ):
        query = f"SELECT * FROM identity.{table} ORDER BY ALL"
        assert first.rows(query) == second.rows(query), table


def test_correction_of_another_registry_is_refused(make_desk: MakeDesk) -> None:
    desk = make_desk(HOME, AWAY)
    order = Order("merge", state_id=A, other_id=B)
    facts = desk.plan(order).to_facts()
    desk.retire(B)
    with pytest.raises(MosisError, match="does not stand as it did"):
        desk.carry_facts(order, facts)
