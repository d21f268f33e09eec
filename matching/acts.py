"""What a person does to identities (an *act*): journaled, carried out in one transaction, finished after an interruption.

The order: the change is made inside a transaction, the journal block that describes it is written and fsynced, the block's
number and hash go into the same transaction, COMMIT. A process that dies before the block leaves nothing; one that dies
between block and COMMIT leaves a block that the next start carries out from its facts alone. So a block must say all
that its act needs, and an act must do the same thing to the same database every time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import duckdb
import polars as pl

from matching.journal import NO_ENTRIES, Block, BlockFile, BlockKind, Journal
from matching.ledger import advance_head
from matching.recovery import Reservations, database_head
from schemas.clock import from_rfc3339, rfc3339
from schemas.database import checkpoint, transaction
from schemas.errors import CommitUnknown
from schemas.faults import reach

_NO_IDS = pl.Series("state_id", [], pl.String)


@dataclass(frozen=True)
class Act:
    """One change that a person asked for, as the journal keeps it.

    Args:
        name: which function of the table of acts carries it out, e.g. ``merge``.
        kind: of the journal block.
        facts: plain JSON values: all that the act needs besides the database as it stood.
        files, entries: as in a journal block, where the act is about lines of files.
    """

    name: str
    kind: BlockKind
    actor: str
    reason: str | None
    run_id: str
    at: datetime
    facts: dict[str, Any] = field(default_factory=dict)
    files: tuple[BlockFile, ...] = ()
    entries: pl.DataFrame = field(default_factory=NO_ENTRIES.clone, repr=False, compare=False)


# Carries an act out inside a transaction that the caller opened; the number is that of the act's journal block.
Carry = Callable[[duckdb.DuckDBPyConnection, Act, int], None]


@dataclass(frozen=True)
class ActDesk:
    """What acts are carried out with: one writer's journal, database and reservations, and the table of acts."""

    journal: Journal
    con: duckdb.DuckDBPyConnection
    reservations: Reservations
    table: Mapping[str, Carry]

    def carry_out(self, act: Act) -> Block:
        """Do it and write it down; both are on disk when this returns.

        Raises:
            MosisError: the act refuses (nothing is journaled, nothing is changed).
            CommitUnknown: the database failed at COMMIT; the next start looks and finishes.
        """
        act = replace(act, at=act.at.replace(microsecond=0))
        block: Block | None = None
        try:
            with transaction(self.con):
                self.table[act.name](self.con, act, self.journal.head().number + 1)
                block = self._journal(act)
                reach("after_journal")
                self._advance(block, act.at)
        except CommitUnknown:
            raise
        except Exception:
            if block is not None:
                # Journaled but rolled back: without this the next start would carry it out after all.
                self.journal.append("void", run_id=act.run_id, at=act.at, facts={"block": block.number})
            raise
        reach("after_commit")
        checkpoint(self.con)
        return block

    def finish_interrupted(self) -> list[Act]:
        """Carry out the acts whose blocks the database lacks, in order; called when a home is opened.

        Raises:
            JournalMismatch: the journal is broken.
        """
        tail = list(self.journal.blocks_after(database_head(self.con).number))
        voided = {block.facts.get("block") for block in tail if block.kind == "void"}
        finished = []
        for block in tail:
            if "act" not in block.facts or block.number in voided:
                continue
            act = act_of(block)
            with transaction(self.con):
                self.table[act.name](self.con, act, block.number)
                self._advance(block, act.at)
            checkpoint(self.con)
            finished.append(act)
        return finished

    def _journal(self, act: Act) -> Block:
        # The moment stands among the facts: two equal acts are two blocks, and a repeated one has the first one's time.
        facts = {**act.facts, "act": act.name, "actor": act.actor, "reason": act.reason, "at": rfc3339(act.at)}
        return self.journal.append(
            act.kind, run_id=act.run_id, at=act.at, files=act.files, entries=act.entries, facts=facts
        )

    def _advance(self, block: Block, at: datetime) -> None:
        advance_head(self.con, block, self.reservations, (), _NO_IDS, at)


def act_of(block: Block) -> Act:
    """The act that a journal block describes; the block must have the fact ``act``."""
    facts = {name: value for name, value in block.facts.items() if name not in ("act", "actor", "reason", "at")}
    said = block.facts
    return Act(
        said["act"], block.kind, said["actor"], said["reason"], block.run_id, from_rfc3339(said["at"]), facts,
        block.files, block.entries,
    )  # fmt: skip
