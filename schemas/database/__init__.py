"""state.duckdb: opening it, changing it, and the tables that follow the data dictionary. It knows no meaning."""

from schemas.database.collection_tables import sync_collection_tables
from schemas.database.open import checkpoint, compact, open_state, transaction

__all__ = ["checkpoint", "compact", "open_state", "sync_collection_tables", "transaction"]
