"""The registry that a state had before this system, as one file: every child of a register with a number, and old sins.

Numbers are any ten digits, leading zeros among them, without a check digit. A few children have two numbers, a few numbers
forward to another or were withdrawn, and one number in some thousand stands for two children.
"""

from pathlib import Path

import numpy as np
import polars as pl

from sample_data.directory import GRADES
from sample_data.tables import stream

# Of the children; at least one each, so that a small sample has every case.
DOUBLE, ALIAS, RETIRED, SHARED = 0.002, 0.003, 0.002, 0.0003
COLUMNS = (
    "state_id", "status", "alias_of", "last_name", "first_name", "middle_name", "suffix", "birth_date", "gender",
    "race_ethnicity", "grade", "district_code", "school_code", "local_student_id", "guardian_last_name",
    "guardian_first_name", "ssn", "first_school_year", "last_school_year", "issued_on",
)  # fmt: skip
TRUTH = ("case", "person_id")
_MOST = 10**10


def earlier_registry(seed: int, register: pl.DataFrame, codes: pl.Series, year: int) -> pl.DataFrame:
    """COLUMNS as text and TRUTH, one row a version; ``case`` is active, double, alias, retired or shared.

    Args:
        register: the register of the school year (``registrations.register``).
        codes: district codes in the order that ``register`` counts districts.
    """
    rng = stream(seed, "earlier_registry", year)
    children = register["person_id"].unique().sort()
    counts = [max(1, int(children.len() * share)) for share in (DOUBLE, ALIAS, RETIRED, SHARED)]
    numbers = _numbers(rng, children.len() + sum(counts[:3]))
    own = pl.DataFrame({"person_id": children, "state_id": numbers[: children.len()]})
    double, alias, retired = _slices(numbers[children.len() :], counts[:3])
    chosen = pl.Series(rng.permutation(children.len()))
    of_double, of_alias, givers, takers = _slices(children.gather(chosen), [*counts[:2], counts[3], counts[3]])
    rows = _as_rows(register, codes, year).join(own, on="person_id", maintain_order="left")
    rows = rows.with_columns(status=pl.lit("active"), alias_of=pl.lit(None, pl.String), case=pl.lit("active"))
    rows = _share_numbers(rows, givers, takers)
    first = rows.unique("person_id", keep="first", maintain_order=True)
    doubles = _other_numbers(first, of_double, double).with_columns(case=pl.lit("double"))
    aliases = _other_numbers(first, of_alias, alias).with_columns(
        case=pl.lit("alias"), status=pl.lit("alias"), alias_of=pl.col("kept_id")
    )
    withdrawn = pl.DataFrame({"state_id": retired}).with_columns(status=pl.lit("retired"), case=pl.lit("retired"))
    whole = pl.concat([rows, doubles.drop("kept_id"), aliases.drop("kept_id"), withdrawn], how="diagonal")
    return whole.select(*(pl.col(name).cast(pl.String) for name in COLUMNS), *TRUTH)


def _numbers(rng: np.random.Generator, count: int) -> pl.Series:
    """Different numbers of ten digits in random order; one in ten begins with a zero."""
    drawn = np.unique(rng.integers(0, _MOST, count + count // 100 + 10))
    return pl.Series(rng.permutation(drawn)[:count]).cast(pl.String).str.zfill(10)


def _slices(values: pl.Series, counts: list[int]) -> list[pl.Series]:
    starts = np.cumsum([0, *counts[:-1]])
    return [values.slice(int(start), count) for start, count in zip(starts, counts, strict=True)]


def _as_rows(register: pl.DataFrame, codes: pl.Series, year: int) -> pl.DataFrame:
    day = pl.int_range(pl.len(), dtype=pl.Int64) % 28 + 1
    return register.select(
        *(name for name in COLUMNS if name in register.columns and name not in ("grade", "district_code")),
        "person_id",
        grade=pl.Series(GRADES).gather(register["grade"]),
        district_code=codes.gather(register["district"]),
        first_school_year=pl.lit(year),
        last_school_year=pl.lit(year),
        issued_on=pl.date(pl.lit(year - 1), pl.lit(9), day),
    )


def _share_numbers(rows: pl.DataFrame, givers: pl.Series, takers: pl.Series) -> pl.DataFrame:
    """Some children stand under the number of another child."""
    given = rows.unique("person_id", keep="first").select("state_id", giver="person_id")
    shared = pl.DataFrame({"person_id": takers, "giver": givers}).join(given, on="giver")
    shared = shared.select("person_id", other_id="state_id")
    rows = rows.join(shared, on="person_id", how="left", maintain_order="left")
    is_shared = pl.col("other_id").is_not_null() | pl.col("person_id").is_in(givers.implode())
    return rows.with_columns(
        state_id=pl.coalesce("other_id", "state_id"), case=pl.when(is_shared).then(pl.lit("shared")).otherwise("case")
    ).drop("other_id")


def _other_numbers(first: pl.DataFrame, children: pl.Series, numbers: pl.Series) -> pl.DataFrame:
    """The rows of some children under a second number; ``kept_id`` is the first."""
    second = pl.DataFrame({"person_id": children, "second_id": numbers})
    rows = first.join(second, on="person_id", how="inner", maintain_order="left")
    return rows.with_columns(kept_id="state_id", state_id="second_id").drop("second_id")


def write_earlier_registry(registry: pl.DataFrame, file: Path, truth: Path | None = None) -> None:
    """The file as the state hands it over (comma delimited, UTF-8), and who each row really is beside it."""
    registry.select(COLUMNS).write_csv(file, null_value="")
    if truth is not None:
        lines = registry.select("state_id", *TRUTH).with_row_index("line_number", offset=2)
        lines.write_csv(truth, null_value="")
