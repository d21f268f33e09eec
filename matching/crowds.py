"""Values that stand on far too many records: found before any pair is made, so that no file can stop a run for everybody.

One Social Security number on ten thousand records names nobody; it counts as missing, and the district is told. A name and
birth date on hundreds of records tells nobody apart; such records get an error and no ID. Real values stay far below these
limits: the most common name of the largest district is on some ten children of a birth year.

A value is counted over children, not over records: one child comes in many files, of many years.
"""

from dataclasses import dataclass

import duckdb
import polars as pl

_CHILD = ("last_name_key", "first_name_key", "birth_date")
_PLACE = ("district_code", "local_student_id")
# Children (by their local IDs) with one whole name, birth date and gender; records that one child can have in the files of
# one district and run; children of one district that can share what the blocking rules pair by.
MOST_CHILDREN_ALIKE, MOST_RECORDS_OF_A_CHILD, MOST_CHILDREN_PAIRED = 40, 200, 200

CLEARED_SCHEMA = pl.Schema({"request_id": pl.Int64(), "reason": pl.String()})
_REGISTRY = "state.identity.record"


@dataclass(frozen=True, slots=True)
class SharedValue:
    """A value that is no evidence where more than ``most_children`` of the run, or of the registry, have it.

    Attributes:
        keys: columns that are the value; null in one of them is no value.
        cleared: columns that then count as missing.
    """

    reason: str
    keys: tuple[str, ...]
    cleared: tuple[str, ...]
    most_children: int


# A real number is on one child, by mistake on a brother or sister; a local ID is handed out again after years; a guardian
# has twins. The name of a guardian without a birth date is no crowd: an institution has many children.
SHARED_VALUES = (
    SharedValue("SSN_ON_MANY_RECORDS", ("ssn_hash",), ("ssn_hash", "ssn_near"), 12),
    SharedValue("LOCAL_ID_ON_MANY_RECORDS", _PLACE, ("local_student_id",), 40),
    SharedValue("GUARDIAN_ON_MANY_RECORDS", ("guardian_key", "birth_date"), ("guardian_key",), 40),
)

# What many children of one district cannot have in common unless they are made up; the blocking rules pair by these.
_PAIRED = (
    ("last_name_sound", "birth_date"),
    ("first_name_sound", "birth_date"),
    ("last_name_sound", "first_name_sound", "birth_year"),
    ("last_name_sound", "first_name_sound", "birthday"),
)


def find_crowds(requests: pl.DataFrame) -> pl.Series:
    """Whether each request has name and birth date in common with too many others of the run, or of its district."""
    keyed = requests.select(
        "request_id", *_PLACE, *_CHILD, "gender", "last_name_sound", "first_name_sound",
        birth_year=pl.col("birth_date").dt.year(), birthday=pl.col("birth_date").dt.strftime("%m%d"),
    )  # fmt: skip
    child = (*_CHILD, "local_student_id")
    found = [
        _over(keyed, (*_CHILD, "gender"), _PLACE, MOST_CHILDREN_ALIKE),
        _over(keyed, ("district_code", *_CHILD), None, MOST_RECORDS_OF_A_CHILD),
        *(_over(keyed, ("district_code", *keys), child, MOST_CHILDREN_PAIRED) for keys in _PAIRED),
    ]
    return requests["request_id"].is_in(pl.concat(found).implode()).alias("is_crowd")


def clear_shared_values(cursor: duckdb.DuckDBPyConnection, requests: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The requests without values that a crowd has, and what was cleared (CLEARED_SCHEMA)."""
    cleared: list[pl.DataFrame] = []
    for shared in SHARED_VALUES:
        in_run = _over(requests, shared.keys, _CHILD, shared.most_children)
        in_registry = _over_in_registry(cursor, requests, shared)
        ids = pl.concat([in_run, in_registry]).unique()
        if ids.is_empty():
            continue
        is_shared = pl.col("request_id").is_in(ids.implode())
        requests = requests.with_columns(pl.when(~is_shared).then(column) for column in shared.cleared)
        cleared.append(ids.sort().to_frame().with_columns(reason=pl.lit(shared.reason)))
    return requests, pl.concat(cleared) if cleared else pl.DataFrame(schema=CLEARED_SCHEMA)


def _over(requests: pl.DataFrame, keys: tuple[str, ...], counted: tuple[str, ...] | None, most: int) -> pl.Series:
    """request_id of the requests whose value stands on more than ``most`` different ``counted``, or records."""
    named = requests.select("request_id", *dict.fromkeys((*keys, *(counted or ())))).drop_nulls(list(keys))
    frequent = named.group_by(*keys).len().filter(pl.col("len") > most).select(*keys)
    members = named.join(frequent, on=list(keys), how="semi")
    if counted is not None and members.height:
        different = members.group_by(*keys).agg(different=pl.struct(*counted).n_unique())
        members = members.join(different.filter(pl.col("different") > most), on=list(keys), how="semi")
    return members["request_id"]


def _over_in_registry(cursor: duckdb.DuckDBPyConnection, requests: pl.DataFrame, shared: SharedValue) -> pl.Series:
    """request_id of the requests whose value stands on more than so many people of the registry."""
    keys = ", ".join(shared.keys)
    named = requests.select("request_id", *shared.keys).drop_nulls()
    cursor.register("wanted_values", named.select(shared.keys).unique())
    # Rows first: hardly any value has enough of them to count its people.
    shared_values = cursor.sql(
        f"""
        WITH frequent AS (
            SELECT {keys} FROM {_REGISTRY} SEMI JOIN wanted_values USING ({keys})
            GROUP BY {keys} HAVING count(*) > {shared.most_children}
        )
        SELECT {keys} FROM {_REGISTRY} SEMI JOIN frequent USING ({keys})
        GROUP BY {keys} HAVING count(DISTINCT state_id) > {shared.most_children}
        """
    ).pl()
    cursor.unregister("wanted_values")
    return named.join(shared_values, on=list(shared.keys), how="semi")["request_id"]
