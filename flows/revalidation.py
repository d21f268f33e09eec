"""``mosis violations revalidate``: stored trials judged by the rules as they are now, from their archived bytes.

A collection table holds typed values only, and a rule may ask for the text as it was sent; so the bytes are read again
exactly as at receipt. IDs are not touched. One act stores everything in one transaction: a process that dies before its
journal block leaves the old verdict, one that dies after it is finished by the next start.
"""

import dataclasses
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from flows.deciding import explain_missing_ids
from flows.progress import Progress, silent
from flows.report_queries import named
from flows.session import Session, open_session
from flows.staging import StagedBatch, StagingArea, scan_rule_runs, scan_violations, submission_frame
from flows.taking import read_file
from flows.violation_acts import REVALIDATE
from matching.acts import Act, ActDesk
from matching.ssn import SsnHasher
from outputs.across_files import Comparisons, judge_again
from outputs.certification.kept_rules import keep_rules
from outputs.violation_desk.judged_again import Compared, compare, store_compared, stored_rows
from outputs.violation_desk.standing import mark_pages, recount
from outputs.violation_rows import VIOLATION_ROW_SCHEMA, name_children
from schemas.clock import Clock
from schemas.dictionary import ID_BATCH, Dictionary, load_dictionary
from schemas.directory import Directory, load_directory
from schemas.errors import UnknownName, UsageError
from schemas.files import PRIVATE_FOLDER, make_folder, sha256_of
from schemas.paths import StateHome
from schemas.reading.refusals import load_reasons
from schemas.submission import Submission
from schemas.validation import validate_records

LINE = ["submission_id", "line_number"]
_SCHOOL_SOURCES = ("reporting_school_code", "current_school_code", "local_student_id")


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


@dataclass(frozen=True)
class Revalidated:
    """What came out, or would: counts by rule of the trials and, for information, of certified files."""

    collection: str
    is_dry_run: bool
    trials: int
    records: int
    changed: tuple[str, ...]
    rules: pl.DataFrame
    certified: int
    certified_rules: pl.DataFrame
    left: Mapping[str, str] = field(default_factory=dict)
    rule_book_version: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "format_version": 1, "collection_version": self.collection, "dry_run": self.is_dry_run,
            "trials": self.trials, "records": self.records, "changed": list(self.changed),
            "rules": self.rules.to_dicts(), "certified": self.certified,
            "certified_rules": self.certified_rules.to_dicts(), "left": dict(self.left),
            "rule_book_version": self.rule_book_version,
        }  # fmt: skip


def revalidate(
    home: StateHome,
    collection: str,
    districts: Sequence[str] = (),
    *,
    dry_run: bool,
    reason: str,
    actor: str,
    clock: Clock,
    progress: Progress = silent,
) -> Revalidated:
    """Judge the stored trials of a collection by the rules as they are now; certified files are only reported on.

    Raises:
        UnknownName: no such collection or district. UsageError: an ID batch; nothing was received.
        DictionaryError: the overlay cannot be used. Busy and others of schemas.errors.
    """
    with open_session(home, clock) as session:
        at = session.clock.now().replace(microsecond=0)
        _check_names(session, collection, districts)
        tools = Tools(home, session.dictionary, session.directory, session.hasher)
        with _stage_folder(home) as folder:
            trials = judge_files(session.con, tools, _files(session.con, collection, districts, "trial"),
                                 folder / "trials", at, progress)  # fmt: skip
            certified = judge_files(session.con, tools, _files(session.con, collection, districts, "certified"),
                                    folder / "certified", at, silent)  # fmt: skip
            if not (trials.submissions or certified.submissions or trials.left or certified.left):
                raise UsageError(f"No file of {collection} stands{_of(districts)}; there is nothing to judge again.")
            if not dry_run and _has_news(session, collection, trials):
                _carry_out(session, collection, trials, actor=actor, reason=reason, at=at)
            result = Revalidated(
                collection, dry_run, len(trials.submissions), sum(s.record_count or 0 for s in trials.submissions),
                tuple(trials.compared.changed_files()), trials.compared.by_rule(), len(certified.submissions),
                certified.compared.by_rule(), {**trials.left, **certified.left},
                session.rule_book(collection).version,
            )  # fmt: skip
        if not dry_run:
            _tell_districts(session, result, at, progress)
    return result


def _has_news(session: Session, collection: str, judged: JudgedFiles) -> bool:
    """Whether anything would be stored that does not stand already: findings, or the versions that judged a file."""
    names = [submission.submission_id for submission in judged.submissions]
    others = session.con.execute(
        "SELECT count(*) FROM intake.submission WHERE list_contains(?, submission_id) "
        "AND (rule_book_version <> ? OR dictionary_version <> ?)",
        [names, session.rule_book(collection).version, session.dictionary.version],
    ).fetchall()[0][0]
    return bool(judged.compared.changed_files() or others)


def _of(districts: Sequence[str]) -> str:
    return f" of {', '.join(districts)}" if districts else ""


def _check_names(session: Session, collection: str, districts: Sequence[str]) -> None:
    if session.dictionary.collection(collection).layout == ID_BATCH:
        raise UsageError("ID batches are answered at once and stand nowhere; name a collection by its literal.")
    for district in districts:
        if not session.directory.has_district(district):
            raise UnknownName(f"District {district} is not in the directory. See districts.csv.")


def _carry_out(
    session: Session, collection: str, judged: JudgedFiles, *, actor: str, reason: str, at: datetime
) -> None:
    facts = {
        "collection": collection,
        "submissions": [submission.submission_id for submission in judged.submissions],
        "rule_book": session.rule_book(collection).version,
        "dictionary": session.dictionary.version,
    }
    act = Act(REVALIDATE, "decision", actor, reason, f"revalidate-{at:%Y%m%dT%H%M%SZ}", at, facts)
    carry: Callable[..., None] = partial(carry_revalidation, judged=judged)
    desk: ActDesk = dataclasses.replace(session.acts, table={**session.acts.table, REVALIDATE: carry})
    desk.carry_out(act)


def _tell_districts(session: Session, result: Revalidated, at: datetime, progress: Progress) -> None:
    from flows.report_again import rewrite_due

    session.log(
        f"{result.collection}: {result.trials} trials judged again by rule book {result.rule_book_version}; "
        f"{len(result.changed)} changed"
    )
    rewrite_due(session, at)
    progress("pages", len(result.changed), len(result.changed))


def carry_revalidation(
    con: duckdb.DuckDBPyConnection, act: Act, block_number: int, judged: JudgedFiles | None = None
) -> None:
    """The act; ``judged`` where the caller has just judged the files, else they are judged here, by the rules of now."""
    if judged is not None:
        _store(con, act, block_number, judged)
        return
    ((path,),) = con.execute("SELECT path FROM duckdb_databases() WHERE database_name = 'state'").fetchall()
    home = StateHome(Path(path).parent)
    tools = Tools(
        home, load_dictionary(home.dictionary), load_directory(home.directory), SsnHasher.from_keys(home.keys)
    )
    wanted = set(act.facts["submissions"])
    files = [each for each in _files(con, act.facts["collection"], (), "trial") if each.submission_id in wanted]
    with _stage_folder(home) as folder:
        _store(con, act, block_number, judge_files(con, tools, files, folder, act.at, silent))


def _files(con: duckdb.DuckDBPyConnection, collection: str, districts: Sequence[str], status: str) -> list[Submission]:
    """The files of a collection that stand, as they were claimed."""
    columns = (
        "submission_id", "district_code", "school_code", "file_name", "sha256", "claim_path", "received_at", "run_id",
        "layout", "collection_version", "school_year", "cycle", "record_count", "status",
    )  # fmt: skip
    rows = con.execute(
        f"SELECT {', '.join(columns)} FROM intake.submission WHERE collection_version = ? AND status = ? "
        "AND (len(?) = 0 OR list_contains(?, district_code)) ORDER BY district_code, submission_id",
        [collection, status, list(districts), list(districts)],
    ).fetchall()
    return [Submission(**dict(zip(columns, row, strict=True)), byte_count=0) for row in rows]


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
    compared = compare(found, stored_rows(con, names, rules)) if names else _nothing()
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
        kept = [name for name in _SCHOOL_SOURCES if name in present]
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


def _store(con: duckdb.DuckDBPyConnection, act: Act, block_number: int, judged: JudgedFiles) -> None:
    names = [submission.submission_id for submission in judged.submissions]
    books = list(judged.area.books.values())
    _replace_records(con, judged.area)
    versions = {book.collection.version: book.version for book in books}
    # What a district would sign names the dictionary that read the file.
    con.execute(
        "INSERT INTO quality.page_due SELECT submission_id FROM intake.submission "
        "WHERE list_contains(?, submission_id) AND dictionary_version <> ?",
        [names, judged.area.dictionary.version],
    ).fetchall()
    con.execute(
        "UPDATE intake.submission SET rule_book_version = ?, dictionary_version = ? WHERE list_contains(?, submission_id)",
        [versions.get(act.facts["collection"], act.facts["rule_book"]), judged.area.dictionary.version, names],
    ).fetchall()
    store_compared(
        con,
        names,
        judged.compared,
        judged.rule_runs,
        rules=judged.rules,
        not_rules={each.rule_id for book in books for each in book.across},
        at=act.at,
    )
    also = judge_again(con, names, Comparisons.of(judged.area.dictionary), at=act.at, changed_by="rule")
    recount(con, names)
    mark_pages(con, {*names, *also})
    con.execute(
        'INSERT INTO quality.decision (decision_number, "at", actor, kind, reason, collection_version, row_count) '
        "VALUES (?, ?, ?, 'revalidate', ?, ?, ?)",
        [
            block_number, act.at, act.actor, act.reason, act.facts["collection"],
            judged.compared.gone.height + judged.compared.rows.filter(pl.col("life") != "still_open").height,
        ],
    ).fetchall()  # fmt: skip


def _replace_records(con: duckdb.DuckDBPyConnection, area: StagingArea) -> None:
    """Typed values follow the dictionary of now; line, district and ID stay. Only where another dictionary typed them."""
    from outputs.store import table_columns

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
def _stage_folder(home: StateHome) -> Iterator[Path]:
    """A private folder under ``work``, gone when the block ends; what a killed process leaves goes with the next run."""
    make_folder(home.work, PRIVATE_FOLDER)
    folder = Path(tempfile.mkdtemp(prefix="revalidate-", dir=home.work))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
