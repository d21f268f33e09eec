"""A registry with stored files, and corrections carried out on it as their journal blocks would."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from matching.acts import Act
from matching.corrections.carrying import CORRECTION_ACTS
from matching.corrections.change import Change, Order
from matching.corrections.planning import plan_correction
from matching.student_ids import draw_ids
from tests.matching.commit_driver import SeededIdSource
from tests.matching.conftest import build_registry

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
COLLECTION = """
    CREATE TABLE collection.student_core (
        submission_id VARCHAR, line_number BIGINT, district_code VARCHAR, state_id VARCHAR, reporting_school_code VARCHAR,
        local_student_id VARCHAR, last_name VARCHAR, first_name VARCHAR, middle_name VARCHAR, suffix VARCHAR,
        birth_date DATE, gender VARCHAR)
"""


@dataclass
class Desk:
    """Orders corrections the way a session does, without journal and home."""

    con: duckdb.DuckDBPyConnection
    block: int = 10
    source: SeededIdSource = field(default_factory=lambda: SeededIdSource(1))

    def plan(self, order: Order) -> Change:
        return plan_correction(self.con, order, lambda: str(draw_ids(self.source, 1, lambda ids: ids.is_in([])).item()))

    def carry(self, order: Order, actor: str = "ann") -> int:
        """Plan and carry out; the act's number."""
        return self.carry_facts(order, self.plan(order).to_facts(), actor)

    def carry_facts(self, order: Order, change: dict[str, Any], actor: str = "ann") -> int:
        self.block += 1
        facts = {"order": order.to_facts(), "change": change, "accepted": None}
        at = START + timedelta(days=self.block)
        act = Act(order.kind, order.kind, actor, "seen at school", f"act-{self.block}", at, facts)
        CORRECTION_ACTS[act.name](self.con, act, self.block)
        return self.block

    def merge(self, one: str, other: str, **more: Any) -> int:
        return self.carry(Order("merge", state_id=one, other_id=other, **more))

    def split(self, state_id: str, *lines: tuple[str, int], **more: Any) -> int:
        return self.carry(Order("split", state_id=state_id, lines=lines, **more))

    def retire(self, state_id: str, **more: Any) -> int:
        return self.carry(Order("retire", state_id=state_id, **more))

    def undo(self, act_number: int) -> int:
        return self.carry(Order("undo", act_number=act_number))

    def standing(self, state_id: str) -> tuple[str, str | None]:
        return self.rows("SELECT status, merged_into FROM identity.student WHERE state_id = ?", state_id)[0]

    def rows(self, query: str, *values: Any) -> list[Any]:
        return self.con.execute(query, list(values)).fetchall()


def store_files(con: duckdb.DuckDBPyConnection) -> None:
    """A file for each source of a record: its submission, what came out, and the stored record."""
    con.execute(COLLECTION)
    con.execute(
        """
        INSERT INTO intake.submission (submission_id, district_code, layout, file_name, sha256, claim_path, status, is_late,
            received_at, run_id, dictionary_version, rule_book_version)
        SELECT DISTINCT source_submission_id, district_code, 'student_core', 'f', source_submission_id, 'p', 'trial', false,
               first_seen_at, 'run', '1', '1' FROM identity.record
        """
    )
    con.execute(
        "INSERT INTO identity.assignment (submission_id, line_number, state_id, outcome) "
        "SELECT source_submission_id, source_line, state_id, 'NEW' FROM identity.record"
    )
    con.execute(
        "INSERT INTO collection.student_core SELECT source_submission_id, source_line, district_code, state_id, school_code, "
        "local_student_id, last_name, first_name, middle_name, suffix, birth_date, gender FROM identity.record"
    )


@pytest.fixture
def make_desk() -> Iterator[Callable[..., Desk]]:
    """Makes a registry of these children with their files; see ``build_registry``."""
    opened: list[duckdb.DuckDBPyConnection] = []

    def make(*children: dict[str, Any]) -> Desk:
        opened.append(build_registry(*children))
        store_files(opened[-1])
        return Desk(opened[-1])

    yield make
    for con in opened:
        con.close()
