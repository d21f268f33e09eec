"""splink at work, and what it says to the database for a model, written down once.

To load splink and let it write its statements takes six times as long as to carry them out for a small file. For one model
they never differ but in the weight that pairs must have, so they stand in ``scoring.sql`` beside the model. A test holds
what ships against what splink writes; settings or records that it was not written for go to splink itself.
"""

import hashlib
import re
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker

from matching.comparisons import TERM_FREQUENCY_COLUMNS
from matching.requests import REQUEST_TABLE
from matching.scoring import PAIRS_FOR_SPLINK, PREDICTIONS, RECORD_TABLE, THRESHOLD, make_record_table, statements_key
from matching.scoring import term_frequency_table as table_of

# An impossible weight, found again in the statements; and the endings by which splink tells its tables apart.
_MARK = -987654.5
_ENDING = re.compile(r"(__splink__\w+?)_[0-9a-f]{9}\b")
_LISTS = frozenset({"surname_tokens", "ssn_near"})
_REQUEST_COLUMNS = (
    "request_id", "last_name_key", "last_name_sound", "surname_tokens", "first_name_key", "first_name_sound",
    "middle_name_key", "suffix_key", "birth_date", "gender", "race_ethnicity", "ssn_hash", "ssn_near", "guardian_key",
    "district_code", "local_student_id",
)  # fmt: skip


def predict(database: DuckDBAPI, settings: dict[str, Any], threshold: float) -> str:
    """The name of the table of predictions for RECORD_TABLE and PAIRS_FOR_SPLINK, from this match weight up."""
    linker = Linker(database.register(RECORD_TABLE), settings, log_level=None, validate_settings=False)
    for column in TERM_FREQUENCY_COLUMNS:
        linker.table_management.register_term_frequency_lookup(database.register(table_of(column)), column)
    linker.table_management.register_blocked_pairs_for_predict(database.register(PAIRS_FOR_SPLINK))
    return linker.inference.predict(threshold_match_weight=threshold, warning_mode="never").physical_name


def write_statements(settings: dict[str, Any]) -> str:
    """The text of ``scoring.sql``: what splink says to DuckDB for a model, THRESHOLD standing for the least weight."""
    con = duckdb.connect()
    try:
        _make_empty_tables(con)
        recorder = _Recorder(con)
        made = predict(recorder, settings, _MARK)
    finally:
        con.close()
    changes = [sql for sql in recorder.said if not sql.lstrip().upper().startswith("SELECT")]
    text = _ENDING.sub(r"\1", ";\n".join(changes) + ";\n").replace(_ENDING.sub(r"\1", made), PREDICTIONS)
    text = "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"
    assert text.count(str(_MARK)) == 1, "splink says once which weight pairs must have"
    text = text.replace(str(_MARK), THRESHOLD)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"-- {statements_key(settings)} {digest}\n{text}"


class _Recorder(DuckDBAPI):
    """DuckDB for splink, which keeps what was said."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        super().__init__(con)
        self.said: list[str] = []

    def _execute_sql_against_backend(self, final_sql: str) -> duckdb.DuckDBPyRelation:
        self.said.append(final_sql)
        return super()._execute_sql_against_backend(final_sql)


def _make_empty_tables(con: duckdb.DuckDBPyConnection) -> None:
    kinds = {name: "VARCHAR[]" if name in _LISTS else "VARCHAR" for name in _REQUEST_COLUMNS} | {
        "request_id": "BIGINT", "birth_date": "DATE"
    }  # fmt: skip
    con.execute(f"CREATE TABLE {REQUEST_TABLE} ({', '.join(f'{name} {kind}' for name, kind in kinds.items())})")
    make_record_table(con, (REQUEST_TABLE, "s.request_id", "true"))
    con.execute(f"CREATE TABLE {PAIRS_FOR_SPLINK} (match_key VARCHAR, join_key_l BIGINT, join_key_r BIGINT)")
    for column in TERM_FREQUENCY_COLUMNS:
        con.execute(f"CREATE TABLE {table_of(column)} ({column} VARCHAR, tf_{column} DOUBLE)")
