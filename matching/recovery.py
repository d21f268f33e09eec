"""Start-up: hold the journal against the database, and keep what an interrupted run had already promised.

Every ID that the journal names is either in ``identity.student`` or reserved for exactly the lines it was journaled for.
A block the database has not taken in is an interrupted run, not an error; a block the journal has lost is one.
"""

from collections.abc import Iterable

import duckdb
import polars as pl

from matching.journal import GENESIS, Block, BlockFile, Head, Journal
from schemas.errors import JournalMismatch

# Whose bytes a line belongs to. The same bytes from two districts are two files: their children need not be the same.
FILE_KEY = ("district_code", "school_code", "sha256")
RESERVATION_SCHEMA = pl.Schema(
    {
        "district_code": pl.String,
        "school_code": pl.String,
        "sha256": pl.String,
        "line_number": pl.UInt32,
        "state_id": pl.String,
        "block_number": pl.Int64,
    }
)


class Reservations:
    """IDs given to lines whose data are not stored yet: in the journal, not in the registry.

    ``frame`` has RESERVATION_SCHEMA, one row a line and ID. An ID can be reserved for several lines (of one child).
    """

    def __init__(self, frame: pl.DataFrame | None = None, voided: Iterable[tuple[str, int]] = ()) -> None:
        self.frame = (
            pl.DataFrame(schema=RESERVATION_SCHEMA) if frame is None else frame.select(RESERVATION_SCHEMA.names())
        )
        self.voided = set(voided)

    def add(self, block: Block) -> None:
        """Take in a block that the database does not know yet."""
        if block.kind == "void" and block.group is not None:
            self.voided.add((block.run_id, block.group))
        if block.kind == "group":
            self.frame = pl.concat([self.frame, _reserved_by(block)]).unique(
                [*FILE_KEY, "line_number", "state_id"], keep="first", maintain_order=True
            )

    def of_files(self, files: Iterable[BlockFile]) -> pl.DataFrame:
        """The rows of some files."""
        return self.frame.join(_file_keys(files), on=list(FILE_KEY), how="semi", nulls_equal=True)

    def only_for(self, files: Iterable[BlockFile]) -> pl.Series:
        """IDs reserved for lines of these files and for no other line, sorted."""
        files = tuple(files)
        others = self.frame.join(_file_keys(files), on=list(FILE_KEY), how="anti", nulls_equal=True)
        return self.of_files(files).join(others, on="state_id", how="anti")["state_id"].unique().sort()

    def without(self, files: Iterable[BlockFile], state_ids: pl.Series) -> pl.DataFrame:
        """What is left when these files are stored or rejected and these IDs are in the registry."""
        keys = _file_keys(files)
        left = self.frame.join(keys, on=list(FILE_KEY), how="anti", nulls_equal=True)
        return left.join(pl.DataFrame({"state_id": state_ids.cast(pl.String)}), on="state_id", how="anti")


def _file_keys(files: Iterable[BlockFile]) -> pl.DataFrame:
    rows = [(file.district_code, file.school_code, file.sha256) for file in files]
    return pl.DataFrame(rows, schema=dict.fromkeys(FILE_KEY, pl.String), orient="row").unique()


def _reserved_by(block: Block) -> pl.DataFrame:
    rows = [(number, file.district_code, file.school_code, file.sha256) for number, file in enumerate(block.files)]
    files = pl.DataFrame(rows, schema={"file": pl.UInt32, **dict.fromkeys(FILE_KEY, pl.String)}, orient="row")
    named = block.entries.join(files, on="file", how="left", maintain_order="left")
    return named.with_columns(block_number=pl.lit(block.number, pl.Int64)).select(RESERVATION_SCHEMA.names())


def reconcile(journal: Journal, con: duckdb.DuckDBPyConnection) -> Reservations:
    """What interrupted runs left promised; reads only the blocks after the one the database knows.

    Raises:
        JournalMismatch: the journal has lost a block the database knows, or tells another story.
    """
    known = database_head(con)
    _check_known(journal, known)
    reservations = Reservations(_stored_reservations(con))
    for block in journal.blocks_after(known.number):
        reservations.add(block)
    reservations.frame = _not_issued(con, reservations.frame)
    return reservations


def database_head(con: duckdb.DuckDBPyConnection) -> Head:
    """The last block the database has taken in."""
    rows = con.execute("SELECT block_number, block_hash FROM identity.journal_head").fetchall()
    return Head(*rows[0]) if rows else GENESIS


def _check_known(journal: Journal, known: Head) -> None:
    last = journal.head()
    if last.number < known.number:
        raise JournalMismatch(
            f"{journal.folder} ends at block {last.number:06d}, the database knows block {known.number:06d}. "
            "Blocks were lost: bring them back from the backup of the journal before anything is issued."
        )
    if journal.hash_of(known.number) != known.hash:
        raise JournalMismatch(
            f"{journal.folder}: block {known.number:06d} is not the one the database knows. "
            "One of the two comes from another copy; restore a pair that belongs together."
        )


def _stored_reservations(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    columns = ", ".join(RESERVATION_SCHEMA)
    rows = con.execute(f"SELECT {columns} FROM identity.reservation ORDER BY ALL").fetchall()
    return pl.DataFrame(rows, schema=RESERVATION_SCHEMA, orient="row")


def _not_issued(con: duckdb.DuckDBPyConnection, frame: pl.DataFrame) -> pl.DataFrame:
    """Without the IDs that an earlier commit issued to another line of the same child."""
    if frame.is_empty():
        return frame
    return frame.filter(~in_registry(con, frame["state_id"]))


def in_registry(con: duckdb.DuckDBPyConnection, state_ids: pl.Series) -> pl.Series:
    """For each ID, whether it was ever issued: active, merged or retired."""
    incoming_ids = pl.DataFrame({"state_id": state_ids})  # noqa: F841 (the query reads it)
    rows = con.execute(
        "SELECT DISTINCT state_id FROM incoming_ids SEMI JOIN identity.student USING (state_id)"
    ).fetchall()
    return state_ids.is_in([state_id for (state_id,) in rows])
