"""Families and their children: who really exists. What districts make of them comes later (``registrations``).

Method: families get children spaced over birth cohorts; a cohort is named by the autumn in which the child starts
kindergarten on time (five years old by 1 August). Everything is drawn by column, never by child.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from sample_data.directory import State
from sample_data.names import child_first_names, family_surnames, guardian_first_names, middle_names
from sample_data.tables import Rng, accents, rates, read_table, stream

RACES = ("W", "B", "H", "A", "M", "P", "I")
# Numbers given before this day were handed out in the order of birth certificates: twins' numbers are neighbours.
SSN_RANDOM_SINCE = np.datetime64("2011-06-25")


@dataclass(frozen=True)
class Cohorts:
    """Kindergarten autumns from the oldest grade 12 of the first year to the youngest three-year-old of the last."""

    first: int
    last: int

    @classmethod
    def of_years(cls, years: tuple[int, ...]) -> "Cohorts":
        # Children one grade behind are a cohort older.
        return cls(min(years) - 1 - 13, max(years) - 1 + 2)

    @property
    def count(self) -> int:
        return self.last - self.first + 1


def make_people(seed: int, state: State, students: int, years: tuple[int, ...]) -> pl.DataFrame:
    """Everybody of school age in the years asked for, about one and a half times the children enrolled at once.

    Returns:
        One row a child: person_id, family, twin_set (null), cohort, birth_date, gender, race, is_hispanic, first_name,
        middle_name, last_name, other_surname (the mother's, of a compound name), suffix, ssn, guardian names, home
        (district row) and ``behind`` (grades below the age).
    """
    cohorts = Cohorts.of_years(years)
    rng = stream(seed, "families")
    children = _children(rng, cohorts, int(students / 13.3 * 1.22 * cohorts.count) + 60)
    families = _families(rng, state, int(children["family"].to_numpy().max()) + 1)
    people = children.with_columns(families.select(pl.exclude("family"))[children["family"]])
    people = _name_children(stream(seed, "names"), people)
    people = _with_namesakes(stream(seed, "namesakes"), state, people)
    people = people.with_columns(ssn=_ssns(stream(seed, "ssn"), people))
    width = len(str(people.height))
    person = pl.format("P{}", pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(max(6, width)))
    return people.with_columns(person_id=person)


def _children(rng: Rng, cohorts: Cohorts, wanted: int) -> pl.DataFrame:
    """``wanted`` children or a few more, in whole families, inside the cohorts."""
    share = rates()
    family_count = int(wanted * 0.85) + 40
    larger = [share[f"share_{n}_children"] for n in ("two", "three", "four", "five")]
    sizes = rng.choice(5, family_count, p=[1 - sum(larger), *larger]) + 1
    oldest = rng.integers(cohorts.first - 9, cohorts.last + 1, family_count)
    family = np.repeat(np.arange(family_count), sizes)
    order = np.arange(len(family)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    gaps = np.where(order == 0, 0, rng.choice([1, 2, 3, 4, 5], len(family), p=[0.08, 0.34, 0.30, 0.18, 0.10]))
    spacing = np.cumsum(gaps) - np.repeat(np.cumsum(gaps)[np.cumsum(sizes) - sizes], sizes)
    cohort = oldest[family] + spacing
    born = _birth_dates(rng, cohort)
    births = pl.DataFrame(
        {"family": family, "cohort": cohort, "birth_date": born, "gender": _genders(rng, len(family))}
    )
    births = births.filter(pl.col("cohort").is_between(cohorts.first, cohorts.last))
    return _with_twins(rng, births)


def _birth_dates(rng: Rng, cohort: np.ndarray) -> np.ndarray:
    """Days from 2 August six years before the kindergarten autumn to 1 August five years before it."""
    start = (cohort - 6 - 1970).astype("datetime64[Y]").astype("datetime64[D]") + np.timedelta64(213, "D")
    return start + rng.integers(0, 365, len(cohort)).astype("timedelta64[D]")


def _genders(rng: Rng, count: int) -> np.ndarray:
    return np.where(rng.random(count) < 0.512, "M", "F")


def _with_twins(rng: Rng, births: pl.DataFrame) -> pl.DataFrame:
    share = rates()
    is_twins = rng.random(births.height) < share["birth_is_twins"]
    twin_set = np.where(is_twins, np.cumsum(is_twins), 0)
    first = births.with_columns(twin=pl.Series(twin_set), second=pl.lit(False))
    second = first.filter(pl.Series(is_twins)).with_columns(second=pl.lit(True))
    same = pl.Series(rng.random(second.height) < share["twins_identical_gender"])
    other = pl.when(pl.col("gender") == "M").then(pl.lit("F")).otherwise(pl.lit("M"))
    second = second.with_columns(gender=pl.when(same).then("gender").otherwise(other))
    children = pl.concat([first, second]).sort("family", "birth_date", "twin", "second")
    set_name = pl.format("T{}", pl.col("twin").cast(pl.String).str.zfill(6))
    return children.with_columns(twin_set=pl.when(pl.col("twin") > 0).then(set_name))


def _families(rng: Rng, state: State, count: int) -> pl.DataFrame:
    """One row a family: home district, race, surnames, guardian."""
    home = _homes(rng, state, count)
    race = _races(rng, state, home)
    share = rates()
    names = family_surnames(rng, race)
    is_compound = (race == "H") & (rng.random(count) < share["hispanic_compound_surname"])
    other = family_surnames(rng, np.where(is_compound, "H", "W"))
    adult = guardian_first_names(rng, count)
    differs = pl.Series(rng.random(count) < share["guardian_other_surname"])
    maiden = family_surnames(rng, race)
    return pl.DataFrame({"family": np.arange(count), "home": home, "race": race, "last_name": names}).with_columns(
        other_surname=pl.when(pl.Series(is_compound)).then(other),
        has_accents=pl.Series((race == "H") & (rng.random(count) < share["hispanic_accents"])),
        guardian_last_name=pl.when(differs).then(maiden).otherwise("last_name"),
        guardian_first_name=adult,
        other_parent=guardian_first_names(rng, count),
    )


def _homes(rng: Rng, state: State, count: int) -> np.ndarray:
    """Home district of each family: every district gets its share exactly, and at least one family."""
    exact = state.shares * count
    quota = np.maximum(1, np.floor(exact)).astype(int)
    spare = count - quota.sum()
    if spare > 0:
        quota += rng.multinomial(spare, state.shares)
    homes = np.repeat(np.arange(len(quota)), quota)
    return rng.permutation(homes)[:count]


def _races(rng: Rng, state: State, home: np.ndarray) -> np.ndarray:
    settings = read_table("places/settings.csv")
    mix = settings.select(pl.col(f"race_{race}").cast(pl.Float64) for race in RACES).to_numpy()
    position = {name: row for row, name in enumerate(settings["setting"])}
    of_district = np.array([position[setting] for setting in state.districts["setting"]])
    cumulative = np.cumsum(mix / mix.sum(axis=1, keepdims=True), axis=1)[of_district[home]]
    drawn = (rng.random((len(home), 1)) > cumulative).sum(axis=1)
    return np.array(RACES)[np.minimum(drawn, len(RACES) - 1)]


def _name_children(rng: Rng, people: pl.DataFrame) -> pl.DataFrame:
    share = rates()
    race, gender = people["race"].to_numpy(), people["gender"].to_numpy()
    people = people.with_columns(
        first_name=child_first_names(rng, race, gender, people["twin"].to_numpy(), people["family"].to_numpy()),
        middle_name=middle_names(rng, race, gender),
        behind=pl.Series((rng.random(people.height) < share["held_back"]).astype(np.int8)),
        is_hispanic=pl.col("race") == "H",
    )
    junior = pl.Series(rng.random(people.height) < share["son_named_after_guardian"]) & (pl.col("gender") == "M")
    first_son = junior & pl.col("twin_set").is_null() & pl.col("family").is_first_distinct()
    suffix = pl.Series(np.where(rng.random(people.height) < 0.8, "Jr", "III"))
    people = people.with_columns(
        suffix=pl.when(first_son).then(suffix),
        guardian_first_name=pl.when(first_son).then("first_name").otherwise("guardian_first_name"),
        guardian_last_name=pl.when(first_son).then("last_name").otherwise("guardian_last_name"),
    )
    spelled = ("last_name", "other_surname", "first_name", "middle_name", "guardian_last_name", "guardian_first_name")
    return people.with_columns(
        pl.when("has_accents").then(pl.col(name).replace(accents())).otherwise(name).alias(name) for name in spelled
    )


def _with_namesakes(rng: Rng, state: State, people: pl.DataFrame) -> pl.DataFrame:
    """A few children get name and birth date of a stranger of their age: chance alone makes none in a small sample."""
    wanted = max(6, int(people.height * rates()["namesake"]))
    single = pl.col("twin_set").is_null() & pl.col("suffix").is_null() & (pl.col("home") != state.spotless)
    rows = people.with_row_index("row").filter(single)
    picked = rows[np.sort(rng.permutation(rows.height)[: 40 * wanted])].sort("cohort", "gender", maintain_order=True)
    other = picked["row"].shift(-1)
    pair = picked.select(
        pl.col("cohort").eq(pl.col("cohort").shift(-1))
        & pl.col("gender").eq(pl.col("gender").shift(-1))
        & pl.col("race").eq(pl.col("race").shift(-1))
        & (pl.col("family") != pl.col("family").shift(-1))
    ).to_series().fill_null(False)  # fmt: skip
    # Every second row, so that no child is both giver and taker.
    places = np.flatnonzero(pair.to_numpy() & (np.arange(len(pair)) % 2 == 0))
    places = rng.permutation(places)[:wanted]
    givers, takers = picked["row"].to_numpy()[places], other.fill_null(0).to_numpy()[places]
    shared = ("first_name", "last_name", "other_surname", "birth_date")
    return people.with_columns(people[name].scatter(takers, people[name].gather(givers)) for name in shared)


def _ssns(rng: Rng, people: pl.DataFrame) -> pl.Series:
    """Nine random digits in the form of a number, for the children whose number a district can hold.

    A collision with a living person's number would be chance; no list was used.
    """
    count = people.height
    area = rng.integers(1, 772, count)
    area = np.where(area == 666, 667, area)
    serial = rng.integers(1, 9998, count)
    group = rng.integers(1, 100, count)
    second = people["second"].to_numpy()
    early = second & (people["birth_date"].to_numpy() < SSN_RANDOM_SINCE)
    # The first twin stands in the row before the second one.
    before = np.maximum(np.arange(count) - 1, 0)
    area, group = np.where(early, area[before], area), np.where(early, group[before], group)
    serial = np.where(early, serial[before] + 1, serial)
    number = pl.Series(area * 1_000_000 + group * 10_000 + serial).cast(pl.String).str.zfill(9)
    held = pl.Series(rng.random(count) < rates()["ssn_held"])
    return pl.select(pl.when(held).then(number)).to_series()
