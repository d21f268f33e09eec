"""Warnings that name schools without records, or with far fewer than when the district last certified; staged with the rules' own."""

from collections.abc import Iterator, Mapping

import polars as pl

from flows.session import Session
from flows.staging import StagedBatch, StagingArea, write_stage
from outputs.certification.counts import SCHOOL_COLUMNS, first_of
from outputs.certification.schools import FAR_FEWER, NO_RECORDS, SchoolFile, SchoolFinding, find_schools
from schemas.rule_files import rule_prefix
from schemas.submission import Submission
from schemas.validation import RULE_RUN_SCHEMA, VIOLATION_SCHEMA


def stage_school_counts(session: Session, area: StagingArea, submissions: Mapping[str, Submission]) -> None:
    """Stage the findings of all batches of a run, and how many schools were looked at."""
    violations: list[dict[str, object]] = []
    runs: list[dict[str, object]] = []
    for batch in area.batches:
        layout = area.dictionary.layout(batch.layout, batch.school_year)
        column = first_of(layout.standard_names, SCHOOL_COLUMNS)
        if column is None:
            continue
        findings, looked_at = find_schools(
            session.con,
            area.collection(batch.collection_version),
            list(_files(area, batch, submissions, column)),
            dictionary=area.dictionary,
            directory=area.directory,
            drop_share=session.home.settings.school_drop_share,
        )
        prefix = rule_prefix(batch.layout, area.dictionary)
        field = layout.by_standard_name[column].column
        violations += [_violation(finding, prefix, field) for finding in findings]
        runs += [
            _run(name, prefix, number, schools, findings)
            for name, schools in looked_at.items()
            for number in (NO_RECORDS, FAR_FEWER)
        ]
    if violations:
        write_stage(pl.DataFrame(violations, schema=VIOLATION_SCHEMA), area.folder / "violations-school-counts.parquet")
    if runs:
        write_stage(pl.DataFrame(runs, schema=RULE_RUN_SCHEMA), area.folder / "rule_runs-school-counts.parquet")


def _files(
    area: StagingArea, batch: StagedBatch, submissions: Mapping[str, Submission], column: str
) -> Iterator[SchoolFile]:
    counts = (
        pl.scan_parquet(area.records_path(batch))
        .group_by("submission_id", pl.col(column).fill_null("").alias("school_code"))
        .len()
        .collect()
    )
    by_file = {
        name: dict(part.select("school_code", "len").iter_rows()) for (name,), part in counts.group_by("submission_id")
    }
    for name in batch.submission_ids:
        submission = submissions[name]
        yield SchoolFile(name, submission.district_code, submission.school_code, by_file.get(name, {}))


def _violation(finding: SchoolFinding, prefix: str, field: str) -> dict[str, object]:
    return {
        "submission_id": finding.submission_id, "line_number": None, "field": field,
        "rule_id": f"{prefix}{finding.rule_number}", "severity": "W", "scope": "file", "value": finding.school_code,
        "message": finding.message, "fix": finding.fix,
    }  # fmt: skip


def _run(name: str, prefix: str, number: str, schools: int, findings: list[SchoolFinding]) -> dict[str, object]:
    failed = sum(finding.submission_id == name and finding.rule_number == number for finding in findings)
    return {"rule_id": f"{prefix}{number}", "submission_id": name, "applicable_count": schools, "failed_count": failed}
