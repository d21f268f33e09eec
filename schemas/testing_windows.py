"""Testing windows: the days on which an assessment is given. While one is open, no child's number may change."""

from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel, ConfigDict, model_validator


class AssessmentWindow(BaseModel):
    """Days in Missouri, both included; set by the operator, since the department sets them anew each year."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    assessment: str
    opens: date
    closes: date

    @model_validator(mode="after")
    def _closes_after_it_opens(self) -> "AssessmentWindow":
        if self.closes < self.opens:
            raise ValueError(f"the window of {self.assessment} closes before it opens")
        return self


def waits_until(windows: Sequence[AssessmentWindow], day: date) -> AssessmentWindow | None:
    """The window that is open on a day, of several the one that closes last; null when none is."""
    is_open = [window for window in windows if window.opens <= day <= window.closes]
    return max(is_open, key=lambda window: (window.closes, window.assessment), default=None)
