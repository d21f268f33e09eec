"""The registry at size: an import of millions, new IDs beside them, the ledger verified, a number's story told.

Run by hand: ``pytest tests/benches/bench_registry.py -m bench -s``; ``BENCH_NUMBERS`` sets the size.
"""

import os
import resource
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import polars as pl
import pytest

from flows.registry import import_registry, tell_story_of, verify_registry
from matching.recovery import in_registry
from matching.slips import distance_test
from matching.student_ids import SystemIdSource, draw_ids
from sample_data.directory import build_state, write_directory
from sample_data.earlier_registry import earlier_registry, write_earlier_registry
from sample_data.enrolment import enrol
from sample_data.people import make_people
from sample_data.registrations import register
from schemas.clock import FixedClock
from schemas.database import open_state
from schemas.home_setup import make_home

NUMBERS = int(os.environ.get("BENCH_NUMBERS", "100000"))
SEED, YEAR, BASE = 20260701, 2025, 50_000
AT = datetime(2024, 8, 1, tzinfo=UTC)


def big_registry(folder: Path) -> Path:
    """A registry of NUMBERS: one of BASE children written again and again, each time born some days earlier."""
    state = build_state(SEED, min(BASE, NUMBERS), 40)
    write_directory(state, folder / "directory")
    people = make_people(SEED, state, min(BASE, NUMBERS), (YEAR,))
    roll = enrol(SEED, state, people, min(BASE, NUMBERS), (YEAR,)).years[YEAR]
    base = earlier_registry(SEED, register(SEED, state, people, roll, YEAR, None), state.codes, YEAR)
    copies = -(-NUMBERS // base["state_id"].n_unique())
    file = folder / "registry.csv"
    write_earlier_registry(base, file)
    with file.open("ab") as more:
        for copy in range(1, copies):
            _copied(base, copy).write_csv(more, include_header=False, null_value="")
    return file


def _copied(base: pl.DataFrame, copy: int) -> pl.DataFrame:
    move = np.random.default_rng([SEED, copy]).integers(1, 10**10)
    other = [((pl.col(name).cast(pl.Int64) + int(move)) % 10**10).cast(pl.String).str.zfill(10).alias(name)
             for name in ("state_id", "alias_of")]  # fmt: skip
    born = pl.col("birth_date").str.to_date(strict=False) - pl.duration(days=5 * copy)
    ssn = ((pl.col("ssn").cast(pl.Int64, strict=False) + 7919 * copy) % 10**9).cast(pl.String).str.zfill(9)
    return base.drop("case", "person_id").with_columns(
        *other,
        born.cast(pl.String).alias("birth_date"),
        ssn.alias("ssn"),
        local_student_id=pl.col("local_student_id") + f"{copy}",
    )


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_registry_at_size(tmp_path: Path) -> None:
    start = perf_counter()
    file = big_registry(tmp_path)
    print(f"\nfile: {file.stat().st_size // 10**6} MB in {perf_counter() - start:.1f} s, peak {peak()} MiB")
    home = make_home(tmp_path / "home", tmp_path / "directory")
    start, cpu = perf_counter(), process_time()
    summary = import_registry(home, file, clock=FixedClock(AT), actor="bench", reason=None)
    taken = f"{perf_counter() - start:.1f} s ({process_time() - cpu:.1f} s of CPU)"
    print(f"import: {summary.row_count:,} rows in {taken}, peak {peak()} MiB")
    print(f"  stages {summary.stage_seconds}, numbers {summary.numbers}, codes {summary.codes}")
    con = open_state(home)
    for count in (500, 20_000, 900_000):
        start = perf_counter()
        draw_ids(SystemIdSource(), count, lambda ids: in_registry(con, ids))
        plain = perf_counter() - start
        start = perf_counter()
        draw_ids(SystemIdSource(), count, lambda ids: in_registry(con, ids), distance_test(con))
        print(f"draw {count:,}: {plain:.2f} s, keeping the distance {perf_counter() - start:.2f} s, peak {peak()} MiB")
    con.close()
    start, cpu = perf_counter(), process_time()
    found = verify_registry(home)
    print(
        f"verify: {found.event_count:,} events in {perf_counter() - start:.1f} s ({process_time() - cpu:.1f} s of CPU)"
    )
    assert found.differences.is_empty()
    number = pl.scan_csv(file, infer_schema=False).select("state_id").last().collect().item()
    start = perf_counter()
    told = tell_story_of(home, number, clock=FixedClock(AT), actor="bench")
    print(f"show: {len(told.story.entries)} entries in {perf_counter() - start:.2f} s, peak {peak()} MiB")
