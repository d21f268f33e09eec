"""The violation report of one submission with all that is said on it: for the run that stored it and for later rewriting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import polars as pl

from flows.district_forms import DistrictForms
from flows.fix_ups import write_fix_up
from flows.session import Session
from outputs.cycles import Cycles, load_cycles
from outputs.next_steps import ReceiptFacts
from outputs.violation_report import NO_PAST, Past, ReportSubject, ReportWords, write_violation_report
from outputs.violation_report.past_queries import load_past
from outputs.violation_report.record_queries import load_records
from outputs.violation_rows import VIOLATION_ROW_SCHEMA
from schemas.dictionary import ID_BATCH
from schemas.dictionary import Collection as RecordCollection
from schemas.reading.recognition import (
    CERTIFICATE,
    DECERTIFICATION,
    LOCATOR_REQUEST,
    NEAR_MATCH_RETURN,
    VIOLATION_RESPONSE,
)
from schemas.submission import Submission

# What a receipt calls a file that is of no collection.
_TITLES = {
    LOCATOR_REQUEST: "Locator request",
    CERTIFICATE: "Certificate",
    DECERTIFICATION: "Request to take a certificate back",
    VIOLATION_RESPONSE: "Answers to violations",
}
NO_VIOLATIONS = pl.DataFrame(schema=VIOLATION_ROW_SCHEMA)


@dataclass
class ViolationReports:
    """Writes violation reports; what all files of a collection share is made once."""

    session: Session
    _words: dict[str, ReportWords] = field(default_factory=dict)
    _past: dict[str, Past] = field(default_factory=dict)
    _records: dict[str, pl.DataFrame] = field(default_factory=dict)
    _forms: DistrictForms = field(init=False)

    def __post_init__(self) -> None:
        self._forms = DistrictForms(self.session)

    @cached_property
    def _cycles(self) -> Cycles:
        return load_cycles(self.session.con)

    def prepare(self, submissions: Sequence[Submission], rows: Mapping[str, pl.DataFrame]) -> None:
        """Ask the database once for what the reports of several submissions need; what was prepared before is let go.

        Args:
            rows: violations by submission.
        """
        self._forms.prepare([submission.submission_id for submission in submissions])
        self._past = load_past(self.session.con, [submission.submission_id for submission in submissions])
        self._records = {}
        by_version: dict[str, list[Submission]] = {}
        for submission in submissions:
            if submission.collection_version and submission.submission_id in rows:
                by_version.setdefault(submission.collection_version, []).append(submission)
        for version, same in by_version.items():
            self._records |= self._records_of(version, [rows[submission.submission_id] for submission in same])

    def _records_of(self, version: str, rows: Sequence[pl.DataFrame]) -> dict[str, pl.DataFrame]:
        if version in (ID_BATCH, NEAR_MATCH_RETURN, *_TITLES):
            return {}
        collection = self.session.dictionary.collection(version)
        words = self._words_of(collection)
        about = pl.concat([part.select("submission_id", "line_number", "field") for part in rows])
        lines = about.select("submission_id", "line_number").drop_nulls()
        return load_records(self.session.con, collection.layout, lines, words.shown_columns(about["field"]))

    def write(
        self,
        folder: Path,
        submission: Submission,
        rows: pl.DataFrame | None,
        ids: dict[str, int] | None,
        at: datetime,
        *,
        records: pl.DataFrame | None = None,
    ) -> Sequence[str]:
        """Write the report of a submission of a collection into its folder; gives the names of the files.

        Args:
            rows: violations (columns of quality.violation); null where there are none.
            ids: how many records came out with each identity outcome; null where no ID was asked for.
            records: typed records of a file whose records are stored nowhere, such as an ID batch.
        """
        collection = self.session.dictionary.collection(submission.collection_version or "")
        subject = ReportSubject(
            submission_id=submission.submission_id,
            district_code=submission.district_code,
            district_name=self.session.directory.district_name(submission.district_code),
            collection_version=collection.version,
            collection_title=collection.title,
            file_name=submission.file_name,
            record_count=submission.record_count or 0,
            made_at=at,
            due_date=self._cycles.due_date(collection, submission.district_code),
            near_matches=(ids or {}).get("near_match", 0),
            without_id=(ids or {}).get("error", 0),
            is_pilot=submission.is_pilot,
            is_certified=submission.status == "certified",
        )
        name = submission.submission_id
        found = rows if rows is not None else NO_VIOLATIONS
        if name not in self._past:
            self.prepare([submission], {name: found})
        past = self._past.get(name, NO_PAST)
        shown = self._records.get(name, records)
        files = write_violation_report(folder, subject, found, self._words_of(collection), past, shown)
        fix_up = write_fix_up(self.session, folder, submission, found)
        return (*files, *fix_up, *self._forms.write(folder, submission, subject))

    def facts(self, submission: Submission, files: Sequence[str]) -> ReceiptFacts:
        """What a receipt says that the submission does not know itself."""
        collection = self._collection(submission)
        return ReceiptFacts(
            district_name=self.session.directory.district_name(submission.district_code),
            collection_title=collection.title if collection else _TITLES.get(submission.layout or ""),
            due_date=self._cycles.due_date(collection, submission.district_code) if collection else None,
            files=tuple(files),
            is_pilot=submission.is_pilot,
        )

    def _collection(self, submission: Submission) -> RecordCollection | None:
        version = submission.collection_version
        if version is None or version in (NEAR_MATCH_RETURN, *_TITLES):
            return None
        return self.session.dictionary.collection(version)

    def _words_of(self, collection: RecordCollection) -> ReportWords:
        version = collection.version
        if version not in self._words:
            book = self.session.rule_book(version)
            layout = self.session.dictionary.layout_of(collection)
            self._words[version] = ReportWords.of(layout, book, self.session.directory)
        return self._words[version]
