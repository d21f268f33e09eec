"""Asking the rules of state scope: which districts disagree about a child, each under its own file and line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl

from outputs.state_level.views import make_views
from schemas.across_files import EVERY_CYCLE, QUERY_FOLDER, STATE, AcrossRule
from schemas.across_views import SHARED, STATE_ANSWERS, STATE_OPTIONAL_ANSWERS, STATEWIDE
from schemas.dictionary import Dictionary
from schemas.errors import RuleBookError

_TEXT = (
    "finding_id", "rule_id", "submission_id", "district_code", "school_code", "layout", "collection_version", "field",
    "severity", "value", "message", "fix", "state_id", "local_student_id", "other_district_code", "side",
)  # fmt: skip
FINDING_SCHEMA: dict[str, pl.DataType] = {
    **{name: pl.String() for name in _TEXT},
    **{"line_number": pl.Int64(), "due_date": pl.Date()},
}
WAITING_SCHEMA: dict[str, pl.DataType] = {"state_id": pl.String(), "opens_on": pl.Date(), "waits_for": pl.String()}
_OPTIONAL = ("value", "state_id", "local_student_id", "school_code", "due_date", *STATE_OPTIONAL_ANSWERS)


@dataclass(frozen=True)
class Found:
    """What the rules say of the children compared.

    Attributes:
        findings: FINDING_SCHEMA, one row a finding and district.
        waiting: WAITING_SCHEMA, children about whom a finding may open later, without a file of theirs.
    """

    findings: pl.DataFrame
    waiting: pl.DataFrame


def state_rules(dictionary: Dictionary) -> list[AcrossRule]:
    """The rules that compare districts, in file order."""
    return [rule for rule in dictionary.across_rules if rule.scope == STATE]


def find_disagreements(cursor: duckdb.DuckDBPyConnection, dictionary: Dictionary, today: date) -> Found:
    """Ask every rule about the children that ``choose_children`` chose."""
    rules = state_rules(dictionary)
    cycles = make_views(cursor, rules, dictionary, today)
    asked = [rule for rule in rules if _has_records(rule, cycles)]
    if not asked:
        return Found(pl.DataFrame(schema=FINDING_SCHEMA), pl.DataFrame(schema=WAITING_SCHEMA))
    _make_rules(cursor, asked, dictionary)
    _ask(cursor, asked)
    cursor.execute(_PLACED, [today])
    findings = cursor.sql(f"SELECT {', '.join(FINDING_SCHEMA)} FROM placed WHERE is_open").pl()
    waiting = cursor.sql(
        "SELECT DISTINCT state_id, opens_on, waits_for FROM placed WHERE NOT is_open AND state_id IS NOT NULL"
    ).pl()
    return Found(findings.cast(pl.Schema(FINDING_SCHEMA)), waiting.cast(pl.Schema(WAITING_SCHEMA)))


def _ask(cursor: duckdb.DuckDBPyConnection, rules: Sequence[AcrossRule]) -> None:
    """``answer``: the failing rows of all rules.

    Raises:
        RuleBookError: a query broke down on the data; names the rule, for that is no district's fault.
    """
    answers = [f"SELECT * FROM ({_answers_of(rule)})" for rule in rules]
    try:
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {' UNION ALL BY NAME '.join(answers)}")
    except duckdb.Error as fault:
        # The engine's text may quote a value, so only its kind is passed on.
        kind, broken = type(fault).__name__, next((rule for rule in rules if _breaks(cursor, rule)), None)
    else:
        return
    where = f"Rule {broken.rule_id} ({QUERY_FOLDER}/{broken.query_name}.sql)" if broken else "The rules of state scope"
    raise RuleBookError(
        f"{where} could not be run ({kind}). This is a fault of the rule book; correct the query or take the rule out. "
        "The files of the run are stored and answered; the districts are compared by the next run."
    )


def _breaks(cursor: duckdb.DuckDBPyConnection, rule: AcrossRule) -> bool:
    try:
        cursor.execute(_answers_of(rule)).fetchall()
    except duckdb.Error:
        return True
    return False


def _has_records(rule: AcrossRule, cycles: Mapping[str, frozenset[str]]) -> bool:
    """Whether any of the children compared has a record that the rule could be about."""
    present = cycles.get(rule.layout, frozenset())
    is_about_people = "identity_record" in rule.views
    return is_about_people or bool(present if EVERY_CYCLE in rule.cycles else present.intersection(rule.cycles))


def _answers_of(rule: AcrossRule) -> str:
    """The failing rows of a rule, with every column that a rule may give and the content of its first field."""
    given = {name: f"answer.{name}" for name in STATE_ANSWERS}
    given |= {name: f"answer.{name}" if name in rule.answers else "NULL" for name in _OPTIONAL}
    joined = ""
    if "value" not in rule.answers and rule.fields:
        given["value"] = _as_text(f'own."{rule.fields[0]}"')
        family = SHARED if f"{SHARED}_{rule.layout}" in rule.views else STATEWIDE
        joined = f"LEFT JOIN {family}_{rule.layout} AS own USING (submission_id, line_number)"
    columns = ", ".join(f"{text} AS {name}" for name, text in given.items())
    return (
        f"SELECT '{rule.rule_id}' AS rule_id, answer.submission_id, answer.line_number::BIGINT AS line_number, {columns} "
        f"FROM ({rule.sql}) AS answer {joined} WHERE answer.fails AND answer.submission_id IS NOT NULL"
    )


def _as_text(column: str) -> str:
    """A value as a district would write it: dates month first."""
    return (
        f"CASE typeof({column}) WHEN 'DATE' THEN strftime(try_cast({column}::VARCHAR AS DATE), '%m/%d/%Y') "
        f"ELSE {column}::VARCHAR END"
    )


def _make_rules(cursor: duckdb.DuckDBPyConnection, rules: Sequence[AcrossRule], dictionary: Dictionary) -> None:
    """``rule`` (what a row repeats of its rule) and ``judged`` (which collections it judges)."""
    rows, judged = [], []
    for rule in rules:
        collections = [each for each in dictionary.collections if rule.is_valid(each)]
        judged += [(rule.rule_id, each.version) for each in collections]
        field = None
        if rule.fields and collections:
            layout = dictionary.layout_of(max(collections, key=lambda each: each.school_year))
            field = layout.by_standard_name[rule.fields[0]].column
        rows.append((rule.rule_id, rule.query_name, rule.layout, rule.severity, field, rule.message, rule.fix))
    names = ("rule_id", "query_name", "layout", "severity", "field", "message", "fix")
    incoming_rules = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")  # noqa: F841 (query)
    cursor.execute("CREATE OR REPLACE TEMP TABLE rule AS SELECT * FROM incoming_rules")
    schema = dict.fromkeys(("rule_id", "collection_version"), pl.String)
    incoming_judged = pl.DataFrame(judged, schema=schema, orient="row")  # noqa: F841 (query)
    cursor.execute("CREATE OR REPLACE TEMP TABLE judged AS SELECT * FROM incoming_judged")


# Each answer with its own file, child and school, and the number that it shares with the other district's row. A row whose
# file is of the rule's layout must be of a collection that the rule judges. What a replaced file said first stands under the
# district's newest file, without a line. Of several lines of one district the first stands.
_PLACED = """
    CREATE OR REPLACE TEMP TABLE placed AS
    WITH version AS (
        SELECT state_id, district_code, arg_max(school_code, last_seen_at) AS school_code,
               arg_max(local_student_id, last_seen_at) AS local_student_id
        FROM identity_record GROUP BY ALL
    ), newest AS (
        SELECT district_code, max(submission_id) AS submission_id, arg_max(layout, submission_id) AS layout,
               arg_max(collection__version, submission_id) AS collection_version
        FROM standing_file WHERE layout IN (SELECT layout FROM rule) GROUP BY district_code
    ), filed AS (
        SELECT file.submission_id, file.district_code,
               coalesce(newest.submission_id, file.submission_id) AS now_id, coalesce(newest.layout, file.layout) AS layout,
               coalesce(newest.collection_version, file.collection_version) AS collection_version,
               newest.submission_id IS NOT NULL AS is_replaced
        FROM state.intake.submission AS file
        LEFT JOIN newest
          ON newest.district_code = file.district_code AND file.status NOT IN ('trial', 'certified', 'answered')
        WHERE file.layout IS NOT NULL AND file.collection_version IS NOT NULL
    ), named AS (
        SELECT answer.* EXCLUDE (state_id, local_student_id, school_code, submission_id, line_number),
               rule.* EXCLUDE (rule_id, layout), file.district_code, file.layout, file.collection_version,
               file.now_id AS submission_id, CASE WHEN NOT file.is_replaced THEN answer.line_number END AS line_number,
               coalesce(answer.state_id, place.state_id) AS state_id,
               coalesce(answer.local_student_id, place.local_student_id) AS local_student_id,
               coalesce(answer.school_code, place.reporting_school_code) AS school_code,
               coalesce(answer.opens_on, DATE '1900-01-01') <= ? AS is_open,
               judged.rule_id IS NOT NULL OR file.layout <> rule.layout OR file.is_replaced AS is_judged
        FROM answer
        JOIN rule USING (rule_id)
        JOIN filed AS file ON file.submission_id = answer.submission_id
        LEFT JOIN judged ON judged.rule_id = answer.rule_id AND judged.collection_version = file.collection_version
        LEFT JOIN record_place AS place
          ON place.submission_id = answer.submission_id AND place.line_number = answer.line_number
    )
    SELECT named.* EXCLUDE (school_code, local_student_id),
           coalesce(named.school_code, version.school_code) AS school_code,
           coalesce(named.local_student_id, version.local_student_id) AS local_student_id,
           'S' || upper(left(md5(concat_ws(
               '|', query_name, coalesce(named.state_id, value, submission_id || ' ' || line_number),
               least(named.district_code, other_district_code), greatest(named.district_code, other_district_code),
               coalesce(context, collection_version)
           )), 11)) AS finding_id
    FROM named
    LEFT JOIN version ON version.state_id = named.state_id AND version.district_code = named.district_code
    WHERE is_judged
    QUALIFY row_number() OVER (
        PARTITION BY finding_id, named.district_code ORDER BY line_number IS NULL, submission_id, line_number
    ) = 1
"""
