"""Who sits in which school in which year: entrants, movers, leavers, returners (by grade quotas, year after year)."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from sample_data.directory import GRADES, PRESCHOOL, State
from sample_data.tables import Rng, rates, stream

# Children by grade, PK to 12, of every thousand: preschool is small, grade 9 swollen, grade 12 thinned out.
GRADE_SHARES = np.array([26, 74, 75, 75, 75, 75, 75, 76, 76, 76, 81, 77, 72, 67]) / 1000
NOWHERE = -1


@dataclass(frozen=True)
class Rolls:
    """The enrolment of every year.

    ``years[year]``: one row a registration: person (row in people), district and school (rows), grade (position in
    GRADES), arrival (stayed | moved | entered | arrived | returned), moved_from (district row or -1), in_id_batch,
    in_core, is_second (the other of two districts that report one child).
    """

    years: dict[int, pl.DataFrame]


def enrol(seed: int, state: State, people: pl.DataFrame, students: int, years: tuple[int, ...]) -> Rolls:
    """Rolls of ``students`` children a year (fewer only where the state has run out of children of an age)."""
    district = people["home"].to_numpy().copy()
    ever = np.zeros(people.height, dtype=bool)
    gone = np.zeros(people.height, dtype=bool)
    present = np.zeros(people.height, dtype=bool)
    rolls: dict[int, pl.DataFrame] = {}
    for year in sorted(years):
        rng = stream(seed, "enrolment", year)
        grade = grades_in(people, year)
        before, district_before = present, district.copy()
        back = _return(rng, gone) & (grade >= 0)
        if rolls:
            _leave(rng, gone, before)
            _move(rng, state, people, district)
        present = _choose_present(rng, grade, (before & ~gone | back) & (grade >= 0), gone, students)
        person = np.flatnonzero(present)
        district[person] = _into_span(state, district, grade, person)
        if not rolls:
            _fill_empty_districts(present, district, grade, len(state.codes))
        place = district[person]
        arrival = _arrivals(rng, person, before, ever, place, district_before, grade, is_first=not rolls)
        moved_from = np.where(arrival == "moved", district_before[person], NOWHERE)
        roll = pl.DataFrame(
            {"person": person, "district": place, "grade": grade[person], "arrival": arrival, "moved_from": moved_from}
        )
        rolls[year] = _with_schools(state, people, _with_presence(rng, roll, state))
        left_early = rolls[year].filter(~pl.col("in_core"))["person"].to_numpy()
        gone[left_early] = True
        present[left_early] = False
        ever[person] = True
    return Rolls(rolls)


def grades_in(people: pl.DataFrame, year: int) -> np.ndarray:
    """Each child's grade (position in GRADES) in a school year by its ending year; -1 too young or too old."""
    above_k = year - 1 - people["cohort"].to_numpy() - people["behind"].to_numpy()
    position = above_k + 1
    preschool = (above_k < 0) & (above_k >= -2)
    return np.where(preschool, 0, np.where((above_k >= 0) & (position < len(GRADES)), position, -1)).astype(int)


def _return(rng: Rng, gone: np.ndarray) -> np.ndarray:
    """Children who left earlier and are back; they are no longer gone."""
    back = gone & (rng.random(len(gone)) < rates()["returns_per_year"])
    gone &= ~back
    return back


def _leave(rng: Rng, gone: np.ndarray, present: np.ndarray) -> None:
    gone |= present & (rng.random(len(gone)) < rates()["leaves_per_year"])


def _move(rng: Rng, state: State, people: pl.DataFrame, district: np.ndarray) -> None:
    """Whole families go to another district, most of them to one nearby (neighbours in the list of districts)."""
    count = len(state.codes)
    if count < 2:
        return
    family = people["family"].to_numpy()
    families = int(family.max()) + 1
    goes = rng.random(families) < rates()["moves_per_year"]
    near = rng.random(families) < rates()["move_stays_near"]
    step = rng.integers(1, min(6, count), families) * rng.choice([-1, 1], families)
    far = np.minimum(np.searchsorted(np.cumsum(state.shares), rng.random(families)), count - 1)
    rows = np.flatnonzero(goes[family])
    of_family = family[rows]
    target = np.where(near[of_family], (district[rows] + step[of_family]) % count, far[of_family])
    district[rows] = np.where(target == district[rows], (target + 1) % count, target)


def _choose_present(rng: Rng, grade: np.ndarray, stay: np.ndarray, gone: np.ndarray, students: int) -> np.ndarray:
    """Stayers plus, grade by grade, as many new children as the grade still lacks."""
    present = stay.copy()
    quota = np.floor(GRADE_SHARES * students + rng.random(len(GRADES))).astype(int)
    three_year_old = rng.random(len(grade)) < rates()["pre_kindergarten_age_three"]
    for position, wanted in enumerate(quota):
        free = np.flatnonzero((grade == position) & ~present & ~gone)
        if position == 0:
            free = free[np.argsort(three_year_old[free], kind="stable")]
        lack = max(0, wanted - int((present & (grade == position)).sum()))
        present[rng.permutation(free)[:lack]] = True
    return _to_count(rng, present, stay, np.flatnonzero((grade >= 0) & ~gone), students)


def _to_count(rng: Rng, present: np.ndarray, stay: np.ndarray, eligible: np.ndarray, students: int) -> np.ndarray:
    """Exactly ``students`` present: roundings are made up by newcomers."""
    surplus = int(present.sum()) - students
    if surplus > 0:
        newcomers = np.flatnonzero(present & ~stay)
        present[rng.permutation(newcomers)[:surplus]] = False
    elif surplus < 0:
        absent = eligible[~present[eligible]]
        present[rng.permutation(absent)[:-surplus]] = True
    return present


def _fill_empty_districts(present: np.ndarray, district: np.ndarray, grade: np.ndarray, count: int) -> None:
    """Every district has a child, however small the sample: districts with more than one give."""
    sizes = np.bincount(district[present], minlength=count)
    for empty in np.flatnonzero(sizes == 0):
        rows = np.flatnonzero(present & (sizes[district] > 1))
        # The youngest child, so that a district that ends with grade 8 can take it.
        row = rows[np.argmin(grade[rows])]
        sizes[district[row]] -= 1
        sizes[empty] += 1
        district[row] = empty


def _into_span(state: State, district: np.ndarray, grade: np.ndarray, person: np.ndarray) -> np.ndarray:
    """District rows; high school children of a district that ends with grade 8 go to the next one that does not."""
    high = state.districts["high"].to_numpy()
    target = np.arange(len(high))
    for _ in range(len(high)):
        short = high[target] < len(GRADES) - 1
        if not short.any():
            break
        target = np.where(short, (target + 1) % len(high), target)
    place = district[person]
    return np.where(grade[person] > high[place], target[place], place)


def _arrivals(
    rng: Rng,
    person: np.ndarray,
    before: np.ndarray,
    ever: np.ndarray,
    place: np.ndarray,
    district_before: np.ndarray,
    grade: np.ndarray,
    *,
    is_first: bool,
) -> np.ndarray:
    """How each child came to its place this year, by comparison with the year before."""
    if is_first:
        return np.full(len(person), "stayed", dtype=object)
    stayed = before[person]
    moved = stayed & (place != district_before[person])
    young = grade[person] <= 1
    return np.select(
        [moved, stayed, ever[person], young], ["moved", "stayed", "returned", "entered"], default="arrived"
    ).astype(object)


def _with_presence(rng: Rng, roll: pl.DataFrame, state: State) -> pl.DataFrame:
    """Who stands in the ID batch and who in Student Core; a few children in the Student Core of two districts."""
    share = rates()
    count = roll.height
    late = rng.random(count) < share["came_after_batch"]
    # The spotless district keeps its children: however small, it has an extract.
    stays = (roll["district"] == state.spotless).to_numpy()
    early = ~late & ~stays & (rng.random(count) < share["left_before_count_day"])
    needs_id = (roll["arrival"] != "stayed").to_numpy() | (roll["moved_from"].to_numpy() != NOWHERE)
    first_year = bool((roll["arrival"] == "stayed").all())
    roll = roll.with_columns(
        in_id_batch=pl.Series(~late & (needs_id | first_year)),
        in_core=pl.Series(~early),
        is_second=pl.lit(False),
    )
    twice = np.flatnonzero((rng.random(count) < share["reported_twice"]) & ~early)
    if len(state.codes) < 2 or not len(twice):
        return roll
    high = state.districts["high"].to_numpy()
    rows = roll[twice].with_columns(
        district=(pl.col("district") + 1) % len(state.codes), is_second=pl.lit(True), in_id_batch=pl.lit(False)
    )
    return pl.concat([roll, rows.filter(pl.col("grade") <= pl.Series(high[rows["district"].to_numpy()]))])


def _with_schools(state: State, people: pl.DataFrame, roll: pl.DataFrame) -> pl.DataFrame:
    """The school of each child: sisters and brothers of one level go to the same building."""
    start, length, order = _school_index(state)
    district, grade = roll["district"].to_numpy(), roll["grade"].to_numpy()
    family = people["family"].to_numpy()[roll["person"].to_numpy()]
    offset = family % np.maximum(length[district, grade], 1)
    school = order[start[district, grade] + offset]
    codes = state.schools["school_code"].gather(school)
    preschool = state.districts["preschool_1000"].gather(district) & pl.Series(grade == 0)
    code = codes.zip_with(~preschool, pl.Series([PRESCHOOL]).new_from_index(0, roll.height))
    return roll.with_columns(school=pl.Series(school), school_code=code)


def _school_index(state: State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each district and grade: where its schools start in ``order``, and how many there are."""
    shape = (len(state.codes), len(GRADES))
    start, length = np.zeros(shape, dtype=int), np.zeros(shape, dtype=int)
    order: list[int] = []
    schools = state.schools.select("district", "low", "high").with_row_index("school")
    for (district,), rows in schools.group_by("district", maintain_order=True):
        for grade in range(len(GRADES)):
            fit = rows.filter((pl.col("low") <= grade) & (pl.col("high") >= grade))["school"].to_list()
            start[district, grade], length[district, grade] = len(order), len(fit)
            order += fit
    order.append(0)
    return start, length, np.array(order)
