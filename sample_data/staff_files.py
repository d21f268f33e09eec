"""October files of staff and courses: Educator Core, Educator School, Course Assignment, Student Assignment.

Written beside the students' files when they are asked for; truth is in ``truth/staff.csv`` and ``truth/expected.csv``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from sample_data.directory import GRADES
from sample_data.faults import MOST_ERRORS_DISTRICT, WARNINGS_DISTRICT
from sample_data.formats import write_extract
from sample_data.plan import EXTENSIONS, Plan, collection_of
from sample_data.staff import Staffing, educators, number_educators, staff_schools
from sample_data.tables import Rng, read_table, stream
from schemas.dictionary import Collection, RecordLayout

FILE_NAMES = {
    "educator_core": "EducatorCore", "educator_school": "EducatorSchool", "course_assignment": "CourseAssignment",
    "student_assignment": "StudentAssignment",
}  # fmt: skip
HIGH_SCHOOL = GRADES.index("09")
CAREER_MONTHS = "10"
FAULTS_OF_A_DISTRICT = 2
TRUTH_COLUMNS = ("school_year", "layout", "district_code", "file_name", "line_number", "educator_number", "fault")


@dataclass(frozen=True)
class StaffFile:
    """One file before it is written: a row a record, with ``number`` of the educator and ``post`` beside the columns."""

    layout: RecordLayout
    collection: Collection
    rows: pl.DataFrame


def write_staff(plan: Plan, year: int, rows: pl.DataFrame) -> None:
    """The four files of each district among these rows of the register (whole districts, names as they are spelled)."""
    staffing = staff_schools(rows.filter("in_core"))
    posts = number_educators(plan.educators, staffing.posts)
    people = educators(plan.seed, posts, year - plan.first_year)
    paid = _paid(posts, people)
    frames = {
        "educator_core": _educator_core(people, paid),
        "educator_school": _educator_school(paid, people),
        "course_assignment": _course_assignment(staffing, paid),
        "student_assignment": _student_assignment(staffing, paid),
    }
    for district in staffing.posts["district"].unique().sort():
        for name, frame in frames.items():
            collection = collection_of(plan.dictionary, name, year, "Oct")
            layout = plan.dictionary.layout_of(collection)
            own = _placed(plan, frame.filter(pl.col("district") == district), collection)
            _write_file(plan, year, district, StaffFile(layout, collection, own))


def _paid(posts: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Posts with the educator's SSN and the salary of each; shares of one salary differ, as contracts do."""
    known = people.select("number", "ssn", "base_salary")
    place = pl.int_range(pl.len()).over("number")
    return posts.join(known, on="number", maintain_order="left").with_columns(
        salary=(pl.col("base_salary") * pl.col("fte")).round(0).cast(pl.Int64) + 100 * place,
        position_code=_column_of("post", "staff_posts.csv", "position_code"),
        educator_id="ssn",
    )


def _column_of(key: str, table: str, column: str) -> pl.Expr:
    rows = read_table(table)
    return pl.col(key).replace_strict(rows[key], rows[column], return_dtype=pl.String)


def _educator_core(people: pl.DataFrame, paid: pl.DataFrame) -> pl.DataFrame:
    salaries = paid.group_by("number").agg(regular_term_salary=pl.col("salary").sum())
    is_on_ladder = (pl.col("post") == "teacher") & (pl.col("number") % 6 == 0) & (pl.col("missouri_experience") >= 2)
    has_longer_year = pl.col("post") == "counselor"
    return people.join(salaries, on="number", maintain_order="left").with_columns(
        educator_id="ssn",
        highest_degree="degree",
        career_ladder_stage=pl.when(is_on_ladder).then(pl.lit("1")),
        extended_contract_days=pl.when(has_longer_year).then(20),
        extended_contract_salary=pl.when(has_longer_year).then(4200),
    )


def _educator_school(paid: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    names = people.select("number", "last_name", "first_name")
    is_career = pl.col("cte_program_code") != ""
    return paid.join(names, on="number", maintain_order="left").with_columns(
        reporting_school_code="school_code",
        fte=pl.col("fte").cast(pl.Decimal(4, 2)),
        cte_months=pl.when(is_career).then(pl.lit(CAREER_MONTHS)),
    )


def _course_assignment(staffing: Staffing, paid: pl.DataFrame) -> pl.DataFrame:
    of_slot = paid.filter(pl.col("post") == "teacher").select(
        "district", "slot", "number", "post", "educator_id", "position_code"
    )
    classes = staffing.classes.join(of_slot, on=["district", "slot"], maintain_order="left").with_columns(
        course_grade=pl.Series(GRADES).gather(pl.Series(staffing.classes["grade"])),
        course_semester=pl.lit("YL"),
        course_minutes="minutes",
        course_credits="credits",
        local_section_number=_section(pl.Series(GRADES).gather(pl.Series(staffing.classes["grade"]))),
    )
    table = read_table("staff_posts.csv").filter(pl.col("post") != "teacher")
    served = pl.col("post").is_in(["counselor", "nurse"])
    others = paid.join(
        table.select("post", "course_number", "comment", course_minutes="minutes"), on="post", maintain_order="left"
    ).filter(pl.col("post") != "teacher")  # fmt: skip
    others = others.drop("cte_program_code").with_columns(
        assignment_number=pl.int_range(pl.len()).over("number", "school_code") + 1,
        caseload=pl.when(served).then("students"),
    )
    both = pl.concat([classes, others], how="diagonal_relaxed")
    return both.with_columns(
        reporting_school_code="school_code", local_course_number="local_number", local_course_name="name"
    ).sort("district", "school_code", "slot", "assignment_number")


def _section(grades: pl.Series) -> pl.Expr:
    """``09-2``: the second class of grade 09 in a course."""
    return pl.lit(grades) + "-" + pl.col("section").cast(pl.String)


def _student_assignment(staffing: Staffing, paid: pl.DataFrame) -> pl.DataFrame:
    of_slot = paid.filter(pl.col("post") == "teacher").select(
        "district", "slot", "number", "educator_id", "position_code"
    )
    is_career = pl.col("cte_program_code") != ""
    taken = staffing.enrolments.join(of_slot, on=["district", "slot"], maintain_order="left")
    return taken.with_columns(
        grade=pl.Series(GRADES).gather(taken["grade"]),
        birth_date=pl.col("birth_date").dt.strftime("%m/%d/%Y"),
        adult=pl.lit("N"),
        disadvantaged=pl.when(is_career).then(
            pl.when(pl.col("person") % 3 == 0).then(pl.lit("Y")).otherwise(pl.lit("N"))
        ),
        reporting_school_code="school_code",
        local_course_number="local_number",
        local_course_name="name",
        local_section_number=_section(pl.Series(GRADES).gather(taken["grade"])),
        submitted_state_id=pl.lit(None, pl.String),
    ).sort("district", "school_code", "slot", "assignment_number", maintain_order=True)


def _placed(plan: Plan, rows: pl.DataFrame, collection: Collection) -> pl.DataFrame:
    return rows.with_columns(
        collection_version=pl.lit(collection.version),
        school_year=pl.lit(str(collection.school_year)),
        reporting_district_code=plan.state.codes.gather(rows["district"]),
    )


def _write_file(plan: Plan, year: int, district: int, file: StaffFile) -> None:
    names = file.layout.standard_names
    texts = pl.col(pl.String)
    present = [pl.col(name).cast(pl.String) for name in names if name in file.rows.columns]
    blank = [pl.lit(None, pl.String).alias(name) for name in names if name not in file.rows.columns]
    records = file.rows.select(*present, *blank).select(names)
    records = records.with_columns(pl.when(texts != "").then(texts))
    rng = stream(plan.seed, "staff", file.layout.name, year, district)
    records, faults = put_staff_faults(rng, plan, district, records, file)
    dialect = plan.habits.dialect(district)
    extension = EXTENSIONS[plan.habits.of("format", district)]
    name = f"{plan.state.codes[district]}_{FILE_NAMES[file.layout.name]}_Oct{year - 1}.{extension}"
    plan.write(year, "staff", district, name, write_extract(records, file.layout, dialect))
    first_line = 1 if dialect.format == "fixed" else 2
    _write_truth(plan, year, district, name, file, faults, first_line)


def put_staff_faults(
    rng: Rng, plan: Plan, district: int, records: pl.DataFrame, file: StaffFile
) -> tuple[pl.DataFrame, dict[int, dict[str, str]]]:
    """Records with faults of staff_faults.csv in them, and the fault of each position.

    Errors in districts that send errors, all of them in the first; warnings in the second district; none elsewhere.
    """
    table = read_table("staff_faults.csv").filter(pl.col("layout") == file.layout.name)
    errors, warnings = (table.filter(pl.col("severity") == severity) for severity in "EW")
    drawn: list[pl.DataFrame] = []
    if plan.has_errors[district]:
        count = errors.height if district == MOST_ERRORS_DISTRICT else FAULTS_OF_A_DISTRICT
        drawn.append(errors[rng.permutation(errors.height)[:count]])
    if district == WARNINGS_DISTRICT and district != plan.habits.spotless:
        drawn.append(warnings)
    faults: dict[int, dict[str, str]] = {}
    for fault in pl.concat([table.clear(), *drawn]).rows(named=True):
        free = [row for row in _suitable(file.rows, fault["among"]) if row not in faults]
        if free:
            position = free[int(rng.integers(len(free)))]
            faults[position] = fault
            records = _with_fault(plan, district, records, position, fault, file)
    return records, faults


def _suitable(rows: pl.DataFrame, among: str) -> list[int]:
    if not among:
        return list(range(rows.height))
    column, value = among.split("=")
    return [position for position, found in enumerate(rows[column].to_list()) if found == value]


def _with_fault(
    plan: Plan, district: int, records: pl.DataFrame, position: int, fault: Mapping[str, str], file: StaffFile
) -> pl.DataFrame:
    year = file.collection.school_year
    tokens = {
        "autumn": f"11/03/{year - 1}",
        "winter": f"12/15/{year - 1}",
        "june": f"06/10/{year}",
        "other_district": plan.state.codes[(district + 1) % len(plan.state.codes)],
    }
    values = fault["value"].format(**tokens).split(";")
    for column, value in zip(fault["column"].split(";"), values, strict=True):
        fitted = (
            value[: file.layout.by_standard_name[column].length]
            if plan.habits.of("format", district) == "fixed"
            else value
        )
        records = records.with_columns(records[column].scatter(position, fitted or None))
    return records


def _write_truth(
    plan: Plan,
    year: int,
    district: int,
    name: str,
    file: StaffFile,
    faults: Mapping[int, Mapping[str, str]],
    first_line: int,
) -> None:
    for position, fault in sorted(faults.items()):
        plan.expect(
            year, "staff", district, name, f"fault:{fault['fault']}", "accepted_with_violations",
            line_number=first_line + position, rule_id=fault["rule_id"],
        )  # fmt: skip
    named = pl.Series(
        [faults[row]["fault"] if row in faults else "" for row in range(file.rows.height)], dtype=pl.String
    )
    truth = file.rows.select(
        school_year=pl.lit(year),
        layout=pl.lit(file.layout.name),
        district_code=pl.lit(plan.state.codes[district]),
        file_name=pl.lit(name),
        line_number=pl.int_range(first_line, first_line + pl.len()),
        educator_number="number",
        fault=named,
    )
    path = plan.out / "truth" / "staff.csv"
    with path.open("ab") as out:
        truth.select(TRUTH_COLUMNS).write_csv(out, include_header=out.tell() == 0)
