"""Validation against its floor: all rules of October Student Core as one plain polars select, measured in the same run.

Run by hand: ``make bench``. Figures are ratios, because machines differ and this one is shared.
"""

import itertools
import random
import resource
import time
from collections.abc import Callable

import polars as pl
import pytest

from schemas.dictionary import DISTRICT_CODES, Field
from schemas.directory import CONTACT_COLUMNS, DISTRICT_COLUMNS, SCHOOL_COLUMNS, Directory
from schemas.validation import prepare_batch
from tests.schemas.batches import BOOKS, CLEAN, DICTIONARY, validate

RECORDS, FILES, SEED, REPEATS = 150_000, 93, 20251015, 5
STATE = 900_000
BOOK = BOOKS["student_core"]
NAMES = ["".join(letters) for letters in itertools.product("ABCDEFG", "aeiou", "lmnrst", "aeiou", "bdkn")]
DISTRICTS = [f"{number:06d}" for number in range(1001, 1001 + FILES)]


@pytest.mark.bench
@pytest.mark.parametrize("error_share", [0.0, 0.01, 0.3, 1.0])
def test_validation_against_one_select(error_share):
    records, files, directory = _batch(error_share)
    batch = prepare_batch(records, files, BOOK, directory)
    rules = [rule for rule in BOOK.before_identify if rule.scope == "record"]
    select = [rule.violation.arg_true().implode().alias(rule.key) for rule in rules]
    floor = _fastest(lambda: batch.select(select))
    typing = _fastest(lambda: prepare_batch(records, files, BOOK, directory))
    whole = _fastest(lambda: validate("student_core", records, directory, files=files))
    found = validate("student_core", records, directory, files=files).violations.height
    print(
        f"\n{RECORDS} records, {FILES} files, {len(rules)} checks, {found} violations: one select {floor:.2f} s, "
        f"typing and joins {typing:.2f} s, validate_records {whole:.2f} s; "
        f"{whole / floor:.1f} x the select, {whole / (floor + typing):.1f} x select and typing"
    )


@pytest.mark.bench
def test_a_whole_state_in_batches():
    """900,000 records as a run checks them, six batches of 150,000, against one select over each batch."""
    times = [_seconds_of_batch(SEED + number) for number in range(STATE // RECORDS)]
    floor, whole = (sum(column) for column in zip(*times, strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\n{STATE} records, {len(BOOK.before_identify)} checks: one select {floor:.2f} s, validate_records {whole:.2f} s; "
          f"{whole / floor:.1f} x the select; peak {peak:.1f} GiB")  # fmt: skip


def _seconds_of_batch(seed: int) -> tuple[float, float]:
    """One select over a batch, and its whole validation."""
    records, files, directory = _batch(0.01, seed)
    batch = prepare_batch(records, files, BOOK, directory)
    rules = [rule for rule in BOOK.before_identify if rule.scope == "record"]
    select = [rule.violation.arg_true().implode().alias(rule.key) for rule in rules]
    floor = _fastest(lambda: batch.select(select), 3)
    return floor, _fastest(lambda: validate("student_core", records, directory, files=files), 3)


def _fastest(work: Callable[[], object], tries: int = REPEATS) -> float:
    """Seconds of the fastest of some tries: the one least disturbed by other work of the machine."""
    times = []
    for _ in range(tries):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def _batch(error_share: float, seed: int = SEED) -> tuple[pl.DataFrame, pl.DataFrame, Directory]:
    rng = random.Random(seed)
    owners = [DISTRICTS[place * FILES // RECORDS] for place in range(RECORDS)]
    columns = {field.standard_name: _values(field, rng, owners) for field in BOOK.layout.fields}
    wrong = pl.Series([rng.random() < error_share for _ in range(RECORDS)])
    records = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_columns(
        pl.Series("submission_id", owners),
        pl.int_range(2, RECORDS + 2, dtype=pl.UInt32).alias("line_number"),
        pl.when(wrong).then(None).otherwise("last_name").alias("last_name"),
        pl.when(wrong).then(pl.lit("2015-05-01")).otherwise("birth_date").alias("birth_date"),
        pl.when(wrong).then(pl.lit("X")).otherwise("gender").alias("gender"),
    )
    files = pl.DataFrame({"submission_id": DISTRICTS, "district_code": DISTRICTS}).with_columns(
        school_code=pl.lit(None, pl.String)
    )
    return records, files, _directory()


def _values(field: Field, rng: random.Random, owners: list[str]) -> list[str] | list[str | None]:
    """A column of values that no rule objects to: the clean record's, varied where any code or name may stand."""
    if field.code_set == DISTRICT_CODES and field.standard_name in CLEAN["student_core"]:
        return owners
    if field.code_set == "Yes_No" and field.requirement("Oct") == "Optional" and "not_fay" not in field.standard_name:
        return rng.choices(["N", None], k=RECORDS)
    return rng.choices(_samples(field), k=RECORDS)


def _samples(field: Field) -> list[str | None]:
    varied: dict[str, list[str | None]] = {
        "last_name": [*NAMES], "first_name": [*NAMES], "local_student_id": [None],
        "grade": ["04", "05"], "gender": ["F", "M"],
        "race_ethnicity": [*sorted(DICTIONARY.codes("Race_Ethnicity_Codes"))], "lunch_status": ["F", "R", "U"],
        "birth_date": [f"{month:02}/{day:02}/{year}" for year in (2014, 2015) for month in range(1, 13)
                       for day in range(1, 29)],
    }  # fmt: skip
    return varied.get(field.standard_name, [CLEAN["student_core"].get(field.standard_name)])


def _directory() -> Directory:
    years = {"opened_year": pl.Int32, "closed_year": pl.Int32}
    return Directory(
        pl.DataFrame({"district_code": DISTRICTS, "name": DISTRICTS}).select(
            *_padded((*DISTRICT_COLUMNS, *CONTACT_COLUMNS), ("district_code", "name"), years)
        ),
        pl.DataFrame({"district_code": DISTRICTS, "school_code": ["1050"] * FILES, "name": DISTRICTS}).select(
            *_padded(SCHOOL_COLUMNS, ("district_code", "school_code", "name"), years)
        ),
    )


def _padded(columns: tuple[str, ...], present: tuple[str, ...], years: dict[str, type[pl.DataType]]) -> list[pl.Expr]:
    return [
        pl.col(name) if name in present else pl.lit(None, years.get(name, pl.String)).alias(name) for name in columns
    ]
