"""What an order of a person would change, whichever of the four it is; nothing is written."""

import duckdb

from matching.corrections.change import Change, Order
from matching.corrections.merging import plan_merge
from matching.corrections.retiring import plan_retire
from matching.corrections.splitting import DrawId, plan_split
from matching.corrections.undoing import plan_undo


def plan_correction(con: duckdb.DuckDBPyConnection, order: Order, draw_id: DrawId) -> Change:
    """The change that an order means today.

    Raises:
        UnknownName, UsageError, MosisError: it cannot be done; the message says why and what to do.
    """
    match order.kind:
        case "merge":
            return plan_merge(con, order)
        case "split":
            return plan_split(con, order, draw_id)
        case "retire":
            return plan_retire(con, order)
        case "undo":
            return plan_undo(con, order)
