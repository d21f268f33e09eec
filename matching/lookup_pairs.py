"""Which registry rows a look-up is compared with: blocking for a locator, where any field may be missing or wrong.

Unlike the records of a run, a look-up has no field that must be there. Every rule is an equality on what was given, or on
what one slip of the fingers makes of it, so that the cost follows the number of look-ups.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import duckdb
import numpy as np
import polars as pl

from matching.blocking import PAIR_TABLE, REGISTRY, make_pair_table
from matching.requests import REQUEST_TABLE
from matching.slips import one_slip_away
from matching.standardize import nickname_groups
from matching.student_ids import ID_LENGTH
from matching.supplied_ids import FORWARD_TABLE, person_of

NUMBER_TABLE = "mosis_lookup_number"
TOLD_TABLE = "mosis_told_pair"
_DATE_TABLE, _NEAR_TABLE, _NICKNAME_TABLE = "mosis_lookup_date", "mosis_near_name", "mosis_lookup_nickname"

# Names shorter than this are not stretched: one letter less and they are another name.
SHORTEST_STRETCHED = 4
ALIKE = 0.85
# Bits for a number that was given; each is worth more than any name, a number of one slip less than a full name.
SAME_ID_WEIGHT, SLIP_WEIGHT, LOCAL_ID_WEIGHT = 40.0, 12.0, 20.0

_BOTH = f"{REQUEST_TABLE} q, {REGISTRY} r"
_ALIKE_IN_ANYTHING = f"""
    (q.last_name_key IS NULL AND q.first_name_key IS NULL)
    OR r.last_name_sound IN (q.last_name_sound, q.first_name_sound)
    OR r.first_name_sound IN (q.first_name_sound, q.last_name_sound)
    OR jaro_winkler_similarity(r.last_name_key, q.last_name_key) >= {ALIKE}
    OR jaro_winkler_similarity(r.first_name_key, q.first_name_key) >= {ALIKE}
    OR list_has_any(r.surname_tokens, q.surname_tokens)
"""
# Names alone join half a generation; where a birth date was given, at most a slip of it is worth a look.
_BORN_NEAR = """
    (q.birth_date IS NULL OR year(r.birth_date) = year(q.birth_date)
     OR (month(r.birth_date) = month(q.birth_date) AND day(r.birth_date) = day(q.birth_date)))
"""
# What a look-up has in common with a row of the registry, and what may be wrong then.
LOOKUP_RULES = {
    "SAME_BIRTH_DATE": f"FROM {_BOTH} WHERE r.birth_date = q.birth_date AND ({_ALIKE_IN_ANYTHING})",
    "SLIP_IN_BIRTH_DATE_ONE_NAME": f"""
        FROM {_BOTH}, {_DATE_TABLE} d
        WHERE d.request_id = q.request_id AND r.birth_date = d.birth_date
          AND ((q.first_name_key IS NULL AND r.last_name_sound = q.last_name_sound)
               OR (q.last_name_key IS NULL AND r.first_name_sound = q.first_name_sound))""",
    "SAME_SOUNDS": f"""
        FROM {_BOTH} WHERE r.last_name_sound = q.last_name_sound AND r.first_name_sound = q.first_name_sound
          AND {_BORN_NEAR}""",
    "SWAPPED_SOUNDS": f"""
        FROM {_BOTH} WHERE r.last_name_sound = q.first_name_sound AND r.first_name_sound = q.last_name_sound
          AND {_BORN_NEAR}""",
    "ONE_OF_TWO_SURNAMES": f"""
        FROM {_BOTH} WHERE r.first_name_sound = q.first_name_sound
          AND (len(r.surname_tokens) > 1 OR len(q.surname_tokens) > 1)
          AND list_has_any(r.surname_tokens, q.surname_tokens) AND {_BORN_NEAR}""",
    "SLIP_IN_LAST_NAME": f"""
        FROM {_BOTH}, {_NEAR_TABLE} n
        WHERE n.side = 'last' AND n.asked = q.last_name_key AND r.last_name_key = n.near
          AND r.first_name_sound = q.first_name_sound AND {_BORN_NEAR}""",
    "SLIP_IN_FIRST_NAME": f"""
        FROM {_BOTH}, {_NEAR_TABLE} n
        WHERE n.side = 'first' AND n.asked = q.first_name_key AND r.first_name_key = n.near
          AND r.last_name_sound = q.last_name_sound AND {_BORN_NEAR}""",
    "NICKNAME": f"""
        FROM {_BOTH}, {_NICKNAME_TABLE} n
        WHERE n.request_id = q.request_id AND r.first_name_key = n.name AND r.last_name_sound = q.last_name_sound
          AND {_BORN_NEAR}""",
    "ONE_NAME_ALONE": f"""
        FROM {_BOTH}, {_NEAR_TABLE} n
        WHERE q.birth_date IS NULL
          AND ((q.first_name_key IS NULL AND n.side = 'last' AND n.asked = q.last_name_key AND r.last_name_key = n.near)
               OR (q.last_name_key IS NULL AND n.side = 'first' AND n.asked = q.first_name_key
                   AND r.first_name_key = n.near))""",
}
_TOLD = (
    f"""SELECT n.request_id, r.rowid, CASE WHEN n.is_exact THEN {SAME_ID_WEIGHT} ELSE {SLIP_WEIGHT} END
        FROM {NUMBER_TABLE} n, {REGISTRY} r WHERE n.person IS NOT NULL AND r.state_id IN (n.state_id, n.person)""",
    f"""SELECT q.request_id, r.rowid, {LOCAL_ID_WEIGHT} FROM {_BOTH}
        WHERE r.district_code = q.district_code
          AND upper(ltrim(r.local_student_id, '0')) = upper(ltrim(q.local_student_id, '0'))""",
)


def make_lookup_pairs(cursor: duckdb.DuckDBPyConnection, lookups: pl.DataFrame, most: int) -> pl.Series:
    """Fills PAIR_TABLE, TOLD_TABLE (request_id, other, bits) and NUMBER_TABLE; REQUEST_TABLE and FORWARD_TABLE stand.

    Args:
        lookups: request_id, birth_date and state_id of each row of REQUEST_TABLE.
        most: pairs that a look-up may make; where it makes more, first those go that sound alike but are written
            otherwise, then all but those of its numbers.

    Returns:
        request_id of the look-ups that are still too many.
    """
    make_pair_table(cursor)
    _make_number_table(cursor, lookups)
    _make_date_table(cursor, lookups)
    _make_near_table(cursor)
    _make_nickname_table(cursor)
    cursor.execute(
        f"CREATE OR REPLACE TABLE {TOLD_TABLE} AS SELECT * FROM ({' UNION ALL '.join(_TOLD)}) AS told(request_id, other, bits)"
    ).fetchall()
    rules = " UNION ".join(f"SELECT q.request_id, r.rowid {rule}" for rule in LOOKUP_RULES.values())
    cursor.execute(f"INSERT INTO {PAIR_TABLE} {rules}").fetchall()
    _drop_crowds(cursor, most, _WRITTEN_OTHERWISE)
    crowded = _drop_crowds(cursor, most, "true")
    cursor.execute(f"INSERT INTO {PAIR_TABLE} SELECT request_id, other FROM {TOLD_TABLE}").fetchall()
    return crowded


# Neither the birth date nor every name that was given is the same to the letter.
_WRITTEN_OTHERWISE = f"""
    (request_id, other) NOT IN (
        SELECT p.request_id, p.other
        FROM {PAIR_TABLE} p JOIN {REQUEST_TABLE} q ON q.request_id = p.request_id JOIN {REGISTRY} r ON r.rowid = p.other
        WHERE r.birth_date = q.birth_date
           OR (r.last_name_key = coalesce(q.last_name_key, r.last_name_key)
               AND r.first_name_key = coalesce(q.first_name_key, r.first_name_key)))
"""


def _drop_crowds(cursor: duckdb.DuckDBPyConnection, most: int, condition: str) -> pl.Series:
    """Takes the pairs of a condition away from look-ups that make too many; their request_ids."""
    crowded = cursor.sql(f"SELECT request_id FROM {PAIR_TABLE} GROUP BY request_id HAVING count(*) > {most}").pl()
    if crowded.height:
        cursor.register("crowded_lookups", crowded)
        cursor.execute(
            f"DELETE FROM {PAIR_TABLE} WHERE request_id IN (SELECT request_id FROM crowded_lookups) AND {condition}"
        ).fetchall()
        cursor.unregister("crowded_lookups")
    return crowded["request_id"]


def _make_number_table(cursor: duckdb.DuckDBPyConnection, lookups: pl.DataFrame) -> None:
    """NUMBER_TABLE: request_id, state_id, is_exact, person (null when withdrawn); the numbers a look-up names.

    Nearly named ones only where nobody ever had the number itself.
    """
    given = lookups.filter(pl.col("state_id").is_not_null())
    rows = [
        (request_id, other, other == number)
        for request_id, number in given.select("request_id", pl.col("state_id").str.zfill(10)).iter_rows()
        for other in (number, *number_slips(number))
    ]
    _make_table(
        cursor, "mosis_number_slip", rows, {"request_id": pl.Int64, "state_id": pl.String, "is_exact": pl.Boolean}
    )
    cursor.execute(
        f"""
        CREATE OR REPLACE TABLE {NUMBER_TABLE} AS
        SELECT n.request_id, s.state_id, n.is_exact, {person_of("s", "f")} AS person
        FROM mosis_number_slip n JOIN state.identity.student s USING (state_id)
        LEFT JOIN {FORWARD_TABLE} f ON f.state_id = s.state_id
        QUALIFY n.is_exact OR NOT bool_or(n.is_exact) OVER (PARTITION BY n.request_id)
        """
    ).fetchall()


def number_slips(number: str) -> list[str]:
    """Every number that one wrong digit, or two neighbours in the wrong order, makes of this one."""
    slips = {f"{other:0{ID_LENGTH}}" for other in one_slip_away(np.array([int(number)]))[0]}
    return sorted(slips - {number})


def _make_date_table(cursor: duckdb.DuckDBPyConnection, lookups: pl.DataFrame) -> None:
    dated = lookups.filter(pl.col("birth_date").is_not_null()).select("request_id", "birth_date")
    rows = [(request_id, other) for request_id, day in dated.iter_rows() for other in sorted(set(date_slips(day)))]
    _make_table(cursor, _DATE_TABLE, rows, {"request_id": pl.Int64, "birth_date": pl.Date})


def date_slips(day: date) -> Iterator[date]:
    """Dates that are written for this one by mistake: day and month changed round, or one of day, month and year a little off."""
    wrong = [(day.year, day.day, day.month)]
    wrong += [(day.year + years, day.month, day.day) for years in (-10, -1, 1, 10)]
    wrong += [(day.year, month, day.day) for month in range(1, 13)]
    wrong += [(day.year, day.month, other) for other in (day.day - 10, day.day + 10)]
    for year, month, other in wrong:
        try:
            yield date(year, month, other)
        except ValueError:
            continue
    yield from (day + timedelta(days=days) for days in (-1, 1))


def _make_near_table(cursor: duckdb.DuckDBPyConnection) -> None:
    """Names of the registry one slip away from a name that was asked for, and the name itself.

    Two names are one slip apart only if they, or what is left when one letter is struck out of either, are equal: that
    makes an edit distance an equality. Names two slips apart that share such a rest come along; scoring tells them apart.
    """
    cuts = "list_distinct([name] || [name[:i - 1] || name[i + 1:] for i in range(1, length(name) + 1)])"
    sides = []
    for side in ("last", "first"):
        column = f"{side}_name_key"
        asked = f"SELECT DISTINCT {column} AS name FROM {REQUEST_TABLE} WHERE {column} IS NOT NULL"
        sides.append(f"SELECT '{side}' AS side, name AS asked, name AS near FROM ({asked})")
        sides.append(
            f"""
            SELECT DISTINCT '{side}', mine.name, theirs.name
            FROM (SELECT name, unnest({cuts}) AS rest FROM ({asked}) WHERE length(name) >= {SHORTEST_STRETCHED}) mine
            JOIN (SELECT name, unnest({cuts}) AS rest FROM (
                    SELECT DISTINCT {column} AS name FROM {REGISTRY}
                    WHERE length({column}) BETWEEN
                          (SELECT greatest(min(length(name)), {SHORTEST_STRETCHED}) - 1 FROM ({asked}))
                      AND (SELECT max(length(name)) + 1 FROM ({asked})))) theirs
              ON theirs.rest = mine.rest AND theirs.name <> mine.name
            """
        )
    cursor.execute(f"CREATE OR REPLACE TABLE {_NEAR_TABLE} AS {' UNION ALL '.join(sides)}").fetchall()


def _make_nickname_table(cursor: duckdb.DuckDBPyConnection) -> None:
    """request_id and every name that is used for the same formal name as the one asked for."""
    cursor.register("nickname_groups", nickname_groups())
    cursor.execute(
        f"""
        CREATE OR REPLACE TABLE {_NICKNAME_TABLE} AS
        SELECT q.request_id, other.name
        FROM {REQUEST_TABLE} q JOIN nickname_groups own ON own.name = q.first_name_key
        JOIN nickname_groups other ON list_has_any(other.groups, own.groups) AND other.name <> own.name
        """
    ).fetchall()
    cursor.unregister("nickname_groups")


def _make_table(
    cursor: duckdb.DuckDBPyConnection,
    name: str,
    rows: Sequence[tuple[object, ...]],
    schema: dict[str, type[pl.DataType]],
) -> None:
    incoming_rows = pl.DataFrame(rows, schema=schema, orient="row")
    cursor.register("incoming_rows", incoming_rows)
    cursor.execute(f"CREATE OR REPLACE TABLE {name} AS FROM incoming_rows").fetchall()
    cursor.unregister("incoming_rows")
