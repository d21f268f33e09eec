"""The engine on populations small enough to check by eye, and on random ones against a brute-force reader."""

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from outputs.publish.audit.audit import audit_release
from outputs.publish.audit.elimination import fixed_columns
from outputs.publish.engine.row_space import fixed_cells
from outputs.publish.engine.suppress import SuppressionRules, suppress_small_cells
from outputs.publish.engine.system import CellsDisagree, build_system
from schemas.errors import UnsafeRelease


def status_of(cells: pl.DataFrame, *key: str) -> str:
    found = cells.filter(
        (pl.col("district_code") == key[0])
        & (pl.col("school_code") == key[1])
        & (pl.col("axis") == key[2])
        & (pl.col("category") == key[3])
    )
    return found["status"].item()


@pytest.mark.parametrize(
    ("count", "status"),
    [(0, "shown"), (1, "suppressed_small"), (29, "suppressed_small"), (30, "shown")],
)
def test_count_is_shown_from_thirty(count, status, roll_up, suppress):
    schools = {("D1", s): {"race": {"A": 100, "B": 100, "C": 100}} for s in ("S1", "S2", "S3")}
    schools["D1", "S1"]["race"]["C"] = count
    assert status_of(suppress(roll_up(schools)), "D1", "S1", "race", "C") == status


def test_small_cell_gets_partners_in_row_and_column(roll_up, suppress, brute_force_fixed):
    schools = {("D1", s): {"race": {"A": 100, "B": 90, "C": 80}} for s in ("S1", "S2", "S3")}
    schools["D1", "S1"]["race"]["C"] = 5
    cells = suppress(roll_up(schools))
    withheld = {row[:4] for row in cells.filter(pl.col("status") != "shown").iter_rows()}
    # The cheapest rectangle: one more race of the school, and the same two races of another school.
    assert withheld == {
        ("D1", "S1", "race", "C"), ("D1", "S1", "race", "B"), ("D1", "S2", "race", "C"), ("D1", "S2", "race", "B"),
    }  # fmt: skip
    assert brute_force_fixed(cells) == set()


def test_school_of_a_one_school_district_is_withheld_with_it(roll_up, suppress):
    schools = {(d, "S1"): {"race": {"A": 200, "B": 100}} for d in ("D1", "D2", "D3")}
    schools["D1", "S1"]["race"]["B"] = 7
    cells = suppress(roll_up(schools))
    assert status_of(cells, "D1", "S1", "race", "B") == "suppressed_small"
    assert status_of(cells, "D1", "ALL", "race", "B") == "suppressed_small"
    pairs = cells.filter(pl.col("district_code") != "ALL").pivot(
        "school_code", index=["district_code", "axis", "category"], values="status"
    )
    assert pairs["S1"].to_list() == pairs["ALL"].to_list()


def test_district_below_thirty_hides_a_second_district(roll_up, suppress, brute_force_fixed):
    schools = {(d, "S1"): {"gender": {"F": 60, "M": 60}} for d in ("D1", "D2", "D3")}
    schools["D1", "S1"] = {"gender": {"F": 9, "M": 11}}
    cells = suppress(roll_up(schools))
    assert status_of(cells, "D1", "ALL", "ALL", "ALL") == "suppressed_small"
    assert status_of(cells, "ALL", "ALL", "ALL", "ALL") == "shown"
    others = [status_of(cells, d, "ALL", "ALL", "ALL") for d in ("D2", "D3")]
    assert sorted(others) == ["shown", "suppressed_complementary"]
    assert brute_force_fixed(cells) == set()


def test_state_of_few_students_is_withheld_whole(roll_up, suppress):
    cells = suppress(roll_up({("D1", "S1"): {"gender": {"F": 9, "M": 11}}, ("D2", "S1"): {"gender": {"F": 4, "M": 0}}}))
    withheld = cells.filter(pl.col("status") != "shown")["student_count"]
    assert withheld.len() == cells.filter(pl.col("student_count") > 0).height
    assert cells.filter(pl.col("student_count") == 0)["status"].unique().to_list() == ["shown"]


def test_withheld_parts_of_a_printed_total_reach_the_threshold(roll_up, suppress):
    schools = {("D1", s): {"race": {"A": 300, "B": 200, "C": 9, "D": 8}} for s in ("S1", "S2", "S3", "S4")}
    open_cells = suppress(roll_up(schools), closes_residuals=False)
    assert status_of(open_cells, "D1", "S1", "race", "B") == "shown"
    closed = suppress(roll_up(schools))
    assert status_of(closed, "D1", "S1", "race", "B") == "suppressed_complementary"


def test_size_alone_must_not_give_a_count(roll_up, suppress):
    # 31 = one small cell + one of at least 30: the statuses alone would say 1 and 30.
    schools = {("D1", s): {"race": {"A": 1, "B": 30, "C": 50}} for s in ("S1", "S2", "S3")}
    cells = suppress(roll_up(schools), closes_residuals=False)
    for school in ("S1", "S2", "S3"):
        assert status_of(cells, "D1", school, "race", "C") == "suppressed_complementary"


def test_threshold_too_low_for_the_table_is_refused(roll_up, suppress):
    # Four categories of at least one student under a total of at most four: all are one, whatever is withheld.
    schools = {
        ("D1", "S1"): {"race": {"A": 1, "B": 1, "C": 1, "D": 1}},
        ("D1", "S2"): {"race": {"A": 50, "B": 50, "C": 50, "D": 50}},
    }
    with pytest.raises(UnsafeRelease, match="threshold is too low"):
        suppress(roll_up(schools), threshold=5)


def test_cells_that_do_not_add_up_are_refused(roll_up, suppress):
    cells = roll_up({("D1", "S1"): {"gender": {"F": 60, "M": 60}}, ("D2", "S1"): {"gender": {"F": 60, "M": 60}}})
    wrong = cells.with_columns(
        pl.when(pl.col("axis") == "gender")
        .then(pl.col("student_count") + 1)
        .otherwise("student_count")
        .alias("student_count")
    )
    with pytest.raises(CellsDisagree):
        suppress(wrong)
    with pytest.raises(CellsDisagree):
        suppress(cells.filter(pl.col("district_code") != "ALL"))


def test_second_run_gives_the_same_statuses(roll_up, suppress):
    schools = {(d, s): {"race": {"A": 70, "B": 40, "C": 3}} for d in ("D1", "D2") for s in ("S1", "S2")}
    cells = roll_up(schools)
    assert suppress(cells).equals(suppress(cells))


@st.composite
def school_counts(draw):
    """One to four districts of one to three schools; two axes with one total; many zeros, small and middle counts."""
    count = st.one_of(st.just(0), st.integers(1, 12), st.integers(13, 80))
    schools = {}
    for district in range(draw(st.integers(1, 4))):
        for school in range(draw(st.integers(1, 3))):
            races = [draw(count) for _ in range(4)]
            women = draw(st.integers(0, sum(races)))
            schools[f"D{district}", f"S{school}"] = {
                "race": dict(zip("ABCD", races, strict=True)),
                "gender": {"F": women, "M": sum(races) - women},
            }
    return schools


PROPERTY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PROPERTY
@given(school_counts(), st.sampled_from([5, 10, 30]), st.booleans())
def test_random_populations_are_safe(
    roll_up, brute_force_fixed, write_release, tmp_path_factory, schools, threshold, closes
):
    cells = roll_up(schools)
    try:
        suppressed = suppress_small_cells(cells, SuppressionRules(threshold, closes))
    except UnsafeRelease:
        # Refused in the open is safe too; the policy's threshold is never too low for tables this small.
        assume(threshold != 5)
        raise
    assert brute_force_fixed(suppressed) == set()
    folder = write_release(tmp_path_factory.mktemp("release") / "r1", suppressed, threshold)
    assert audit_release(folder, least_threshold=threshold) == []
    assert suppressed.filter((pl.col("status") != "shown") & (pl.col("student_count") == 0)).is_empty()
    assert suppressed.filter(
        (pl.col("status") == "shown") & pl.col("student_count").is_between(1, threshold - 1)
    ).is_empty()


@PROPERTY
@given(school_counts(), st.randoms(use_true_random=False))
def test_printing_one_partner_is_caught_wherever_it_gives_a_count(
    roll_up, brute_force_fixed, write_release, tmp_path_factory, schools, random
):
    cells = suppress_small_cells(roll_up(schools), SuppressionRules(30))
    partners = [n for n, status in enumerate(cells["status"]) if status == "suppressed_complementary"]
    assume(partners)
    statuses = cells["status"].to_list()
    statuses[random.choice(partners)] = "shown"
    printed = cells.with_columns(status=pl.Series(statuses))
    folder = write_release(tmp_path_factory.mktemp("release") / "r1", printed)
    computable = {finding.where for finding in audit_release(folder) if "printed counts give it" in finding.message}
    assert len(computable) == len(brute_force_fixed(printed))


@pytest.mark.slow
@PROPERTY
@given(school_counts(), st.randoms(use_true_random=False))
def test_three_ways_to_find_fixed_cells_agree(roll_up, brute_force_fixed, schools, random):
    """Projection, elimination and a dense null space, on any pattern of withheld cells."""
    cells = roll_up(schools)
    withheld = np.array([random.random() < 0.5 for _ in range(cells.height)])
    statuses = np.where(withheld, "suppressed_small", "shown")
    dense = brute_force_fixed(cells.with_columns(status=pl.Series(statuses.tolist())))
    keys = [row[:4] for row in cells.iter_rows()]
    system = build_system(cells)
    assert {keys[cell] for cell in fixed_cells(system, withheld)} == dense
    matrix = system.matrix.toarray().astype(int)
    equations = [{cell: int(line[cell]) for cell in np.flatnonzero(line) if withheld[cell]} for line in matrix]
    exact = {keys[cell] for cell in fixed_columns(equations)}
    assert exact == dense
