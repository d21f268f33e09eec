"""Counts from certified records: who is one student, where, and that every cell has a row."""

from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pytest

from outputs.aggregates.aggregate import aggregate
from outputs.aggregates.products import categories_of, load_populations, load_products
from schemas.errors import UnknownName, UsageError

AT = datetime(2025, 11, 1, tzinfo=UTC)


def certify(con: duckdb.DuckDBPyConnection, district: str, rows: list[dict], status: str = "certified") -> None:
    submission = f"{district}-{status}"
    con.execute(
        "INSERT INTO intake.submission BY NAME SELECT ? AS submission_id, ? AS district_code, 'student_core' AS layout, "
        "2026 AS school_year, 'Oct' AS cycle, 'f.csv' AS file_name, '00' AS sha256, 'c' AS claim_path, ? AS status, "
        "? AS received_at, 'run' AS run_id, '1' AS dictionary_version, '1' AS rule_book_version",
        [submission, district, status, AT],
    ).fetchall()
    usual = {
        "submission_id": submission, "district_code": district, "attending_district_code": district,
        "reporting_school_code": "4020", "grade": "04", "race_ethnicity": "W", "gender": "F",
        "enrolled_on_count_date": "Y", "member_fte": Decimal("1.0"),
    }  # fmt: skip
    for line, row in enumerate(rows, start=2):
        values = {**usual, "line_number": line, **row}
        marks = ", ".join("?" for _ in values)
        con.execute(
            f"INSERT INTO collection.student_core ({', '.join(values)}) VALUES ({marks})", list(values.values())
        ).fetchall()


def count(con: duckdb.DuckDBPyConnection, *key: str) -> int | None:
    rows = con.execute(
        "SELECT student_count FROM publish.cell WHERE product = ? AND district_code = ? AND school_code = ? AND category = ?",
        list(key),
    ).fetchall()
    assert len(rows) <= 1
    return rows[0][0] if rows else None


def test_enrolled_heads_are_counted_at_every_level(con):
    certify(
        con,
        "048078",
        [{"state_id": "1"}, {"state_id": "2", "grade": "05"}, {"state_id": "3", "enrolled_on_count_date": "N"}],
    )
    certify(con, "010004", [{"state_id": "4", "reporting_school_code": "4010"}])
    counted = aggregate(con, 2026, "Oct", AT)
    grade = "enrollment_by_grade"
    assert [
        count(con, grade, d, s, c) for d, s, c in [("ALL", "ALL", "ALL"), ("ALL", "ALL", "04"), ("ALL", "ALL", "05")]
    ] == [3, 2, 1]
    assert [count(con, grade, "048078", s, "04") for s in ("ALL", "4020")] == [1, 1]
    assert counted.districts == ("010004", "048078")


def test_every_cell_of_a_level_has_a_row(con, directory):
    certify(con, "048078", [{"state_id": "1"}])
    aggregate(con, 2026, "Oct", AT, directory)
    places = {("ALL", "ALL"), ("048078", "ALL"), ("048078", "4020"), ("048078", "1050")}
    for product in load_products():
        rows = con.execute(
            "SELECT district_code, school_code, category FROM publish.cell WHERE product = ?", [product.name]
        ).fetchall()
        expected = {(*place, code) for place in places for code in ("ALL", *categories_of(product))}
        assert set(rows) == expected and len(rows) == len(expected)
    assert count(con, "enrollment_by_grade", "048078", "1050", "ALL") == 0


def test_trials_and_other_years_are_not_counted(con, directory):
    certify(con, "048078", [{"state_id": "1"}])
    certify(con, "010004", [{"state_id": "2"}], status="trial")
    counted = aggregate(con, 2026, "Oct", AT, directory)
    assert count(con, "enrollment_by_gender", "ALL", "ALL", "ALL") == 1
    assert counted.missing == ("010004", "077077")


@pytest.mark.parametrize(
    ("first", "second", "district"),
    [
        ({"attending_district_code": "048078"}, {}, "048078"),
        ({"member_fte": Decimal("0.4")}, {"member_fte": Decimal("0.6")}, "048078"),
        ({"member_fte": Decimal("0.6")}, {"member_fte": Decimal("0.4")}, "010004"),
        ({"member_fte": None}, {"member_fte": Decimal("0.1")}, "048078"),
        ({}, {}, "010004"),
    ],
)
def test_child_of_two_districts_is_one_student(con, first, second, district):
    certify(con, "010004", [{"state_id": "1", **first}])
    certify(con, "048078", [{"state_id": "1", **second}])
    aggregate(con, 2026, "Oct", AT)
    name = "enrollment_by_gender"
    other = {"048078": "010004", "010004": "048078"}[district]
    assert [count(con, name, place, "ALL", "ALL") for place in ("ALL", district, other)] == [1, 1, 0]


def test_merged_ids_are_one_student(con):
    con.execute(
        "INSERT INTO identity.student VALUES ('1000000001', 'merged', '1000000002', ?, 'r'), "
        "('1000000002', 'active', NULL, ?, 'r')",
        [AT, AT],
    ).fetchall()
    certify(con, "048078", [{"state_id": "1000000001"}, {"state_id": "1000000002"}])
    aggregate(con, 2026, "Oct", AT)
    assert count(con, "enrollment_by_gender", "ALL", "ALL", "ALL") == 1


def test_records_without_an_id_are_students_of_their_own(con):
    certify(con, "048078", [{"state_id": None}, {"state_id": None}])
    aggregate(con, 2026, "Oct", AT)
    assert count(con, "enrollment_by_gender", "ALL", "ALL", "ALL") == 2


def test_blank_attribute_still_counts_in_the_total(con):
    certify(con, "048078", [{"state_id": "1", "race_ethnicity": None}, {"state_id": "2", "race_ethnicity": "Q"}])
    aggregate(con, 2026, "Oct", AT)
    name = "enrollment_by_race_ethnicity"
    assert [count(con, name, "ALL", "ALL", c) for c in ("ALL", "UNKNOWN", "W")] == [2, 2, 0]
    assert count(con, "enrollment_by_gender", "ALL", "ALL", "UNKNOWN") is None


def test_second_aggregation_replaces_the_first(con):
    certify(con, "048078", [{"state_id": "1"}])
    first = aggregate(con, 2026, "Oct", AT)
    certify(con, "010004", [{"state_id": "2"}])
    aggregate(con, 2026, "Oct", AT)
    assert count(con, "enrollment_by_gender", "ALL", "ALL", "ALL") == 2
    assert con.execute("SELECT count(DISTINCT aggregated_at) FROM publish.cell").fetchall() == [(1,)]
    assert first.cell_count > 0


def test_nothing_certified_and_unknown_cycle_are_said(con):
    with pytest.raises(UsageError, match="No district has certified"):
        aggregate(con, 2026, "Oct", AT)
    with pytest.raises(UnknownName, match="cycle Jul"):
        aggregate(con, 2026, "Jul", AT)


@pytest.mark.parametrize("product", load_products(), ids=lambda product: product.name)
def test_product_names_a_population_and_codes(product, dictionary):
    population = next(p for p in load_populations() if p.name == product.population)
    assert product.expression in dictionary.layout(population.layout, 2026).by_standard_name
    categories = set(categories_of(product))
    assert categories and not categories & {"ALL", "UNKNOWN"}
