"""Pages and workbooks of 560 districts: how long a cycle's violation reports and first pages take.

    python -m tests.benches.bench_reports --records 900000 --districts 560

The rows are made up: sizes and error rates are spread as between a village school and Saint Louis, a few districts have
whole-export mistakes. Prints seconds and CPU seconds of each part; nothing of a real district is used.
"""

import argparse
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from outputs.outbox_index import refresh_outboxes
from outputs.violation_report import Past, ReportSubject, ReportWords, write_violation_report
from outputs.violation_rows import VIOLATION_ROW_SCHEMA
from schemas.database.migrate import known_migrations
from schemas.dictionary import load_dictionary
from schemas.directory import Directory
from schemas.paths import StateHome
from schemas.rules import load_rule_book

OCTOBER = "2026Oct1.0StuCore"
AT = datetime(2025, 10, 6, 14, 3, 9, tzinfo=UTC)
BEFORE = AT - timedelta(days=9)
# Of a hundred districts: share of records with a violation.
RATES = [0.0] * 8 + [0.01] * 40 + [0.04] * 30 + [0.10] * 17 + [0.35] * 5
FILES_BEFORE = 8


def main() -> None:
    arguments = _parser().parse_args()
    chance = random.Random(arguments.seed)
    sizes = _sizes(chance, arguments.districts, arguments.records)
    directory = _directory(sizes, chance)
    dictionary = load_dictionary()
    collection = dictionary.collection(OCTOBER)
    words = ReportWords.of(dictionary.layout_of(collection), load_rule_book(dictionary, collection), directory)
    rules = [text for texts in words.rules.values() for text in texts if text.column and text.kind != "required"]
    root = Path(tempfile.mkdtemp(prefix="bench_reports."))
    try:
        made = []
        for code, size in sizes.items():
            rows = _rows(code, size, chance, rules, directory)
            made.append((code, size, rows, _records(rows)))
        total = sum(rows.height for _, _, rows, _ in made)
        print(f"{len(sizes)} districts, {sum(sizes.values()):,} records, {total:,} violations")
        with _timed("violations.html, .csv, .xlsx"):
            for code, size, rows, records in made:
                folder = root / "outbox" / code / _name(code, 0)
                folder.mkdir(parents=True)
                write_violation_report(folder, _subject(code, size, directory), rows, words, Past(), records)
        con = _database(sizes)
        home = StateHome(root)
        home.reports.mkdir()
        with _timed("index.html, latest/"):
            refresh_outboxes(con, home, dictionary, directory, AT)
        with _timed("the same, nothing changed"):
            refresh_outboxes(con, home, dictionary, directory, AT)
        written = sum(
            path.stat().st_size for path in root.glob("outbox/*/*/violations.*") if "latest" not in path.parts
        )
        print(f"{written / 1e6:,.0f} MB of reports")
    finally:
        shutil.rmtree(root)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=900_000)
    parser.add_argument("--districts", type=int, default=560)
    parser.add_argument("--seed", type=int, default=7)
    return parser


@contextmanager
def _timed(name: str) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    print(f"{name}: {time.perf_counter() - wall:.1f} s, {time.process_time() - cpu:.1f} CPU s", flush=True)


def _sizes(chance: random.Random, districts: int, records: int) -> dict[str, int]:
    shares = [chance.lognormvariate(0, 1.25) for _ in range(districts)]
    return {
        f"{100_000 + place * 7:06d}": max(30, round(records * share / sum(shares)))
        for place, share in enumerate(shares)
    }


def _schools(size: int) -> list[str]:
    return [f"{4000 + 20 * place}" for place in range(1, max(2, min(70, size // 400 + 2)))]


def _directory(sizes: dict[str, int], chance: random.Random) -> Directory:
    blank = {"county": "Boone", "kind": "district", "opened_year": None, "closed_year": None}
    contact = dict.fromkeys(("contact_name", "contact_email", "contact_phone"))
    districts = [{"district_code": code, "name": f"District {code} R-II", **blank, **contact} for code in sizes]
    grades = {"low_grade": "K", "high_grade": "12", "opened_year": None, "closed_year": None}
    schools = [
        {"district_code": code, "school_code": school, "name": f"School {school}", **grades}
        for code, size in sizes.items()
        for school in _schools(size)
    ]
    years = {"opened_year": pl.Int32, "closed_year": pl.Int32}
    return Directory(pl.DataFrame(districts, schema_overrides=years), pl.DataFrame(schools, schema_overrides=years))


def _rows(code: str, size: int, chance: random.Random, rules: list, directory: Directory) -> pl.DataFrame:
    """Violations of a district: a few rules make most of them, as in real files."""
    count = round(size * chance.choice(RATES) * 1.4)
    chosen = chance.sample(rules, 25)
    weights = [1 / (place + 1) ** 1.3 for place in range(len(chosen))]
    schools = _schools(size)
    picks = chance.choices(range(len(chosen)), weights, k=count)
    lines = [chance.randrange(2, size + 2) for _ in range(count)]
    school = [schools[line % len(schools)] for line in lines]
    old = [chance.random() < 0.5 for _ in range(count)]
    columns = {
        "rule_id": [chosen[pick].rule_id for pick in picks], "field": [chosen[pick].column for pick in picks],
        "severity": [chosen[pick].severity for pick in picks], "message": [chosen[pick].message for pick in picks],
        "fix": [chosen[pick].fix for pick in picks], "line_number": lines, "school_code": school,
        "value": [chance.choice(("P", "X", "400", "2016-04-09", "?")) for _ in picks],
        "state_id": [f"{4_000_000_000 + line * 7919}" for line in lines],
        "local_student_id": [f"{20_000 + line}" for line in lines],
        "first_seen_at": [BEFORE if each else AT for each in old],
    }  # fmt: skip
    fixed = {
        "submission_id": _name(code, 0), "district_code": code, "layout": "student_core", "collection_version": OCTOBER,
        "scope": "record", "status": "open", "last_seen_at": AT, "changed_by": "file",
    }  # fmt: skip
    frame = pl.DataFrame(columns, schema={name: VIOLATION_ROW_SCHEMA[name] for name in columns})
    filled = frame.with_columns(pl.lit(value).alias(name) for name, value in fixed.items())
    missing = [
        pl.lit(None, kind).alias(name) for name, kind in VIOLATION_ROW_SCHEMA.items() if name not in filled.columns
    ]
    return filled.with_columns(missing).select(*VIOLATION_ROW_SCHEMA).cast(pl.Schema(VIOLATION_ROW_SCHEMA))


def _records(rows: pl.DataFrame) -> pl.DataFrame:
    lines = rows.select("line_number").unique()
    return lines.with_columns(
        last_name=pl.concat_str(pl.lit("Kovar"), pl.col("line_number") % 997),
        first_name=pl.concat_str(pl.lit("Anna"), pl.col("line_number") % 331),
        birth_date=pl.lit(date(2014, 4, 9)),
        grade=pl.lit("05"),
        lunch_status=pl.lit("F"),
        race_ethnicity=pl.lit("W"),
        gender=pl.lit("F"),
    )


def _name(code: str, number: int) -> str:
    return f"2025100{6 - number % 6}T1403{number:02d}Z-1a2b3c4d5e6f-{code}"


def _subject(code: str, size: int, directory: Directory) -> ReportSubject:
    return ReportSubject(
        _name(code, 0), code, directory.district_name(code), OCTOBER, "October Student Core, school year 2025-26",
        "oct_core.csv", size, AT, date(2025, 10, 15),
    )  # fmt: skip


def _database(sizes: dict[str, int]) -> duckdb.DuckDBPyConnection:
    """Eight files a district: the one reported and seven that it replaced."""
    con = duckdb.connect(":memory:")
    con.execute("ATTACH ':memory:' AS state")
    con.execute("USE state")
    for migration in known_migrations():
        con.execute(migration.sql)
    submissions = pl.DataFrame(  # noqa: F841 (query)
        [
            {
                "submission_id": _name(code, number), "district_code": code, "layout": "student_core",
                "collection_version": OCTOBER, "school_year": 2026, "cycle": "Oct", "file_name": "oct_core.csv",
                "sha256": "0" * 64, "claim_path": "x", "record_count": size, "error_count": 10, "warning_count": 3,
                "near_match_count": 0, "status": "superseded" if number else "trial", "outcome": "accepted",
                "received_at": AT - timedelta(days=number), "run_id": "r", "dictionary_version": "d",
                "rule_book_version": "b",
            }
            for code, size in sizes.items()
            for number in range(FILES_BEFORE)
        ]
    )  # fmt: skip
    con.execute("INSERT INTO intake.submission BY NAME SELECT * FROM submissions")
    return con


if __name__ == "__main__":
    main()
