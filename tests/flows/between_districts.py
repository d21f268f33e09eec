"""A small state in which every rule that compares districts fires: two districts, files of a whole school year.

Children are those of small_files; each number stands for one finding. ``play`` drops the files and runs, month by month.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from flows.session import open_session
from matching.student_ids import SystemIdSource
from schemas.clock import FixedClock
from schemas.dictionary import load_dictionary
from schemas.home_setup import make_home
from schemas.paths import StateHome
from tests.flows.small_files import HERE, SCHOOL, THERE, child, core_file, drop, id_batch, ids, run
from tests.schemas.clean_students import CLEAN_STUDENTS

OCTOBER, DECEMBER = "2026Oct1.0StuCore", "2026Dec1.0StuCore"
JUNE, AUGUST = "2026Jun1.0StuEnrlAttnd", "2026Aug1.0StuEnrlAttnd"
JULY_2025 = datetime(2025, 7, 21, 14, tzinfo=UTC)
NAMES = {HERE: "Kansas City 33", THERE: "Grandview C-4"}
RETIRED, MERGED, MERGED_INTO = 21, 22, 9


def write_directory(folder: Path) -> None:
    """Two districts with contacts."""
    folder.mkdir()
    (folder / "districts.csv").write_text(
        "district_code,name,county,kind,opened_year,closed_year,contact_name,contact_email,contact_phone\n"
        + "".join(
            f"{code},{name},048,district,,,Robin Ames of {name},mosis@{code}.example.org,816-555-01{code[-2:]}\n"
            for code, name in NAMES.items()
        )
    )
    (folder / "schools.csv").write_text(
        "district_code,school_code,name,low_grade,high_grade,opened_year,closed_year\n"
        f"{HERE},1050,Lincoln School,K,12,1950,\n{THERE},4020,Meadow,K,12,,\n"
    )


def enrollment_file(district: str, rows: Sequence[Mapping[str, str]], collection: str = JUNE) -> bytes:
    """An Enrollment and Attendance file, comma delimited; line numbers of its records begin with 2."""
    dictionary = load_dictionary()
    layout = dictionary.layout_of(dictionary.collection(collection))
    places = {f"{place}_district_code": district for place in ("attending", "reporting", "resident")}
    places |= {f"{place}_school_code": SCHOOL[district] for place in ("attending", "reporting", "resident")}
    fixed = {**CLEAN_STUDENTS[collection], **places, "collection_version": collection, "school_year": collection[:4]}
    lines = [",".join({**fixed, **row}.get(name, "") for name in layout.standard_names) for row in rows]
    return "\n".join([",".join(field.column for field in layout.fields), *lines, ""]).encode()


def pupil(given: Mapping[int, str], number: int, district: str = HERE, **changes: str) -> dict[str, str]:
    """A child with its state ID, under a local ID of the district."""
    local = str(1000 + number) if district == HERE else f"T{number}"
    return child(number, submitted_state_id=given[number], local_student_id=local, **changes)


def lives_in(district: str, **more: str) -> dict[str, str]:
    return {"resident_district_code": district, "resident_school_code": SCHOOL[district], **more}


def october(given: Mapping[int, str]) -> dict[str, bytes]:
    def here(number: int, **changes: str) -> dict[str, str]:
        return pupil(given, number, **changes)

    def there(number: int, **changes: str) -> dict[str, str]:
        return pupil(given, number, THERE, **changes)

    taught_there = {"attending_district_code": THERE, "attending_school_code": SCHOOL[THERE]}
    away = {"enrolled_on_count_date": "N", "member_fte": "0.00"}
    unknown = {**child(11), "submitted_state_id": "9999999999"}
    return {
        HERE: core_file(
            HERE,
            [
                here(2),
                here(3, residency_status="PT", member_fte="0.75"),
                here(4, residency_status="NR", **lives_in(THERE)),
                here(5, residency_status="R2", **taught_there),
                here(6), here(7), here(8), here(9), here(RETIRED), here(MERGED), unknown,
            ],
        ),
        THERE: core_file(
            THERE,
            [
                there(2),
                there(3, residency_status="PT", member_fte="0.50"),
                there(4),
                there(5),
                there(6, last_name=child(6)["last_name"] + "s", **away),
                there(7, birth_date="08/18/2012", **away),
                there(8, gender="F" if child(8)["gender"] == "M" else "M", **away),
                there(12),
            ],
        ),
    }  # fmt: skip


def december(given: Mapping[int, str]) -> dict[str, bytes]:
    served = {"iep_disability": "9", "sped_placement": "1101"}
    return {
        HERE: core_file(HERE, [pupil(given, 13, **served), pupil(given, 14)], collection=DECEMBER),
        THERE: core_file(THERE, [pupil(given, 13, THERE, **served)], collection=DECEMBER),
    }


def summer(given: Mapping[int, str], **at_the_other: str) -> dict[str, bytes]:
    return {
        HERE: enrollment_file(HERE, [pupil(given, 1), pupil(given, 2)], AUGUST),
        THERE: enrollment_file(THERE, [pupil(given, 1, THERE, **at_the_other)], AUGUST),
    }


FALL = {"entry_date": "08/20/2025", "exit_date": "12/19/2025", "regular_hours_attended": "500"}
SPRING = {"entry_date": "01/05/2026", "exit_date": "05/22/2026", "entry_code": "T102"}


def june(given: Mapping[int, str]) -> dict[str, bytes]:
    named = {"exit_dest_district_code": THERE, "exit_dest_school_code": SCHOOL[THERE]}
    return {
        HERE: enrollment_file(
            HERE,
            [
                pupil(given, 14),
                pupil(given, 15, **FALL, exit_code="T002", **named),
                pupil(given, 16, **FALL, exit_code="T004"),
                pupil(given, 17, **FALL, exit_code="G01"),
                pupil(given, 18, **FALL, exit_code="D01"),
                pupil(given, 19, **FALL, exit_code="T002"),
                pupil(given, MERGED),
                pupil(given, RETIRED),
                {**child(20), "submitted_state_id": "9999999998"},
            ],
        ),
        THERE: enrollment_file(
            THERE,
            [
                pupil(given, 14, THERE, entry_date="01/05/2026", entry_code="T104"),
                pupil(given, 16, THERE, **SPRING),
                pupil(given, 17, THERE, **{**SPRING, "entry_code": "T108"}),
                pupil(given, 18, THERE, **{**SPRING, "entry_code": "D101"}),
                pupil(given, 19, THERE, **SPRING),
            ],
        ),
    }


def drop_and_run(home: StateHome, clock: FixedClock, name: str, files: Mapping[str, bytes]) -> list[str]:
    """Drop a file for each district, run, and give the run's notes."""
    for district, content in files.items():
        drop(home, district, f"{name}_{district}.csv", content)
    return run(home, clock).notes


def register(home: StateHome, clock: FixedClock) -> dict[int, str]:
    """State IDs of the children 1 to 22, asked for by the first district."""
    drop(home, HERE, "batch.csv", id_batch(HERE, [child(number) for number in range(1, 23)]))
    run(home, clock)
    return {line - 1: state_id for line, state_id in ids(home, "batch.csv").items()}


def play(folder: Path) -> tuple[StateHome, FixedClock, dict[int, str]]:
    """A home after the whole year."""
    from flows.corrections import order_correction
    from matching.corrections.change import Order

    write_directory(folder / "directory")
    home, clock = make_home(folder / "home", folder / "directory"), FixedClock(JULY_2025)
    given = register(home, clock)
    clock.moment = datetime(2025, 8, 11, 14, tzinfo=UTC)
    drop_and_run(home, clock, "aug", summer(given))
    clock.moment = datetime(2025, 10, 6, 14, tzinfo=UTC)
    drop_and_run(home, clock, "oct", october(given))
    with open_session(home, clock) as session:
        keep, other, gone = given[MERGED_INTO], given[MERGED], given[RETIRED]
        for order in (
            Order("merge", state_id=keep, other_id=other, keeps=keep, is_forced=True),
            Order("retire", state_id=gone, is_forced=True),
        ):
            order_correction(session, order, actor="tester", reason="one child", id_source=SystemIdSource())
    clock.moment = datetime(2025, 12, 3, 14, tzinfo=UTC)
    drop_and_run(home, clock, "dec", december(given))
    clock.moment = datetime(2026, 6, 10, 14, tzinfo=UTC)
    drop_and_run(home, clock, "jun", june(given))
    return home, clock, given
