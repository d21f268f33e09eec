"""What lies beside a report for the district to sign, and what its new file would change of what it certified."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flows.session import Session
from outputs.certification.amendment import Difference, difference_of
from outputs.certification.amendment_page import AMENDMENT_CSV, AMENDMENT_PAGE, write_amendment
from outputs.certification.certificate_file import CERTIFICATE_FILE, write_certificate
from outputs.certification.forms import Offer, find_offers, write_forms
from outputs.certification.register import load_certificates
from outputs.violation_report import ReportSubject
from schemas.dictionary import ID_BATCH
from schemas.submission import Submission


@dataclass
class DistrictForms:
    """Writes certificates to sign and amendments; the database is asked once for many submissions."""

    session: Session
    _offers: dict[str, Offer] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    def prepare(self, names: Collection[str]) -> None:
        """Ask for what the forms of several submissions say; what was asked before is let go."""
        self._offers, self._asked = find_offers(self.session.con, names), set(names)

    def write(self, folder: Path, submission: Submission, subject: ReportSubject) -> Sequence[str]:
        """Put the forms that fit into a submission's folder and take away those that do not; the names of what lies there."""
        name, session = submission.submission_id, self.session
        if submission.layout in (None, ID_BATCH) or submission.status not in ("trial", "certified"):
            return ()
        if name not in self._asked:
            self.prepare([name])
        offer = self._offers.get(name)
        written = write_forms(folder, offer, name, session.dictionary, session.directory)
        if submission.status == "certified":
            (certificate,) = load_certificates(session.con, submission_id=name, standing_only=True)[-1:]
            return (*written, *write_certificate(folder, certificate))
        (folder / CERTIFICATE_FILE).unlink(missing_ok=True)
        difference = offer.difference if offer else self._difference(submission)
        return (*written, *self._amendment(folder, submission, subject, difference))

    def _difference(self, submission: Submission) -> Difference | None:
        return difference_of(self.session.con, submission.submission_id, submission.layout or "")

    def _amendment(
        self, folder: Path, submission: Submission, subject: ReportSubject, difference: Difference | None
    ) -> Sequence[str]:
        if difference is None:
            for file in (AMENDMENT_CSV, AMENDMENT_PAGE):
                (folder / file).unlink(missing_ok=True)
            return ()
        dictionary = self.session.dictionary
        layout = dictionary.layout_of(dictionary.collection(submission.collection_version or ""))
        return write_amendment(folder, subject, difference, layout)
