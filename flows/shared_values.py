"""What a district is told of a value that counted as missing, because the records of many children have it."""

import polars as pl

from flows.staging import StagingArea, write_stage
from matching.reasons import reasons
from schemas.predicates import SSN
from schemas.validation import VIOLATION_SCHEMA

# reason -> the field, by its standard name, and what to do about it.
_FIELDS = {
    "SSN_ON_MANY_RECORDS": (SSN, "Send the child's own number, or leave the field empty."),
    "LOCAL_ID_ON_MANY_RECORDS": ("local_student_id", "Give each child an own local ID in your student system."),
    "GUARDIAN_ON_MANY_RECORDS": ("guardian_last_name", "Send the child's own guardian, or leave the field empty."),
}


def stage_shared_values(area: StagingArea, warnings: pl.DataFrame) -> None:
    """Stages one warning a record and value, beside the violations of the rules.

    Args:
        warnings: submission_id, line_number, reason, as ``identify`` gives them.
    """
    if warnings.is_empty():
        return
    told = warnings.join(_columns(area), on=["submission_id", "reason"], maintain_order="left").select(
        "submission_id",
        "line_number",
        "field",
        rule_id="reason",
        severity=pl.lit("W"),
        scope=pl.lit("record"),
        value=pl.lit(None, pl.String),
        message=pl.col("reason").replace_strict({code: reasons()[code].sentence for code in _FIELDS}),
        fix=pl.col("reason").replace_strict({code: fix for code, (_, fix) in _FIELDS.items()}),
    )
    write_stage(told.cast(pl.Schema(VIOLATION_SCHEMA)), area.folder / "violations-shared-values.parquet")


def _columns(area: StagingArea) -> pl.DataFrame:
    """submission_id, reason, field: the header name of the field in the layout of each staged submission."""
    rows = []
    for batch in area.batches:
        fields = area.dictionary.layout(batch.layout, batch.school_year).by_standard_name
        named = [(code, fields[name].column) for code, (name, _) in _FIELDS.items() if name in fields]
        rows += [(submission_id, code, column) for submission_id in batch.submission_ids for code, column in named]
    schema = {"submission_id": pl.String, "reason": pl.String, "field": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")
