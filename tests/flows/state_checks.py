"""What must hold of a state home after any number of kills; used by the kill tests and by whoever looks at a home."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from matching.journal import Journal
from schemas.database import open_state
from schemas.paths import StateHome


@dataclass
class Witness:
    """Every (file, line) -> ID that a district could ever have read, kept over many kills."""

    answered: dict[tuple[str, str], str] = field(default_factory=dict)

    def look(self, root: Path) -> None:
        """Read all answers that stand in the outboxes; an ID once answered may never change.

        A submission counts only when its receipt is there: before that, nothing was answered.
        """
        for receipt in root.glob("outbox/*/*/receipt.json"):
            sha256 = json.loads(receipt.read_text("utf-8"))["sha256"]
            for line, state_id in answered_ids(receipt.with_name("ids_assigned.txt")):
                key = (f"{receipt.parts[-3]}/{sha256}", line)
                assert self.answered.setdefault(key, state_id) == state_id, (
                    f"line {line} of {receipt.parent.name} changed its ID"
                )


def answered_ids(path: Path) -> list[tuple[str, str]]:
    """(RequestLine, StateID) of an answer file."""
    if not path.exists():
        return []
    lines = path.read_bytes().decode("utf-8").split("\r\n")
    details = [line.split("\t") for line in lines if line.startswith("ID\t")]
    return [(fields[20], fields[13]) for fields in details]


def check_home(root: Path, witness: Witness, dropped: Counter[tuple[str, str]]) -> None:
    """Nothing lost, nothing doubled, every file exactly once.

    Args:
        dropped: (district, sha256) of every file ever dropped, with how often.
    """
    home = StateHome.open(root)
    Journal(home.journal).verify()
    con = open_state(home)
    try:
        check_ids(con, witness)
        check_files(con, root, dropped)
    finally:
        con.close()
    assert not list(root.glob("outbox/*/*/.*")), "a temporary file is left in an outbox"
    assert not list(root.glob("inbox/*/.claimed/*/*")), "a claim was not let go"
    assert not [path for path in home.work.iterdir() if path.is_dir() and not path.name.startswith(".")], (
        "a run's folder is left"
    )


def check_ids(con: duckdb.DuckDBPyConnection, witness: Witness) -> None:
    ((total, distinct),) = con.execute("SELECT count(*), count(DISTINCT state_id) FROM identity.student").fetchall()
    assert total == distinct
    known = {
        (f"{district}/{sha256}", str(line)): state_id
        for district, sha256, line, state_id in con.execute(
            """
            SELECT submission.district_code, sha256, line_number, state_id
            FROM identity.assignment JOIN intake.submission AS submission USING (submission_id)
            WHERE state_id IS NOT NULL
            """
        ).fetchall()
    }
    for key, state_id in witness.answered.items():
        assert known.get(key) == state_id, "an answered ID is not in the ledger"
    ((unknown,),) = con.execute(
        "SELECT count(*) FROM identity.assignment ANTI JOIN identity.student USING (state_id) WHERE state_id IS NOT NULL"
    ).fetchall()
    assert unknown == 0
    ((unused,),) = con.execute(
        "SELECT count(*) FROM identity.student ANTI JOIN identity.assignment USING (state_id) WHERE status = 'active'"
    ).fetchall()
    assert unused == 0, "an ID was issued to nobody"


def check_files(con: duckdb.DuckDBPyConnection, root: Path, dropped: Counter[tuple[str, str]]) -> None:
    rows = con.execute("SELECT district_code, sha256, submission_id FROM intake.submission").fetchall()
    assert Counter((district, sha256) for district, sha256, _ in rows) == dropped
    for district, _, submission_id in rows:
        assert (root / "outbox" / district / submission_id / "receipt.json").is_file()
    receipts = len(list(root.glob("outbox/*/*/receipt.json")))
    assert receipts == len(rows)
    ((stored, accepted),) = con.execute(
        """
        SELECT (SELECT count(*) FROM collection.student_core),
               (SELECT sum(accepted_count) FROM intake.submission WHERE status = 'trial' AND layout = 'student_core')
        """
    ).fetchall()
    assert stored == (accepted or 0)
