"""Read and validate over many files: text records gather into large batches, one validation call each (design 2).

One call per file would cost more than the checking itself, so files of one layout and year share a batch; every row
keeps its submission. Typed records, violations and refused records wait as Parquet under ``work/<run_id>/stage``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from schemas.dictionary import Collection, Dictionary
from schemas.directory import Directory
from schemas.errors import NoSpace
from schemas.reading import Extract
from schemas.rules import RuleBook, load_rule_book
from schemas.submission import Submission
from schemas.validation import RULE_RUN_SCHEMA, VIOLATION_SCHEMA, validate_records

REFUSED_SCHEMA = pl.Schema(
    {
        "submission_id": pl.String,
        "line_number": pl.UInt32,
        "line_span": pl.UInt32,
        "reason": pl.String,
        "message": pl.String,
    }
)


@dataclass(frozen=True)
class StagedBatch:
    """One validated batch: which collection it is of and where its frames wait."""

    collection_version: str
    layout: str
    school_year: int | None
    number: int
    submission_ids: tuple[str, ...]

    @property
    def stem(self) -> str:
        return f"{self.number:05d}-{self.layout}-{self.school_year or 'any'}"


@dataclass
class StagingArea:
    """Collects extracts of a run, validates them in batches of about ``batch_size`` records and stages the results."""

    folder: Path
    dictionary: Dictionary
    directory: Directory
    batch_size: int
    batches: list[StagedBatch] = field(default_factory=list)
    books: dict[str, RuleBook] = field(default_factory=dict)
    _waiting: dict[str, list[tuple[Submission, pl.DataFrame]]] = field(default_factory=dict)

    def add(self, submission: Submission, extract: Extract) -> None:
        """Take one read file; validates as soon as enough records of its collection wait."""
        assert submission.collection_version is not None
        waiting = self._waiting.setdefault(submission.collection_version, [])
        waiting.append((submission, extract.records))
        if extract.refused.height:
            refused = extract.refused.with_columns(submission_id=pl.lit(submission.submission_id))
            write_stage(
                refused.select(REFUSED_SCHEMA.names()), self.folder / f"refused-{submission.submission_id}.parquet"
            )
            write_stage(refused_as_violations(refused), self.folder / f"violations-{submission.submission_id}.parquet")
        if sum(records.height for _, records in waiting) >= self.batch_size:
            self._validate(submission.collection_version)

    def finish(self) -> None:
        """Validate what still waits."""
        for version in list(self._waiting):
            self._validate(version)

    def rule_book(self, collection_version: str) -> RuleBook:
        if collection_version not in self.books:
            self.books[collection_version] = load_rule_book(
                self.dictionary, self.dictionary.collection(collection_version)
            )
        return self.books[collection_version]

    def collection(self, version: str) -> Collection:
        return self.dictionary.collection(version)

    def versions(self) -> dict[str, Any]:
        """What a later reader of the stage must know: dictionary, rule books, batches."""
        return {
            "dictionary": self.dictionary.version,
            "rule_books": {version: book.version for version, book in self.books.items()},
            "batches": [asdict(batch) for batch in self.batches],
        }

    def _validate(self, version: str) -> None:
        waiting = self._waiting.pop(version, [])
        if not waiting:
            return
        collection = self.collection(version)
        layout = self.dictionary.layout(collection.layout, collection.school_year)
        records = pl.concat(
            [frame.with_columns(submission_id=pl.lit(submission.submission_id)) for submission, frame in waiting],
            rechunk=False,
        )
        checked = validate_records(
            records,
            submission_frame(submission for submission, _ in waiting),
            layout=layout,
            rule_book=self.rule_book(version),
            directory=self.directory,
        )
        names = tuple(submission.submission_id for submission, _ in waiting)
        batch = StagedBatch(version, collection.layout, collection.school_year, len(self.batches), names)
        self.batches.append(batch)
        write_stage(checked.records, self.records_path(batch))
        write_stage(checked.violations, self.folder / f"violations-{batch.stem}.parquet")
        write_stage(checked.rule_runs, self.folder / f"rule_runs-{batch.stem}.parquet")

    def records_path(self, batch: StagedBatch) -> Path:
        return self.folder / f"records-{batch.stem}.parquet"


def refused_as_violations(refused: pl.DataFrame) -> pl.DataFrame:
    """A line that could not be read is an error of its file: nothing a district sent may be missing without a row that says so."""
    return refused.select(
        "submission_id",
        "line_number",
        field=pl.lit(None, pl.String),
        rule_id=pl.col("reason"),
        severity=pl.lit("E"),
        scope=pl.lit("record"),
        value=pl.lit(None, pl.String),
        message=pl.col("message"),
        fix=pl.lit("Correct this record in your student system and export the whole file again."),
    ).cast(pl.Schema(VIOLATION_SCHEMA))


def submission_frame(submissions: Iterable[Submission]) -> pl.DataFrame:
    """What validation needs to know of the files in a batch."""
    names = ("submission_id", "district_code", "school_code", "collection_version", "school_year", "cycle")
    schema = {name: pl.Int64 if name == "school_year" else pl.String for name in names}
    return pl.DataFrame([{name: getattr(s, name) for name in names} for s in submissions], schema=schema)


def write_stage(frame: pl.DataFrame, path: Path) -> None:
    """Parquet that lives for one run only: fast rather than small.

    Raises:
        NoSpace: it could not be written whole; polars says neither why nor by an OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        frame.write_parquet(path, compression="lz4", statistics=False)
    except pl.exceptions.ComputeError as error:
        raise NoSpace(
            f"{path} could not be written ({type(error).__name__}), probably for lack of space. "
            "Nothing is lost; make room, then run again."
        ) from None


def scan_stage(folder: Path, kind: str, schema: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """All staged frames of one kind (``violations``, ``rule_runs``, ``refused``), empty where there are none."""
    paths = sorted(folder.glob(f"{kind}-*.parquet"))
    return pl.scan_parquet(paths) if paths else pl.LazyFrame(schema=pl.Schema(schema))


def scan_violations(folder: Path) -> pl.LazyFrame:
    return scan_stage(folder, "violations", VIOLATION_SCHEMA)


def scan_rule_runs(folder: Path) -> pl.LazyFrame:
    return scan_stage(folder, "rule_runs", RULE_RUN_SCHEMA)


def scan_refused(folder: Path) -> pl.LazyFrame:
    return scan_stage(folder, "refused", REFUSED_SCHEMA)
