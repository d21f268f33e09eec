"""The violation report of one submission with all that is said on it: for the run that stored it and for later rewriting."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from flows.session import Session
from outputs.next_steps import ReceiptFacts
from outputs.violation_report import ReportSubject, ReportWords, write_violation_report
from outputs.violation_rows import VIOLATION_ROW_SCHEMA
from schemas.dictionary import Collection as RecordCollection
from schemas.reading.recognition import LOCATOR_REQUEST, NEAR_MATCH_RETURN
from schemas.submission import Submission

# What a receipt calls a file that is of no collection.
_TITLES = {LOCATOR_REQUEST: "Locator request"}
NO_VIOLATIONS = pl.DataFrame(schema=VIOLATION_ROW_SCHEMA)


@dataclass
class ViolationReports:
    """Writes violation reports; what all files of a collection share is made once."""

    session: Session
    _words: dict[str, ReportWords] = field(default_factory=dict)

    def write(
        self,
        folder: Path,
        submission: Submission,
        rows: pl.DataFrame | None,
        ids: dict[str, int] | None,
        at: datetime,
        *,
        fixed: int | None,
    ) -> Sequence[str]:
        """Write the report of a submission of a collection into its folder; gives the names of the files.

        Args:
            rows: violations (columns of quality.violation); null where there are none.
            ids: how many records came out with each identity outcome; null where no ID was asked for.
            fixed: violations of the earlier file that are gone; null where there was none.
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
            due_date=collection.due_date,
            near_matches=(ids or {}).get("near_match", 0),
            without_id=(ids or {}).get("error", 0),
        )
        found = rows if rows is not None else NO_VIOLATIONS
        return write_violation_report(folder, subject, found, self._words_of(collection), fixed=fixed)

    def facts(self, submission: Submission, files: Sequence[str]) -> ReceiptFacts:
        """What a receipt says that the submission does not know itself."""
        collection = self._collection(submission)
        return ReceiptFacts(
            district_name=self.session.directory.district_name(submission.district_code),
            collection_title=collection.title if collection else _TITLES.get(submission.layout or ""),
            due_date=collection.due_date if collection else None,
            files=tuple(files),
        )

    def _collection(self, submission: Submission) -> RecordCollection | None:
        version = submission.collection_version
        if version in (None, NEAR_MATCH_RETURN, LOCATOR_REQUEST):
            return None
        return self.session.dictionary.collection(version)

    def _words_of(self, collection: RecordCollection) -> ReportWords:
        version = collection.version
        if version not in self._words:
            book = self.session.rule_book(version)
            layout = self.session.dictionary.layout_of(collection)
            self._words[version] = ReportWords.of(layout, book, self.session.directory)
        return self._words[version]
