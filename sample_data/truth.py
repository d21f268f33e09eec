"""The truth beside the files: which child stands on which line, what went wrong, what should come of it."""

import csv
from dataclasses import astuple, dataclass, fields
from io import BufferedWriter
from pathlib import Path
from types import TracebackType

import polars as pl

from sample_data.directory import State
from sample_data.enrolment import NOWHERE, Rolls

REGISTRATION_COLUMNS = (
    "school_year", "kind", "district_code", "school_code", "file_name", "line_number", "local_student_id",
    "person_id", "twin_set", "is_hispanic", "moved_from", "error_tags",
)  # fmt: skip
PERSON_COLUMNS = (
    "person_id", "family_id", "twin_set", "is_hispanic", "last_name", "other_surname", "first_name", "middle_name",
    "suffix", "birth_date", "gender", "race_ethnicity",
)  # fmt: skip


README = """\
A synthetic state. Every child, family and guardian in it is invented; four district names are Missouri's own.

directory/            districts.csv and schools.csv, as `mosis init HOME --directory DIR` reads them
registry.csv          the registry from before, of the first year's children: `mosis ids import` takes it, if it is to be taken
<year>/id/            ID batches by district: drop them into the inbox first
<year>/core/          October Student Core extracts by district; StateID is blank but for a few unknown numbers
<year>/precode/       spring MAP pre-code requests of two districts
<year>/odd/           what districts drop by mistake (first year only)
truth/persons.csv         who the children really are; family_id joins sisters and brothers, twin_set twins
truth/registrations.csv   the child on each line of each ID batch and extract, and the mistakes of that registration
truth/registry.csv        the child on each line of registry.csv, and the lines that are no plain row
truth/expected.csv        files and lines with a known outcome, reason or rule

A year is the one in which the school year ends. In error_tags, `fault:` names a rule broken on purpose
(core_faults.csv, batch_faults.csv); other tags are registrars' mistakes (error_rates.csv), which stay with the child
in that district until they are `corrected`. moved_from is the district of the year before.
"""
STAFF_README = """
<year>/staff/         October files of educators, their posts, assignments and class rosters by district; StateID is
                      blank, so drop them after the Student Core extracts of the year
truth/staff.csv       the educator behind each line of these files, by an invented number, and the fault put into it
                      (staff_faults.csv)
"""


@dataclass(frozen=True)
class Expected:
    """What should come of a file (line_number 0) or of one of its lines."""

    school_year: int
    folder: str
    district_code: str
    file_name: str
    case: str
    expected_outcome: str
    reason: str = ""
    line_number: int = 0
    rule_id: str = ""
    note: str = ""


class TruthWriter:
    """Writes ``persons.csv``, ``registrations.csv`` and ``expected.csv`` as the files come."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._file: BufferedWriter | None = None
        self._expected: list[Expected] = []

    def __enter__(self) -> "TruthWriter":
        self._file = (self.folder / "registrations.csv").open("wb")
        self._file.write((",".join(REGISTRATION_COLUMNS) + "\n").encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        self._file.close()
        with (self.folder / "expected.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(field.name for field in fields(Expected))
            writer.writerows(astuple(expected) for expected in self._expected)

    def expect(self, expected: Expected) -> None:
        self._expected.append(expected)

    def write_people(self, people: pl.DataFrame, rolls: Rolls) -> None:
        """Everybody who is enrolled in any of the years."""
        enrolled = pl.concat([roll.select("person") for roll in rolls.years.values()]).unique().sort("person")
        family = pl.format("F{}", pl.col("family").cast(pl.String).str.zfill(7))
        chosen = people[enrolled["person"]].with_columns(family_id=family, race_ethnicity="race")
        chosen.select(PERSON_COLUMNS).write_csv(self.folder / "persons.csv")

    def write_registrations(
        self, year: int, kind: str, state: State, rows: pl.DataFrame, file_name: str, lines: pl.Series
    ) -> None:
        """One row per record of a file; ``lines`` counts physical lines from 1."""
        assert self._file is not None
        came_from = pl.col("moved_from") != NOWHERE
        previous = state.codes.gather(rows["moved_from"].clip(0))
        frame = rows.with_columns(
            pl.lit(year).alias("school_year"),
            pl.lit(kind).alias("kind"),
            pl.lit(file_name).alias("file_name"),
            lines.alias("line_number"),
            state.codes.gather(rows["district"]).alias("district_code"),
            pl.when(came_from).then(previous).alias("moved_from"),
        )
        frame.select(REGISTRATION_COLUMNS).write_csv(self._file, include_header=False)


def write_readme(out: Path, *, with_staff: bool = False) -> None:
    (out / "README.txt").write_text(README + (STAFF_README if with_staff else ""), encoding="utf-8")
