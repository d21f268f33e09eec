"""A ledger that agrees with its journal, harmed in one place at a time: each harm is found and named."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb
import polars as pl
import pytest

from matching.acts import Act, ActDesk
from matching.corrections.carrying import CORRECTION_ACTS
from matching.corrections.change import Change, NewStanding, Order
from matching.journal import ENTRY_SCHEMA, BlockFile, Journal
from matching.ledger import advance_head, issue_ids, record_assignments
from matching.recovery import Reservations, reconcile
from matching.registry_import.act import ACT_NAME, carry_out_import, judge_registry, stage_folder
from matching.verification import Verification, difference_messages, verify_ledger
from schemas.database import open_state, transaction
from schemas.paths import FOLDERS, StateHome
from tests.matching.registry_import.registry_files import HASHER, JAMES, NOBODY, ONE, THREE, TWO, registry_text

AT = datetime(2025, 10, 6, 14, 0, tzinfo=UTC)
A = BlockFile("A", "010004", None, "a" * 64)
B = BlockFile("B", "048078", None, "b" * 64)
NEW, OTHER, KEPT, STRANGE = "1000000008", "2000000003", "3000000001", "9000000000"
CONTENT = registry_text(
    {}, {**JAMES, "state_id": TWO}, {**NOBODY, "state_id": THREE, "status": "alias", "alias_of": ONE}
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StateHome]:
    """An import of three numbers, a run that issued two and left one reserved, and one number that a person retired."""
    home = StateHome(tmp_path_factory.mktemp("ledger") / "home")
    for folder in ("", *FOLDERS):
        (home.root / folder).mkdir()
    home.settings_file.write_text("threads = 1\nmemory_limit = '500MB'\n")
    con, journal = open_state(home, create=True), Journal(home.journal)
    take_over(home, con, journal)
    run(con, journal)
    retire(con, journal)
    con.close()
    yield home


def take_over(home: StateHome, con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    with stage_folder(home) as folder:
        judged = judge_registry(CONTENT.encode(), con, HASHER, folder, AT)
        facts = {"import_id": "import-1", "sha256": "c" * 64, "file_name": "old.csv"}
        files = (BlockFile("import-1", "", None, "c" * 64),)
        act = Act(ACT_NAME, "import", "ann", "takeover", "run-1", AT, facts, files, judged.entries())
        table = {ACT_NAME: partial(carry_out_import, judged=judged)}
        ActDesk(journal, con, Reservations(), table).carry_out(act)


def entries(*rows: tuple[int, int, str]) -> pl.DataFrame:
    known = [(file, line, number, state_id) for number, (file, line, state_id) in enumerate(rows)]
    return pl.DataFrame(known, schema=ENTRY_SCHEMA, orient="row")


def run(con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    reservations = reconcile(journal, con)
    lost = journal.append("group", run_id="run-2", at=AT, group=1, files=[B], entries=entries((0, 2, KEPT)))
    reservations.add(lost)
    block = journal.append(
        "group", run_id="run-2", at=AT, group=2, files=[A], entries=entries((0, 2, NEW), (0, 3, OTHER))
    )
    lines = pl.DataFrame(
        {"submission_id": ["A"] * 2, "line_number": [2, 3], "state_id": [NEW, OTHER], "outcome": ["NEW"] * 2}
    ).with_columns(pl.lit(None).alias(name) for name in ("reason", "step", "match_weight", "margin", "model_version"))
    with transaction(con):
        issue_ids(con, block, AT)
        record_assignments(con, lines)
        advance_head(con, block, reservations, (A,), block.entries["state_id"], AT)


def retire(con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    change = Change((TWO,), (NewStanding(TWO, ("active", None), ("retired", None)),))
    facts = {"change": change.to_facts(), "accepted": None, "order": Order("retire", TWO).to_facts()}
    act = Act("retire", "retire", "bea", "no such child", "run-3", AT, facts)
    ActDesk(journal, con, reconcile(journal, con), CORRECTION_ACTS).carry_out(act)


@pytest.fixture(scope="module")
def opened(home: StateHome) -> Iterator[duckdb.DuckDBPyConnection]:
    con = open_state(home)
    yield con
    con.close()


@pytest.fixture
def con(opened: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database; what a test does to it is undone."""
    opened.execute("BEGIN")
    yield opened
    opened.execute("ROLLBACK")


@pytest.fixture
def verify(home: StateHome, con: duckdb.DuckDBPyConnection) -> Callable[[], Verification]:
    return lambda: verify_ledger(Journal(home.journal), con)


def named(found: Verification) -> list[tuple[str, str | None]]:
    return found.differences.select("code", "state_id").rows()


def test_an_unharmed_ledger_agrees(verify: Callable[[], Verification]) -> None:
    found = verify()
    assert named(found) == []
    assert (found.block_count, found.id_count, found.waiting_blocks) == (4, 5, 0)
    assert found.to_json()["agrees"] is True


@pytest.mark.parametrize(
    "harm, codes",
    [
        (f"DELETE FROM identity.reservation WHERE state_id = '{KEPT}'", [("ID_LOST", KEPT)]),
        (f"DELETE FROM identity.student WHERE state_id = '{NEW}'", [("ID_LOST", NEW), ("ASSIGNMENT_LOST", NEW)]),
        (f"DELETE FROM identity.student WHERE state_id = '{TWO}'", [("ID_LOST", TWO), ("RECORD_LOST", TWO)]),
        (
            f"INSERT INTO identity.student VALUES ('{STRANGE}', 'active', NULL, now(), 'run-9')",
            [("ID_WITHOUT_ORIGIN", STRANGE), ("EVENT_MISSING", STRANGE)],
        ),
        (f"INSERT INTO identity.reservation VALUES ('010004', NULL, 'x', 2, '{NEW}', 3)", [("ID_TWICE", NEW)]),
        (f"UPDATE identity.reservation SET block_number = 3 WHERE state_id = '{KEPT}'", [("RESERVATION_DIFFERS", KEPT)]),
        (f"DELETE FROM identity.event WHERE state_id = '{NEW}'", [("EVENT_MISSING", NEW)]),
        (
            f"INSERT INTO identity.event SELECT * REPLACE (99 AS event_id) FROM identity.event WHERE state_id = '{NEW}'",
            [("EVENT_TWICE", NEW)],
        ),
        (f"UPDATE identity.event SET line_number = 7 WHERE state_id = '{NEW}'", [("EVENT_DIFFERS", NEW)]),
        (f"UPDATE identity.event SET submission_id = 'B' WHERE state_id = '{ONE}'", [("EVENT_DIFFERS", ONE)]),
        (
            "UPDATE identity.event SET block_number = 8 WHERE kind = 'retired'",
            [("EVENT_WITHOUT_BLOCK", None)],
        ),
        (
            "UPDATE identity.event SET run_id = 'run-9' WHERE kind = 'retired'",
            [("EVENT_WITHOUT_BLOCK", None)],
        ),
        (
            f"UPDATE identity.event SET event_id = 1 WHERE state_id = '{OTHER}'",
            [("EVENT_NUMBER_TWICE", None)],
        ),
        (
            "DELETE FROM identity.event WHERE kind = 'retired'; DELETE FROM identity.correction",
            [("ACT_WITHOUT_TRACE", None)],
        ),
        (f"UPDATE identity.student SET status = 'retired' WHERE state_id = '{NEW}'", [("STANDING_DIFFERS", NEW)]),
        (f"UPDATE identity.student SET status = 'active' WHERE state_id = '{TWO}'", [("STANDING_DIFFERS", TWO)]),
        (f"UPDATE identity.student SET merged_into = '{NEW}' WHERE state_id = '{THREE}'", [("STANDING_DIFFERS", THREE)]),
        (
            f"UPDATE identity.student SET merged_into = NULL WHERE state_id = '{THREE}'",
            [("STANDING_DIFFERS", THREE), ("FORWARD_MISPLACED", THREE)],
        ),
        (
            f"UPDATE identity.student SET merged_into = '{STRANGE}' WHERE state_id = '{THREE}'",
            [("STANDING_DIFFERS", THREE), ("FORWARD_LOST", THREE)],
        ),
        (
            f"UPDATE identity.student SET status = 'merged', merged_into = '{THREE}' WHERE state_id = '{ONE}'",
            [("STANDING_DIFFERS", ONE), ("FORWARD_CYCLE", ONE), ("FORWARD_CYCLE", THREE)],
        ),
        (
            f"UPDATE identity.assignment SET state_id = '{STRANGE}' WHERE line_number = 2",
            [("ASSIGNMENT_LOST", STRANGE)],
        ),
        (
            "INSERT INTO identity.decision (decision_id, kind, state_id, actor, \"at\", block_number) "
            f"VALUES ('d', 'must_link', '{STRANGE}', 'ann', now(), NULL)",
            [("DECISION_LOST", STRANGE)],
        ),
        (
            "INSERT INTO identity.decision (decision_id, near_match_id, kind, state_id, actor, \"at\", block_number) "
            f"VALUES ('d', 'NM1', 'must_link', '{NEW}', 'ann', now(), 3)",
            [("DECISION_DIFFERS", NEW)],
        ),
        ("UPDATE identity.journal_head SET block_hash = 'x'", [("HEAD_DIFFERS", None)]),
        ("UPDATE identity.journal_head SET block_number = 9", [("HEAD_DIFFERS", None)]),
    ],
)  # fmt: skip
def test_each_harm_is_named(
    con: duckdb.DuckDBPyConnection, verify: Callable[[], Verification], harm: str, codes: list[tuple[str, str | None]]
) -> None:
    for statement in harm.split("; "):
        con.execute(statement).fetchall()
    found = verify()
    assert named(found) == codes
    assert set(found.differences["code"]) <= difference_messages().keys()


@pytest.mark.parametrize("number, damage", [(2, "altered"), (3, "taken out"), (4, "altered")])
def test_a_broken_journal_is_named(
    home: StateHome, con: duckdb.DuckDBPyConnection, tmp_path: Path, number: int, damage: str
) -> None:
    journal = tmp_path / "journal"
    shutil.copytree(home.journal, journal)
    block = journal / f"{number:06d}.jsonl"
    content = block.read_bytes()
    block.unlink()
    if damage == "altered":
        block.write_bytes(content.replace(b"run-", b"ran-"))
    found = verify_ledger(Journal(journal), con)
    assert found.differences.select("code", "block_number").rows() == [("JOURNAL_BROKEN", number)]


def test_a_lost_tail_of_the_journal_is_named(home: StateHome, con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    shutil.copytree(home.journal, journal)
    (journal / "000004.jsonl").unlink()
    assert named(verify_ledger(Journal(journal), con)) == [("HEAD_DIFFERS", None)]


def test_blocks_of_an_interrupted_run_wait(home: StateHome, con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    shutil.copytree(home.journal, folder)
    journal = Journal(folder)
    journal.append("group", run_id="run-4", at=AT, group=1, files=[B], entries=entries((0, 9, STRANGE)))
    found = verify_ledger(journal, con)
    assert named(found) == [] and found.waiting_blocks == 1


def test_a_decision_of_the_journal_that_is_not_kept_is_named(
    home: StateHome, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    folder = tmp_path / "journal"
    shutil.copytree(home.journal, folder)
    journal = Journal(folder)
    decided = {"near_match_id": "NM1", "kind": "must_link", "state_id": NEW, "actor": "district 010004"}
    block = journal.append("group", run_id="run-4", at=AT, group=1, facts={"decisions": [decided]})
    advance_head(con, block, reconcile(journal, con), (), pl.Series([], dtype=pl.String), AT)
    assert named(verify_ledger(journal, con)) == [("DECISION_MISSING", NEW)]
