"""``mosis ids verify``: the journal replayed against the database; every difference has a name. Nothing is changed.

The journal is what was promised, the database what was kept. Both are compared as sets, so the cost is that of reading them.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from matching.journal import Block, Journal
from matching.journal_story import IMPORTED, ISSUED, STANDING_SCHEMA, JournalStory, tell_story
from matching.recovery import database_head
from matching.supplied_ids import MERGED
from schemas.errors import JournalMismatch

DIFFERENCE_SCHEMA = pl.Schema(
    {
        "code": pl.String(),
        "state_id": pl.String(),
        "block_number": pl.Int64(),
        "event_id": pl.Int64(),
        "detail": pl.String(),
    }
)
# Acts that only change what an earlier act left behind.
_TRACELESS = ("approve_correction", "close_correction")
# Where an act is seen: the tables whose rows carry the number of their journal block.
_TRACES = """
    SELECT block_number FROM identity.event UNION SELECT block_number FROM identity.decision
    UNION SELECT act_number FROM identity.correction UNION SELECT applied_block FROM identity.correction
    UNION SELECT block_number FROM identity.registry_import
"""


@dataclass(frozen=True)
class Verification:
    """What was compared, and what does not agree (DIFFERENCE_SCHEMA, in the order of differences.csv).

    ``waiting_blocks``: journal blocks that the database has not taken in: an interrupted run, which the next one finishes.
    """

    block_count: int
    event_count: int
    id_count: int
    waiting_blocks: int
    differences: pl.DataFrame

    def to_json(self) -> dict[str, Any]:
        return {
            "format_version": 1,
            "agrees": self.differences.is_empty(),
            "blocks": self.block_count,
            "events": self.event_count,
            "ids": self.id_count,
            "waiting_blocks": self.waiting_blocks,
            "counts": dict(self.differences.group_by("code", maintain_order=True).len().iter_rows()),
            "differences": self.differences.to_dicts(),
        }


@cache
def difference_messages() -> dict[str, str]:
    """What each code means, the gravest first."""
    with Path(__file__).with_name("differences.csv").open(encoding="utf-8", newline="") as lines:
        return {row["code"]: row["message"] for row in csv.DictReader(lines, strict=True)}


def verify_ledger(journal: Journal, con: duckdb.DuckDBPyConnection) -> Verification:
    """Hold journal and database against each other; reads all of both."""
    head = database_head(con)
    chain = _Chain(journal)
    story = tell_story(takewhile(lambda block: block.number <= head.number, chain))
    for _ in chain:  # what comes after the head is only counted, but must be whole
        pass
    ledger = _Ledger.load(con)
    found = [*chain.differences, *_head_differences(chain, head.number, head.hash)]
    if not found:
        found = [
            *_given_numbers(story, ledger),
            *_events(story, ledger),
            *_standings(story, ledger),
            *_forwards(ledger),
            *_dangling(con),
            *_acts(story, con),
        ]
    order = {code: place for place, code in enumerate(difference_messages())}
    table = pl.concat([pl.DataFrame(schema=DIFFERENCE_SCHEMA), *found])
    table = table.sort(
        pl.col("code").replace_strict(order, return_dtype=pl.Int32), "state_id", "block_number", "event_id"
    )
    return Verification(
        chain.count, ledger.event_count, ledger.student.height, max(0, chain.count - head.number), table
    )


class _Chain:
    """The blocks of a journal in order, as far as they hang together; remembers what broke and the hash of each."""

    def __init__(self, journal: Journal) -> None:
        self.count = 0
        self.hashes: dict[int, str] = {}
        self.differences: list[pl.DataFrame] = []
        self._blocks = self._read(journal)

    def __iter__(self) -> Iterator[Block]:
        return self._blocks

    def _read(self, journal: Journal) -> Iterator[Block]:
        try:
            for block in journal.blocks_after(0):
                self.count, self.hashes[block.number] = block.number, block.hash
                yield block
        except JournalMismatch as broken:
            self.differences = [_one("JOURNAL_BROKEN", self.count + 1, str(broken).partition(". ")[0])]


@dataclass(frozen=True)
class _Ledger:
    """What the database says of numbers: student, the events that brought them in, reservations."""

    student: pl.DataFrame
    origins: pl.DataFrame
    reservations: pl.DataFrame
    event_blocks: pl.DataFrame
    doubled_events: pl.DataFrame
    event_count: int

    @classmethod
    def load(cls, con: duckdb.DuckDBPyConnection) -> "_Ledger":
        ((count,),) = con.execute("SELECT count(*) FROM identity.event").fetchall()
        return cls(
            con.sql("SELECT state_id, status, merged_into FROM identity.student").pl(),
            con.sql(_ORIGINS).pl(),
            con.sql("SELECT DISTINCT state_id, block_number FROM identity.reservation").pl(),
            con.sql("SELECT block_number, run_id, min(event_id) AS event_id FROM identity.event GROUP BY ALL").pl(),
            con.sql("SELECT event_id FROM identity.event GROUP BY event_id HAVING count(*) > 1").pl(),
            count,
        )


# A number comes in by one of these; a retired one that was never active is retired by the pipeline.
_ORIGINS = f"""
    SELECT event_id, kind, state_id, run_id, submission_id, line_number, block_number, other_state_id, evidence
    FROM identity.event
    WHERE kind IN ('{ISSUED}', '{IMPORTED}') OR (kind = 'retired' AND actor = 'pipeline')
"""


def _head_differences(chain: _Chain, number: int, block_hash: str) -> list[pl.DataFrame]:
    if number == 0 or chain.hashes.get(number) == block_hash or chain.differences:
        return []
    return [_one("HEAD_DIFFERS", number, f"the journal ends at block {chain.count:06d}")]


def _given_numbers(story: JournalStory, ledger: _Ledger) -> list[pl.DataFrame]:
    """Every number of the journal is in the registry or reserved, exactly once; and every one of the registry in it."""
    promised = pl.concat(
        [story.entries.select("state_id", "block_number"), story.standings.select("state_id", "block_number")]
    )
    promised = promised.group_by("state_id").agg(pl.col("block_number").min())
    kept = pl.concat([ledger.student.select("state_id"), ledger.reservations.select("state_id").unique()])
    twice = kept.filter(pl.col("state_id").is_duplicated()).unique()
    of_block = story.entries.select("state_id", "block_number")
    return [
        _many("ID_LOST", promised.join(kept, on="state_id", how="anti")),
        _many("ID_WITHOUT_ORIGIN", ledger.student.select("state_id").join(promised, on="state_id", how="anti")),
        _many("ID_TWICE", twice),
        _many("RESERVATION_DIFFERS", ledger.reservations.join(of_block, on=["state_id", "block_number"], how="anti")),
    ]


def _events(story: JournalStory, ledger: _Ledger) -> list[pl.DataFrame]:
    """Every number of the registry has one event that gave it, and that event says what its block says."""
    given = ledger.origins.filter(pl.col("kind") == ISSUED)
    twice = given.filter(pl.col("state_id").is_duplicated()).unique("state_id", keep="first", maintain_order=True)
    without = ledger.student.select("state_id").join(ledger.origins, on="state_id", how="anti")
    by_lines = ledger.origins.filter(pl.col("submission_id").is_not_null(), pl.col("kind").is_in([ISSUED, IMPORTED]))
    same = ["block_number", "run_id", "kind", "state_id", "submission_id", "line_number"]
    standing = story.blocks.filter(~pl.col("is_void"))
    homeless = ledger.event_blocks.join(standing, on=["block_number", "run_id"], how="anti", nulls_equal=True)
    return [
        _many("EVENT_MISSING", without),
        _many("EVENT_TWICE", twice),
        _many("EVENT_DIFFERS", by_lines.join(story.entries, on=same, how="anti")),
        _many("EVENT_WITHOUT_BLOCK", homeless),
        _many("EVENT_NUMBER_TWICE", ledger.doubled_events),
    ]


def _standings(story: JournalStory, ledger: _Ledger) -> list[pl.DataFrame]:
    """How each number stands after its last block, against how the database says it stands."""
    imported = ledger.origins.filter(kind=IMPORTED).select(
        "block_number", "state_id", status="evidence", merged_into="other_state_id"
    )
    taken_back = story.blocks.filter("is_void").select("block_number")
    told = pl.concat([story.standings, imported.cast(STANDING_SCHEMA)]).join(taken_back, on="block_number", how="anti")
    last = told.sort("block_number", maintain_order=True).unique("state_id", keep="last")
    compared = ledger.student.join(last, on="state_id", suffix="_told")
    differs = pl.col("status").ne_missing(pl.col("status_told")) | pl.col("merged_into").ne_missing(
        pl.col("merged_into_told")
    )
    detail = pl.format("{} in the database, {} in the journal", "status", pl.col("status_told").fill_null("nothing"))
    return [_many("STANDING_DIFFERS", compared.filter(differs).with_columns(detail=detail))]


def _forwards(ledger: _Ledger) -> list[pl.DataFrame]:
    is_merged, forwards = pl.col("status") == MERGED, pl.col("merged_into").is_not_null()
    misplaced = ledger.student.filter(is_merged != forwards)
    step = ledger.student.filter(forwards).select("state_id", target="merged_into")
    lost = step.join(ledger.student, left_on="target", right_on="state_id", how="anti")
    moving = step
    # Each round follows twice as far: after 30 only what goes in a circle is still on its way.
    for _ in range(30):
        moving = moving.join(moving, left_on="target", right_on="state_id", suffix="_next")
        moving = moving.select("state_id", target="target_next")
        if moving.is_empty():
            break
    return [_many("FORWARD_MISPLACED", misplaced), _many("FORWARD_LOST", lost), _many("FORWARD_CYCLE", moving)]


def _dangling(con: duckdb.DuckDBPyConnection) -> list[pl.DataFrame]:
    """Numbers that other tables name and the registry does not have."""
    places = {
        "ASSIGNMENT_LOST": ("identity.assignment", "state_id", "submission_id || ' line ' || line_number"),
        "RECORD_LOST": ("identity.record", "state_id", "source_submission_id || ' line ' || source_line"),
        "CANDIDATE_LOST": ("identity.near_match", "candidate_state_id", "near_match_id"),
        "DECISION_LOST": ("identity.decision", "state_id", "decision_id"),
    }
    return [
        _many(
            code,
            con.sql(
                f"SELECT {column} AS state_id, min({where}) AS detail FROM {table} t ANTI JOIN identity.student s "
                f"ON s.state_id = t.{column} WHERE {column} IS NOT NULL GROUP BY ALL"
            ).pl(),
        )
        for code, (table, column, where) in places.items()
    ]


def _acts(story: JournalStory, con: duckdb.DuckDBPyConnection) -> list[pl.DataFrame]:
    """Every act of a person that stands in the journal has left something; every decision of an act is of its block."""
    acts = story.blocks.filter(pl.col("act").is_not_null(), ~pl.col("is_void"))
    seen = con.sql(_TRACES).pl().drop_nulls().cast({"block_number": pl.Int64})
    wanted = acts.filter(~pl.col("act").is_in(_TRACELESS))
    return [
        _many("ACT_WITHOUT_TRACE", wanted.join(seen, on="block_number", how="anti").with_columns(detail="act")),
        *_decisions(story, acts, con),
    ]


def _decisions(story: JournalStory, acts: pl.DataFrame, con: duckdb.DuckDBPyConnection) -> list[pl.DataFrame]:
    """Answers that runs carried out are those of their blocks; the others are of an act. One that was undone still stands."""
    kept = con.sql(
        "SELECT block_number, near_match_id, regexp_replace(kind, '^undone_', '') AS kind, state_id, actor, "
        "decision_id AS detail FROM identity.decision WHERE block_number IS NOT NULL"
    ).pl().cast({"block_number": pl.Int64})  # fmt: skip
    said = ["near_match_id", "kind", "state_id", "actor"]
    # A block that was written and never carried out was written again: the answer may be of a later one.
    missing = story.decisions.join(kept, on=said, how="anti", nulls_equal=True)
    of_runs = kept.join(acts, on="block_number", how="anti")
    strange = of_runs.join(story.decisions, on=["block_number", *said], how="anti", nulls_equal=True)
    return [
        _many("DECISION_MISSING", missing.with_columns(detail="near_match_id")),
        _many("DECISION_DIFFERS", strange),
    ]


def _one(code: str, block_number: int, detail: str) -> pl.DataFrame:
    return _many(code, pl.DataFrame({"block_number": [block_number], "detail": [detail]}))


def _many(code: str, rows: pl.DataFrame) -> pl.DataFrame:
    """One difference a row, in DIFFERENCE_SCHEMA."""
    return rows.select(
        (pl.lit(code) if name == "code" else pl.col(name) if name in rows.columns else pl.lit(None))
        .cast(kind)
        .alias(name)
        for name, kind in DIFFERENCE_SCHEMA.items()
    )
