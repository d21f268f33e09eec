"""How long open questions have waited, in business days: what ages is flagged, then escalated."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import duckdb

from outputs.next_steps import counted
from schemas.business_days import count_business_days
from schemas.clock import missouri_day


@dataclass(frozen=True, slots=True)
class QuestionAges:
    """Open questions of the state.

    Attributes:
        oldest_days: calendar days the oldest has waited, null where none is open; ``oldest_business_days``
            without weekends and public holidays.
        flagged: questions that have waited ``flag_days`` business days or more; ``escalated`` likewise, and among them.
        proposals: merges that wait for a person.
    """

    open: int
    oldest_days: int | None
    oldest_business_days: int | None
    flag_days: int
    flagged: int
    escalate_days: int
    escalated: int
    proposals: int

    @property
    def kind(self) -> str:
        """Colour: error when something is escalated, warning when flagged."""
        return "error" if self.escalated else "warning" if self.flagged else "good"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def sentence(self) -> str | None:
        """What ``status`` says of them; null where nothing waits."""
        parts = []
        if self.open:
            assert self.oldest_days is not None
            waits = "since today" if self.oldest_days == 0 else f"for {counted(self.oldest_days, 'day')}"
            parts.append(f"{counted(self.open, 'near match', 'near matches')} open, the oldest {waits}")
            if self.escalated:
                parts.append(f"{self.escalated:,} for {self.escalate_days} business days or more: decide them now")
            if self.flagged > self.escalated:
                parts.append(
                    f"{self.flagged - self.escalated:,} for {self.flag_days} business days or more: ask the districts"
                )
        if self.proposals:
            parts.append(counted(self.proposals, "merge proposal"))
        return f"{'; '.join(parts)}." if parts else None


def question_ages(con: duckdb.DuckDBPyConnection, now: datetime, *, flag_days: int, escalate_days: int) -> QuestionAges:
    """The ages of the questions that are open at a moment."""
    opened = con.execute(
        "SELECT min(opened_at) FROM identity.near_match WHERE status = 'open' GROUP BY near_match_id, district_code"
    ).fetchall()
    today = missouri_day(now)
    days = [missouri_day(at) for (at,) in opened]
    business = count_business_days(days, today)
    ((proposals,),) = con.execute(
        "SELECT count(*) FROM identity.proposal p JOIN identity.student a USING (state_id) "
        "JOIN identity.student b ON b.state_id = p.other_state_id "
        "WHERE p.status = 'open' AND a.status = 'active' AND b.status = 'active'"
    ).fetchall()
    return QuestionAges(
        len(days),
        max(((today - day).days for day in days), default=None),
        max(business, default=None),
        flag_days,
        sum(waited >= flag_days for waited in business),
        escalate_days,
        sum(waited >= escalate_days for waited in business),
        int(proposals),
    )
