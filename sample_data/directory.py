"""Districts and schools of the sample state: codes, names, sizes, grade ranges (the directory of a state home).

Four codes are Missouri's own; every other name is made up. Sizes fall off with the rank as they do in Missouri, where
ten of 560 districts teach a quarter of the children.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from sample_data.tables import Rng, read_table, stream

GRADES = ("PK", "K", *(f"{grade:02d}" for grade in range(1, 13)))
PRESCHOOL = "1000"
# Elementary, middle and high school codes start here, twenty apart, as Missouri's building codes do.
FIRST_CODE = {"high": 1050, "middle": 3000, "elementary": 4020}
LABEL = {"high": "High", "middle": "Middle", "elementary": "Elementary"}
CHILDREN_PER_SCHOOL = {"elementary": 420, "middle": 620, "high": 1100}


@dataclass(frozen=True)
class State:
    """The directory plus what the generator needs to know of each district.

    Attributes:
        districts: directory columns, then setting, zip_prefix, share (of the state's children), low, high
            (positions in GRADES) and preschool_1000; one row a district, in file order.
        schools: directory columns, then district (row in ``districts``), low, high.
    """

    districts: pl.DataFrame
    schools: pl.DataFrame

    @property
    def codes(self) -> pl.Series:
        return self.districts["district_code"]

    @property
    def spotless(self) -> int:
        """The district whose registrar makes no mistake: the sample's promise of a file without violations."""
        return min(self.districts.height, 4) - 1

    @property
    def shares(self) -> np.ndarray:
        return self.districts["share"].to_numpy()


def build_state(seed: int, students: int, district_count: int) -> State:
    """The directory of a state of so many children and districts."""
    rng = stream(seed, "directory")
    districts = _districts(rng, district_count)
    return State(districts, _schools(stream(seed, "schools"), districts, students))


def size_shares(ranks: np.ndarray) -> np.ndarray:
    """Relative size by rank from 0: a flat top, then a fall that leaves villages of a few dozen children."""
    return (ranks + 9.0) ** -0.75 * np.exp(-2.4 * ranks / max(len(ranks), 40))


def _districts(rng: Rng, count: int) -> pl.DataFrame:
    known = read_table("places/known_districts.csv").head(count)
    counties = read_table("places/counties.csv")
    invented = count - known.height
    picked = counties[rng.choice(counties.height, invented, p=_county_weights(counties))]
    setting = [*known["setting"], *picked["setting"]]
    factor = dict(read_table("places/settings.csv").select("setting", "size_factor").iter_rows())
    charter = np.array([False] * known.height + _is_charter(rng, picked))
    base = size_shares(np.arange(count))
    # Big places first in rank, with noise, so that most but not all large districts are urban or suburban.
    order = np.argsort(
        -np.array([float(factor[s]) for s in setting]) * rng.lognormal(0, 0.5, count) * _known_lift(known, count)
    )
    share = np.empty(count)
    share[order] = base
    share[charter] = np.minimum(share[charter], np.median(base))
    frame = pl.DataFrame(
        {
            "district_code": [*known["district_code"], *_codes(picked, charter[known.height :])],
            "name": [*known["name"], *_names(rng, invented, charter[known.height :])],
            "county": [*known["county"], *picked["county"]],
            "kind": np.where(charter, "charter", "district"),
            "opened_year": np.where(charter, rng.integers(1999, 2019, count), rng.integers(1868, 1962, count)),
            "closed_year": pl.Series([None] * count, dtype=pl.Int64),
            "setting": setting,
            "share": share / share.sum(),
        }
    )
    zips = counties.select("county", "zip_prefix", "county_code")
    return _contacts(_grade_spans(rng, frame.join(zips, on="county", how="left", maintain_order="left")))


def _known_lift(known: pl.DataFrame, count: int) -> np.ndarray:
    """Puts the real districts on top, in the order of their real sizes."""
    lift = np.ones(count)
    lift[: known.height] = 1e3 ** (5 - known["size_rank"].cast(pl.Float64).to_numpy())
    return lift


def _county_weights(counties: pl.DataFrame) -> np.ndarray:
    many = {"urban": 6.0, "suburban": 3.0}
    weights = np.array([many.get(setting, 1.0) for setting in counties["setting"]])
    return weights / weights.sum()


def _is_charter(rng: Rng, picked: pl.DataFrame) -> list[bool]:
    """Charter schools exist in the two large cities only; there they outnumber districts."""
    cities = picked["county"].is_in(["Jackson", "St. Louis City"]).to_numpy()
    return list((cities & (rng.random(picked.height) < 0.6)) | (picked["county"] == "St. Louis City").to_numpy())


def _codes(picked: pl.DataFrame, charter: np.ndarray) -> list[str]:
    """County number and a number inside the county; charters count from 901, the four real codes are left free."""
    next_number: dict[tuple[str, bool], int] = {}
    codes = []
    for county_code, is_charter in zip(picked["county_code"], charter, strict=True):
        number = next_number.get((county_code, bool(is_charter)), 901 if is_charter else 120)
        next_number[county_code, bool(is_charter)] = number + 1
        codes.append(f"{county_code}{number}")
    return codes


def _names(rng: Rng, count: int, charter: np.ndarray) -> list[str]:
    words = read_table("places/place_words.csv")
    first = words.filter(pl.col("position") == "first")["word"]
    second = words.filter(pl.col("position") == "second")["word"]
    pairs = rng.permutation(len(first) * len(second))[:count]
    roman = ("R-I", "R-II", "R-III", "R-IV", "R-V", "R-VI", "C-1", "C-4")
    names = []
    for position, is_charter in zip(pairs, charter, strict=True):
        place = f"{first[int(position) // len(second)]} {second[int(position) % len(second)]}"
        names.append(f"{place} Academy" if is_charter else f"{place} {roman[int(position) % len(roman)]}")
    return names


def _grade_spans(rng: Rng, districts: pl.DataFrame) -> pl.DataFrame:
    """Some small districts and charters end with grade 8; some small ones send preschoolers to 'school 1000'."""
    count = districts.height
    small = districts["share"].to_numpy() < np.median(districts["share"].to_numpy())
    charter = (districts["kind"] == "charter").to_numpy()
    known = np.arange(count) < 4
    ends_early = ~known & ((small & (rng.random(count) < 0.16)) | (charter & (rng.random(count) < 0.5)))
    return districts.with_columns(
        pl.lit(0).alias("low"),
        pl.Series("high", np.where(ends_early, GRADES.index("08"), GRADES.index("12"))),
        pl.Series("preschool_1000", ~known & (rng.random(count) < 0.15)),
    )


def _contacts(districts: pl.DataFrame) -> pl.DataFrame:
    number = pl.int_range(pl.len()).mod(100).cast(pl.String).str.zfill(2)
    return districts.with_columns(
        contact_name=pl.lit("MOSIS coordinator"),
        contact_email=pl.format("mosis@{}.example.org", pl.col("district_code")),
        contact_phone=pl.format("573-555-01{}", number),
    )


def _schools(rng: Rng, districts: pl.DataFrame, students: int) -> pl.DataFrame:
    # A small sample keeps several buildings a district: capacities shrink with the mean district.
    scale = float(np.clip(students / districts.height / 1600, 0.12, 1.0))
    rows = [
        row
        for position, district in enumerate(districts.iter_rows(named=True))
        for row in _district_schools(rng, position, district, students * district["share"], scale)
    ]
    names = ("district", "district_code", "school_code", "name", "low", "high", "opened_year")
    schools = pl.DataFrame(rows, schema=list(names), orient="row")
    grade = pl.Series(GRADES)
    return schools.with_columns(
        low_grade=grade.gather(schools["low"]),
        high_grade=grade.gather(schools["high"]),
        closed_year=pl.lit(None, pl.Int64),
    )


def _district_schools(rng: Rng, position: int, district: dict, children: float, scale: float) -> list[tuple]:
    place = district["name"].rsplit(" ", 1)[0]
    rows = []
    for level, low, high, wanted in _levels(children, district["high"], scale):
        for number in range(wanted):
            code = f"{FIRST_CODE[level] + 20 * number:04d}"
            name = f"{place} {LABEL[level]}" + (f" {number + 1}" if wanted > 1 else "")
            opened = int(rng.integers(max(1900, district["opened_year"]), 2020))
            rows.append((position, district["district_code"], code, name, low, high, opened))
    return rows


def _levels(children: float, high: int, scale: float) -> list[tuple[str, int, int, int]]:
    """Which buildings a district of that size has: level, lowest and highest grade, how many."""
    fifth, sixth, eighth = GRADES.index("05"), GRADES.index("06"), GRADES.index("08")
    size = children / scale
    if size < 180:
        return [("elementary", 0, high, 1)]
    if high == eighth:
        count = max(1, round(children / (CHILDREN_PER_SCHOOL["elementary"] * scale)))
        return [("elementary", 0, high, count)]
    if size < 900:
        return [("elementary", 0, sixth, 1), ("high", sixth + 1, high, 1)]

    def buildings(level: str, share: float) -> int:
        return max(1, round(children * share / (CHILDREN_PER_SCHOOL[level] * scale)))

    return [
        ("elementary", 0, fifth, buildings("elementary", 0.47)),
        ("middle", sixth, eighth, buildings("middle", 0.23)),
        ("high", eighth + 1, high, buildings("high", 0.30)),
    ]


def write_directory(state: State, folder: Path) -> None:
    """``districts.csv`` and ``schools.csv`` as ``mosis init --directory`` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    contact = ("contact_name", "contact_email", "contact_phone")
    district = ("district_code", "name", "county", "kind", "opened_year", "closed_year", *contact)
    school = ("district_code", "school_code", "name", "low_grade", "high_grade", "opened_year", "closed_year")
    state.districts.select(district).sort("district_code").write_csv(folder / "districts.csv")
    state.schools.select(school).sort("district_code", "school_code").write_csv(folder / "schools.csv")
