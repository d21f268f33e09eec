"""A state of many districts whose October files fail many rules, put straight into the tables."""

import random
from datetime import UTC, datetime, timedelta

import duckdb
import polars as pl

from outputs.violation_rows import VIOLATION_ROW_SCHEMA
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.rule_files import read_titles
from tests.outputs.conftest import OCTOBER

FIRST_DAY = datetime(2025, 10, 1, 15, tzinfo=UTC)


def many_districts(
    con: duckdb.DuckDBPyConnection, dictionary: Dictionary, districts: int, rules: int, seed: int = 5
) -> Directory:
    """Fill intake.submission, quality.violation and quality.rule_run; the directory that names the districts."""
    dice = random.Random(seed)
    codes = [f"{number:06}" for number in range(1001, 1001 + districts)]
    chosen = sorted(read_titles(dictionary, dictionary.collection(OCTOBER)))[:rules]
    files, violations, runs = [], [], []
    for place, code in enumerate(codes):
        records, at = dice.randint(80, 4000), FIRST_DAY + timedelta(days=min(dice.expovariate(0.2), 13))
        name = f"file-{place:04}"
        failed_by_rule: dict[str, int] = {}
        for rank, (rule_id, field) in enumerate(chosen):
            if dice.random() < 0.9 / (1 + rank / 12):
                failed = max(1, int(dice.expovariate(1 / 6)))
                failed_by_rule[rule_id] = failed_by_rule.get(rule_id, 0) + failed
                violations += [(name, code, rule_id, field or None, "W" if rank % 5 == 4 else "E", at)] * failed
        runs += [(rule_id, name, records, failed_by_rule.get(rule_id, 0)) for rule_id in {rule for rule, _ in chosen}]
        files.append((name, code, records, sum(failed_by_rule.values()), at))
    _store_files(con, files)
    _store_violations(con, violations)
    frame = pl.DataFrame(runs, schema=["rule_id", "submission_id", "applicable_count", "failed_count"], orient="row")  # noqa: F841
    con.execute("INSERT INTO quality.rule_run BY NAME SELECT * FROM frame")
    return _directory(codes)


def _store_files(con: duckdb.DuckDBPyConnection, files: list[tuple[str, str, int, int, datetime]]) -> None:
    frame = pl.DataFrame(  # noqa: F841
        files, schema=["submission_id", "district_code", "accepted_count", "error_count", "received_at"], orient="row"
    )
    con.execute(
        "INSERT INTO intake.submission BY NAME SELECT *, 'student_core' AS layout, ? AS collection_version, 2026 AS school_year, "
        "'Oct' AS cycle, 'f.csv' AS file_name, 'x' AS sha256, 'x' AS claim_path, 'accepted_with_violations' AS outcome, "
        "'trial' AS status, 'run1' AS run_id, 'd' AS dictionary_version, 'r' AS rule_book_version FROM frame",
        [OCTOBER],
    )


def _store_violations(
    con: duckdb.DuckDBPyConnection, rows: list[tuple[str, str, str, str | None, str, datetime]]
) -> None:
    found = pl.DataFrame(
        rows, schema=["submission_id", "district_code", "rule_id", "field", "severity", "first_seen_at"], orient="row"
    )
    frame = found.with_columns(
        layout=pl.lit("student_core"), collection_version=pl.lit(OCTOBER), scope=pl.lit("record"), status=pl.lit("open"),
        line_number=pl.lit(2), message=pl.lit("canary message"), value=pl.lit("CANARY"), last_seen_at="first_seen_at",
    )  # fmt: skip
    assert set(frame.columns) <= {*VIOLATION_ROW_SCHEMA}
    con.execute("INSERT INTO quality.violation BY NAME SELECT * FROM frame")


def _directory(codes: list[str]) -> Directory:
    text = dict.fromkeys(("name", "county", "kind", "contact_name", "contact_email", "contact_phone"), pl.String)
    districts = pl.DataFrame(
        {"district_code": codes, "name": [f"District {code} R-II" for code in codes]},
    ).with_columns(
        *(pl.lit(None, kind).alias(name) for name, kind in text.items() if name != "name"),
        pl.lit(None, pl.Int32).alias("opened_year"),
        pl.lit(None, pl.Int32).alias("closed_year"),
    )
    schools = pl.DataFrame(
        schema={"district_code": pl.String, "school_code": pl.String, "name": pl.String, "low_grade": pl.String,
                "high_grade": pl.String, "opened_year": pl.Int32, "closed_year": pl.Int32}
    )  # fmt: skip
    return Directory(districts, schools)
