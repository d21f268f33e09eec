"""A number's story: what happened in order, what is known of it, and what a mistyped number is told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from matching.accuracy_run import open_registry
from matching.id_story import IdStory, known_one_slip_away, tell_id_story
from schemas.errors import UnknownName, UsageError

AT = datetime(2025, 10, 6, 14, 0, tzinfo=UTC)
CHILD, ALIAS, OLDER = "5724000001", "0724000001", "1000000008"


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A number with everything in its life: issued, asked about, decided, answered, merged into; and two that lead to it."""
    con = open_registry(threads=1)
    for number, status, target in ((CHILD, "active", None), (ALIAS, "merged", CHILD), (OLDER, "merged", ALIAS)):
        con.execute("INSERT INTO identity.student VALUES (?, ?, ?, ?, 'r1')", [number, status, target, AT]).fetchall()
    for name, day in (("S1", 0), ("S2", 2)):
        con.execute(
            """INSERT INTO intake.submission BY NAME SELECT $name AS submission_id, '048078' AS district_code,
               $name || '.csv' AS file_name, 'sha' AS sha256, '' AS claim_path, 'trial' AS status, $at AS received_at,
               $at AS finished_at, 'r1' AS run_id, 'd' AS dictionary_version, 'b' AS rule_book_version""",
            {"name": name, "at": AT + timedelta(days=day)},
        ).fetchall()
        con.execute(
            "INSERT INTO identity.assignment VALUES (?, 2, ?, ?, 'MODEL_MATCH', 'model', 14.25, 9.5, 'm1')",
            [name, CHILD, "NEW" if name == "S1" else "REUSED"],
        ).fetchall()
    events = (
        (1, 0, "issued", CHILD, None, "S1", 2, "pipeline", None),
        (2, 3, "merged", ALIAS, CHILD, None, None, "ann", "one child"),
        (3, 3, "merged", "9000000009", OLDER, None, None, "ann", "other children"),
    )
    for number, day, kind, one, other, file, line, actor, reason in events:
        con.execute(
            "INSERT INTO identity.event VALUES (?, ?, 'r1', ?, ?, ?, ?, ?, ?, ?, NULL, 7)",
            [number, AT + timedelta(days=day), kind, one, other, file, line, actor, reason],
        ).fetchall()
    con.execute(
        """INSERT INTO identity.near_match BY NAME SELECT 'NM1' AS near_match_id, 'S2' AS submission_id, 9 AS line_number,
           'sha' AS sha256, '048078' AS district_code, 1 AS candidate_rank, $child AS candidate_state_id,
           8.5 AS match_weight, 'First names differ: Jaden / Jayden' AS explanation, 'NOT_SURE' AS reason,
           'closed' AS status, $child AS resolved_state_id, $at AS opened_at, $at AS closed_at""",
        {"child": CHILD, "at": AT + timedelta(days=1)},
    ).fetchall()
    con.execute(
        """INSERT INTO identity.decision BY NAME SELECT 'D1' AS decision_id, 'NM1' AS near_match_id, 'must_link' AS kind,
           $child AS state_id, 'district 048078' AS actor, $at AS "at" """,
        {"child": CHILD, "at": AT + timedelta(days=1, hours=2)},
    ).fetchall()
    yield con
    con.close()


@pytest.fixture(scope="module")
def story(con: duckdb.DuckDBPyConnection) -> IdStory:
    return tell_id_story(con, CHILD)


def test_everything_is_told_in_order(story: IdStory) -> None:
    assert [entry.what for entry in story.entries] == ["issued", "answered", "asked", "decided", "answered", "merged"]
    assert [entry.at for entry in story.entries] == sorted(entry.at for entry in story.entries)


def test_evidence_is_named(story: IdStory) -> None:
    issued, _, asked, decided, answered, merged = (entry.facts for entry in story.entries)
    assert (issued["file_name"], issued["line_number"], issued["district_code"], issued["block_number"]) == (
        "S1.csv", 2, "048078", 7
    )  # fmt: skip
    assert (answered["match_weight"], answered["margin"], answered["model_version"]) == (14.25, 9.5, "m1")
    assert (asked["near_match_id"], asked["candidate_rank"], asked["resolved_state_id"]) == ("NM1", 1, CHILD)
    assert decided["actor"] == "district 048078"
    assert (merged["new_state_id"], merged["actor"], merged["reason"]) == (ALIAS, "ann", "one child")


def test_forwarding_is_followed_both_ways(con: duckdb.DuckDBPyConnection, story: IdStory) -> None:
    assert story.forwarded_from == (ALIAS, OLDER) and story.forwards_to == ()
    assert tell_id_story(con, OLDER).forwards_to == (ALIAS, CHILD)
    assert tell_id_story(con, ALIAS).forwarded_from == (OLDER,)


@pytest.mark.parametrize("typed", ["5724000010", "5724000002", "572400001"])
def test_a_mistyped_number_is_told_what_is_near(con: duckdb.DuckDBPyConnection, typed: str) -> None:
    with pytest.raises((UnknownName, UsageError)) as refusal:
        tell_id_story(con, typed)
    if len(typed) == 10:
        assert f"One wrong digit or one swap of neighbours away: {CHILD}" in str(refusal.value)
    else:
        assert "drop zeros" in str(refusal.value) and refusal.value.exit_code == 2


def test_a_number_far_from_all_is_unknown(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UnknownName, match="no known one is one slip away"):
        tell_id_story(con, "8888888888")
    assert known_one_slip_away(con, CHILD) == (ALIAS,)
