"""Judging stored files again: archived bytes read as at receipt, validated in batches, held against what stands."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from flows.deciding import explain_missing_ids
from flows.progress import Progress
from flows.report_queries import named
from flows.staging import StagedBatch, StagingArea, scan_rule_runs, scan_violations, submission_frame
from flows.taking import read_file
from matching.ssn import SsnHasher
from outputs.certification.kept_rules import keep_rules
from outputs.certification.schools import FAR_FEWER, NO_RECORDS
from outputs.store import table_columns
from outputs.violation_desk.judged_again import Compared, compare, stored_rows
from outputs.violation_rows import VIOLATION_ROW_SCHEMA, name_children
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.files import PRIVATE_FOLDER, make_folder, sha256_of
from schemas.paths import StateHome
from schemas.reading.refusals import load_reasons
from schemas.rule_files import rule_prefix
from schemas.submission import Submission
from schemas.validation import validate_records

LINE = ["submission_id", "line_number"]
# What a violation says of its record beside the ID.
_CHILD_COLUMNS = ("reporting_school_code", "current_school_code", "local_student_id")


@dataclass(frozen=True)
class Tools:
    """What files are read and judged with."""

    home: StateHome
    dictionary: Dictionary
    directory: Directory
    hasher: SsnHasher


@dataclass(frozen=True)
class JudgedFiles:
    """Files judged anew.

    Args:
        submissions: those that could be read as at receipt; the others are in ``left``, with the reason.
        compared: what the rules say now against what stands.
    """

    area: StagingArea
    submissions: tuple[Submission, ...]
    left: Mapping[str, str]
    compared: Compared
    rule_runs: pl.DataFrame
    rules: frozenset[str]


def judge_files(
    con: duckdb.DuckDBPyConnection,
    tools: Tools,
    files: Sequence[Submission],
    folder: Path,
    at: datetime,
    progress: Progress,
) -> JudgedFiles:
    """Read archived bytes as at receipt and judge them in batches; changes nothing but ``folder``.

    A file whose bytes are gone, or that can no longer be read as what it was, is left as it stands.
    """
    make_folder(folder, PRIVATE_FOLDER)
    area = StagingArea(folder, tools.dictionary, tools.directory, tools.home.settings.records_per_batch)
    taken, left = [], {}
    for number, submission in enumerate(files, start=1):
        reason = _take(area, tools, submission)
        if reason is None:
            taken.append(submission)
        else:
            left[submission.submission_id] = reason
        progress("read and validate", number, len(files))
    area.finish()
    for book in area.books.values():
        keep_rules(tools.home.archive, tools.dictionary, book)
    children = _check_ids(con, area, taken)
    rules = _rule_numbers(area)
    names = [submission.submission_id for submission in taken]
    found = name_children(
        _whole(scan_violations(folder)), taken, children, at, {v: book.version for v, book in area.books.items()}
    )
    compared = compare(found, stored_rows(con, names, rules, rules_left_alone(area))) if names else _nothing()
    return JudgedFiles(area, tuple(taken), left, compared, _whole(scan_rule_runs(folder)), rules)


def _nothing() -> Compared:
    empty = pl.DataFrame(schema=VIOLATION_ROW_SCHEMA)
    rows = empty.with_columns(pl.lit(None, pl.String).alias(name) for name in ("life", "severity_before"))
    return Compared(rows, empty, empty)


def _whole(staged: pl.LazyFrame) -> pl.DataFrame:
    return staged.collect()


def _take(area: StagingArea, tools: Tools, submission: Submission) -> str | None:
    """Stage one file; the reason where it is left as it stands."""
    path = tools.home.archive / submission.sha256[:2] / submission.sha256
    if not path.is_file() or sha256_of(path) != submission.sha256:
        return "its bytes are missing from the archive or changed"
    read = read_file(submission, path, tools.dictionary, tools.hasher)
    if read.extract is None:
        return f"it can no longer be read: {read.submission.reason}"
    if (read.submission.layout, read.submission.collection_version) != (
        submission.layout, submission.collection_version,
    ):  # fmt: skip
        return f"it now reads as {read.submission.collection_version}"
    area.add(read.submission, read.extract)
    return None


def _check_ids(
    con: duckdb.DuckDBPyConnection, area: StagingArea, taken: Sequence[Submission]
) -> dict[str, pl.DataFrame]:
    """Run the rules that name StateID on the IDs as they stand; gives the children of the records by layout."""
    children: dict[str, list[pl.DataFrame]] = {}
    for batch in area.batches:
        known = _known_ids(con, batch)
        scan = pl.scan_parquet(area.records_path(batch))
        present = scan.collect_schema().names()
        kept = [name for name in _CHILD_COLUMNS if name in present]
        own = scan.select(*LINE, *kept).collect().join(known.select(*LINE, "state_id"), on=LINE, how="left")
        children.setdefault(batch.layout, []).append(own)
        book = area.rule_book(batch.collection_version)
        if not book.after_identify:
            continue
        records = scan.collect().join(known.select(*LINE, "state_id"), on=LINE, how="left", maintain_order="left")
        checked = validate_records(
            records,
            submission_frame(each for each in taken if each.submission_id in batch.submission_ids),
            layout=area.dictionary.layout(batch.layout, batch.school_year),
            rule_book=book,
            directory=area.directory,
            after_identify=True,
        )
        explained = explain_missing_ids(checked.violations, known.with_columns(person_number=pl.lit(None, pl.Int64)))
        explained.write_parquet(area.folder / f"violations-{batch.stem}-ids.parquet")
        checked.rule_runs.write_parquet(area.folder / f"rule_runs-{batch.stem}-ids.parquet")
    return {layout: pl.concat(parts, how="diagonal") for layout, parts in children.items()}


def _known_ids(con: duckdb.DuckDBPyConnection, batch: StagedBatch) -> pl.DataFrame:
    """submission_id, line_number, state_id as it stands, and the reason that identify gave."""
    wanted = named(batch.submission_ids)  # noqa: F841 (query)
    return con.sql(
        f"""
        SELECT record.submission_id, record.line_number::UINTEGER AS line_number, record.state_id, assignment.reason
        FROM collection."{batch.layout}" AS record SEMI JOIN wanted USING (submission_id)
        LEFT JOIN identity.assignment AS assignment USING (submission_id, line_number)
        """
    ).pl()


def _rule_numbers(area: StagingArea) -> frozenset[str]:
    """Numbers of the rules of single files, and the reasons for which lines were refused."""
    rules = {rule.rule_id for book in area.books.values() for rule in book.rules}
    return frozenset(rules | {name for name, reason in load_reasons().items() if reason.scope == "record"})


def rules_left_alone(area: StagingArea) -> frozenset[str]:
    """Numbers of what looks at more than the file itself: rules across files, and warnings about schools."""
    across = {each.rule_id for book in area.books.values() for each in book.across}
    prefixes = {rule_prefix(batch.layout, area.dictionary) for batch in area.batches}
    return frozenset(across | {f"{prefix}{number}" for prefix in prefixes for number in (NO_RECORDS, FAR_FEWER)})


def replace_records(con: duckdb.DuckDBPyConnection, area: StagingArea) -> None:
    """Typed values follow the dictionary of now; line, district and ID stay. Only where another dictionary typed them."""
    for batch in area.batches:
        earlier = con.execute(
            "SELECT DISTINCT dictionary_version FROM intake.submission WHERE list_contains(?, submission_id)",
            [list(batch.submission_ids)],
        ).fetchall()
        if earlier == [(area.dictionary.version,)]:
            continue
        table = set(table_columns(con, "collection", batch.layout))
        path = str(area.records_path(batch)).replace("'", "''")
        records = pl.scan_parquet(area.records_path(batch)).collect_schema().names()
        changed = [name for name in records if name in table and name not in (*LINE, "district_code", "state_id")]
        assigned = ", ".join(f'"{name}" = typed."{name}"' for name in changed)
        con.execute(
            f"UPDATE collection.\"{batch.layout}\" AS record SET {assigned} FROM read_parquet('{path}') AS typed "
            "WHERE record.submission_id = typed.submission_id AND record.line_number = typed.line_number"
        ).fetchall()


@contextmanager
def stage_folder(home: StateHome) -> Iterator[Path]:
    """A private folder under ``work``, gone when the block ends; what a killed process leaves goes with the next run."""
    make_folder(home.work, PRIVATE_FOLDER)
    folder = Path(tempfile.mkdtemp(prefix="revalidate-", dir=home.work))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
