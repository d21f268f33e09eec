"""What each district has on file for a child: the truth, written down by a registrar (mistakes and all).

A registration is made when a child comes to a district and is carried over from year to year; a mistake stays until
somebody corrects it. So a mover brings fresh mistakes and a stayer brings last year's.
"""

import numpy as np
import polars as pl

from sample_data.directory import State
from sample_data.mistakes import make_mistakes, register_ssn
from sample_data.tables import Rng, rates, stream, style_choices

FIELDS = (
    "last_name", "first_name", "middle_name", "suffix", "birth_date", "gender", "race_ethnicity",
    "ssn", "guardian_last_name", "guardian_first_name",
)  # fmt: skip


def register(
    seed: int, state: State, people: pl.DataFrame, roll: pl.DataFrame, year: int, earlier: pl.DataFrame | None
) -> pl.DataFrame:
    """The register of one year.

    Args:
        roll: the year's enrolment (``enrolment.Rolls``).
        earlier: the register of the year before; null in the first year.

    Returns:
        The rows of ``roll`` with FIELDS as written down, local_student_id and error_tags (joined by ``;``).
    """
    fresh = _fresh(stream(seed, "register", year), state, people, roll)
    if earlier is None:
        return _number(seed, state, fresh, year, None)
    kept = _carry_over(stream(seed, "carry", year), people, roll, earlier)
    register_rows = pl.concat([kept, fresh.join(kept, on=["person", "district"], how="anti", maintain_order="left")])
    order = roll.select("person", "district").with_row_index("row")
    register_rows = register_rows.join(order, on=["person", "district"], how="left", maintain_order="left")
    return _number(seed, state, register_rows.sort("row").drop("row"), year, earlier)


def _fresh(rng: Rng, state: State, people: pl.DataFrame, roll: pl.DataFrame) -> pl.DataFrame:
    """Everybody as if registered today."""
    truth = people.rename({"race": "race_ethnicity"})
    person = roll["person"]
    columns = ["person_id", "family", "twin_set", "is_hispanic", "other_surname", "other_parent", *FIELDS]
    rows = pl.concat([roll, truth.select(columns)[person]], how="horizontal")
    rows = rows.with_columns(_compound("last_name", "other_surname"), pl.lit("").alias("error_tags"))
    written = register_ssn(rng, make_mistakes(rng, rows))
    # The spotless district writes the truth; the draws above stay the same for all others.
    is_spotless = rows["district"] == state.spotless
    rows = written.with_columns(rows[name].zip_with(is_spotless, written[name]) for name in (*FIELDS, "error_tags"))
    return rows.with_columns(local_student_id=pl.lit(None, pl.String)).drop("other_surname", "other_parent")


def _compound(last: str, other: str) -> pl.Expr:
    return pl.when(pl.col(other).is_not_null()).then(pl.format("{} {}", last, other)).otherwise(last).alias(last)


def _carry_over(rng: Rng, people: pl.DataFrame, roll: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """Last year's registrations of those still in the same district, a few corrected or changed."""
    held = earlier.select("person", "district", "person_id", "family", "twin_set", "is_hispanic", *FIELDS,
                          "error_tags", "local_student_id")  # fmt: skip
    kept = roll.join(held, on=["person", "district"], how="inner", maintain_order="left")
    kept = _correct(rng, people, kept)
    return _change_surnames(rng, people, kept)


def _correct(rng: Rng, people: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """Some mistakes in names, birth date or gender are found within a year: the field is the truth again."""
    found = pl.Series(rng.random(kept.height) < rates()["corrected_next_year"])
    fixable = pl.col("error_tags").str.contains("typo|birth_|gender_|swapped")
    truth = people[kept["person"]].with_columns(_compound("last_name", "other_surname"))
    right = kept.select(found & fixable).to_series()
    fields = ("last_name", "first_name", "birth_date", "gender")
    return kept.with_columns(
        *(kept[name].zip_with(~right, truth[name]).alias(name) for name in fields),
        kept["error_tags"].zip_with(~right, pl.Series(["corrected"]).new_from_index(0, kept.height)),
    )


def _change_surnames(rng: Rng, people: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """Adoption and remarriage: the whole family's children take the guardian's surname."""
    families = int(people["family"].max() or 0) + 1
    chance = rng.random(families)[kept["family"].to_numpy()] < rates()["surname_changes_per_year"]
    differs = pl.col("guardian_last_name").is_not_null() & (pl.col("guardian_last_name") != pl.col("last_name"))
    changes = pl.Series(chance) & differs
    return kept.with_columns(
        last_name=pl.when(changes).then("guardian_last_name").otherwise("last_name"),
        error_tags=pl.when(changes).then(add_tag("surname_changed_later")).otherwise("error_tags"),
    )


def add_tag(tag: str) -> pl.Expr:
    """``error_tags`` with one more tag."""
    tags = pl.col("error_tags")
    return pl.when(tags == "").then(pl.lit(tag)).otherwise(tags + ";" + tag)


def _number(seed: int, state: State, rows: pl.DataFrame, year: int, earlier: pl.DataFrame | None) -> pl.DataFrame:
    """Local IDs for those who have none: the district's next numbers, or a leaver's where software recycles."""
    rng = stream(seed, "local_id", year)
    districts = len(state.codes)
    style = style_choices()["local_id"].draw_positions(stream(seed, "local_id_style"), districts)
    base = stream(seed, "local_id_base").integers(1000, 60000, districts)
    new = rows.select(pl.col("local_student_id").is_null()).to_series().to_numpy()
    district = rows["district"].to_numpy()[new]
    used = np.zeros(districts, dtype=int) if earlier is None else _numbers_used(earlier, districts)
    number = base[district] + used[district] + _position_in_group(rng, district)
    local_id = _written(number, style[district], style_choices()["local_id"].values, year)
    numbered = rows["local_student_id"].scatter(np.flatnonzero(new), local_id)
    taken = _highest_used(rows, earlier)
    rows = rows.with_columns(local_student_id=numbered, id_block=taken)
    return _recycle(seed, rng, rows, year, new, earlier, districts)


def _numbers_used(earlier: pl.DataFrame, districts: int) -> np.ndarray:
    """How many numbers each district has given out so far."""
    counts = np.zeros(districts, dtype=int)
    given = earlier.group_by("district").agg(pl.col("id_block").max() + pl.len())
    counts[given["district"].to_numpy()] = given["id_block"].to_numpy()
    return counts


def _highest_used(rows: pl.DataFrame, earlier: pl.DataFrame | None) -> pl.Series:
    """An upper bound of what was given before, carried along so that no number is given twice."""
    if earlier is None:
        return pl.Series(np.zeros(rows.height, dtype=int))
    before = earlier.group_by("district").agg(bound=pl.col("id_block").max() + pl.len())
    return rows.join(before, on="district", how="left", maintain_order="left")["bound"].fill_null(0)


def _position_in_group(rng: Rng, district: np.ndarray) -> np.ndarray:
    """A number from 0 within each district, in shuffled order."""
    order = np.lexsort((rng.random(len(district)), district))
    ordered = district[order]
    starts = np.r_[0, np.flatnonzero(np.diff(ordered)) + 1] if len(ordered) else np.zeros(0, dtype=int)
    sizes = np.diff(np.r_[starts, len(ordered)])
    position = np.empty(len(district), dtype=int)
    position[order] = np.arange(len(district)) - np.repeat(starts, sizes)
    return position


def _written(number: np.ndarray, style: np.ndarray, styles: pl.Series, year: int) -> pl.Series:
    text = pl.Series(number).cast(pl.String)
    by_name = {
        "plain": text,
        "zero_padded": text.str.zfill(7),
        "prefixed": "S" + text.str.zfill(6),
        "year_prefixed": f"{year % 100:02d}" + text.str.zfill(6),
    }
    written = text
    for position, name in enumerate(styles):
        written = written.zip_with(~pl.Series(style == position), by_name[name])
    return written


def _recycle(
    seed: int, rng: Rng, rows: pl.DataFrame, year: int, new: np.ndarray, earlier: pl.DataFrame | None, districts: int
) -> pl.DataFrame:
    """New children of recycling districts get numbers of children who left."""
    if earlier is None:
        return rows
    recycles = stream(seed, "recycling").random(districts) < rates()["recycling_district"]
    leavers = earlier.join(rows, on=["person", "district"], how="anti", maintain_order="left")
    free = leavers.select("district", freed=pl.col("local_student_id")).with_columns(
        slot=pl.int_range(pl.len()).over("district")
    )
    takes = new & recycles[rows["district"].to_numpy()] & (rng.random(rows.height) < rates()["local_id_recycled"])
    takers = rows.select("district").with_row_index("row").filter(pl.Series(takes))
    takers = takers.with_columns(slot=pl.int_range(pl.len()).over("district"))
    given = takers.join(free, on=["district", "slot"], how="inner", maintain_order="left")
    picked = pl.Series(np.isin(np.arange(rows.height), given["row"].to_numpy()))
    return rows.with_columns(
        local_student_id=rows["local_student_id"].scatter(given["row"].to_numpy(), given["freed"]),
        error_tags=pl.when(picked).then(add_tag("recycled_local_id")).otherwise("error_tags"),
    )
