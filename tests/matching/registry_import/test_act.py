"""The act of an import: numbers, events and rows are entered, from what was judged or again from the archived bytes."""

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import pytest

from matching.acts import Act, ActDesk
from matching.journal import BlockFile, Journal
from matching.recovery import Reservations, reconcile
from matching.registry_import.act import (
    ACT_NAME,
    JudgedRegistry,
    archived_registry,
    carry_out_import,
    judge_registry,
    stage_folder,
)
from matching.ssn import SsnHasher
from schemas.database import open_state
from schemas.errors import JournalMismatch
from schemas.paths import StateHome
from tests.matching.registry_import.registry_files import AT, JAMES, NOBODY, ONE, THREE, TWO, registry_text

ROWS = (
    {"ssn": "212345678"}, {**JAMES, "state_id": TWO, "issued_on": ""}, {**JAMES, "state_id": TWO, "issued_on": "", "local_student_id": "7"},
    {**NOBODY, "state_id": THREE, "status": "alias", "alias_of": ONE},
)  # fmt: skip
CONTENT = registry_text(*ROWS).encode()
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ENTERED = (
    "SELECT state_id, status, merged_into, issued_at, issued_run_id FROM identity.student ORDER BY ALL",
    "SELECT * FROM identity.event ORDER BY ALL",
    "SELECT * FROM identity.record ORDER BY ALL",
    "SELECT * FROM identity.registry_import",
    "SELECT block_number, block_hash FROM identity.journal_head",
)


def home_with_bytes(make_empty_home: Callable[[], StateHome]) -> StateHome:
    home = make_empty_home()
    (home.keys / "ssn_hmac_v1.key").write_bytes(b"k" * 32)
    kept = archived_registry(home, SHA256)
    kept.parent.mkdir()
    kept.write_bytes(CONTENT)
    return home


def act_of(judged: JudgedRegistry) -> Act:
    facts = {"import_id": "import-1", "sha256": SHA256, "file_name": "old.csv"}
    files = (BlockFile("import-1", "", None, SHA256),)
    return Act(ACT_NAME, "import", "ann", "takeover", "run-1", AT, facts, files, judged.entries())


def imported(home: StateHome, con: duckdb.DuckDBPyConnection, journal: Journal) -> None:
    with stage_folder(home) as folder:
        judged = judge_registry(CONTENT, con, SsnHasher.from_keys(home.keys), folder, AT)
        desk = ActDesk(journal, con, Reservations(), {ACT_NAME: partial(carry_out_import, judged=judged)})
        desk.carry_out(act_of(judged))


def entered(con: duckdb.DuckDBPyConnection) -> list[list[tuple[object, ...]]]:
    return [con.execute(query).fetchall() for query in ENTERED]


@pytest.fixture
def homes(make_empty_home: Callable[[], StateHome], monkeypatch: pytest.MonkeyPatch) -> tuple[StateHome, StateHome]:
    """Two homes that stand alike before the import, with one SSN key."""
    monkeypatch.setattr("matching.registry_import.act.SsnHasher.from_keys", lambda folder: SsnHasher({1: b"k" * 32}))
    return home_with_bytes(make_empty_home), home_with_bytes(make_empty_home)


def test_numbers_rows_and_events_are_entered(homes: tuple[StateHome, StateHome]) -> None:
    home = homes[0]
    con, journal = open_state(home), Journal(home.journal)
    imported(home, con, journal)
    students, events, records, imports, _ = entered(con)
    assert [row[:3] for row in students] == [
        (ONE, "active", None), (TWO, "active", None), (THREE, "merged", ONE)
    ]  # fmt: skip
    assert [f"{row[3]:%Y-%m-%d}" for row in students] == ["2019-09-03", "2025-07-01", "2019-09-03"]
    names = [column[0] for column in con.execute("SELECT * FROM identity.event").description or ()]
    told = [dict(zip(names, row, strict=True)) for row in events]
    assert [(row["state_id"], row["line_number"], row["kind"], row["evidence"], row["other_state_id"]) for row in told] == [
        (ONE, 2, "imported", "active", None), (TWO, 3, "imported", "active", None), (THREE, 5, "imported", "merged", ONE)
    ]  # fmt: skip
    assert {(row["submission_id"], row["actor"], row["reason"], row["block_number"]) for row in told} == {
        ("import-1", "ann", "takeover", 1)
    }
    assert len(records) == 3 and len(imports) == 1
    assert journal.read(1).entries.select("line_number", "state_id").rows() == [(2, ONE), (3, TWO), (5, THREE)]
    assert b"Okafor" not in (home.journal / "000001.jsonl").read_bytes()
    assert list(home.work.glob("registry-*")) == []
    con.close()


def test_an_interrupted_import_is_finished_from_the_archive(homes: tuple[StateHome, StateHome], tmp_path: Path) -> None:
    """A database from before the import, and the journal with its block: what kill -9 before COMMIT leaves."""
    done, dead = homes
    con = open_state(done)
    imported(done, con, Journal(done.journal))
    expected = entered(con)
    con.close()
    (dead.journal / "000001.jsonl").write_bytes((done.journal / "000001.jsonl").read_bytes())
    con, journal = open_state(dead), Journal(dead.journal)
    reconcile(journal, con)
    desk = ActDesk(journal, con, Reservations(), {ACT_NAME: carry_out_import})
    assert [act.actor for act in desk.finish_interrupted()] == ["ann"]
    assert entered(con) == expected
    con.close()


def test_lost_bytes_of_an_interrupted_import_stop_the_start(homes: tuple[StateHome, StateHome]) -> None:
    done, dead = homes
    con = open_state(done)
    imported(done, con, Journal(done.journal))
    con.close()
    (dead.journal / "000001.jsonl").write_bytes((done.journal / "000001.jsonl").read_bytes())
    archived_registry(dead, SHA256).write_bytes(CONTENT + b"\n")
    con, journal = open_state(dead), Journal(dead.journal)
    with pytest.raises(JournalMismatch, match="missing or changed"):
        ActDesk(journal, con, Reservations(), {ACT_NAME: carry_out_import}).finish_interrupted()
    assert con.execute("SELECT count(*) FROM identity.student").fetchall() == [(0,)]
    con.close()
