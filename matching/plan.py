"""The plan of a run: what was decided, on disk before anything is promised (design 5.6).

``work/<run_id>/plan/`` holds the manifest and the decisions; the frames of the earlier stages lie beside it in the run's
folder. It is written under another name, fsynced and renamed, so a plan is there whole or not at all. A run that finds one
finishes it first, and decides nothing anew.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from schemas.errors import PlanDamaged
from schemas.faults import reach
from schemas.files import PRIVATE_FILE, PRIVATE_FOLDER, fsync_file, fsync_folder, fsync_tree, sha256_of, write_atomic
from schemas.submission import Submission

FORMAT_VERSION = 1
_MANIFEST = "manifest.json"
_FINISHED = ".finished-"


@dataclass(frozen=True)
class Plan:
    """A plan as it stands on disk.

    Args:
        folder: the run's folder, ``work/<run_id>``.
        groups: submission_ids, one tuple a commit group, in order; every submission is in exactly one.
        frames: name -> path inside the run's folder, of every frame the plan needs.
        versions: of dictionary, rule books and whatever else a later reader must know.
    """

    folder: Path
    run_id: str
    started_at: datetime
    submissions: tuple[Submission, ...]
    groups: tuple[tuple[str, ...], ...]
    frames: Mapping[str, str]
    versions: Mapping[str, Any]

    @cached_property
    def by_id(self) -> dict[str, Submission]:
        return {submission.submission_id: submission for submission in self.submissions}

    @cached_property
    def assignments(self) -> pl.DataFrame:
        return pl.read_parquet(self.path("assignments"))

    @cached_property
    def candidates(self) -> pl.DataFrame:
        return pl.read_parquet(self.path("candidates"))

    def path(self, name: str) -> Path:
        """Where one of the plan's frames lies."""
        return self.folder / self.frames[name]

    def submissions_of(self, submission_ids: Sequence[str]) -> tuple[Submission, ...]:
        return tuple(self.by_id[submission_id] for submission_id in submission_ids)


def group_submissions(submissions: Sequence[Submission], limit: int) -> tuple[tuple[str, ...], ...]:
    """Whole submissions in their order, in groups of about ``limit`` records; a larger file is a group of its own."""
    groups: list[list[str]] = []
    filled = 0
    for submission in submissions:
        count = submission.record_count or 0
        if not groups or (filled and filled + count > limit):
            groups.append([])
            filled = 0
        groups[-1].append(submission.submission_id)
        filled += count
    return tuple(map(tuple, groups))


def write_plan(
    folder: Path,
    *,
    run_id: str,
    started_at: datetime,
    submissions: Sequence[Submission],
    groups: Sequence[Sequence[str]],
    assignments: pl.DataFrame,
    candidates: pl.DataFrame,
    stage_frames: Mapping[str, Path] | None = None,
    versions: Mapping[str, Any] | None = None,
) -> Plan:
    """Write a plan into a run's folder; whole and durable when this returns.

    Args:
        stage_frames: name -> path, inside ``folder``, of the frames that carrying out the plan will read.
    """
    temporary = folder / ".plan.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(PRIVATE_FOLDER)
    assignments.write_parquet(temporary / "assignments.parquet")
    candidates.write_parquet(temporary / "candidates.parquet")
    staged = {name: path.relative_to(folder).as_posix() for name, path in (stage_frames or {}).items()}
    for path in staged.values():
        fsync_file(folder / path)
    for parent in {(folder / path).parent for path in staged.values()}:
        fsync_folder(parent)
    plan = Plan(
        folder,
        run_id,
        started_at,
        tuple(submissions),
        tuple(map(tuple, groups)),
        {"assignments": "plan/assignments.parquet", "candidates": "plan/candidates.parquet", **staged},
        dict(versions or {}),
    )
    hashes = {name: sha256_of(temporary / f"{name}.parquet") for name in ("assignments", "candidates")}
    hashes |= {name: sha256_of(folder / path) for name, path in staged.items()}
    write_atomic(temporary / _MANIFEST, _manifest(plan, hashes), PRIVATE_FILE)
    fsync_tree(temporary)
    temporary.rename(folder / "plan")
    fsync_folder(folder)
    fsync_folder(folder.parent)
    reach("after_plan")
    return plan


def _manifest(plan: Plan, hashes: Mapping[str, str]) -> str:
    content = {
        "format_version": FORMAT_VERSION,
        "run_id": plan.run_id,
        "started_at": plan.started_at.isoformat(),
        "submissions": [submission.to_json() for submission in plan.submissions],
        "groups": plan.groups,
        "frames": {name: {"path": path, "sha256": hashes[name]} for name, path in plan.frames.items()},
        "versions": plan.versions,
    }
    return json.dumps(content, indent=1)


def find_unfinished(work: Path) -> Plan | None:
    """The oldest plan that an interrupted run left, checked; null where none did.

    Raises:
        PlanDamaged: the plan is not as it was written.
    """
    plans = [_read_plan(path.parent.parent) for path in work.glob(f"[!.]*/plan/{_MANIFEST}")]
    return min(plans, key=lambda plan: (plan.started_at, plan.run_id), default=None)


def _read_plan(folder: Path) -> Plan:
    try:
        content = json.loads((folder / "plan" / _MANIFEST).read_text("utf-8"))
        frames = content["frames"]
        plan = Plan(
            folder,
            content["run_id"],
            datetime.fromisoformat(content["started_at"]),
            tuple(Submission.from_json(values) for values in content["submissions"]),
            tuple(map(tuple, content["groups"])),
            {name: frame["path"] for name, frame in frames.items()},
            content["versions"],
        )
    except (ValueError, KeyError, TypeError):
        raise _damaged(folder, "its manifest cannot be read") from None
    for name, frame in frames.items():
        if not plan.path(name).is_file() or sha256_of(plan.path(name)) != frame["sha256"]:
            raise _damaged(folder, f"{frame['path']} is missing or was changed")
    return plan


def _damaged(folder: Path, why: str) -> PlanDamaged:
    return PlanDamaged(
        f"{folder}: the plan of an interrupted run is damaged: {why}. "
        "Its files are still claimed and archived: move this folder aside and run again; IDs already journaled stay theirs."
    )


def committed_submissions(con: duckdb.DuckDBPyConnection, plan: Plan) -> frozenset[str]:
    """Submissions of the plan that the database holds, as this run stored them."""
    rows = con.execute("SELECT submission_id FROM intake.submission WHERE run_id = ?", [plan.run_id]).fetchall()
    return frozenset(submission_id for (submission_id,) in rows) & plan.by_id.keys()


def finish(plan: Plan) -> None:
    """Remove the run's folder. It loses its name first, so that half a plan is never found."""
    work = plan.folder.parent
    plan.folder.rename(work / f"{_FINISHED}{plan.folder.name}")
    fsync_folder(work)
    remove_finished(work)


def remove_finished(work: Path) -> None:
    """Remove what finished runs left when they were interrupted at the very end."""
    for folder in work.glob(f"{_FINISHED}*"):
        shutil.rmtree(folder, ignore_errors=True)
