"""What the durable core costs: drawing IDs, a journal block, the ledger; run by hand with ``-m bench -s``."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from matching.issuing import assign_ids
from matching.journal import BlockFile, Journal
from matching.ledger import advance_head, issue_ids, record_assignments, record_versions
from matching.recovery import Reservations, reconcile
from matching.ssn import SsnHasher
from matching.student_ids import SystemIdSource, draw_ids
from schemas.database import checkpoint, open_state, transaction
from schemas.paths import FOLDERS, StateHome

AT = datetime(2025, 10, 6, tzinfo=UTC)
RECORDS_PER_FILE = 1_600

pytestmark = pytest.mark.bench


@contextmanager
def measured(what: str) -> Iterator[None]:
    start, cpu = time.perf_counter(), time.process_time()
    yield
    print(f"{what}: {time.perf_counter() - start:.2f} s wall, {time.process_time() - cpu:.2f} s CPU")


@pytest.fixture
def home(tmp_path: Path) -> StateHome:
    home = StateHome(tmp_path / "home")
    home.root.mkdir()
    for folder in FOLDERS:
        (home.root / folder).mkdir()
    home.settings_file.write_text("")
    open_state(home, create=True).close()
    return home


def unit(first: int, count: int) -> tuple[pl.DataFrame, pl.DataFrame, tuple[BlockFile, ...]]:
    """Assignments, requests and files of ``count`` new children, numbered from ``first``."""
    number = pl.int_range(first, first + count, eager=True)
    names = pl.select(pl.format("F{}", number // RECORDS_PER_FILE).alias("submission_id")).to_series()
    text = pl.lit(None, pl.String)
    lines = pl.select(submission_id=names, line_number=(number % RECORDS_PER_FILE).cast(pl.UInt32), number=number)
    assignments = lines.with_columns(
        person_number=pl.col("number"), outcome=pl.lit("NEW"), reason=text, state_id=text, step=pl.lit("new"),
        match_weight=pl.lit(-3.0), margin=pl.lit(None, pl.Float64), model_version=pl.lit("1"),
    )  # fmt: skip
    near = pl.when(pl.col("number") % 3 == 0).then(
        pl.concat_list(
            [
                pl.format("{}{}", pl.col("number").hash(place).mod(9_000_000) + 1_000_000, pl.lit(place % 10))
                for place in range(17)
            ]
        )
    )
    requests = lines.with_columns(
        district_code=pl.format("{}", pl.col("number") // RECORDS_PER_FILE), school_code=pl.lit("1050"),
        local_student_id=pl.format("{}", "number"), resident_district_code=text, middle_name=text, suffix=text,
        last_name=pl.format("Last{}", pl.col("number") % 50_000), first_name=pl.format("First{}", pl.col("number") % 3_000),
        birth_date=pl.date(2010, 1, 1) + pl.duration(days=pl.col("number") % 5_000), gender=pl.lit("F"), race_ethnicity=pl.lit("5"),
        grade=pl.lit("07"), guardian_last_name=text, guardian_first_name=text,
        ssn_hash=pl.when(pl.col("number") % 3 == 0).then(pl.format("v1:{}", pl.col("number").hash())), ssn_near=near,
        school_year=pl.lit(2026, pl.Int32), layout=pl.lit("student_core"),
        last_name_key=pl.format("last{}", pl.col("number") % 50_000), first_name_key=pl.format("first{}", pl.col("number") % 3_000),
        middle_name_key=text, suffix_key=text, last_name_sound=pl.lit("last"), first_name_sound=pl.lit("first"),
        surname_tokens=pl.concat_list(pl.format("last{}", pl.col("number") % 50_000)), guardian_key=text, standardize_version=pl.lit(1),
    )  # fmt: skip
    files = tuple(BlockFile(name, name, None, name.rjust(64, "0")) for name in names.unique(maintain_order=True))
    return assignments, requests, files


def store(home: StateHome, con, journal: Journal, reservations: Reservations, first: int, count: int) -> None:  # type: ignore[no-untyped-def]
    assignments, requests, files = unit(first, count)
    nobody = pl.DataFrame(schema={"person_number": pl.Int64, "state_id": pl.String})
    with measured("  assign IDs"):
        ids = assign_ids(
            assignments, files, earlier=nobody, reservations=reservations, source=SystemIdSource(), con=con
        )
    with measured("  journal block"):
        block = journal.append("group", run_id="r", at=AT, group=1, files=files, entries=ids.entries)
    reservations.add(block)
    with measured("  ledger in the transaction"), transaction(con):
        with measured("    students and events"):
            issue_ids(con, block, AT)
        with measured("    assignments"):
            record_assignments(con, ids.assignments)
        with measured("    versions"):
            record_versions(con, requests, ids.assignments, AT)
        with measured("    head"):
            advance_head(con, block, reservations, files, block.entries["state_id"], AT)
    with measured("  checkpoint"):
        checkpoint(con)
    reservations.frame = reservations.without(files, block.entries["state_id"])


@pytest.mark.timeout(3600)
def test_state_sized_registry(home: StateHome) -> None:
    con, journal = open_state(home), Journal(home.journal)
    reservations = reconcile(journal, con)
    print()
    with measured("900,000 new children, six groups, with making them up"):
        for group in range(6):
            store(home, con, journal, reservations, group * 150_000, 150_000)
    with measured("another 150,000"):
        store(home, con, journal, reservations, 900_000, 150_000)
    with measured("20,000 against 1,050,000"):
        store(home, con, journal, reservations, 1_050_000, 20_000)
    assignments, requests, _ = unit(0, 900_000)
    known = con.sql("SELECT submission_id, line_number, state_id FROM identity.assignment").pl()
    seen = (
        assignments.drop("state_id")
        .join(known, on=["submission_id", "line_number"])
        .with_columns(outcome=pl.lit("CONFIRMED"))
    )
    with measured("900,000 seen again"), transaction(con):
        record_versions(con, requests.with_columns(school_year=pl.lit(2027, pl.Int32)), seen, AT)
    with measured("checkpoint"):
        checkpoint(con)
    con.close()
    print(f"state.duckdb {home.database.stat().st_size / 1e6:.0f} MB")
    with measured("open and reconcile"):
        con = open_state(home)
        reconcile(journal, con)
        con.close()


def test_drawing_and_one_large_block(tmp_path: Path) -> None:
    print()
    with measured("900,000 IDs drawn"):
        ids = draw_ids(SystemIdSource(), 900_000, lambda state_ids: pl.repeat(False, state_ids.len(), eager=True))
    number = pl.int_range(0, 900_000, eager=True)
    entries = pl.DataFrame(
        {"file": number // 1_600, "line_number": number % 1_600, "person_number": number, "state_id": ids}
    )
    files = [BlockFile(f"F{file}", f"{file:06d}", None, "0" * 64) for file in range(563)]
    journal = Journal(tmp_path)
    with measured("block of 900,000 entries"):
        journal.append("group", run_id="r", at=AT, group=1, files=files, entries=entries)
    with measured("verified"):
        journal.verify()


def test_hashing_ssns() -> None:
    number = pl.int_range(0, 300_000, eager=True) * 2_111 + 1_010_001
    ssns = number.cast(pl.String).str.zfill(9)
    print()
    with measured("300,000 SSNs"):
        statuses = SsnHasher({1: bytes(32)})(ssns)["ssn_status"].value_counts()
    print(statuses.rows())
