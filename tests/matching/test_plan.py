"""A plan is on disk whole or not at all, and is found again as it was written."""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from matching.plan import Plan, find_unfinished, finish, group_submissions, write_plan
from schemas.errors import PlanDamaged
from schemas.submission import Submission

AT = datetime(2025, 10, 6, 14, 0, tzinfo=UTC)


def submission(name: str, records: int | None = 10) -> Submission:
    return Submission(name, "001090", None, f"{name}.csv", "a" * 64, 1, "claim", AT, "R", record_count=records)


def make(work: Path, run_id: str = "R", started_at: datetime = AT) -> Plan:
    folder = work / run_id
    (folder / "stage").mkdir(parents=True)
    pl.DataFrame({"x": [1]}).write_parquet(folder / "stage" / "records.parquet")
    return write_plan(
        folder,
        run_id=run_id,
        started_at=started_at,
        submissions=[submission("A"), submission("B")],
        groups=[["A"], ["B"]],
        assignments=pl.DataFrame({"submission_id": ["A"], "person_number": [1]}),
        candidates=pl.DataFrame({"near_match_id": ["N"]}),
        stage_frames={"records": folder / "stage" / "records.parquet"},
        versions={"dictionary": "d1", "rule_books": {"2026Oct1.0StuCore": "b1"}},
    )


@pytest.mark.parametrize(
    "counts, limit, groups",
    [
        ([], 10, []),
        ([10], 10, [["0"]]),
        ([11], 10, [["0"]]),
        ([5, 5, 1], 10, [["0", "1"], ["2"]]),
        ([5, 6], 10, [["0"], ["1"]]),
        ([50, 1, 2], 10, [["0"], ["1", "2"]]),
        ([None, 10, None], 10, [["0", "1", "2"]]),
        ([10, 10, 10], 10, [["0"], ["1"], ["2"]]),
    ],
)
def test_groups_hold_whole_submissions_up_to_the_limit(
    counts: list[int | None], limit: int, groups: list[list[str]]
) -> None:
    submissions = [submission(str(number), count) for number, count in enumerate(counts)]
    assert group_submissions(submissions, limit) == tuple(map(tuple, groups))


def test_a_plan_is_found_as_it_was_written(tmp_path: Path) -> None:
    written = make(tmp_path)
    found = find_unfinished(tmp_path)
    assert found == written
    assert found.submissions_of(["B"]) == (submission("B"),)
    assert found.assignments.to_dict(as_series=False) == {"submission_id": ["A"], "person_number": [1]}
    assert found.candidates["near_match_id"].to_list() == ["N"]
    assert pl.read_parquet(found.path("records"))["x"].to_list() == [1]
    assert found.versions["rule_books"] == {"2026Oct1.0StuCore": "b1"}


def test_the_oldest_plan_comes_first(tmp_path: Path) -> None:
    make(tmp_path, "R2", datetime(2025, 10, 7, tzinfo=UTC))
    make(tmp_path, "R9", datetime(2025, 10, 6, tzinfo=UTC))
    found = find_unfinished(tmp_path)
    assert found is not None and found.run_id == "R9"


def test_half_a_plan_is_no_plan(tmp_path: Path) -> None:
    plan = make(tmp_path)
    (plan.folder / "plan").rename(plan.folder / ".plan.tmp")
    assert find_unfinished(tmp_path) is None


def test_what_an_interrupted_try_left_does_not_matter(tmp_path: Path) -> None:
    left = tmp_path / "R" / ".plan.tmp"
    left.mkdir(parents=True)
    (left / "assignments.parquet").write_text("half")
    written = make(tmp_path)
    assert find_unfinished(tmp_path) == written
    assert not left.exists()


def test_a_finished_plan_is_gone(tmp_path: Path) -> None:
    finish(make(tmp_path))
    assert find_unfinished(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_finishing_clears_what_earlier_runs_left(tmp_path: Path) -> None:
    (tmp_path / ".finished-R0" / "plan").mkdir(parents=True)
    (tmp_path / ".finished-R0" / "plan" / "manifest.json").write_text("{}")
    assert find_unfinished(tmp_path) is None
    finish(make(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["plan/assignments.parquet", "plan/candidates.parquet", "stage/records.parquet"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_frame_stops_the_run(tmp_path: Path, name: str, damage: str) -> None:
    path = make(tmp_path).folder / name
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        path.unlink()
    with pytest.raises(PlanDamaged, match=f"{name} is missing or was changed"):
        find_unfinished(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", "[]", json.dumps({"frames": {}})])
def test_a_damaged_manifest_stops_the_run(tmp_path: Path, content: str) -> None:
    (make(tmp_path).folder / "plan" / "manifest.json").write_text(content)
    with pytest.raises(PlanDamaged, match="its manifest cannot be read"):
        find_unfinished(tmp_path)


def test_a_stage_frame_outside_the_run_is_a_defect(tmp_path: Path) -> None:
    (tmp_path / "R").mkdir()
    with pytest.raises(ValueError):
        write_plan(
            tmp_path / "R", run_id="R", started_at=AT, submissions=[], groups=[], assignments=pl.DataFrame(), candidates=pl.DataFrame(),
            stage_frames={"records": tmp_path / "elsewhere.parquet"},
        )  # fmt: skip
