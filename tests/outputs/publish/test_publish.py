"""From publish.cell to a folder: what is written, what is refused, and what a crash leaves."""

import json
import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from outputs.aggregates.aggregate import CELL_COLUMNS
from outputs.publish import publish as publishing
from outputs.publish.audit.audit import audit_release
from outputs.publish.audit.folder import KEYS
from outputs.publish.publish import publish
from schemas.errors import UnknownName, UnsafeRelease, UsageError

AT = datetime(2025, 11, 1, tzinfo=UTC)
GENDERS = "enrollment_by_gender"
RACES = "enrollment_by_race_ethnicity"
GRADES = "enrollment_by_grade"


@pytest.fixture
def published(tmp_path) -> Path:
    folder = tmp_path / "published"
    folder.mkdir()
    return folder


@pytest.fixture
def fill(con, roll_up):
    """Put school counts into publish.cell as an aggregation would."""

    def run(schools) -> None:
        graded = {place: {**axes, "grade": {"04": sum(axes["gender"].values())}} for place, axes in schools.items()}
        cells = roll_up(graded)
        parts = []
        for axis, product in (("gender", GENDERS), ("grade", GRADES), ("race_ethnicity", RACES)):
            own = cells.filter(pl.col("axis").is_in([axis, "ALL"])).with_columns(
                axis=pl.lit(axis), product=pl.lit(product), school_year=pl.lit(2026), cycle=pl.lit("Oct")
            )
            parts.append(own.select(CELL_COLUMNS))
        frame = pl.concat(parts)  # noqa: F841 (read by the query)
        con.execute("DELETE FROM publish.cell").fetchall()
        con.execute("INSERT INTO publish.cell SELECT *, ? FROM frame", [AT]).fetchall()

    return run


@pytest.fixture
def schools():
    counts = {
        ("048078", s): {"gender": {"F": 140, "M": 130}, "race_ethnicity": {"W": 170, "B": 60, "H": 40}}
        for s in ("1050", "4020")
    }
    counts["010004", "4010"] = {"gender": {"F": 80, "M": 70}, "race_ethnicity": {"W": 90, "B": 60, "H": 0}}
    counts["048078", "1050"]["race_ethnicity"] = {"W": 205, "B": 60, "H": 5}
    return counts


def rows_of(published: Path, release: str, product: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    frame = pl.read_csv(published / release / f"{product}.csv", infer_schema=False)
    return {row[:3]: row[3:] for row in frame.iter_rows()}


def test_release_has_the_promised_shape(con, published, fill, schools, directory):
    fill(schools)
    summary = publish(con, published, 2026, "Oct", AT, 30, directory)
    folder = published / "2026-Oct-r1"
    assert summary.folder == str(folder) and summary.is_new and summary.supersedes is None
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{GENDERS}.csv",
        f"{GRADES}.csv",
        f"{RACES}.csv",
        "index.html",
        "release.json",
    ]
    description = json.loads((folder / "release.json").read_text("utf-8"))
    assert set(description) == KEYS
    assert (description["min_width"], description["supersedes"], description["earlier"]) == (0, None, [])
    assert "Not certified and not counted: 077077." in description["population"]["october_enrollment"]
    assert summary.missing_districts == ("077077",)
    lines = (folder / f"{RACES}.csv").read_bytes().decode("utf-8").split("\n")
    assert lines[0] == "district_code,school_code,race_ethnicity,student_count,percent,status"
    assert lines[1:-1] == sorted(lines[1:-1], key=lambda line: line.split(",")[:3])
    assert rows_of(published, "2026-Oct-r1", RACES)["010004", "4010", "H"] == ("0", "0.0", "shown")
    assert rows_of(published, "2026-Oct-r1", RACES)["048078", "1050", "H"] == (None, None, "suppressed_small")
    assert rows_of(published, "2026-Oct-r1", GENDERS)["ALL", "ALL", "F"] == ("360", "52.2", "shown")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o644}


def test_release_is_noted_per_product(con, published, fill, schools):
    fill(schools)
    publish(con, published, 2026, "Oct", AT)
    rows = con.execute("SELECT release, product, status, folder FROM publish.release ORDER BY product").fetchall()
    assert rows == [
        ("2026-Oct-r1", GENDERS, "published", "2026-Oct-r1"),
        ("2026-Oct-r1", GRADES, "published", "2026-Oct-r1"),
        ("2026-Oct-r1", RACES, "published", "2026-Oct-r1"),
    ]


def test_unchanged_figures_are_not_published_again(con, published, fill, schools):
    fill(schools)
    first = publish(con, published, 2026, "Oct", AT)
    before = {path.name: path.read_bytes() for path in (published / first.release).iterdir()}
    again = publish(con, published, 2026, "Oct", AT)
    assert (again.release, again.is_new) == (first.release, False)
    assert "Nothing has changed" in again.text
    assert [path.name for path in published.iterdir()] == [first.release]
    assert {path.name: path.read_bytes() for path in (published / first.release).iterdir()} == before


def test_small_change_is_withheld_in_the_revision(con, published, fill, schools):
    fill(schools)
    publish(con, published, 2026, "Oct", AT)
    # Twelve girls more in one school: every printed figure they stand in would tell of them by subtraction.
    schools["010004", "4010"] = {"gender": {"F": 92, "M": 70}, "race_ethnicity": {"W": 102, "B": 60, "H": 0}}
    fill(schools)
    summary = publish(con, published, 2026, "Oct", AT)
    assert (summary.release, summary.supersedes) == ("2026-Oct-r2", "2026-Oct-r1")
    rows = rows_of(published, "2026-Oct-r2", GENDERS)
    for place in (("010004", "4010"), ("010004", "ALL"), ("ALL", "ALL")):
        assert rows[*place, "F"][2] == "suppressed_complementary"
        assert rows[*place, "ALL"][2] == "suppressed_complementary"
    assert audit_release(published / "2026-Oct-r2") == []
    statuses = con.execute("SELECT DISTINCT release, status FROM publish.release ORDER BY ALL").fetchall()
    assert statuses == [("2026-Oct-r1", "superseded"), ("2026-Oct-r2", "published")]


def test_what_was_withheld_stays_withheld(con, published, fill, schools):
    fill(schools)
    publish(con, published, 2026, "Oct", AT)
    schools["048078", "1050"] = {"gender": {"F": 140, "M": 175}, "race_ethnicity": {"W": 205, "B": 60, "H": 50}}
    fill(schools)
    publish(con, published, 2026, "Oct", AT)
    assert rows_of(published, "2026-Oct-r2", RACES)["048078", "1050", "H"][2] == "suppressed_complementary"


def test_retracted_release_still_counts_as_public(con, published, fill, schools):
    fill(schools)
    publish(con, published, 2026, "Oct", AT)
    con.execute("UPDATE publish.release SET status = 'retracted'").fetchall()
    schools["010004", "4010"] = {"gender": {"F": 92, "M": 70}, "race_ethnicity": {"W": 102, "B": 60, "H": 0}}
    fill(schools)
    publish(con, published, 2026, "Oct", AT)
    assert rows_of(published, "2026-Oct-r2", GENDERS)["010004", "4010", "F"][2] == "suppressed_complementary"


def test_missing_earlier_release_stops_publication(con, published, fill, schools):
    fill(schools)
    publish(con, published, 2026, "Oct", AT)
    (published / "2026-Oct-r1").rename(published.parent / "elsewhere")
    with pytest.raises(UnsafeRelease, match="Restore it"):
        publish(con, published, 2026, "Oct", AT)


def test_leftover_of_a_crash_is_removed(con, published, fill, schools):
    (published / ".tmp-2026-Oct-r1").mkdir()
    (published / ".tmp-2026-Oct-r1/half.csv").write_text("district_code")
    fill(schools)
    publish(con, published, 2026, "Oct", AT)
    assert [path.name for path in published.iterdir()] == ["2026-Oct-r1"]


def test_release_renamed_but_not_committed_is_adopted(con, published, fill, schools):
    fill(schools)
    con.execute("BEGIN")
    publish(con, published, 2026, "Oct", AT)
    con.execute("ROLLBACK")
    assert con.execute("SELECT count(*) FROM publish.release").fetchall() == [(0,)]
    again = publish(con, published, 2026, "Oct", AT)
    assert (again.release, again.is_new) == ("2026-Oct-r1", False)
    assert con.execute("SELECT count(*) FROM publish.release").fetchall() == [(3,)]


def test_uncommitted_release_of_other_figures_is_public_all_the_same(con, published, fill, schools):
    fill(schools)
    con.execute("BEGIN")
    publish(con, published, 2026, "Oct", AT)
    con.execute("ROLLBACK")
    fill({**schools, ("077077", "4000"): {"gender": {"F": 40, "M": 50}, "race_ethnicity": {"W": 50, "B": 40, "H": 0}}})
    summary = publish(con, published, 2026, "Oct", AT)
    assert (summary.release, summary.supersedes) == ("2026-Oct-r2", "2026-Oct-r1")


def test_engine_that_errs_is_stopped_by_the_audit(con, published, fill, schools, monkeypatch):
    fill(schools)

    def careless(cells, rules):
        small = pl.col("student_count").is_between(1, rules.threshold - 1)
        return cells.with_columns(status=pl.when(small).then(pl.lit("suppressed_small")).otherwise(pl.lit("shown")))

    monkeypatch.setattr(publishing, "suppress_small_cells", careless)
    with pytest.raises(UnsafeRelease, match="COMPUTABLE"):
        publish(con, published, 2026, "Oct", AT)
    assert list(published.iterdir()) == []
    assert con.execute("SELECT count(*) FROM publish.release").fetchall() == [(0,)]


def test_threshold_of_the_setting_holds(con, published, fill, schools):
    fill(schools)
    publish(con, published, 2026, "Oct", AT, threshold=50)
    assert rows_of(published, "2026-Oct-r1", RACES)["048078", "4020", "H"][2] == "suppressed_small"


def test_nothing_counted_and_unknown_cycle_are_said(con, published):
    with pytest.raises(UsageError, match="mosis aggregate"):
        publish(con, published, 2026, "Oct", AT)
    with pytest.raises(UnknownName):
        publish(con, published, 2026, "Jul", AT)


def test_page_shows_what_the_tables_show(con, published, fill, schools, directory):
    fill(schools)
    publish(con, published, 2026, "Oct", AT, 30, directory)
    folder = published / "2026-Oct-r1"
    page = (folder / "index.html").read_text("utf-8")
    assert "Cedar Bluff R-II" in page and "Lincoln Elementary" in page
    assert "http" not in page.replace("http-equiv", "")
    assert audit_release(folder) == []
    # A withheld cell given its number on the page alone is a leak like any other.
    leak = re.sub(r'(id="release-data">.*?)-1', r"\g<1>5", page, count=1, flags=re.DOTALL)
    (folder / "index.html").write_text(leak, "utf-8")
    assert {finding.check for finding in audit_release(folder)} == {"PAGE"}
    (folder / "index.html").write_text("<p>no data</p>", "utf-8")
    assert {finding.check for finding in audit_release(folder)} == {"PAGE"}


def test_a_later_release_gives_no_newcomer_away(con, published, fill):
    """Two releases that are each safe must not tell, held against each other, what a district certified in between has.

    The state's second W, B and A minus the first would be the newcomer's own: 130 students, of whom 14 are A.
    """
    first = {
        ("010004", "4020"): {"gender": {"F": 210, "M": 210}, "race_ethnicity": {"W": 120, "B": 110, "A": 100, "H": 90}}
    }
    newcomer = {
        ("048078", "4020"): {"gender": {"F": 65, "M": 65}, "race_ethnicity": {"W": 82, "B": 34, "A": 14, "H": 0}}
    }
    fill(first)
    publish(con, published, 2026, "Oct", AT, 30)
    fill({**first, **newcomer})
    publish(con, published, 2026, "Oct", AT, 30)
    rows = rows_of(published, "2026-Oct-r2", RACES)
    state = {code: rows["ALL", "ALL", code][0] for code in ("W", "B", "A", "H", "ALL")}
    new = {code: rows["048078", "ALL", code][0] for code in ("W", "B", "A", "H", "ALL")}
    assert new["A"] is None
    old = {"W": 120, "B": 110, "A": 100, "H": 90, "ALL": 420}
    known = {code: int(new[code]) for code in new if new[code] is not None}
    known |= {code: int(state[code]) - old[code] for code in state if state[code] is not None}
    assert "A" not in known
    assert not {"W", "B", "H", "ALL"} <= known.keys(), "the rest of the newcomer is known, and so A by subtraction"
