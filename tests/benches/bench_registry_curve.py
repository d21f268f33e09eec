"""What identify costs against registries of growing size: the cost must follow the batch.

Run by hand: ``pytest tests/benches/bench_registry_curve.py -m bench -s``. ``BENCH_PEOPLE`` names the sizes
(``300000,1000000,3000000`` for the whole curve); ``BENCH_FOLDER`` keeps the homes for the next time.
"""

import os
import resource
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

import duckdb
import polars as pl
import pytest

from matching.identify import identify
from matching.model import load_model
from matching.standardize import standardize
from schemas.database import open_state
from schemas.paths import StateHome
from tests.benches.big_registry import make_big_home

SIZES = [int(size) for size in os.environ.get("BENCH_PEOPLE", "30000,100000").split(",")]
BATCHES = (500, 20_000, 900_000)


def processor_seconds() -> float:
    """User and system time so far: on a shared machine it says more than the clock on the wall."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measured(work: Callable[[], object]) -> tuple[float, float]:
    wall, processor = perf_counter(), processor_seconds()
    work()
    return perf_counter() - wall, processor_seconds() - processor


def batch_of(requests: pl.DataFrame, size: int) -> pl.DataFrame:
    """The requests of whole districts, largest first, cut off at ``size``."""
    sizes = requests.group_by("district_code").len("district_size")
    ordered = requests.join(sizes, on="district_code").sort("district_size", "district_code", descending=True)
    return ordered.head(size).select(requests.columns)


def floor(con: duckdb.DuckDBPyConnection, requests: pl.DataFrame) -> tuple[float, float]:
    """An equi-join with the registry on names, birth date and gender: no matching can be faster."""
    con.register("incoming", standardize(requests).select("last_name_key", "first_name_key", "birth_date", "gender"))
    query = (
        "SELECT count(*) FROM incoming "
        "JOIN state.identity.record USING (last_name_key, first_name_key, birth_date, gender)"
    )
    return measured(lambda: con.execute(query).fetchall())


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_cost_follows_the_batch(tmp_path: Path) -> None:
    model = load_model()
    rows = []
    for people in SIZES:
        folder = Path(os.environ.get("BENCH_FOLDER", tmp_path)) / str(people)
        home = StateHome.open(folder / "home") if (folder / "home").exists() else make_big_home(folder, people)
        con = open_state(home, read_only=True)
        requests = pl.read_parquet(folder / "requests.parquet")
        for size in BATCHES:
            batch = batch_of(requests, size)
            if batch.height < size and rows and rows[-1]["people"] == people and rows[-1]["requests"] == batch.height:
                continue
            floor(con, batch)  # fills the file cache
            floor_wall, floor_processor = floor(con, batch)
            wall, processor = measured(partial(identify, batch, con, model))
            rows.append({
                "people": people, "requests": batch.height, "wall": round(wall, 2), "cpu": round(processor, 2),
                "floor wall": round(floor_wall, 2), "floor cpu": round(floor_processor, 2),
                "peak MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "load": round(os.getloadavg()[0], 1),
            })  # fmt: skip
        con.close()
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=120, tbl_hide_dataframe_shape=True):
        print(pl.DataFrame(rows))
