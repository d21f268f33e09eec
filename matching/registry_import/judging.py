"""What each number of a registry file becomes: active, merged, retired, or held because its rows contradict each other.

A held number is never given again, and nobody is linked to it until a person has settled whose it is. Deterministic: a
function of the rows and of the registry as it stood.
"""

from dataclasses import dataclass

import duckdb
import polars as pl

from matching.registry_import.children import VERSION, numbers_on_two_children
from matching.registry_import.reasons import findings_of, no_findings
from matching.supplied_ids import ACTIVE, HELD, MERGED, RETIRED, UNKNOWN

# Columns of a row that judging needs; all rows of a registry are in memory with these.
JUDGED_COLUMNS = (
    "line_number", "state_id", "status", "alias_of", "is_usable", *VERSION, "last_name_sound", "first_name_sound",
    "suffix_key", "gender", "issued_on",
)  # fmt: skip
NUMBER_SCHEMA = pl.Schema(
    {
        "state_id": pl.String(),
        "line_number": pl.UInt32(),
        "status": pl.String(),
        "merged_into": pl.String(),
        "issued_on": pl.Date(),
        "was_held": pl.Boolean(),
    }
)
# An SSN on more numbers than this is a stand-in nobody listed, and tells nothing.
MOST_WITH_ONE_SSN = 12
# Aliases forward to aliases; each round follows a chain twice as far, so what still forwards is a circle.
_ROUNDS = 25


@dataclass(frozen=True)
class JudgedNumbers:
    """``numbers``: what is entered in the registry, one row a number (NUMBER_SCHEMA); ``findings`` about them."""

    numbers: pl.DataFrame
    findings: pl.DataFrame


def judge_numbers(con: duckdb.DuckDBPyConnection, rows: pl.DataFrame) -> JudgedNumbers:
    """Decide every number of the file.

    Args:
        rows: JUDGED_COLUMNS of every row with a ten-digit state_id.
    """
    numbers = _one_per_number(rows).join(_registry_status(con, rows["state_id"]), on="state_id", how="left")
    is_known = pl.col("registry_status").is_not_null() & (pl.col("registry_status") != HELD)
    known = findings_of(numbers.filter(is_known), "ID_KNOWN")
    numbers = numbers.filter(~is_known).with_columns(was_held=pl.col("registry_status").is_not_null())
    usable = rows.filter("is_usable").join(numbers, on="state_id", how="semi")
    shared = numbers_on_two_children(con, usable, "state_id")
    numbers, own = _hold_contradictions(numbers, shared)
    numbers, forwarding = _follow_aliases(con, numbers, usable)
    doubled = _one_child_two_numbers(usable.join(numbers.filter(status=ACTIVE), on="state_id", how="semi"))
    findings = pl.concat([known, *own, *forwarding, doubled])
    # What was held and still is does not change.
    numbers = numbers.filter(~(pl.col("was_held") & (pl.col("status") == HELD)))
    return JudgedNumbers(numbers.select(NUMBER_SCHEMA.names()).cast(NUMBER_SCHEMA).sort("line_number"), findings)


def _one_per_number(rows: pl.DataFrame) -> pl.DataFrame:
    """Each number with its first line; ``agrees`` where all its rows say the same status and target."""
    status = pl.col("status")
    return rows.group_by("state_id").agg(
        pl.col("line_number").min(),
        agrees=(status.n_unique() == 1) & (pl.col("alias_of").n_unique() == 1),
        status=status.first().replace({"alias": MERGED}),
        target=pl.col("alias_of").first(),
        has_usable=pl.col("is_usable").any(),
        issued_on=pl.col("issued_on").min(),
    )


def _registry_status(con: duckdb.DuckDBPyConnection, state_ids: pl.Series) -> pl.DataFrame:
    """state_id and registry_status of the numbers that the registry has, or that the journal promised."""
    incoming_ids = state_ids.unique().to_frame("state_id")  # noqa: F841 (the query reads it)
    return con.sql(
        f"""
        SELECT state_id, status AS registry_status FROM identity.student SEMI JOIN incoming_ids USING (state_id)
        UNION
        SELECT state_id, '{ACTIVE}' FROM identity.reservation SEMI JOIN incoming_ids USING (state_id)
        """
    ).pl()


def _hold_contradictions(numbers: pl.DataFrame, shared: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Hold what the rows of one number alone contradict, with the reason."""
    two = shared.rename({"number": "state_id", "line_number": "second_line"})
    numbers = numbers.join(two, on="state_id", how="left").with_columns(
        is_conflict=~pl.col("agrees") | ((pl.col("status") != MERGED) & pl.col("target").is_not_null()),
        lacks_target=(pl.col("status") == MERGED) & pl.col("target").is_null(),
        # A withdrawn number is nobody's, whoever had it.
        is_shared=pl.col("second_line").is_not_null() & (pl.col("status") != RETIRED),
        is_nobodys=(pl.col("status") == ACTIVE) & ~pl.col("has_usable"),
    )
    faults = {"STATUS_CONFLICT": "is_conflict", "ALIAS_OF_MISSING": "lacks_target", "NO_USABLE_ROW": "is_nobodys"}
    findings = [findings_of(numbers.filter(flag), code) for code, flag in faults.items()]
    on_two = numbers.filter("is_shared").with_columns(line_number="second_line")
    findings.append(findings_of(on_two, "ID_ON_TWO_CHILDREN", other_line=pl.col("other_line")))
    is_held = pl.any_horizontal("is_conflict", "lacks_target", "is_shared", "is_nobodys", pl.col("status").is_null())
    return numbers.with_columns(
        status=pl.when(is_held.fill_null(True)).then(pl.lit(HELD)).otherwise("status")
    ), findings


def _follow_aliases(
    con: duckdb.DuckDBPyConnection, numbers: pl.DataFrame, usable: pl.DataFrame
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """The status of every alias by what stands at the end of its chain; ``merged_into`` is what the file says."""
    aliases = numbers.filter(status=MERGED)
    if aliases.is_empty():
        return numbers.with_columns(merged_into=pl.lit(None, pl.String)), []
    ended = _chain_ends(con, numbers, aliases)
    ended = ended.join(_of_other_child(con, ended, usable), on="state_id", how="left")
    end = pl.col("end_status")
    faults = {
        "ALIAS_UNKNOWN": end == UNKNOWN,
        "ALIAS_CYCLE": end == MERGED,
        "ALIAS_OF_HELD": end == HELD,
        "ALIAS_OTHER_CHILD": (end == ACTIVE) & pl.col("is_other").fill_null(False),
    }
    notes = {"ALIAS_CHAIN": (pl.col("end") != pl.col("target")) & (end == ACTIVE), "ALIAS_OF_RETIRED": end == RETIRED}
    findings = [
        findings_of(ended.filter(condition), code, other_state_id=_as_number("target"))
        for code, condition in {**faults, **notes}.items()
    ]
    became = ended.select(
        "state_id",
        became=pl.when(end == RETIRED)
        .then(pl.lit(RETIRED))
        .when(pl.any_horizontal(*faults.values()))
        .then(pl.lit(HELD))
        .otherwise(pl.lit(MERGED)),
    )
    numbers = numbers.join(became, on="state_id", how="left").with_columns(status=pl.coalesce("became", "status"))
    numbers, more = _hold_broken_chains(numbers)
    return numbers.with_columns(merged_into=pl.when(pl.col("status") == MERGED).then("target")), [*findings, *more]


def _as_number(column: str) -> pl.Expr:
    """A value only where it is ten digits: whatever else a file says there is not repeated."""
    return pl.when(pl.col(column).str.contains(r"^[0-9]{10}\z")).then(column)


def _chain_ends(con: duckdb.DuckDBPyConnection, numbers: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Aliases with ``end``, where their chain leads, and ``end_status`` (merged where it never ends)."""
    ends = aliases.select("state_id", "line_number", "target", end="target")
    for _ in range(_ROUNDS):
        step = ends.select(end="state_id", beyond="end")
        ends = ends.join(step, on="end", how="left").with_columns(end=pl.coalesce("beyond", "end")).drop("beyond")
        if ends.join(aliases, left_on="end", right_on="state_id", how="semi").is_empty():
            break
    here = numbers.select(end="state_id", here="status")
    there = _registry_ends(con, ends["end"])
    return (
        ends.join(here, on="end", how="left")
        .join(there, on="end", how="left")
        .with_columns(end_status=pl.coalesce("here", "there", pl.lit(UNKNOWN)), end=pl.coalesce("there_end", "end"))
    )


def _registry_ends(con: duckdb.DuckDBPyConnection, ends: pl.Series) -> pl.DataFrame:
    """end, there (status) and there_end of the numbers that the registry had before, its own merges followed."""
    incoming_ends = ends.unique().to_frame("state_id")  # noqa: F841 (the query reads it)
    return con.sql(
        f"""
        WITH RECURSIVE step(first_id, state_id, status, merged_into) AS (
            SELECT state_id, state_id, status, merged_into FROM identity.student SEMI JOIN incoming_ends USING (state_id)
            UNION
            SELECT step.first_id, next.state_id, next.status, next.merged_into
            FROM step JOIN identity.student next ON next.state_id = step.merged_into
        )
        SELECT first_id AS "end", status AS there, state_id AS there_end FROM step WHERE status <> '{MERGED}'
        """
    ).pl()


def _of_other_child(con: duckdb.DuckDBPyConnection, ended: pl.DataFrame, usable: pl.DataFrame) -> pl.DataFrame:
    """state_id and is_other of aliases whose own rows are none of the child at the end of the chain."""
    columns = ["line_number", *VERSION, "last_name_sound", "first_name_sound"]
    own = usable.join(ended.filter(end_status=ACTIVE).select("state_id", "end"), on="state_id")
    of_ends = pl.concat([usable.select("state_id", *columns), _known_rows(con, own["end"], columns)])
    of_ends = of_ends.rename({"state_id": "end"}).join(own.select("end", alias="state_id").unique(), on="end")
    together = pl.concat([own.select(*columns, alias="state_id"), of_ends.select(*columns, "alias")])
    others = numbers_on_two_children(con, together, "alias")
    return others.select(state_id="number", is_other=pl.lit(True))


def _known_rows(con: duckdb.DuckDBPyConnection, state_ids: pl.Series, columns: list[str]) -> pl.DataFrame:
    """The versions that the registry keeps of some numbers; line 0 stands for none of this file."""
    incoming_ids = state_ids.unique().to_frame("state_id")  # noqa: F841 (the query reads it)
    kept = ", ".join(name for name in columns if name != "line_number")
    query = f"SELECT state_id, {kept} FROM identity.record SEMI JOIN incoming_ids USING (state_id)"
    return con.sql(query).pl().select("state_id", pl.lit(0, pl.UInt32).alias("line_number"), pl.col(columns[1:]))


def _hold_broken_chains(numbers: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Aliases of an alias that came to be held are held too, as far as the chain goes back."""
    findings = []
    for _ in range(_ROUNDS):
        held = numbers.filter(status=HELD).select(target="state_id")
        broken = numbers.filter(status=MERGED).join(held, on="target", how="semi")
        if broken.is_empty():
            break
        findings.append(findings_of(broken, "ALIAS_OF_HELD", other_state_id=pl.col("target")))
        is_broken = pl.col("state_id").is_in(broken["state_id"].implode())
        numbers = numbers.with_columns(status=pl.when(is_broken).then(pl.lit(HELD)).otherwise("status"))
    return numbers, findings


def _one_child_two_numbers(rows: pl.DataFrame) -> pl.DataFrame:
    """Active numbers whose rows look like one child: the same names and birth date, or the same SSN and one of the two."""
    names, born, ssn = ["last_name_key", "first_name_key"], ["birth_date"], ["ssn_hash"]
    with_ssn = rows.filter(pl.col("ssn_hash").is_not_null())
    telling = with_ssn.filter(pl.col("state_id").n_unique().over("ssn_hash").is_between(2, MOST_WITH_ONE_SSN))
    pairs = pl.concat(
        [
            _pairs_alike(rows, [*names, *born]),
            _pairs_alike(telling, [*ssn, *born]),
            _pairs_alike(telling, [*ssn, *names]),
        ]
    )
    once = pairs.sort("line_number", "other_line").unique(["state_id", "other_state_id"], keep="first")
    return findings_of(
        once, "ONE_CHILD_TWO_IDS", other_line=pl.col("other_line"), other_state_id=pl.col("other_state_id")
    ) if once.height else no_findings()  # fmt: skip


def _pairs_alike(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Each later number with the first one of the same key, unless gender, middle name, suffix or SSN object."""
    several = rows.filter(pl.col("state_id").n_unique().over(key) > 1).sort("line_number")
    first = several.unique(key, keep="first", maintain_order=True)
    pairs = several.join(first, on=key, suffix="_first").filter(pl.col("state_id") != pl.col("state_id_first"))

    def differ(column: str, start: int | None = None) -> pl.Expr:
        if column in key:
            return pl.lit(False)
        here, there = pl.col(column), pl.col(f"{column}_first")
        return (here.str.head(start) != there.str.head(start) if start else here != there).fill_null(False)

    objects = pl.any_horizontal(
        differ("gender"), differ("suffix_key"), differ("middle_name_key", 1), differ("ssn_hash")
    )
    return pairs.filter(~objects).select(
        "line_number", "state_id", other_line="line_number_first", other_state_id="state_id_first"
    )
