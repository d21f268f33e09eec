"""The truth beside the files: which child stands on which line, and what became wrong on the way."""

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


class TruthWriter:
    """Writes ``persons.csv`` and ``registrations.csv`` as the files come."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._file: BufferedWriter | None = None

    def __enter__(self) -> "TruthWriter":
        self._file = (self.folder / "registrations.csv").open("wb")
        self._file.write((",".join(REGISTRATION_COLUMNS) + "\n").encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        self._file.close()

    def write_people(self, people: pl.DataFrame, rolls: Rolls, state: State) -> None:
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
