"""What the journal tells, as frames: which block gave which number to which line, and how people changed its standing.

Corrections say in their own block how each number stands afterwards (``change`` among the facts). So the standing of every
number can be told from the journal alone, imports excepted: their block names the numbers, the archived file the status.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from matching.journal import Block
from matching.supplied_ids import ACTIVE, RETIRED

ISSUED, IMPORTED = "issued", "imported"
ENTRY_SCHEMA = pl.Schema(
    {
        "block_number": pl.Int64(), "run_id": pl.String(), "kind": pl.String(), "state_id": pl.String(),
        "submission_id": pl.String(), "line_number": pl.Int64(),
    }
)  # fmt: skip
STANDING_SCHEMA = pl.Schema(
    {"block_number": pl.Int64(), "state_id": pl.String(), "status": pl.String(), "merged_into": pl.String()}
)
DECISION_SCHEMA = pl.Schema(
    {
        "block_number": pl.Int64(), "near_match_id": pl.String(), "kind": pl.String(), "state_id": pl.String(),
        "actor": pl.String(),
    }
)  # fmt: skip
BLOCK_SCHEMA = pl.Schema(
    {
        "block_number": pl.Int64(),
        "run_id": pl.String(),
        "kind": pl.String(),
        "act": pl.String(),
        "is_void": pl.Boolean(),
    }
)


@dataclass(frozen=True)
class JournalStory:
    """Blocks up to one, told apart by what they mean.

    Args:
        blocks: BLOCK_SCHEMA, one row a block.
        entries: ENTRY_SCHEMA, one row a number and block that gives or imports it, with the first line it is for.
        standings: STANDING_SCHEMA, one row a number and block that says how it stands from then on. Imports are not
            among them.
        decisions: DECISION_SCHEMA, one row an answer to a question that a run carried out.
    """

    blocks: pl.DataFrame
    entries: pl.DataFrame
    standings: pl.DataFrame
    decisions: pl.DataFrame


def tell_story(blocks: Iterable[Block]) -> JournalStory:
    """The story of some blocks, in order."""
    rows: list[tuple[int, str, str, str | None, bool]] = []
    entries, standings, decisions, voided = [], [], [], set()
    for block in blocks:
        voided |= {block.facts.get("block")} if block.kind == "void" else set()
        rows.append((block.number, block.run_id, block.kind, block.facts.get("act"), False))
        entries.append(_entries(block))
        standings.append(_standings(block))
        decisions += [{**told, "block_number": block.number} for told in block.facts.get("decisions", ())]
    table = pl.DataFrame(rows, schema=BLOCK_SCHEMA, orient="row")
    is_void = pl.col("block_number").is_in([number for number in voided if number is not None])
    return JournalStory(
        table.with_columns(is_void=is_void),
        pl.concat([pl.DataFrame(schema=ENTRY_SCHEMA), *entries]),
        pl.concat([pl.DataFrame(schema=STANDING_SCHEMA), *standings]),
        pl.DataFrame(
            [tuple(told.get(name) for name in DECISION_SCHEMA) for told in decisions],
            schema=DECISION_SCHEMA,
            orient="row",
        ),
    )


def _entries(block: Block) -> pl.DataFrame:
    if block.entries.is_empty():
        return pl.DataFrame(schema=ENTRY_SCHEMA)
    names = pl.Series("submission_id", [file.submission_id for file in block.files], pl.String)
    first = block.entries.unique("state_id", keep="first", maintain_order=True)
    return first.select(
        block_number=pl.lit(block.number, pl.Int64),
        run_id=pl.lit(block.run_id),
        kind=pl.lit(IMPORTED if block.kind == "import" else ISSUED),
        state_id="state_id",
        submission_id=names.gather(first["file"]),
        line_number=pl.col("line_number").cast(pl.Int64),
    )


def _standings(block: Block) -> pl.DataFrame:
    """A run's numbers become active, those nobody came for retired; an act says it itself."""
    change = block.facts.get("change") or {}
    told = [(state_id, *after) for state_id, _, after in change.get("standings", ())]
    told += [(state_id, RETIRED, None) for state_id in block.facts.get("retired", ())]
    frame = pl.DataFrame(
        told, schema={"state_id": pl.String, "status": pl.String, "merged_into": pl.String}, orient="row"
    )
    if block.kind == "group":
        given = block.entries.select("state_id").unique()
        given = given.with_columns(status=pl.lit(ACTIVE), merged_into=pl.lit(None, pl.String))
        frame = pl.concat([given, frame])
    return frame.select(pl.lit(block.number, pl.Int64).alias("block_number"), "state_id", "status", "merged_into")
