"""The practice district: each rule has a record of its own, check finds exactly what is expected, and the rest says why not."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from flows.check import compare_with_expected
from flows.practice import make_practice
from flows.progress import silent
from sample_data.practice import practice_collections
from schemas.clock import FixedClock
from schemas.dictionary import load_dictionary
from schemas.errors import UsageError
from schemas.rules import RuleBook, load_rule_book
from tests.conftest import OCTOBER_2024

CLOCK = FixedClock(OCTOBER_2024)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def assert_every_rule_is_told_of(folder: Path, books: list[RuleBook]) -> None:
    expected, not_hit = rows(folder / "expected.csv"), rows(folder / "not_hit.csv")
    for book in books:
        version = book.collection.version
        meant = Counter(
            (row["rule_id"], row["field"])
            for row in expected
            if row["answer"] == "meant" and row["file"].startswith((f"{version}.", f"{version}_"))
        )
        left = Counter((row["rule_id"], row["field"]) for row in not_hit if row["collection_version"] == version)
        rules = Counter((rule.rule_id, rule.column or "") for rule in (*book.rules, *book.across))
        assert meant + left == rules, version
        assert max(meant.values()) == 1
    # A rule that a file of this district could show must be shown.
    without = {row["rule_id"] for row in not_hit if row["reason"].startswith("no record of this collection")}
    assert without <= {"DCT91210"}


def assert_check_agrees(folder: Path) -> None:
    for path in sorted(folder.glob("*.[ct][sx][vt]")):
        if path.name not in ("expected.csv", "not_hit.csv", "README.txt"):
            compared = compare_with_expected(
                path, folder / "expected.csv", directory=folder / "directory", report_folder=None, clock=CLOCK
            )
            assert compared.agrees, (path.name, compared.missing, compared.unexpected)


def test_practice_of_one_collection(tmp_path: Path) -> None:
    folder = tmp_path / "practice"
    made = make_practice(folder, clock=CLOCK, collection="ALL1.0DirectCert", progress=silent)
    assert_every_rule_is_told_of(folder, [load_rule_book(load_dictionary(), "ALL1.0DirectCert")])
    assert_check_agrees(folder)
    assert made.files == 2 and made.hit > 20 and made.alone > made.hit / 2
    clean = {str(line) for line in (2, 3, 4)}
    expected = rows(folder / "expected.csv")
    assert not [row for row in expected if row["line"] in clean]
    assert all(row["of_rule"] for row in expected)
    # A vendor's mistake is told: the record for one rule taken out, everything after it moves up.
    file = folder / "ALL1.0DirectCert.csv"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))
    compared = compare_with_expected(file, folder / "expected.csv", directory=folder / "directory", report_folder=None)
    assert not compared.agrees and len(lines) in {each.line for each in compared.missing}


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="is not empty"):
        make_practice(tmp_path, clock=CLOCK, collection=None, progress=silent)
    with pytest.raises(UsageError, match="no practice file"):
        make_practice(tmp_path / "new", clock=CLOCK, collection="2025Oct1.0StuCore", progress=silent)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_practice_of_every_collection(tmp_path: Path) -> None:
    dictionary = load_dictionary()
    chosen = practice_collections(dictionary)
    layouts = {each.layout for each in dictionary.collections if each.school_year == 2026} | {"id_batch"}
    assert {each.layout for each in chosen} >= layouts
    folder = tmp_path / "practice"
    make_practice(folder, clock=CLOCK, collection=None, progress=silent)
    assert_every_rule_is_told_of(folder, [load_rule_book(dictionary, each) for each in chosen])
    assert_check_agrees(folder)
