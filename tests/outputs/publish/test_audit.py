"""The gate: every way an unsafe release could come about is caught from the folder alone."""

import json
import shutil

import polars as pl
import pytest

from outputs.publish.audit.audit import audit_release, require_safe
from outputs.publish.audit.elimination import fixed_columns
from schemas.errors import UnsafeRelease

RACES = {"A": 100, "B": 90, "C": 80}


@pytest.fixture
def schools():
    counts = {("D1", s): {"race": dict(RACES), "gender": {"F": 140, "M": 130}} for s in ("S1", "S2", "S3")}
    counts["D2", "S1"] = {"race": {"A": 60, "B": 50, "C": 40}, "gender": {"F": 80, "M": 70}}
    counts["D1", "S1"] = {"race": {"A": 100, "B": 90, "C": 5}, "gender": {"F": 100, "M": 95}}
    return counts


@pytest.fixture
def safe(schools, roll_up, suppress, write_release, tmp_path):
    return write_release(tmp_path / "r1", suppress(roll_up(schools)))


def checks(folder, **kwargs) -> set[str]:
    return {finding.check for finding in audit_release(folder, **kwargs)}


def show(cells: pl.DataFrame, *keys: tuple[str, str, str, str]) -> pl.DataFrame:
    """The cells with some printed, as an engine with a bug would."""
    is_key = pl.any_horizontal(
        (pl.col("district_code") == d)
        & (pl.col("school_code") == s)
        & (pl.col("axis") == a)
        & (pl.col("category") == c)
        for d, s, a, c in keys
    )
    return cells.with_columns(status=pl.when(is_key).then(pl.lit("shown")).otherwise("status"))


def test_safe_release_passes(safe):
    assert audit_release(safe) == []
    require_safe(safe)


def test_unsafe_release_is_refused_with_names_but_no_counts(schools, roll_up, suppress, write_release, tmp_path):
    cells = show(suppress(roll_up(schools)), ("D1", "S1", "race", "B"))
    folder = write_release(tmp_path / "r1", cells)
    with pytest.raises(UnsafeRelease, match=r"COMPUTABLE: pupils geography=D1/S1 race=C"):
        require_safe(folder)


def test_any_single_printed_partner_is_caught(schools, roll_up, suppress, write_release, tmp_path, brute_force_fixed):
    cells = suppress(roll_up(schools))
    partners = cells.filter(pl.col("status") == "suppressed_complementary")
    assert partners.height == 3
    for number, key in enumerate(partners.select(cells.columns[:4]).iter_rows()):
        printed = show(cells, key)
        folder = write_release(tmp_path / f"r{number}", printed)
        assert brute_force_fixed(printed)
        assert "COMPUTABLE" in checks(folder)


def test_naive_release_is_caught(schools, roll_up, write_release, tmp_path):
    cells = roll_up(schools).with_columns(
        status=pl.when(pl.col("student_count").is_between(1, 29))
        .then(pl.lit("suppressed_small"))
        .otherwise(pl.lit("shown"))
    )
    assert "COMPUTABLE" in checks(write_release(tmp_path / "r1", cells))


def test_printed_small_count_is_caught(schools, roll_up, suppress, write_release, tmp_path):
    cells = show(suppress(roll_up(schools)), ("D1", "S1", "race", "C"))
    assert "SMALL_COUNT" in checks(write_release(tmp_path / "r1", cells))


def test_count_that_only_sizes_give_is_caught(roll_up, write_release, tmp_path):
    # 31 = a small cell and one of at least thirty, in a rectangle that no equation opens.
    schools = {("D1", s): {"race": {"A": 1, "B": 30, "C": 50}} for s in ("S1", "S2")}
    hidden = pl.col("category").is_in(["A", "B"]) & (pl.col("school_code") != "ALL")
    status = pl.when(~hidden & (pl.col("student_count") >= 30)).then(pl.lit("shown"))
    status = status.when(pl.col("student_count") < 30).then(pl.lit("suppressed_small"))
    cells = roll_up(schools).with_columns(status=status.otherwise(pl.lit("suppressed_complementary")))
    cells = cells.with_columns(
        status=pl.when((pl.col("school_code") == "ALL") & (pl.col("axis") == "race") & (pl.col("category") == "B"))
        .then(pl.lit("suppressed_complementary"))
        .otherwise("status")
    )
    findings = audit_release(write_release(tmp_path / "r1", cells))
    assert any("sizes and sums" in finding.message for finding in findings)


@pytest.mark.parametrize(
    ("file", "old", "new", "check"),
    [
        ("by_race.csv", "D1,S2,A,100,", "D1,S2,A,101,", "WRONG_SUM"),
        ("by_race.csv", "D1,S2,ALL,270,100.0,shown", "D1,S2,ALL,,,suppressed_complementary", "TABLES_DISAGREE"),
        ("by_race.csv", "D2,S1,C,40,26.7,shown\n", "", "MISSING_ROW"),
        ("by_race.csv", "D1,S2,A,100,37.0,", "D1,S2,A,100,37.1,", "PERCENT"),
        ("by_race.csv", "D1,S1,C,,,", "D1,S1,C,,2.6,", "PERCENT"),
        ("by_race.csv", "D1,S1,C,,,suppressed_small", "D1,S1,C,5,,suppressed_small", "MALFORMED"),
        ("by_race.csv", "D1,S1,C,,,suppressed_small", "D1,S1,C,,,hidden", "MALFORMED"),
        ("by_race.csv", "D1,S2,A,100,", "D1,S2,A,1e2,", "MALFORMED"),
        ("by_race.csv", "D2,S1,A,60,40.0,shown\n", "D2,S1,A,60,40.0,shown\nD2,S1,A,60,40.0,shown\n", "MALFORMED"),
        ("by_race.csv", "\nD1,S2,A", "\nALL,S2,A", "MALFORMED"),
        ("by_race.csv", "student_count", "students", "MALFORMED"),
    ],
)  # fmt: skip
def test_careless_edit_is_caught(safe, rewrite, file, old, new, check):
    rewrite(safe, file, lambda text: text.replace(old, new, 1))
    assert check in checks(safe)


def test_unsigned_edit_is_caught(safe):
    (safe / "by_race.csv").write_bytes((safe / "by_race.csv").read_bytes() + b"\n")
    assert checks(safe) == {"MALFORMED"}


@pytest.mark.parametrize(
    ("edit", "check"),
    [
        (lambda d: d.pop("earlier"), "MALFORMED"),
        (lambda d: d.update(format_version=2), "MALFORMED"),
        (lambda d: d["tables"][0].update(threshold=10), "WEAK_THRESHOLD"),
        (lambda d: d["tables"][0].update(zeros="structural"), "ZEROS_UNKNOWN"),
        (lambda d: d["axes"][0].update(additive=False), "NOT_ADDITIVE"),
        (lambda d: d["tables"][0].update(file="../by_race.csv"), "MALFORMED"),
        (lambda d: d["tables"].pop(), "STRAY_FILE"),
        (lambda d: d["tables"][0].pop("status"), "UNREADABLE"),
        (lambda d: d["earlier"].append({"release": "r0", "path": "../r0/release.json", "relation": "revision"}), "EARLIER_UNREADABLE"),
    ],
)  # fmt: skip
def test_wrong_description_is_caught(safe, edit, check):
    path = safe / "release.json"
    description = json.loads(path.read_text())
    edit(description)
    path.write_text(json.dumps(description))
    assert check in checks(safe)


def test_printed_zero_is_caught_where_zeros_are_protected(roll_up, suppress, write_release, tmp_path):
    schools = {("D1", s): {"race": {"A": 100, "B": 0, "C": 80}} for s in ("S1", "S2")}
    folder = write_release(tmp_path / "r1", suppress(roll_up(schools)))
    assert checks(folder) == set()
    path = folder / "release.json"
    path.write_text(path.read_text().replace('"zeros": "allow"', '"zeros": "protect"'))
    assert "PRINTED_ZERO" in checks(folder)


def test_file_nobody_described_is_caught(safe):
    (safe / "unsuppressed.csv").write_text("district_code\n")
    assert checks(safe) == {"STRAY_FILE"}


def test_lower_threshold_needs_to_be_asked_for(schools, roll_up, suppress, write_release, tmp_path):
    folder = write_release(tmp_path / "r1", suppress(roll_up(schools), threshold=10), threshold=10)
    assert checks(folder) == {"WEAK_THRESHOLD"}
    assert checks(folder, least_threshold=10) == set()


@pytest.mark.parametrize(
    ("count", "found"), [(100, set()), (101, {"SMALL_CHANGE"}), (129, {"SMALL_CHANGE"}), (130, set())]
)
def test_change_since_an_earlier_print_is_caught_below_thirty(roll_up, suppress, write_release, tmp_path, count, found):
    schools = {("D1", s): {"race": {"A": 100, "B": 90}} for s in ("S1", "S2")}
    write_release(tmp_path / "r1", suppress(roll_up(schools)))
    schools["D1", "S1"]["race"]["A"] = count
    later = write_release(tmp_path / "r2", suppress(roll_up(schools)), earlier=("r1",))
    assert checks(later) == found


def test_cell_withheld_before_and_printed_now_is_caught(schools, roll_up, suppress, write_release, tmp_path):
    write_release(tmp_path / "r1", suppress(roll_up(schools)))
    schools["D1", "S1"]["race"] = {"A": 60, "B": 90, "C": 45}
    later = write_release(tmp_path / "r2", suppress(roll_up(schools)), earlier=("r1",))
    assert "WITHHELD_BEFORE" in checks(later)
    shutil.rmtree(tmp_path / "r1")
    assert "EARLIER_UNREADABLE" in checks(later)


@pytest.mark.parametrize(
    ("equations", "fixed"),
    [
        ([{0: 1}], {0}),
        ([{0: 1, 1: -1}], set()),
        ([{0: 1, 1: -1}, {1: 1}], {0, 1}),
        ([{0: 1, 1: -1, 2: -1}, {1: 1, 2: -1}], set()),
        ([{0: 1, 1: -1, 2: -1}, {1: 1, 2: -1}, {0: 1, 3: -1}, {3: 1, 1: -2}], set()),
        ([{0: 1, 1: 1}, {1: 1, 2: 1}, {0: 1, 2: 1}], {0, 1, 2}),
        ([{0: 1, 1: 1}, {1: 1, 2: 1}, {0: 1, 2: -1}], set()),
        ([{}], set()),
    ],
)  # fmt: skip
def test_elimination_finds_columns_zero_in_every_solution(equations, fixed):
    assert fixed_columns(equations) == fixed
