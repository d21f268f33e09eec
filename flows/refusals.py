"""What a file that is refused as a whole becomes: a submission with the reason, the message and the next step."""

from dataclasses import replace

from schemas.errors import FileRefused
from schemas.submission import Submission


def refused(submission: Submission, refusal: FileRefused) -> Submission:
    return replace(
        submission,
        outcome=refusal.outcome,
        status=refusal.outcome,
        reason=refusal.reason,
        message=refusal.message,
        next_step=refusal.next_step,
        refused_line=refusal.line,
    )
