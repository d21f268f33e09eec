"""``mosis accuracy`` on a small state: what it measures, keeps, takes up again and adds up."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from flows.accuracy import VARIANTS, Order, measure, sample_requests
from flows.accuracy_pool import SEEDS_FILE, plan_orders, pool, read_results, run_series
from flows.accuracy_process import measure_apart
from flows.accuracy_report import write_report
from flows.accuracy_text import describe
from flows.cli.app import app
from flows.progress import silent
from matching import frontier
from schemas.errors import MosisError, UsageError

pytestmark = pytest.mark.slow

ORDER = Order(400, 4, 5, plain=False)


@pytest.fixture(scope="module")
def result() -> Iterator[dict[str, Any]]:
    """A measurement with three points of the frontier; the whole of it takes longer than all the rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frontier, "UPPER_STEPS", (-12.0, 0.0, 12.0))
        patch.setattr(frontier, "LOWER_STEPS", (0.0,))
        patch.setattr(frontier, "MARGIN_STEPS", ())
        patch.setattr(frontier, "NEW_STEPS", (0.0,))
        yield measure(ORDER, progress=silent)


def test_accuracy_is_measured_cold_and_warm(result: dict[str, Any]) -> None:
    (group,) = pool([result])
    rows = {(row["measure"], row["subgroup"]): row for row in group.modes["cold"].table.iter_rows(named=True)}
    assert rows["stays linked", "all"]["value"] > 95
    assert rows["false merges", "all"]["count"] == 0
    assert rows["false merges", "all"]["high"] > 0
    assert rows["year-1 IDs moved", "all"]["count"] == 0
    assert "right IDs confirmed" in set(group.modes["warm"].table["measure"])
    text = describe([group])
    assert "seeds 5 (from the operating system)" in text and "Warm" in text and "compound_reversed" in text
    assert json.loads(json.dumps(group.to_json()))["seeds"] == [5]


def test_the_frontier_passes_through_what_the_run_did(result: dict[str, Any]) -> None:
    (group,) = pool([result])
    mode = group.modes["cold"]
    figures = {row["measure"]: row for row in mode.table.filter(pl.col("subgroup") == "all").iter_rows(named=True)}
    (point,) = mode.frontier.filter(pl.col("kind") == "link", "is_in_force").to_dicts()
    measured = {
        "false_merges": figures["false merges"]["count"],
        "splits": figures["splits"]["count"],
        "pupils_in_review": figures["pupils in review"]["count"],
        "moves": figures["moves linked"]["among"],
        "moves_linked": figures["moves linked"]["count"],
        "pupils": figures["splits"]["among"],
    }
    assert {name: point[name] for name in measured} == measured
    strict, loose = (mode.frontier.filter(pl.col("upper") == end).row(0, named=True) for end in (24.0, 0.0))
    assert strict["moves_linked"] <= point["moves_linked"] <= loose["moves_linked"]


def test_variants_stand_beside_the_state_as_given(result: dict[str, Any], tmp_path: Path) -> None:
    groups = pool([result | {"variant": "double-errors"}, result])
    assert [group.variant for group in groups] == ["as-given", "double-errors"]
    text = describe(groups)
    assert "Double the" in text and "exact rule" in text
    write_report(tmp_path / "new" / "report.html", groups)
    page = (tmp_path / "new" / "report.html").read_text("utf-8")
    assert "Double the errors (1)" in page and "moves linked by the exact rule" in page


def test_errors_can_be_doubled_and_fields_left_out() -> None:
    given, double, no_ssn, no_guardian = (
        sample_requests(replace(ORDER, variant=variant))
        for variant in ("as-given", "double-errors", "no-ssn", "no-guardian")
    )
    errors, doubled = (
        truth["error_tags"].str.count_matches("typo|nickname|birth_").sum() for _, truth in (given, double)
    )
    assert 1.5 * errors < doubled < 2.7 * errors
    assert no_ssn[0][0]["ssn_hash"].null_count() == no_ssn[0][0].height
    assert no_guardian[0][0]["guardian_last_name"].null_count() == no_guardian[0][0].height
    assert given[0][0]["ssn_hash"].null_count() < given[0][0].height


def fake(order: Order) -> dict[str, Any]:
    counts = [{"measure": "false merges", "subgroup": "all", "count": 1, "among": 100}]
    return {
        "format_version": 1, "students": order.students, "districts": order.districts, "seed": order.seed,
        "variant": order.variant, "model_version": "m", "code_version": "c", "is_drawn": order.is_drawn,
        "seconds": {}, "modes": {"cold": {"counts": counts}},
    }  # fmt: skip


def test_an_interrupted_series_goes_on_with_the_seeds_it_drew(tmp_path: Path) -> None:
    orders = plan_orders(ORDER, 3, False, tmp_path, None)
    made: list[int] = []

    def fails_at_the_third(order: Order) -> dict[str, Any]:
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(order.seed)
        return fake(order)

    with pytest.raises(KeyboardInterrupt):
        run_series(orders, tmp_path, fails_at_the_third, lambda *_: None)
    again = plan_orders(ORDER, 3, False, tmp_path, None)
    assert [order.seed for order in again] == [order.seed for order in orders]
    made.clear()
    run_series(again, tmp_path, lambda order: made.append(order.seed) or fake(order), lambda *_: None)
    assert made == [orders[2].seed]
    (group,) = pool(read_results([tmp_path]))
    assert sorted(group.seeds) == sorted(order.seed for order in orders)
    assert group.modes["cold"].table.row(0)[2:4] == (3, 300)


def test_a_seed_that_somebody_named_is_called_so() -> None:
    (order,) = plan_orders(ORDER, 1, False, None, 77)
    (group,) = pool([fake(order)])
    assert (group.seeds, group.given_seeds) == ((77,), (77,))
    (drawn,) = plan_orders(ORDER, 1, False, None, None)
    assert pool([fake(drawn)])[0].given_seeds == ()


def test_every_seed_is_measured_in_every_variant() -> None:
    orders = plan_orders(ORDER, 2, True, None, None)
    assert [order.variant for order in orders] == [*VARIANTS, *VARIANTS]
    assert {order.variant for order in orders if order.warm} == {"as-given"}
    assert len({order.seed for order in orders}) == 2


def test_what_cannot_be_added_up_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no measurement"):
        read_results([tmp_path])
    plan_orders(ORDER, 1, False, tmp_path, None)
    with pytest.raises(UsageError, match="Name another folder"):
        plan_orders(replace(ORDER, students=500), 1, False, tmp_path, None)
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(UsageError, match=r"x\.json is no measurement"):
        read_results([tmp_path])
    with pytest.raises(UsageError, match="2 models"):
        pool([fake(ORDER), fake(ORDER) | {"model_version": "other", "seed": 6}])


def test_command_refuses_a_seed_beside_seeds() -> None:
    answer = CliRunner().invoke(app, ["accuracy", "--seed", "5", "--seeds", "2"])
    assert isinstance(answer.exception, UsageError)


@pytest.mark.slow
def test_command_measures_apart_and_pools(tmp_path: Path) -> None:
    command = [
        "accuracy",
        "--students",
        "300",
        "--districts",
        "3",
        "--seeds",
        "2",
        "--no-plain",
        "--out",
        str(tmp_path),
    ]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert len(list(tmp_path.glob("300-*.json"))) == 2 and (tmp_path / SEEDS_FILE).exists()
    answer = CliRunner().invoke(app, ["accuracy", "--pool", str(tmp_path), "--json"])
    (group,) = json.loads(answer.stdout)
    assert len(group["seeds"]) == 2
    assert all(run["peak_mib"] > 50 for run in group["by_seed"])


@pytest.mark.slow
def test_a_measurement_that_dies_is_named_by_its_seed() -> None:
    with pytest.raises(MosisError, match=r"seed 5 \(400 students\) ended with exit code 1 and no result"):
        measure_apart(replace(ORDER, variant="unheard-of"), progress=silent)
