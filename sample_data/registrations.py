"""What each district has on file for a child: the truth, written down by a registrar (mistakes and all).

A registration is made when a child comes to a district and is carried over from year to year; a mistake stays until
somebody corrects it. So a mover brings fresh mistakes and a stayer brings last year's.
"""

import polars as pl

from sample_data.directory import State
from sample_data.local_ids import add_tag, number_children
from sample_data.mistakes import make_mistakes, register_ssn
from sample_data.tables import Rng, rates, stream

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
        return number_children(seed, state, fresh, year, None)
    kept = _carry_over(stream(seed, "carry", year), people, roll, earlier)
    register_rows = pl.concat([kept, fresh.join(kept, on=["person", "district"], how="anti", maintain_order="left")])
    order = roll.select("person", "district").with_row_index("row")
    register_rows = register_rows.join(order, on=["person", "district"], how="left", maintain_order="left")
    return number_children(seed, state, register_rows.sort("row").drop("row"), year, earlier)


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
    families = int(people["family"].to_numpy().max()) + 1
    chance = rng.random(families)[kept["family"].to_numpy()] < rates()["surname_changes_per_year"]
    differs = pl.col("guardian_last_name").is_not_null() & (pl.col("guardian_last_name") != pl.col("last_name"))
    changes = pl.Series(chance) & differs
    return kept.with_columns(
        last_name=pl.when(changes).then("guardian_last_name").otherwise("last_name"),
        error_tags=pl.when(changes).then(add_tag("surname_changed_later")).otherwise("error_tags"),
    )
