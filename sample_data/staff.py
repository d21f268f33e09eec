"""Who works where in one October: classes cut from the rolls, teachers for them, and the other posts of each school.

An educator keeps number, name and Social Security number over the years by the place in the district that he or she
holds. Nothing here draws from the streams of the students' files.
"""

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import polars as pl

from sample_data.directory import GRADES, PRESCHOOL
from sample_data.tables import Weighted, first_names, read_table, surnames

CHILDREN_PER_CLASS = 24
CLASS = ("district", "school_code", "subject", "course_number", "grade", "section")
# Numbers to Social Security numbers: a prime below 659 areas x 99 groups x 9,999 serials keeps them all different.
SSN_PRIME, SSN_STEP = 652_344_751, 400_243_909
GROUPS, SERIALS = 99, 9_999


@dataclass(frozen=True)
class Staffing:
    """Rows of one or more whole districts.

    Attributes:
        enrolments: one row a student and class: the columns of the register, those of staff_courses.csv, section,
            slot, assignment_number.
        classes: one row a class: CLASS, course columns, slot, assignment_number, course_enrollment.
        posts: one row an educator and school: district, school_code, slot, post (staff_posts.csv), fte,
            cte_program_code, students (of the school).
    """

    enrolments: pl.DataFrame
    classes: pl.DataFrame
    posts: pl.DataFrame


def staff_schools(rows: pl.DataFrame) -> Staffing:
    """Classes, teachers and other posts for the children of whole districts.

    Args:
        rows: one a child: district, school_code, grade (position in GRADES) and what else a file may need.
    """
    enrolments = _enrolments(rows)
    classes = _classes(enrolments)
    placed = classes.select(*CLASS, "slot", "assignment_number")
    enrolments = enrolments.join(placed, on=CLASS, how="left", nulls_equal=True, maintain_order="left")
    return Staffing(enrolments, classes, _posts(rows, classes))


def _enrolments(rows: pl.DataFrame) -> pl.DataFrame:
    courses = read_table("staff_courses.csv").with_columns(
        grade=pl.Series(
            [list(range(GRADES.index(low), GRADES.index(high) + 1)) for low, high in _spans()], dtype=pl.List(pl.Int64)
        ),
        per_teacher=pl.col("per_teacher").cast(pl.Int64),
    )
    taken = rows.with_columns(pl.col("grade").cast(pl.Int64)).join(
        courses.explode("grade"), on="grade", how="inner", maintain_order="left_right"
    )
    group = ("district", "school_code", "subject", "course_number", "grade")
    wanted = (pl.len().over(*group) + CHILDREN_PER_CLASS - 1) // CHILDREN_PER_CLASS
    place = pl.int_range(pl.len()).over(*group)
    return taken.with_columns(section=place * wanted // pl.len().over(*group) + 1)


def _spans() -> list[tuple[str, str]]:
    return list(read_table("staff_courses.csv").select("low", "high").iter_rows())


def _classes(enrolments: pl.DataFrame) -> pl.DataFrame:
    """Classes with the teacher's slot: so many classes a teacher, of one subject and school."""
    columns = ("per_teacher", "local_number", "name", "minutes", "credits", "cte_program_code", "course_program_code",
               "cip_code")  # fmt: skip
    classes = (
        enrolments.group_by(*CLASS, maintain_order=True)
        .agg(*(pl.col(name).first() for name in columns), pl.len().alias("course_enrollment"))
        .sort(*CLASS)
    )
    place = pl.int_range(pl.len()).over("district", "school_code", "subject")
    return classes.with_columns(
        slot=pl.format("{}/{}/{}", "school_code", "subject", place // pl.col("per_teacher")),
        assignment_number=place % pl.col("per_teacher") + 1,
    )


def _posts(rows: pl.DataFrame, classes: pl.DataFrame) -> pl.DataFrame:
    schools = rows.group_by("district", "school_code").agg(students=pl.len()).sort("district", "school_code")
    teachers = classes.group_by("district", "school_code", "slot", maintain_order=True).agg(
        pl.col("cte_program_code").first()
    )
    own = schools.filter(pl.col("school_code") != PRESCHOOL)
    parts = [
        teachers.join(schools, on=["district", "school_code"], maintain_order="left").with_columns(
            post=pl.lit("teacher")
        ),
        *(_one_for_each(own, post) for post in ("principal", "counselor", "librarian", "aide")),
        _nurses(own),
        _one_for_each(schools.unique("district", keep="first", maintain_order=True), "superintendent").with_columns(
            school_code=pl.lit(PRESCHOOL), slot=pl.lit("district/superintendent")
        ),
    ]
    full = [part if "fte" in part.columns else part.with_columns(fte=pl.lit(1.0)) for part in parts]
    return pl.concat(full, how="diagonal").sort("district", "slot", "school_code")


def _one_for_each(schools: pl.DataFrame, post: str) -> pl.DataFrame:
    return schools.with_columns(post=pl.lit(post), slot=pl.format("{}/" + post, "school_code"))


def _nurses(schools: pl.DataFrame) -> pl.DataFrame:
    """One nurse for two schools, half of the time at each."""
    pair = pl.int_range(pl.len()).over("district") // 2
    shared = schools.with_columns(post=pl.lit("nurse"), slot=pl.format("nurse/{}", pair))
    return shared.with_columns(fte=1.0 / pl.len().over("district", "slot"))


def number_educators(known: dict[tuple[int, str], int], posts: pl.DataFrame) -> pl.DataFrame:
    """Posts with ``number``, the educator's own in the whole state; ``known`` keeps them from year to year."""
    places = posts.select("district", "slot").unique(maintain_order=True)
    numbers = [known.setdefault((district, slot), len(known)) for district, slot in places.iter_rows()]
    return posts.join(
        places.with_columns(number=pl.Series(numbers, dtype=pl.Int64)), on=["district", "slot"], maintain_order="left"
    )


def educators(seed: int, posts: pl.DataFrame, years_since: int) -> pl.DataFrame:
    """One row an educator: number, ssn, name, gender, race, degree, years of experience, base salary.

    Args:
        posts: with ``number``; an educator's first post decides degree and pay.
        years_since: school years since the first of the sample; experience grows with them.
    """
    table = read_table("staff_posts.csv").with_columns(pl.col("base_salary").cast(pl.Int64))
    people = posts.unique("number", keep="first", maintain_order=True).join(
        table, on="post", maintain_order="left"
    )  # fmt: skip
    numbers = people["number"].to_numpy()
    draws = {name: uniform(seed, name, numbers) for name in ("last", "first", "middle", "gender", "race", "years")}
    is_woman = draws["gender"] < 0.77
    years = 1 + (draws["years"] ** 1.5 * 27).astype(int) + years_since
    women, men = (first_names(gender, generation="adult") for gender in ("F", "M"))
    people = people.select(
        "district", "number", "post", "degree", "fte",
        ssn=pl.Series(ssn_of(seed, numbers)),
        last_name=_pick(surnames("general"), draws["last"]),
        first_name=pl.select(
            pl.when(pl.Series(is_woman)).then(_pick(women, draws["first"])).otherwise(_pick(men, draws["first"]))
        ).to_series(),
        middle_name=_pick(women, draws["middle"]),
        gender=pl.Series(np.where(is_woman, "F", "M")),
        race_ethnicity=pl.Series(np.select([draws["race"] < 0.06, draws["race"] < 0.08], ["B", "H"], default="W")),
        total_experience=pl.Series(years),
        missouri_experience=pl.Series(np.maximum(years - (draws["middle"] * 4).astype(int), 1)),
        district_experience=pl.Series(np.maximum(years - 3 - (draws["first"] * 6).astype(int), 1)),
        base_salary=pl.col("base_salary") + 650 * pl.Series(years),
    )  # fmt: skip
    return _without_namesakes(people)


def _without_namesakes(people: pl.DataFrame) -> pl.DataFrame:
    """Two educators of one district and name get another second middle name, or a rule would ask about them."""
    again = pl.int_range(pl.len()).over("district", "last_name", "first_name", "middle_name")
    letter = again.cast(pl.String)
    letter = letter.replace_strict(
        [str(place) for place in range(1, 26)], list("ABCDEFGHIJKLMNOPQRSTUVWXY"), default="Z"
    )
    middle = pl.when(again > 0).then(pl.col("middle_name") + " " + letter).otherwise("middle_name")
    return people.with_columns(middle_name=middle)


def uniform(seed: int, purpose: str, numbers: np.ndarray) -> np.ndarray:
    """A draw from 0 to 1 for each number and purpose, the same in every year. Method: splitmix64."""
    salt = np.uint64((seed * 1_000_003 + crc32(purpose.encode())) % 2**64)
    with np.errstate(over="ignore"):
        mixed = (numbers.astype(np.uint64) + salt) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53


def ssn_of(seed: int, numbers: np.ndarray) -> list[str]:
    """Nine digits in the form of a number, a different one for each educator, with area, group and serial that are given.

    A collision with a living person's number would be chance; no list was used.
    """
    place = ((numbers + 1) * SSN_STEP + seed) % SSN_PRIME
    area, rest = place // (GROUPS * SERIALS) + 1, place % (GROUPS * SERIALS)
    group, serial = rest // SERIALS + 1, rest % SERIALS + 1
    return [f"{a:03d}{g:02d}{s:04d}" for a, g, s in zip(area, group, serial, strict=True)]


def _pick(names: Weighted, draws: np.ndarray) -> pl.Series:
    positions = np.searchsorted(names.cumulative, draws, side="right")
    return names.values.gather(np.minimum(positions, len(names.values) - 1))
