"""Which pairs are looked at: named rules, each an equality that one kind of error leaves standing.

A child is found when at least one rule survives what went wrong with the record. Every rule is an equi-join, so the cost
follows the number of requests, and each has a cap: a value that nobody thought of (one surname and one birth date on
ten thousand rows) must end in a clear message, not in a full disk.
"""

from dataclasses import dataclass

import duckdb
import polars as pl

from matching.requests import REQUEST_TABLE
from schemas.errors import MosisError

REGISTRY = "state.identity.record"
PAIR_TABLE = "mosis_pair"

# Pairs a rule may make: a fixed part for small runs and so many for each request. Real data stay below a tenth of it.
PAIRS_FLOOR, PAIRS_PER_REQUEST = 2_000_000, 60


@dataclass(frozen=True, slots=True)
class BlockingRule:
    """Pairs whose keys are equal; ``{s}`` is the record. ``other_keys`` is for the right side where it differs."""

    name: str
    catches: str
    keys: tuple[str, ...]
    other_keys: tuple[str, ...] | None = None
    unnest: str | None = None


BLOCKING_RULES = (
    BlockingRule("SAME_DISTRICT_AND_LOCAL_ID", "whatever changed but the place", ("{s}.district_code", "{s}.local_student_id")),
    BlockingRule("SAME_SSN", "names and birth date both wrong", ("{s}.ssn_hash",)),
    BlockingRule(
        "SAME_BIRTH_DATE_AND_SURNAME_SOUND", "another first name or a nickname", ("{s}.birth_date", "{s}.last_name_sound")
    ),
    BlockingRule(
        "SAME_BIRTH_DATE_AND_FIRST_NAME_SOUND", "another last name", ("{s}.birth_date", "{s}.first_name_sound")
    ),
    BlockingRule(
        "SAME_BIRTH_DATE_AND_SURNAME_WORD", "one of two surnames left out", ("{s}.birth_date", "{s}.word"),
        unnest="surname_tokens",
    ),
    BlockingRule(
        "SAME_BIRTH_DATE_AND_NAMES_SWAPPED", "first and last name in each other's field",
        ("{s}.birth_date", "{s}.last_name_key"), ("{s}.birth_date", "{s}.first_name_key"),
    ),
    BlockingRule(
        "SAME_SOUNDS_AND_BIRTH_YEAR", "day and month wrong, swapped or the first of January",
        ("{s}.last_name_sound", "{s}.first_name_sound", "year({s}.birth_date)"),
    ),
    BlockingRule(
        "SAME_SOUNDS_AND_BIRTHDAY", "the year wrong",
        ("{s}.last_name_sound", "{s}.first_name_sound", "month({s}.birth_date)", "day({s}.birth_date)"),
    ),
    BlockingRule(
        "SAME_GUARDIAN_AND_BIRTH_DATE", "both names wrong", ("{s}.birth_date", "{s}.guardian_key")
    ),
)  # fmt: skip

SAYS_MORE_OF_LINKED = ("SAME_DISTRICT_AND_LOCAL_ID", "SAME_SSN", "SAME_GUARDIAN_AND_BIRTH_DATE")

# Two children of one district and year with two local IDs and two first names are never one child: not worth a look.
_MAY_BE_ONE_CHILD = (
    "NOT (q.district_code = r.district_code AND q.school_year = r.school_year AND q.layout = r.layout "
    "AND q.local_student_id <> r.local_student_id AND q.first_name_key <> r.first_name_key "
    "AND q.ssn_hash IS DISTINCT FROM r.ssn_hash)"
)

_OTHER_REQUEST = "-1 - r.request_id::BIGINT"


def block_with_registry(cursor: duckdb.DuckDBPyConnection, request_count: int) -> None:
    """Adds to PAIR_TABLE each open request with each registry row it shares a key with."""
    for rule in BLOCKING_RULES:
        _insert(cursor, rule, registry_pairs_sql(rule), request_count)


def block_within_run(cursor: duckdb.DuckDBPyConnection, request_count: int) -> None:
    """Adds to PAIR_TABLE the pairs of open requests that share a key, each pair once; the other side is ``-1 - id``."""
    for rule in BLOCKING_RULES:
        _insert(cursor, rule, run_pairs_sql(rule), request_count)


def block_with_linked(cursor: duckdb.DuckDBPyConnection, linked: pl.DataFrame, request_count: int) -> None:
    """Adds to PAIR_TABLE each open request with the requests of the run that a known child's data settled (request_id).

    Such a record has the child's own name and birth date; by these its rows in the registry are found. Here go the rules
    for what those rows may not say yet: where the child is now, and with which number.
    """
    cursor.register("linked_requests", linked.select("request_id"))
    for rule in BLOCKING_RULES:
        if rule.name in SAYS_MORE_OF_LINKED:
            condition = "r.request_id IN (SELECT request_id FROM linked_requests)"
            _insert(cursor, rule, _pairs_sql(rule, REQUEST_TABLE, _OTHER_REQUEST, condition), request_count)
    cursor.unregister("linked_requests")


def registry_pairs_sql(rule: BlockingRule, registry: str = REGISTRY) -> str:
    """The pairs (request_id, other) of open requests and rows of the registry that a rule makes."""
    return _pairs_sql(rule, registry, "r.rowid", "true")


def run_pairs_sql(rule: BlockingRule) -> str:
    """The pairs (request_id, other) of open requests of the run that a rule makes, each pair once."""
    sql = _pairs_sql(
        rule, REQUEST_TABLE, _OTHER_REQUEST, f"q.request_id < r.request_id AND r.is_open AND {_MAY_BE_ONE_CHILD}"
    )
    if rule.other_keys is not None:
        mirrored = f"q.request_id > r.request_id AND r.is_open AND {_MAY_BE_ONE_CHILD}"
        sql += " UNION ALL " + _pairs_sql(rule, REQUEST_TABLE, _OTHER_REQUEST, mirrored)
    return sql


def make_pair_table(cursor: duckdb.DuckDBPyConnection) -> None:
    """An empty PAIR_TABLE: request_id, and other: a row of the registry, or ``-1 - request_id`` of another request."""
    cursor.execute(f"CREATE OR REPLACE TABLE {PAIR_TABLE} (request_id BIGINT, other BIGINT)").fetchall()


def _pairs_sql(rule: BlockingRule, other_table: str, other_id: str, condition: str) -> str:
    left = [key.format(s="q") for key in rule.keys]
    right = [key.format(s="r") for key in rule.other_keys or rule.keys]
    equal = " AND ".join(f"{one} = {other}" for one, other in zip(left, right, strict=True))
    q, r = _source(rule, REQUEST_TABLE), _source(rule, other_table)
    return f"SELECT q.request_id, {other_id} AS other FROM {q} q, {r} r WHERE q.is_open AND {equal} AND {condition}"


def _source(rule: BlockingRule, table: str) -> str:
    """The table, or its rows once for each word of a list; a pair with two words in common is found twice, scored once."""
    if rule.unnest is None:
        return table
    if table == REQUEST_TABLE:
        return f"(SELECT *, unnest({rule.unnest}) AS word FROM {table})"
    # Of the registry only rows with a birth date of the run: a few requests must not take millions of lists apart.
    asked = f"(SELECT DISTINCT birth_date FROM {REQUEST_TABLE} WHERE is_open)"
    return f"(SELECT rowid, *, unnest({rule.unnest}) AS word FROM {table} SEMI JOIN {asked} USING (birth_date))"


def _insert(cursor: duckdb.DuckDBPyConnection, rule: BlockingRule, sql: str, request_count: int) -> None:
    cursor.execute(f"INSERT INTO {PAIR_TABLE} SELECT * FROM ({sql}) LIMIT {most_pairs(request_count) + 1}")
    ((count,),) = cursor.fetchall()
    check_pair_count(rule, count, request_count)


def most_pairs(request_count: int) -> int:
    """Pairs a rule may make in a run of so many requests."""
    return PAIRS_FLOOR + PAIRS_PER_REQUEST * request_count


def check_pair_count(rule: BlockingRule, count: int, request_count: int) -> None:
    """Refuse what a rule made when it is more than a run of this size can need.

    Raises:
        MosisError: names the rule and its fields.
    """
    cap = most_pairs(request_count)
    if count > cap:
        raise MosisError(
            f"matching: blocking rule {rule.name} makes more than {cap} pairs of {request_count} requests. "
            "One value stands on far too many records: look for a stand-in in these fields "
            f"({', '.join(rule.keys).replace('{s}.', '')}), add it to matching/names and run again."
        )
