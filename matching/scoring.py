"""How much a pair of records says that it is one child: splink's weight of evidence, without any prior.

The pairs are made by ``blocking``; splink compares and weighs exactly these, on the registry rows that stand in them, with
the frozen model. Weights are rounded before anything is decided, so that a last bit can never move a child.
"""

import hashlib
import json
import warnings
from typing import Any

import duckdb
import polars as pl

from matching.blocking import PAIR_TABLE, REGISTRY
from matching.comparisons import BY_NAME, COMPARISONS, TERM_FREQUENCY_COLUMNS
from matching.model import Model
from matching.requests import REQUEST_TABLE
from matching.standardize import nickname_groups, placeholder_birth_dates

WEIGHT_DIGITS = 2
RECORD_TABLE = "mosis_scored_record"
PAIRS_FOR_SPLINK, PREDICTIONS = "mosis_blocked_pair", "mosis_prediction"
# Stands in the statements of a model (matching/splink_statements.py) for the least weight of a pair.
THRESHOLD = "{threshold}"
# Each pair once, however many rules found it, in the form splink takes pairs that were blocked elsewhere.
BLOCKED_PAIRS_SQL = (
    f"SELECT DISTINCT '0' AS match_key, -1 - request_id AS join_key_l, other AS join_key_r FROM {PAIR_TABLE}"
)

# The codes of SSNs one slip away are the widest column of the registry, and hardly any pair needs them.
_WITHOUT_NEAR = f"(SELECT rowid, * REPLACE (NULL::VARCHAR[] AS ssn_near) FROM {REGISTRY})"
_ADD_NEEDED_NEAR = f"""
    UPDATE {RECORD_TABLE} SET ssn_near = found.ssn_near
    FROM (
        SELECT s.rowid AS row, s.ssn_near FROM {REGISTRY} s
        WHERE s.rowid IN (
            SELECT p.other
            FROM {PAIR_TABLE} p
            JOIN {RECORD_TABLE} q ON q.unique_id = -1 - p.request_id
            JOIN {RECORD_TABLE} k ON k.unique_id = p.other
            WHERE p.other >= 0 AND q.ssn_hash <> k.ssn_hash
        )
    ) AS found
    WHERE unique_id = found.row
"""

# One SELECT for requests and registry: both sides of a pair are made comparable by the same expressions.
_COMPARABLE = """
    nullif(s.last_name_key, '') AS last_name, s.last_name_sound, s.surname_tokens AS surname_words,
    nullif(s.first_name_key, '') AS first_name, s.first_name_sound, n.groups AS first_name_groups,
    nullif(s.first_name_key, '') || coalesce(s.middle_name_key, '') AS given_names,
    s.first_name_key || ' ' || s.last_name_key AS name_order, s.last_name_key || ' ' || s.first_name_key AS name_reversed,
    s.middle_name_key AS middle_name, s.middle_name_key AS second_name, s.suffix_key AS suffix,
    CASE WHEN s.birth_date NOT IN ({stand_ins}) THEN s.birth_date END AS birth_date,
    s.gender, s.race_ethnicity, s.ssn_hash, s.ssn_near,
    split_part(s.guardian_key, '|', 1) AS guardian_last_name,
    nullif(split_part(s.guardian_key, '|', 2), '') AS guardian_first_name,
    s.district_code, s.local_student_id
"""


def score_pairs(cursor: duckdb.DuckDBPyConnection, model: Model, keep_from: float) -> pl.DataFrame:
    """The pairs of PAIR_TABLE whose evidence weighs at least ``keep_from`` bits.

    Returns:
        request_id, other (a registry row, or ``-1 - request_id``), evidence (bits, rounded), and for each comparison
        ``gamma_<name>`` (the level) and ``mw_<name>`` (its bits, rarity of the name included).
    """
    make_record_table(cursor, *paired_sources(_WITHOUT_NEAR))
    cursor.execute(_ADD_NEEDED_NEAR).fetchall()
    count = _count(cursor, RECORD_TABLE)
    if count == 0:
        return pl.DataFrame(schema=_scored_schema())
    predictions = _predict(cursor, model, least_match_weight(model, keep_from))
    return read_scores(cursor, predictions, model, keep_from)


def least_match_weight(model: Model, keep_from: float) -> float:
    """What splink is asked for: a little less than is kept, since what is kept is decided on rounded weights."""
    return keep_from + model.prior_weight - 10**-WEIGHT_DIGITS


def read_scores(cursor: duckdb.DuckDBPyConnection, predictions: str, model: Model, keep_from: float) -> pl.DataFrame:
    """splink's predictions (a table, or a call that reads one) as ``score_pairs`` returns them."""
    return cursor.sql(_result_sql(predictions, model.prior_weight, keep_from)).pl()


def make_record_table(cursor: duckdb.DuckDBPyConnection, *sources: tuple[str, str, str]) -> None:
    """RECORD_TABLE from sources of (table, unique_id, condition), each row made comparable the same way."""
    cursor.register("nickname_groups", nickname_groups())
    cursor.execute(f"CREATE OR REPLACE TABLE {RECORD_TABLE} AS {records_sql(*sources)}").fetchall()
    cursor.unregister("nickname_groups")


def records_sql(*sources: tuple[str, str, str]) -> str:
    """The query of RECORD_TABLE, with a table ``nickname_groups`` at hand."""
    stand_ins = ", ".join(f"DATE '{day}'" for day in placeholder_birth_dates())
    columns = _COMPARABLE.format(stand_ins=stand_ins)
    return " UNION ALL ".join(
        f"SELECT {unique_id} AS unique_id, {columns} FROM {table} s "
        f"LEFT JOIN nickname_groups n ON n.name = s.first_name_key WHERE {condition}"
        for table, unique_id, condition in sources
    )


def paired_sources(registry: str = REGISTRY) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """Requests and registry rows that stand in PAIR_TABLE, as sources of RECORD_TABLE; requests count from -1 downwards."""
    in_pairs = (
        f"s.request_id IN (SELECT request_id FROM {PAIR_TABLE}) "
        f"OR s.request_id IN (SELECT -1 - other FROM {PAIR_TABLE} WHERE other < 0)"
    )
    registry_in_pairs = f"s.rowid IN (SELECT other FROM {PAIR_TABLE} WHERE other >= 0)"
    return (REQUEST_TABLE, "-1 - s.request_id::BIGINT", in_pairs), (registry, "s.rowid", registry_in_pairs)


def _predict(cursor: duckdb.DuckDBPyConnection, model: Model, threshold: float) -> str:
    """The name of the table of predictions: by the statements written down with the model, or by splink."""
    cursor.execute(f"CREATE OR REPLACE TABLE {PAIRS_FOR_SPLINK} AS {BLOCKED_PAIRS_SQL}").fetchall()
    for column in TERM_FREQUENCY_COLUMNS:
        _make_term_frequencies(cursor, model, column)
    statements = _statements_of(model)
    if statements is not None:
        cursor.execute(statements.replace(THRESHOLD, repr(float(threshold)))).fetchall()
        return PREDICTIONS
    from splink import DuckDBAPI

    from matching.splink_statements import predict

    with warnings.catch_warnings():
        # splink warns of columns it cannot find in its own linting; a missing column fails in the query itself.
        warnings.simplefilter("ignore")
        return predict(DuckDBAPI(cursor), model.settings, threshold)


def statements_key(settings: dict[str, Any]) -> str:
    """Names what statements depend on: the settings of the model, and the columns of the records."""
    content = json.dumps([settings, _COMPARABLE, TERM_FREQUENCY_COLUMNS], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _statements_of(model: Model) -> str | None:
    """The statements written down for this very model; null where there are none, or they are not as they were written."""
    first, _, text = (model.statements or "").partition("\n")
    written = f"-- {statements_key(model.settings)} {hashlib.sha256(text.encode()).hexdigest()}"
    return text if first == written else None


def term_frequency_table(column: str) -> str:
    """The table of the frequencies of a column."""
    return f"mosis_tf_{column}"


def _make_term_frequencies(cursor: duckdb.DuckDBPyConnection, model: Model, column: str) -> None:
    """Frequencies of the model for the names at hand; a name it does not list is as rare as its rarest."""
    cursor.register("frozen_frequencies", model.term_frequencies[column])
    query = term_frequencies_sql(model, column)
    cursor.execute(f"CREATE OR REPLACE TABLE {term_frequency_table(column)} AS {query}").fetchall()
    cursor.unregister("frozen_frequencies")


def term_frequencies_sql(model: Model, column: str) -> str:
    """The query of a term frequency table, with a table ``frozen_frequencies`` at hand."""
    return (
        f"SELECT n.name AS {column}, coalesce(f.frequency, {model.rare_frequency[column]}) AS tf_{column} "
        f"FROM (SELECT DISTINCT {column} AS name FROM {RECORD_TABLE} WHERE {column} IS NOT NULL) n "
        "LEFT JOIN frozen_frequencies f ON f.name = n.name"
    )


def _result_sql(predictions: str, prior_weight: float, keep_from: float) -> str:
    fields = []
    for comparison in COMPARISONS:
        rarity = f" + mw_tf_adj_{comparison.name}" if comparison.name in TERM_FREQUENCY_COLUMNS else ""
        fields.append(f"gamma_{comparison.name}::TINYINT AS gamma_{comparison.name}")
        fields.append(f"round(mw_{comparison.name}{rarity}, {WEIGHT_DIGITS})::FLOAT AS mw_{comparison.name}")
    # splink orders the two sides as it likes; requests have negative numbers, and a pair inside the run two of them.
    return f"""
        SELECT -1 - greatest_request AS request_id, other_side AS other,
               round(match_weight - ({prior_weight}), {WEIGHT_DIGITS}) AS evidence, {", ".join(fields)}
        FROM (SELECT *, CASE WHEN unique_id_r >= 0 THEN unique_id_l WHEN unique_id_l >= 0 THEN unique_id_r
                             ELSE greatest(unique_id_l, unique_id_r) END AS greatest_request,
                     CASE WHEN unique_id_r >= 0 THEN unique_id_r WHEN unique_id_l >= 0 THEN unique_id_l
                             ELSE least(unique_id_l, unique_id_r) END AS other_side
              FROM {predictions})
        WHERE evidence >= round({keep_from}, {WEIGHT_DIGITS})
        ORDER BY request_id, other
    """


def _count(cursor: duckdb.DuckDBPyConnection, table: str) -> int:
    ((count,),) = cursor.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(count)


def _scored_schema() -> dict[str, pl.DataType]:
    schema: dict[str, pl.DataType] = {"request_id": pl.Int64(), "other": pl.Int64(), "evidence": pl.Float64()}
    for name in BY_NAME:
        schema |= {f"gamma_{name}": pl.Int8(), f"mw_{name}": pl.Float32()}
    return schema
