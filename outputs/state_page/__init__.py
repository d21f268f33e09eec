"""The operator's page of the whole state: who stands where, what fails most, what is due. No student value."""

from datetime import datetime
from pathlib import Path

import duckdb

from outputs.question_ages import QuestionAges
from outputs.state_page.page import state_html
from schemas.dictionary import Dictionary
from schemas.directory import Directory
from schemas.files import write_atomic

STATE_PAGE = "state.html"

__all__ = ["STATE_PAGE", "write_state_page"]


def write_state_page(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    now: datetime,
    *,
    dictionary: Dictionary,
    directory: Directory,
    ages: QuestionAges | None = None,
) -> None:
    """Write the page to a path (``reports/state.html`` of the home)."""
    write_atomic(path, state_html(con, now, dictionary=dictionary, directory=directory, ages=ages))
