"""``mosis accuracy`` on a small state: it prints what it measured, and a measure can be bad."""

from flows.accuracy import measure_accuracy
from flows.progress import silent


def test_accuracy_is_measured_cold_and_warm() -> None:
    measured = measure_accuracy(400, 4, 5, progress=silent)
    rows = {(row["measure"], row["subgroup"]): row for row in measured.cold.table.iter_rows(named=True)}
    assert rows["stays linked", "all"]["value"] > 95
    assert rows["false merges", "all"]["count"] == 0
    assert rows["false merges", "all"]["high"] > 0
    assert "seed 5" in measured.text and "Warm" in measured.text
    assert measured.to_json()["cold"]["records"] == measured.cold.records
