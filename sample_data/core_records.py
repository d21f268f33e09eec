"""Student Core records: all columns of the layout for a slice of a year's register.

Most columns are drawn from ``core_columns.csv``; columns that depend on each other are set here. Attributes that stay
with a child (lunch, special education, language) come from the child's own number, so that they hold over the years.
"""

import numpy as np
import polars as pl

from sample_data.agreement import in_agreement
from sample_data.directory import GRADES, State
from sample_data.tables import Rng, Weighted, first_names, rates, read_table, surnames
from schemas.dictionary import Collection, RecordLayout

LANGUAGES = Weighted(
    pl.Series(["SPA", "VIE", "SOM", "ARA", "BOS", "SWA", "ZHO", "KAR"]), np.array([62, 7, 7, 7, 5, 5, 4, 3])
)
# English learners among Hispanic and Asian children, and among the others, as multiples of the state's share.
LEARNERS_AMONG_OTHER, LEARNERS_AMONG_ENGLISH = 6.0, 0.2
# LEPELL by the years since a child left the service.
FORMER_LEARNERS = ("MY1", "MY2", "AY3", "AY4")
KG_DOMAINS = ("kg_physical", "kg_social_emotional", "kg_cognition", "kg_approaches_to_learning", "kg_language_literacy")


class Slice:
    """A slice of the register with the groups of children that columns speak of, as boolean arrays."""

    def __init__(self, state: State, rows: pl.DataFrame, traits: pl.DataFrame) -> None:
        self.rows = rows
        self.count = rows.height
        self.grade = rows["grade"].to_numpy()
        self.district = rows["district"].to_numpy()
        of_child = traits[rows["person"]]
        setting = state.districts["setting"].gather(self.district)
        table = read_table("places/settings.csv")
        self._factor = {
            name: setting.replace_strict(table["setting"], table[name].cast(pl.Float64)).to_numpy() / _mean(state, name)
            for name in ("english_learners", "free_lunch")
        }
        self.groups = self._groups(of_child)
        self.lunch = self._lunch(of_child["lunch"].to_numpy())

    def _groups(self, of_child: pl.DataFrame) -> dict[str, np.ndarray]:
        share = rates()
        everyone = np.ones(self.count, dtype=bool)
        language = of_child["language"].to_numpy() / self._factor["english_learners"]
        speaks_other = self.rows["race_ethnicity"].is_in(["H", "A"]).to_numpy()
        weight = np.where(speaks_other, LEARNERS_AMONG_OTHER, LEARNERS_AMONG_ENGLISH)
        learner_share = share["english_learner"] * weight
        former_share = learner_share * (1 + share["former_english_learner"] / share["english_learner"])
        school_age = self.grade >= 1
        learner = school_age & (language < learner_share)
        iep = of_child["iep"].to_numpy() < share["iep"] * np.where(self.grade == 0, 2.2, 1.0)
        return {
            "everyone": everyone,
            "preschool": self.grade == 0,
            "kindergarten": self.grade == 1,
            "iep": iep,
            "english learners": learner,
            "served learners": learner & (of_child["served"].to_numpy() < 0.94),
            "former learners": school_age & ~learner & (language < former_share) & (self.grade >= 3),
            "immigrants": learner & (of_child["served"].to_numpy() < 0.18),
            "career": (self.grade >= 11) & (of_child["career"].to_numpy() < 0.42),
            "readers with a plan": (self.grade >= 1) & (self.grade <= 5) & (of_child["served"].to_numpy() > 0.88),
            "fitness": np.isin(self.grade, [6, 8, 10]),
        }

    def _lunch(self, draw: np.ndarray) -> pl.Series:
        share = rates()
        free = share["free_lunch"] * self._factor["free_lunch"]
        return pl.Series(np.select([draw < free, draw < free + share["reduced_lunch"]], ["F", "R"], default="U"))

    def among(self, name: str) -> np.ndarray:
        """The children of a group, or of ``grades A-B``."""
        if not name.startswith("grades "):
            return self.groups[name]
        low, high = name.removeprefix("grades ").split("-")
        return (self.grade >= GRADES.index(low)) & (self.grade <= GRADES.index(high))


def _mean(state: State, factor: str) -> float:
    """The mean of a setting's factor over the state's children, so that state-wide shares come out as the table has them.

    English learners go by the share of Hispanic and Asian families as well.
    """
    table = read_table("places/settings.csv").select("setting", pl.exclude("setting", "comment").cast(pl.Float64))
    rows = state.districts.select("setting", "share").join(table, on="setting", maintain_order="left")
    factors = pl.col(factor) * pl.col("share")
    if factor == "english_learners":
        other = pl.col("race_H") + pl.col("race_A")
        factors *= other * LEARNERS_AMONG_OTHER + (1 - other) * LEARNERS_AMONG_ENGLISH
    return float(rows.select(factors.sum()).item())


def draw_traits(rng: Rng, people: int) -> pl.DataFrame:
    """Numbers from 0 to 1 that decide over the years what a child is: one row a child."""
    names = ("lunch", "iep", "language", "served", "career")
    return pl.DataFrame({name: rng.random(people) for name in names})


def core_records(rng: Rng, state: State, part: Slice, layout: RecordLayout, collection: Collection) -> pl.DataFrame:
    """Text records in layout order, one per row of the slice; StateID is blank."""
    columns = _identity_columns(state, part, collection)
    columns |= _listed_columns(rng, part)
    for setter in (_lunch, _language, _special_education, _residency, _kindergarten, _high_school, _preschool, _home):
        columns |= setter(rng, state, part, columns, collection)
    blank = pl.lit(None, pl.String)
    known = pl.DataFrame(columns)
    records = known.select((pl.col(name) if name in columns else blank).alias(name) for name in layout.standard_names)
    return in_agreement(records).with_columns(teacher_name=_teachers(rng, part))


Columns = dict[str, pl.Series]


def _identity_columns(state: State, part: Slice, collection: Collection) -> Columns:
    rows = part.rows
    district = state.codes.gather(part.district)
    school = rows["school_code"]

    def constant(text: str) -> pl.Series:
        return pl.Series([text]).new_from_index(0, part.count)

    return {
        "collection_version": constant(collection.version),
        "school_year": constant(str(collection.school_year)),
        **{f"{role}_district_code": district for role in ("attending", "reporting", "resident")},
        **{f"{role}_school_code": school for role in ("attending", "reporting", "resident")},
        "grade": pl.Series(GRADES).gather(part.grade),
        "birth_date": rows["birth_date"].dt.strftime("%m/%d/%Y"),
        **{
            name: rows[name]
            for name in (
                "local_student_id",
                "last_name",
                "first_name",
                "middle_name",
                "suffix",
                "gender",
                "race_ethnicity",
            )
        },
    }


def _listed_columns(rng: Rng, part: Slice) -> Columns:
    columns = {}
    for name, among, values, _ in read_table("core_columns.csv").iter_rows():
        rows = np.flatnonzero(part.among(among))
        columns[name] = _blank(part.count).scatter(rows, parse_choices(values).draw(rng, len(rows)))
    return columns


def parse_choices(text: str) -> Weighted:
    """``Y=5|N=95`` as weighted values; an empty value is a blank field."""
    pairs = [choice.split("=") for choice in text.split("|")]
    values = pl.Series([value or None for value, _ in pairs], dtype=pl.String)
    return Weighted(values, np.array([float(weight) for _, weight in pairs]))


def _blank(count: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, count)


def _where(condition: np.ndarray, value: pl.Series | str, other: pl.Series | str | None = None) -> pl.Series:
    """Text chosen row by row; a string stands for itself."""
    then = pl.lit(value) if isinstance(value, str) else value
    otherwise = pl.lit(other, pl.String) if other is None or isinstance(other, str) else other
    return pl.select(pl.when(pl.Series(condition)).then(then).otherwise(otherwise)).to_series()


def _lunch(rng: Rng, state: State, part: Slice, columns: Columns, collection: Collection) -> Columns:
    return {"lunch_status": part.lunch}


def _language(rng: Rng, state: State, part: Slice, columns: Columns, collection: Collection) -> Columns:
    learner, served = part.groups["english learners"], part.groups["served learners"]
    former, immigrant = part.groups["former learners"], part.groups["immigrants"]
    # Years since the exit, none of them before kindergarten.
    since = np.minimum(rng.choice([1, 2, 3, 4], part.count, p=[0.3, 0.3, 0.2, 0.2]), np.maximum(part.grade - 1, 1))
    status = _where(former, pl.Series(FORMER_LEARNERS).gather(since - 1), "NLP")
    status = _where(learner, _where(served, "RCV", "NRC"), status)
    # In school since kindergarten, or for fewer months where the child has come from abroad.
    months = np.minimum(10 * np.maximum(part.grade - 1, 0) + 1, 120)
    months = np.where(immigrant, np.minimum(months, rng.integers(1, 30, part.count)), months)
    language = LANGUAGES.draw(rng, part.count)
    return {
        "lep_status": status,
        "ell_language": _where(learner | former, language),
        "months_usa": _where(learner, pl.Series(months).cast(pl.String)),
        "immigrant": _where(immigrant, "Y", "N"),
        "ell_exit": _where(former, "05/31/" + pl.Series(collection.school_year - since).cast(pl.String)),
        "ell_exit_test": _where(former, "WIDA"),
    }


def _special_education(rng: Rng, state: State, part: Slice, columns: Columns, collection: Collection) -> Columns:
    iep = part.groups["iep"]
    young = iep & (part.grade == 0)
    second = iep & (rng.random(part.count) < 0.06)
    disability = _where(young & (rng.random(part.count) < 0.7), "16", columns["iep_disability"])
    return {
        "iep_disability": disability,
        "secondary_disability": _where(second & (disability != "17").fill_null(False).to_numpy(), "17"),
    }


def _residency(rng: Rng, state: State, part: Slice, columns: Columns, collection: Collection) -> Columns:
    """A few children live in another district than the one that reports them; a few come part of the day."""
    share = rates()
    draw = rng.random(part.count)
    non_resident = (draw < share["non_resident"]) & (len(state.codes) > 1)
    part_time = (draw > 1 - share["part_time"]) & (part.grade >= 1)
    neighbour = (part.district + 1) % len(state.codes)
    school_of = _any_school(state)
    grade = part.grade
    away_code = state.codes.gather(neighbour)
    away_school = pl.Series(school_of[neighbour, grade])
    has_school = away_school != ""
    non_resident &= has_school.to_numpy()
    fte = _where(part_time, "0.50", columns["member_fte"])
    absent = (columns["one_prior_ten"] == "N").fill_null(False).to_numpy()
    fte = _where(part.grade == 0, _where(rng.random(part.count) < 0.5, "0.50", "1.00"), fte)
    return {
        "residency_status": _where(non_resident, "NR", _where(part_time, "PT", "R1")),
        "resident_district_code": _where(non_resident, away_code, columns["resident_district_code"]),
        "resident_school_code": _where(non_resident, away_school, columns["resident_school_code"]),
        # Not seen in the ten days before the count: enrolled, but in no membership.
        "member_fte": _where(absent, "0.00", fte),
    }


def _any_school(state: State) -> np.ndarray:
    """One school code for each district and grade, empty where the district has none."""
    codes = np.full((len(state.codes), len(GRADES)), "", dtype=object)
    for district, code, low, high in state.schools.select("district", "school_code", "low", "high").iter_rows():
        span = codes[district, low : high + 1]
        span[span == ""] = code
    return codes


def _kindergarten(rng: Rng, state: State, part: Slice, columns: Columns, collection: Collection) -> Columns:
    """Readiness agrees with its five domains: at most one unmet where ready, blank where not assessed."""
    ready = columns["kindergarten_readiness"]
    assessed = ready.is_in(["Y", "N"]).fill_null(False).to_numpy()
    is_ready = (ready == "Y").fill_null(False).to_numpy()
    unmet = rng.integers(0, len(KG_DOMAINS), part.count)
    weak = rng.random((len(KG_DOMAINS), part.count)) < 0.55
    return {
        name: _where(assessed, _where(np.where(is_ready, (unmet == position) & weak[0], weak[position]), "N", "Y"))
        for position, name in enumerate(KG_DOMAINS)
    }


def _high_school(rng: Rng, state: State, part: Slice, columns: Columns, collection: Collection) -> Columns:
    high = part.among("grades 09-12")
    ninth = part.grade == GRADES.index("09")
    repeats = ninth & (rng.random(part.count) < 0.04)
    since = part.grade - GRADES.index("09") + repeats
    credits = np.maximum(0, since * 6.5 + rng.normal(0, 1.2, part.count)).round(1)
    seal = (columns["seal_of_biliteracy"] == "Y").fill_null(False).to_numpy()
    degree = (columns["associate_degree"] == "Y").fill_null(False).to_numpy()
    earned = pl.Series(credits).cast(pl.Decimal(6, 2)).cast(pl.String)
    return {
        "k8_graduate_district_code": _from_k8_district(rng, state, part, ninth),
        "first_freshman_year": _where(high, pl.Series(collection.school_year - since).cast(pl.String)),
        "first_year_freshman": _where(ninth, _where(repeats, "N", "Y")),
        "credits_earned": _where(high, earned),
        "seal_of_biliteracy_language1": _where(seal, "SPA"),
        "associate_degree_institution": _where(degree, "002471"),
    }


def _from_k8_district(rng: Rng, state: State, part: Slice, ninth: np.ndarray) -> pl.Series:
    """Some freshmen come from a district that ends with grade 8."""
    ending = np.flatnonzero(state.districts["high"].to_numpy() < len(GRADES) - 1)
    if not len(ending):
        return _blank(part.count)
    codes = state.codes.gather(ending[rng.integers(0, len(ending), part.count)])
    return _where(ninth & (rng.random(part.count) < 0.03), codes)


def _preschool(rng: Rng, state: State, part: Slice, columns: Columns, collection: Collection) -> Columns:
    """Early childhood outcomes of preschoolers with an IEP: rated on entry, from 1 to 7 on three indicators."""
    rated = part.groups["preschool"] & part.groups["iep"]
    entered = f"09/05/{collection.school_year - 1}"
    ratings = {
        f"eco_entry_ind{number}": _where(rated, pl.Series(rng.integers(1, 8, part.count)).cast(pl.String))
        for number in (1, 2, 3)
    }
    return {"eco_entry_date": _where(rated, entered)} | ratings


def _home(rng: Rng, state: State, part: Slice, columns: Columns, collection: Collection) -> Columns:
    prefix = state.districts["zip_prefix"].gather(part.district)
    block = pl.Series(part.district % 20 * 5 + rng.integers(0, 5, part.count)).cast(pl.String).str.zfill(2)
    return {"county": columns["resident_district_code"].str.slice(0, 3), "zip_code": prefix + block}


def _teachers(rng: Rng, part: Slice) -> pl.Series:
    """One teacher for each twenty or so children of a school and grade, written ``Last, First``."""
    place = part.rows.select(
        room=pl.col("school") * 97 + pl.col("grade") * 13 + pl.int_range(pl.len()).over("school", "grade") // 22
    )["room"].to_numpy()
    last, first = surnames("general").values, first_names("F", generation="adult").values
    return last.gather(place * 7919 % len(last)) + ", " + first.gather(place * 31 % len(first))
