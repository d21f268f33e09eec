"""The act of taking over a registry: read the archived bytes, judge every number, enter them all.

Nothing but the bytes' hash stands in the journal block besides the numbers and their lines; so the act can be done again
from the archive after an interruption, and comes to the same.
"""

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from matching.acts import Act
from matching.journal import ENTRY_SCHEMA
from matching.ledger import keep_versions
from matching.registry_import.judging import JUDGED_COLUMNS, NUMBER_SCHEMA, judge_numbers
from matching.registry_import.reading import open_registry_file, read_text_rows
from matching.registry_import.reasons import FINDING_SCHEMA, REFUSED, findings_of, import_reasons, no_findings
from matching.registry_import.rows import HashSsn, type_rows
from matching.ssn import SsnHasher
from matching.supplied_ids import ACTIVE, HELD, MERGED, RETIRED
from schemas.clock import missouri_day
from schemas.dictionary import Dictionary, load_dictionary
from schemas.errors import JournalMismatch
from schemas.files import PRIVATE_FOLDER, make_folder, sha256_of
from schemas.paths import StateHome

ACT_NAME = "import_registry"
# Told how many bytes of how many are done.
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class JudgedRegistry:
    """A registry file as it would be taken over.

    Args:
        numbers: NUMBER_SCHEMA, one row a number that is entered.
        findings: FINDING_SCHEMA, in the order of lines.
        parts: Parquet files of typed rows, SSNs hashed.
        row_count, line_count: rows, refused ones included; physical lines with the header.
    """

    numbers: pl.DataFrame
    findings: pl.DataFrame
    parts: tuple[Path, ...]
    row_count: int
    line_count: int
    encoding: str

    @property
    def refused_rows(self) -> int:
        """Rows whose data are not taken; their number is kept all the same where it is one."""
        codes = [reason.code for reason in import_reasons().values() if reason.effect == REFUSED]
        return self.findings.filter(pl.col("code").is_in(codes))["line_number"].n_unique()

    def count(self, status: str) -> int:
        return self.numbers.filter(status=status).height

    def entries(self) -> pl.DataFrame:
        """The journal entries: each number and the first line that names it."""
        return self.numbers.select(
            pl.lit(0, pl.UInt32).alias("file"),
            "line_number",
            pl.lit(None, pl.Int64).alias("person_number"),
            "state_id",
        ).cast(ENTRY_SCHEMA)


@dataclass
class _Rows:
    """What is gathered while the file is read."""

    judged: list[pl.DataFrame] = field(default_factory=list)
    findings: list[pl.DataFrame] = field(default_factory=list)
    parts: list[Path] = field(default_factory=list)
    row_count: int = 0
    line_count: int = 1


def judge_registry(
    content: bytes,
    con: duckdb.DuckDBPyConnection,
    hash_ssn: HashSsn,
    folder: Path,
    at: datetime,
    *,
    dictionary: Dictionary | None = None,
    districts: Collection[str] = (),
    told: Told = lambda done, total: None,
) -> JudgedRegistry:
    """Read a registry file and decide every row and number; only ``folder`` is written to.

    Args:
        folder: private and empty; takes the typed rows.
        districts: codes of the directory, for warnings alone.

    Raises:
        UsageError: the header is none of a registry.
    """
    file = open_registry_file(content)
    dictionary = dictionary or load_dictionary()
    day, gathered = missouri_day(at), _Rows()
    for number, texts in enumerate(read_text_rows(file)):
        typed, findings = type_rows(texts.rows, hash_ssn, dictionary, day, districts)
        refused = pl.DataFrame(
            [(row.line_number, row.reason) for row in texts.refused],
            schema={"line_number": pl.UInt32, "detail": pl.String}, orient="row",
        ).with_columns(state_id=pl.lit(None, pl.String))  # fmt: skip
        gathered.findings += [findings, findings_of(refused, "ROW_UNREADABLE", detail=pl.col("detail"))]
        gathered.judged.append(typed.filter(pl.col("state_id").is_not_null()).select(JUDGED_COLUMNS))
        gathered.parts.append(folder / f"rows-{number:04d}.parquet")
        typed.filter("is_usable").drop("is_usable", "status", "alias_of").write_parquet(gathered.parts[-1])
        gathered.row_count += texts.rows.height + len(texts.refused)
        gathered.line_count += texts.line_count
        told(texts.bytes_done, len(file.data))
    if not gathered.judged:
        return JudgedRegistry(_no_numbers(), no_findings(), (), 0, 1, file.encoding)
    judged = judge_numbers(con, pl.concat(gathered.judged))
    findings = pl.concat([*gathered.findings, judged.findings]).sort(FINDING_SCHEMA.names())
    return JudgedRegistry(
        judged.numbers, findings, tuple(gathered.parts), gathered.row_count, gathered.line_count, file.encoding
    )


def _no_numbers() -> pl.DataFrame:
    return pl.DataFrame(schema=NUMBER_SCHEMA)


def carry_out_import(
    con: duckdb.DuckDBPyConnection,
    act: Act,
    block_number: int,
    judged: JudgedRegistry | None = None,
    told: Told = lambda done, total: None,
) -> None:
    """Enter the numbers of a registry with their rows and events; ``judged`` where the caller has just judged them.

    Args:
        told: how many of the parts of ``judged`` are stored.

    Raises:
        JournalMismatch: the archived bytes are gone, or name other numbers than the journal.
    """
    if judged is not None:
        _enter(con, act, block_number, judged, told)
        return
    home = _home_of(con)
    with stage_folder(home) as folder:
        content = _archived(home, act)
        judged = judge_registry(content, con, SsnHasher.from_keys(home.keys), folder, act.at)
        if not judged.entries().equals(act.entries):
            raise JournalMismatch(
                f"journal block {block_number:06d}: the archived registry file names other numbers than the journal. "
                "Bring back database, journal and archive from one backup."
            )
        _enter(con, act, block_number, judged, told)


@contextmanager
def stage_folder(home: StateHome) -> Iterator[Path]:
    """A private folder for typed rows under ``work``, gone when the block ends; what a killed import leaves goes with the next run."""
    make_folder(home.work, PRIVATE_FOLDER)
    folder = Path(tempfile.mkdtemp(prefix="registry-", dir=home.work))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _home_of(con: duckdb.DuckDBPyConnection) -> StateHome:
    ((path,),) = con.execute("SELECT path FROM duckdb_databases() WHERE database_name = 'state'").fetchall()
    return StateHome(Path(path).parent)


def archived_registry(home: StateHome, sha256: str) -> Path:
    """Where the bytes of an import are kept."""
    return home.archive / sha256[:2] / sha256


def _archived(home: StateHome, act: Act) -> bytes:
    path = archived_registry(home, act.facts["sha256"])
    if not path.is_file() or sha256_of(path) != act.facts["sha256"]:
        raise JournalMismatch(
            f"{path} is missing or changed: it is the registry file of an import that was interrupted. "
            "Bring it back from the backup of the archive."
        )
    return path.read_bytes()


def _enter(con: duckdb.DuckDBPyConnection, act: Act, block_number: int, judged: JudgedRegistry, told: Told) -> None:
    _enter_numbers(con, act, judged.numbers)
    _enter_events(con, act, block_number, judged.numbers)
    for place, part in enumerate(judged.parts, start=1):
        rows = pl.read_parquet(part).join(judged.numbers, on="state_id", how="semi")
        rows = rows.with_columns(
            submission_id=pl.lit(act.facts["import_id"]), first_seen_at=pl.lit(act.at), last_seen_at=pl.lit(act.at)
        )
        keep_versions(con, rows, act.at)
        told(place, len(judged.parts))
    counts = {f"{status}_count": judged.count(status) for status in (ACTIVE, MERGED, RETIRED, HELD)}
    incoming_import = pl.DataFrame(  # noqa: F841 (the query reads it)
        {
            **{name: act.facts[name] for name in ("import_id", "sha256", "file_name")}, **counts,
            "line_count": judged.line_count, "row_count": judged.row_count, "refused_row_count": judged.refused_rows,
            "actor": act.actor, "reason": act.reason, "at": act.at, "run_id": act.run_id, "block_number": block_number,
        },
        schema_overrides={"reason": pl.String},
    )  # fmt: skip
    con.execute("INSERT INTO identity.registry_import BY NAME SELECT * FROM incoming_import").fetchall()


def _enter_numbers(con: duckdb.DuckDBPyConnection, act: Act, incoming_numbers: pl.DataFrame) -> None:
    """New numbers, and those that were held until this file said whose they are."""
    con.execute(
        """
        INSERT INTO identity.student (state_id, status, merged_into, issued_at, issued_run_id)
        SELECT state_id, status, merged_into, coalesce(CAST(issued_on AS TIMESTAMPTZ), $at), $run_id FROM incoming_numbers
        WHERE NOT was_held
        """,
        {"at": act.at, "run_id": act.run_id},
    ).fetchall()
    con.execute(
        """
        UPDATE identity.student AS known SET status = now.status, merged_into = now.merged_into
        FROM incoming_numbers AS now WHERE known.state_id = now.state_id AND now.was_held
        """
    ).fetchall()


def _enter_events(con: duckdb.DuckDBPyConnection, act: Act, block_number: int, incoming_numbers: pl.DataFrame) -> None:
    """One event a number; ``evidence`` is the status with which it came, ``other_state_id`` where it forwards to."""
    con.execute(
        """
        INSERT INTO identity.event BY NAME
        SELECT (SELECT coalesce(max(event_id), 0) FROM identity.event) + row_number() OVER (ORDER BY line_number, state_id)
                   AS event_id,
               $at AS "at", $run_id AS run_id, 'imported' AS kind, state_id, merged_into AS other_state_id,
               $import_id AS submission_id, line_number, $actor AS actor, $reason AS reason, status AS evidence,
               $block_number AS block_number
        FROM incoming_numbers
        """,
        {
            "at": act.at, "run_id": act.run_id, "import_id": act.facts["import_id"], "actor": act.actor,
            "reason": act.reason, "block_number": block_number,
        },
    ).fetchall()  # fmt: skip
