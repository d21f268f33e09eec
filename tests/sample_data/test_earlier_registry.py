"""The sample's registry from before: every child has a number, and each old sin is there once at least."""

from pathlib import Path

import polars as pl

from sample_data.earlier_registry import COLUMNS


def read(sample: Path) -> pl.DataFrame:
    rows = pl.read_csv(sample / "registry.csv", infer_schema=False)
    truth = pl.read_csv(sample / "truth" / "registry.csv", infer_schema=False)
    return rows.hstack(truth.select("case", "person_id", "line_number", truth_id="state_id"))


def test_truth_stands_beside_each_row(small_sample: Path) -> None:
    registry = read(small_sample)
    assert tuple(registry.columns[: len(COLUMNS)]) == COLUMNS
    assert registry["state_id"].equals(registry["truth_id"], check_names=False)
    assert registry["line_number"].cast(pl.Int64).to_list() == list(range(2, registry.height + 2))
    assert registry["state_id"].str.contains(r"^[0-9]{10}$").all()


def test_every_case_is_there(small_sample: Path) -> None:
    registry = read(small_sample)
    owners = registry.drop_nulls("person_id").group_by("state_id").agg(pl.col("person_id").n_unique())
    numbers = registry.filter(pl.col("status") == "active").group_by("person_id").agg(pl.col("state_id").n_unique())
    assert set(registry["case"]) == {"active", "double", "alias", "retired", "shared"}
    assert (owners["person_id"] == 2).sum() == (registry.filter(case="shared")["state_id"].n_unique()) == 1
    assert (numbers["state_id"] == 2).sum() == registry.filter(case="double").height
    aliases = registry.filter(case="alias")
    assert aliases["alias_of"].is_in(registry.filter(status="active")["state_id"].implode()).all()


def test_some_numbers_begin_with_zero(small_sample: Path) -> None:
    assert read(small_sample)["state_id"].str.starts_with("0").any()
