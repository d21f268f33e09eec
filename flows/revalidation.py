"""``mosis violations revalidate``: stored trials judged by the rules as they are now, from their archived bytes.

A collection table holds typed values only, and a rule may ask for the text as it was sent; so the bytes are read again
exactly as at receipt. IDs are not touched. One act stores everything in one transaction: a process that dies before its
journal block leaves the old verdict, one that dies after it is finished by the next start.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from flows.judging_again import JudgedFiles, Tools, judge_files, replace_records, rules_left_alone, stage_folder
from flows.progress import Progress, silent
from flows.session import Session, open_session
from flows.violation_acts import REVALIDATE
from matching.acts import Act, ActDesk
from matching.ssn import SsnHasher
from outputs.across_files import Comparisons, judge_again
from outputs.violation_desk.judged_again import store_compared
from outputs.violation_desk.standing import mark_pages, recount
from schemas.clock import Clock
from schemas.dictionary import ID_BATCH, load_dictionary
from schemas.directory import load_directory
from schemas.errors import UnknownName, UsageError
from schemas.paths import StateHome
from schemas.submission import Submission


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
        with stage_folder(home) as folder:
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
    from flows.reporting import write_overview

    session.log(
        f"{result.collection}: {result.trials} trials judged again by rule book {result.rule_book_version}; "
        f"{len(result.changed)} changed"
    )
    rewrite_due(session, at)
    write_overview(session)
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
    with stage_folder(home) as folder:
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


def _store(con: duckdb.DuckDBPyConnection, act: Act, block_number: int, judged: JudgedFiles) -> None:
    names = [submission.submission_id for submission in judged.submissions]
    books = list(judged.area.books.values())
    replace_records(con, judged.area)
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
        not_rules=rules_left_alone(judged.area),
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
