"""Identify at size: wall time of a cold year and the next one, against the floor measured in the same run.

Run by hand: ``pytest tests/benches/bench_identify.py -m bench -s``; ``BENCH_STUDENTS`` sets the size.
"""

import os
import resource
from time import perf_counter

import duckdb
import polars as pl
import pytest

from flows.accuracy import TRUTH_ALONE, hashed
from matching.accuracy_run import open_registry, store_decisions
from matching.identify import identify
from matching.model import load_model
from matching.ssn import SsnHasher
from matching.standardize import standardize
from sample_data.requests import registration_requests

STUDENTS = int(os.environ.get("BENCH_STUDENTS", "100000"))
SEED = 20260701
PUPILS_PER_DISTRICT = 1_600


def seconds(work: object) -> float:
    start = perf_counter()
    work()  # type: ignore[operator]
    return perf_counter() - start


def sample_years() -> list[pl.DataFrame]:
    """Requests of two years with the truth beside them."""
    hasher = SsnHasher({1: b"benchmark" * 4})
    districts = max(2, STUDENTS // PUPILS_PER_DISTRICT)
    return [hashed(frame, hasher) for frame in registration_requests(SEED, STUDENTS, districts)]


def floor(requests: pl.DataFrame, con: duckdb.DuckDBPyConnection) -> float:
    """An equi-join of the run with the registry on names, birth date and gender: no matching can be faster."""
    incoming = standardize(requests).select("last_name_key", "first_name_key", "birth_date", "gender")  # noqa: F841
    query = "SELECT count(*) FROM incoming q JOIN state.identity.record r USING (last_name_key, first_name_key, birth_date, gender)"
    return seconds(lambda: con.execute(query).fetchall())


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_identify_at_size() -> None:
    runs = [frame.drop(TRUTH_ALONE) for frame in sample_years()]
    con, model = open_registry(), load_model()
    for name, requests in zip(("cold", "next year"), runs, strict=True):
        start = perf_counter()
        decisions = identify(requests, con, model)
        taken = perf_counter() - start
        store_decisions(con, requests, decisions.assignments)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"\n{name}: {requests.height:,} requests, {taken:.1f} s, floor {floor(requests, con):.2f} s, peak {peak} MiB"
        )
        print(decisions.assignments.group_by("outcome", "step").len().sort("outcome", "step"))
