"""Reading the state's saved pages (layouts, rules, code sets) and telling where the dictionary differs from them."""

from schemas.dictionary_import.changes import Gap, ImportPlan, Proposal, compare_pages
from schemas.dictionary_import.pages import SavedPage, read_pages

__all__ = ["Gap", "ImportPlan", "Proposal", "SavedPage", "compare_pages", "read_pages"]
