"""The sample's staff: files without faults break no rule, faults break theirs, and the other files stay as they were."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from matching.ssn import SsnHasher
from sample_data.generate import generate_sample
from sample_data.staff import ssn_of
from schemas.directory import load_directory
from schemas.inbox.recognise import recognise
from schemas.reading import read_extract
from schemas.rules import RuleBook, load_rule_book
from schemas.validation import validate_records
from tests.sample_data.test_generate import bytes_of
from tests.schemas.batches import DICTIONARY, submissions

YEAR = 2026


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("staff") / "state"
    generate_sample(out, 500, 4, 11, (YEAR,), with_staff=True)
    return out


@pytest.fixture(scope="module")
def checked(sample: Path) -> dict[Path, set[tuple[int, str]]]:
    """What validation says of each staff file: line and rule."""
    directory, hasher = load_directory(sample / "directory"), SsnHasher({1: b"k" * 32})
    books: dict[str, RuleBook] = {}
    found = {}
    for path in sorted((sample / str(YEAR) / "staff").glob("*/*")):
        content = path.read_bytes()
        recognition = recognise(content, DICTIONARY)
        literal = recognition.collection_version
        book = books.setdefault(literal, load_rule_book(DICTIONARY, literal))
        extract = read_extract(content, recognition, DICTIONARY, hasher)
        assert extract.refused.is_empty(), path.name
        validated = validate_records(
            extract.records.with_columns(submission_id=pl.lit("one")),
            submissions(one=path.parent.name),
            layout=book.layout,
            rule_book=book,
            directory=directory,
        )
        found[path] = set(validated.violations.select("line_number", "rule_id").rows())
    return found


@pytest.fixture(scope="module")
def expected(sample: Path) -> dict[str, set[tuple[int, str]]]:
    rules: dict[str, set[tuple[int, str]]] = defaultdict(set)
    with (sample / "truth" / "expected.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["folder"] == "staff":
                rules[row["file_name"]].add((int(row["line_number"]), row["rule_id"]))
    return rules


def test_every_district_sends_all_four_files(checked):
    names = defaultdict(set)
    for path in checked:
        names[path.parent.name].add(path.name.split("_")[1])
    wanted = {"EducatorCore", "EducatorSchool", "CourseAssignment", "StudentAssignment"}
    assert len(names) == 4 and all(found == wanted for found in names.values())


def test_a_file_without_faults_breaks_no_rule(checked, expected):
    spotless = {path.name: found for path, found in checked.items() if path.name not in expected}
    assert len(spotless) >= 4
    assert set().union(*(found for name, found in spotless.items() if "Student" not in name)) == set()
    # A roster carries the children's registrations, with the mistakes that registrars make everywhere.
    assert all(rule.startswith("STA91") for found in spotless.values() for _, rule in found)


def test_each_fault_breaks_its_rule_on_its_line(checked, expected):
    by_name = {path.name: found for path, found in checked.items()}
    assert expected
    for name, rules in expected.items():
        assert rules <= by_name[name], name


def test_the_first_district_shows_every_error(sample, expected):
    with (Path(__file__).parents[2] / "sample_data" / "staff_faults.csv").open(encoding="utf-8") as file:
        errors = {row["rule_id"] for row in csv.DictReader(file) if row["severity"] == "E"}
    shown = {rule for name, rules in expected.items() if name.startswith("048078") for _, rule in rules}
    assert shown == errors


def test_the_other_files_are_the_same_with_and_without_staff(sample, tmp_path):
    generate_sample(tmp_path / "plain", 500, 4, 11, (YEAR,))
    plain, whole = bytes_of(tmp_path / "plain"), bytes_of(sample)
    changed = {name for name in plain if whole[name] != plain[name]}
    assert changed == {"README.txt", "truth/expected.csv"}
    assert {name for name in whole if name not in plain and "/staff/" not in name} == {"truth/staff.csv"}
    rows = (sample / "truth" / "expected.csv").read_text("utf-8").splitlines()
    assert [row for row in rows if ",staff," not in row] == (
        (tmp_path / "plain" / "truth" / "expected.csv").read_text("utf-8").splitlines()
    )


def test_truth_names_the_educator_of_each_line(sample):
    truth = pl.read_csv(sample / "truth" / "staff.csv", infer_schema=False)
    core = truth.filter(pl.col("layout") == "educator_core")
    assert core["educator_number"].n_unique() == core.height
    posts = truth.filter(pl.col("layout") == "educator_school")
    assert set(posts["educator_number"]) == set(core["educator_number"])
    assert not truth.filter(pl.col("layout") == "student_assignment").is_empty()


def test_invented_numbers_all_differ_and_name_somebody():
    numbers = pl.Series(ssn_of(7, np.arange(60_000)))
    assert numbers.n_unique() == len(numbers)
    assert numbers.str.contains(r"^[0-6][0-9]{8}$").all()
    assert not numbers.str.contains(r"^(000|666)|^[0-9]{3}00|0000$").any()


def test_an_educator_keeps_the_number_from_year_to_year(tmp_path):
    generate_sample(tmp_path / "years", 200, 2, 5, (2025, 2026), with_staff=True)
    truth = pl.read_csv(tmp_path / "years" / "truth" / "staff.csv", infer_schema=False)
    core = truth.filter(pl.col("layout") == "educator_core")
    before, after = (set(core.filter(pl.col("school_year") == year)["educator_number"]) for year in ("2025", "2026"))
    assert len(before & after) >= 0.8 * len(before)
