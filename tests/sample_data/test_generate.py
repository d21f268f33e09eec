"""The sample state as a whole: what it promises to those who test with it."""

import hashlib
from pathlib import Path

import polars as pl
import pytest

from sample_data.generate import SampleSummary, generate_sample
from sample_data.tables import read_table
from schemas.errors import FileRefused, UsageError
from schemas.rules import load_rule_book
from tests.sample_data.reading import DICTIONARY, read_file, violations_of


def bytes_of(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def read_truth(truth: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(truth / name, infer_schema=False).fill_null("")


@pytest.mark.parametrize("students, districts", [(20, 1), (20, 20), (250, 7)])
def test_same_arguments_give_same_bytes_and_another_seed_others(tmp_path, students, districts):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        generate_sample(tmp_path / name, students, districts, seed)
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")
    assert bytes_of(tmp_path / "a") != bytes_of(tmp_path / "c")


@pytest.mark.parametrize("students, districts", [(19, 1), (20, 0), (20, 21)])
def test_impossible_sizes_are_refused(tmp_path, students, districts):
    with pytest.raises(UsageError):
        generate_sample(tmp_path / "state", students, districts, 1)
    assert not (tmp_path / "state").exists()


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds files already"):
        generate_sample(tmp_path, 20, 1, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_one_year_can_be_asked_for(tmp_path):
    summary = generate_sample(tmp_path / "state", 40, 3, 1, years=(2026,))
    assert set(summary.core_records) == {2026}
    assert not (tmp_path / "state" / "2025").exists()


@pytest.mark.parametrize(
    "students, districts, seed", [(20, 1, 1), (20, 2, 2), (21, 3, 3), (24, 24, 4), (90, 5, 5), (900, 9, 6)]
)
def test_at_any_size_and_seed_a_comma_file_breaks_no_rule(tmp_path, students, districts, seed):
    spotless = generate_sample(tmp_path / "state", students, districts, seed).spotless_file
    content = spotless.read_bytes()
    _, extract = read_file(spotless)
    assert content.startswith(b"CollectionVersion,")
    assert content.decode("utf-8").count("\n") == extract.record_count + 1 >= 2
    assert extract.refused.height == 0
    assert violations_of([spotless], tmp_path / "state" / "directory").rows() == []


def test_years_keep_their_size_and_every_district_sends(sample: SampleSummary, truth: Path):
    lines = read_truth(truth, "registrations.csv").filter(pl.col("kind") == "core")
    for year in ("2025", "2026"):
        assert 2900 < lines.filter(pl.col("school_year") == year).height < 3050
    districts = lines.filter(pl.col("school_year") == "2025")["district_code"].unique()
    assert set(districts) == {path.name for path in (sample.out / "2025" / "core").iterdir()}
    assert len(districts) == 12


def test_each_line_of_the_truth_is_a_record_of_its_file(sample: SampleSummary, truth: Path):
    lines = read_truth(truth, "registrations.csv").with_columns(pl.col("line_number").cast(pl.UInt32))
    for (year, kind, district, name), rows in lines.group_by("school_year", "kind", "district_code", "file_name"):
        _, extract = read_file(sample.out / year / kind / district / name)
        refused = rows.filter(pl.col("error_tags").str.contains("refused_line"))
        readable = rows.join(refused, on="line_number", how="anti")
        assert sorted(extract.refused["line_number"]) == sorted(refused["line_number"])
        found = extract.records.select("line_number", found=pl.col("local_student_id").fill_null(""))
        # A local ID that a fault took away is the one difference there may be.
        both = readable.join(found, on="line_number", how="inner")
        assert both.height == extract.records.height == readable.height
        assert both.filter((pl.col("found") != pl.col("local_student_id")) & (pl.col("found") != "")).height == 0


def test_each_fault_put_in_is_found_under_its_rule(sample: SampleSummary, truth: Path, violations: pl.DataFrame):
    path = pl.format(f"{sample.out}/{{}}/{{}}/{{}}/{{}}", "school_year", "folder", "district_code", "file_name")
    expected = read_truth(truth, "expected.csv").filter(pl.col("rule_id") != "")
    expected = expected.with_columns(path=path, line_number=pl.col("line_number").cast(pl.UInt32))
    missed = expected.join(violations, on=["path", "line_number", "rule_id"], how="anti")
    assert missed.select("case", "path", "line_number", "rule_id").rows() == []


@pytest.mark.parametrize("folder, table", [("core", "core_faults.csv"), ("id", "batch_faults.csv")])
def test_no_row_of_a_fault_table_is_unused(truth: Path, folder, table):
    expected = read_truth(truth, "expected.csv").filter(pl.col("folder") == folder)
    used = set(expected["case"].str.strip_prefix("fault:"))
    errors = read_table(table).filter(pl.col("severity") == "E")
    assert set(errors["fault"]) <= used


def test_warning_faults_break_rules_of_the_book():
    book = {rule.rule_id for rule in load_rule_book(DICTIONARY, "2025Oct1.0StuCore").rules}
    assert set(read_table("core_faults.csv")["rule_id"]) <= book


def test_mistaken_drops_end_as_expected(sample: SampleSummary, truth: Path):
    odd = read_truth(truth, "expected.csv").filter(pl.col("folder") == "odd")
    # These two need a run: one compares with the folder, the other with what was taken before.
    by_content = odd.filter(~pl.col("case").is_in(["wrong_district", "duplicate"]))
    assert by_content.height == 14
    for row in by_content.iter_rows(named=True):
        path = sample.out / row["school_year"] / "odd" / row["district_code"] / row["file_name"]
        with pytest.raises(FileRefused) as refusal:
            read_file(path)
        found = (refusal.value.outcome, refusal.value.reason)
        assert found == (row["expected_outcome"], row["reason"]), row["case"]


def test_duplicate_is_the_same_bytes_and_wrong_district_a_neighbours(sample: SampleSummary, truth: Path):
    odd = {row["case"]: row for row in read_truth(truth, "expected.csv").iter_rows(named=True)}
    spotless = sample.spotless_file.read_bytes()
    for case in ("duplicate", "wrong_district"):
        row = odd[case]
        assert (sample.out / "2025" / "odd" / row["district_code"] / row["file_name"]).read_bytes() == spotless
    assert odd["duplicate"]["district_code"] == sample.spotless_file.parent.name
    assert odd["wrong_district"]["district_code"] != sample.spotless_file.parent.name


def test_two_districts_in_three_send_no_error(violations: pl.DataFrame):
    core = violations.filter(pl.col("path").str.contains("/2025/core/") & (pl.col("severity") == "E"))
    assert core["path"].n_unique() == 4  # of 12


def test_summary_names_what_to_do_next(sample: SampleSummary):
    text = str(sample)
    assert "12 districts" in text and "mosis init HOME" in text and sample.spotless_file.name in text
