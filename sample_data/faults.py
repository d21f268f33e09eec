"""Records that break rules: what a district's export gets wrong, from tables that name the rule each fault breaks.

About two districts in three send no error; the others have one in forty to two hundred records. Warnings stand
everywhere but in the spotless district.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl

from sample_data.directory import State
from sample_data.styles import Habits
from sample_data.tables import Rng, rates, read_table, stream
from schemas.dictionary import RecordLayout

# A file of this size shows every kind of error at least once, in the district chosen for it.
FULL_RANGE_FROM = 60
MOST_ERRORS_DISTRICT = 0
WARNINGS_DISTRICT = 1
Record = dict[str, str | None]


@dataclass(frozen=True)
class FaultTable:
    """A table of faults for one layout, the shares of records that get one, and where values come from."""

    name: str
    layout: RecordLayout
    error_share: float
    warning_share: float
    school_year: int
    count_date: date
    literal: str


@dataclass
class Edits:
    """Values to put into records: by column, positions and texts; and the fault of each position."""

    columns: dict[str, tuple[list[int], list[str | None]]] = field(default_factory=dict)
    faults: dict[int, str] = field(default_factory=dict)

    def put(self, position: int, fault: str, values: Record) -> None:
        self.faults[position] = fault
        for column, value in values.items():
            positions, texts = self.columns.setdefault(column, ([], []))
            positions.append(position)
            texts.append(value)


def districts_with_errors(seed: int, state: State, habits: Habits) -> np.ndarray:
    """Which districts send records with errors: the first of several does, the second and the spotless one do not."""
    count = len(state.codes)
    chosen = np.zeros(count, dtype=bool)
    chosen[MOST_ERRORS_DISTRICT] = count > 1
    others = np.setdiff1d(np.arange(count), [MOST_ERRORS_DISTRICT, WARNINGS_DISTRICT, habits.spotless])
    wanted = max(0, round(count * rates()["district_with_errors"]) - 1)
    chosen[stream(seed, "error_districts").permutation(others)[:wanted]] = True
    return chosen


def put_faults(
    rng: Rng,
    state: State,
    habits: Habits,
    district: np.ndarray,
    records: pl.DataFrame,
    has_errors: np.ndarray,
    table: FaultTable,
    among: Callable[[str], np.ndarray],
) -> tuple[pl.DataFrame, pl.Series]:
    """Records with faults in them, and the name of each record's fault (empty where it has none).

    Args:
        district: each record's row in the directory; records of a district stand together.
        among: gives a boolean array for a name of the table's ``among`` column.
    """
    edits = Edits()
    kinds = read_table(table.name)
    for row, start, count in runs_of(district):
        if row == habits.spotless:
            continue
        rows = np.arange(start, start + count)
        fixed = habits.of("format", row) == "fixed" and table.layout.name != "id_batch"
        for fault in _faults_of_district(rng, kinds, table, row, count, bool(has_errors[row])):
            _place(rng, state, row, records, rows[among(fault["among"])[rows]], fault, fixed, table, edits)
    faults = pl.Series("fault", [edits.faults.get(row, "") for row in range(records.height)], dtype=pl.String)
    changed = {name: records[name].scatter(at, texts) for name, (at, texts) in edits.columns.items()}
    return records.with_columns(**changed), faults


def runs_of(district: np.ndarray) -> list[tuple[int, int, int]]:
    """District, first row and number of rows of each run of equal districts."""
    starts = np.flatnonzero(np.r_[True, district[1:] != district[:-1]]) if len(district) else np.zeros(0, dtype=int)
    counts = np.diff(np.r_[starts, len(district)])
    return [(int(district[start]), int(start), int(count)) for start, count in zip(starts, counts, strict=True)]


def _faults_of_district(
    rng: Rng, kinds: pl.DataFrame, table: FaultTable, row: int, count: int, has_errors: bool
) -> list[dict[str, str]]:
    share = table.error_share * rng.uniform(0.4, 2.2)
    errors = max(1, rng.poisson(share * count)) if has_errors else 0
    warnings = max(int(row == WARNINGS_DISTRICT), rng.poisson(table.warning_share * count))
    of_errors, of_warnings = (kinds.filter(pl.col("severity") == severity) for severity in "EW")
    every = (
        of_errors.rows(named=True) if row == MOST_ERRORS_DISTRICT and has_errors and count >= FULL_RANGE_FROM else []
    )
    return [*every, *_draw_faults(rng, of_errors, errors), *_draw_faults(rng, of_warnings, warnings)]


def _draw_faults(rng: Rng, kinds: pl.DataFrame, number: int) -> list[dict[str, str]]:
    weights = kinds["weight"].cast(pl.Float64).to_numpy()
    drawn = rng.choice(kinds.height, number, p=weights / weights.sum())
    return [kinds.row(int(position), named=True) for position in drawn]


def _place(
    rng: Rng,
    state: State,
    district: int,
    records: pl.DataFrame,
    suitable: np.ndarray,
    fault: dict[str, str],
    fixed: bool,
    table: FaultTable,
    edits: Edits,
) -> None:
    """Give one fault to one suitable record that has none yet; none fits a fixed-width field that is too short."""
    free = [int(row) for row in suitable if int(row) not in edits.faults]
    if not free:
        return
    position = free[int(rng.integers(len(free)))]
    tokens = _tokens(rng, state, district, records.row(position, named=True), table)
    columns = fault["column"].split(";")
    texts = fault["value"].split(";") if ";" in fault["value"] else [fault["value"]] * len(columns)
    values = {column: text.format(**tokens) or None for column, text in zip(columns, texts, strict=True)}
    lengths = table.layout.by_standard_name
    if not (fixed and any(len(text or "") > lengths[column].length for column, text in values.items())):
        edits.put(position, fault["fault"], values)


def _tokens(rng: Rng, state: State, district: int, record: Record, table: FaultTable) -> dict[str, str]:
    """What a fault's value may refer to."""
    month, day, year = (record["birth_date"] or "01/01/2015").split("/")
    return {
        "iso_birth_date": f"{year}-{month}-{day}",
        "after_count_date": (table.count_date + timedelta(days=30)).strftime("%m/%d/%Y"),
        "before_count_date": (table.count_date - timedelta(days=30)).strftime("%m/%d/%Y"),
        "other_literal": table.literal.replace("Oct", "Jun"),
        "year_before": str(table.school_year - 1),
        "own_district": state.codes[district],
        "other_district": state.codes[(district + 1) % len(state.codes)],
        "short_id": str(rng.integers(10**8, 10**9)),
        "long_name": "Substitute teacher of the second floor rooms, name not known yet",
        "with_nickname": f"{record['first_name']} ({(record['first_name'] or '')[:3]})",
        "with_suffix": f"{record['last_name']} Jr",
    }


def rule_of_fault(table: str) -> dict[str, str]:
    """The rule that each fault of a table breaks."""
    rows = read_table(table)
    return dict(zip(rows["fault"], rows["rule_id"], strict=True))
