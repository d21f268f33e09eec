"""An inbox of one district with one school."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.inbox.waiting import Inbox, find_waiting

DISTRICT, SCHOOL = "048078", "1050"


class OneDistrict:
    def has_district(self, district_code: str) -> bool:
        return district_code == DISTRICT

    def has_school(self, district_code: str, school_code: str) -> bool:
        return (district_code, school_code) == (DISTRICT, SCHOOL)


@dataclass
class InboxUnderTest:
    """Looks at the inbox with a clock of its own; ``during_sleep`` is what a client does between two looks."""

    root: Path
    places: OneDistrict = field(default_factory=OneDistrict)
    slept: list[float] = field(default_factory=list)

    @property
    def district(self) -> Path:
        return self.root / DISTRICT

    def look(
        self, *, settle: float = 60, after: timedelta = timedelta(0), limit: int = 1000, during_sleep=None
    ) -> Inbox:  # type: ignore[no-untyped-def]
        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            if during_sleep:
                during_sleep()

        return find_waiting(
            self.root,
            self.places,
            now=datetime.now(UTC) + after,
            settle_seconds=settle,
            max_file_bytes=limit,
            sleep=sleep,
            monotonic=lambda: 100.0,
        )


@pytest.fixture
def inbox(tmp_path: Path) -> InboxUnderTest:
    root = tmp_path / "inbox"
    (root / DISTRICT / SCHOOL).mkdir(parents=True)
    return InboxUnderTest(root)
