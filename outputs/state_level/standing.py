"""How many findings compare districts and are not settled: for ``mosis status``."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import duckdb

from outputs.next_steps import counted


@dataclass(frozen=True, slots=True)
class BetweenDistricts:
    """Findings that stand; one that two districts have counts once.

    Attributes:
        open: nobody was called yet; contacted: somebody was, and no file has cleared it.
        overdue: of those open, the ones whose day by law is past.
        districts: that have one of them.
    """

    open: int
    contacted: int
    overdue: int
    districts: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def sentence(self) -> str | None:
        """What ``status`` says; null where nothing stands."""
        if not self.open + self.contacted:
            return None
        overdue = f", {self.overdue:,} past the day the law gives" if self.overdue else ""
        return (
            f"{counted(self.open, 'finding')} between districts open{overdue}; {self.contacted:,} contacted; "
            f"{counted(self.districts, 'district')}."
        )


def between_districts(con: duckdb.DuckDBPyConnection, today: date) -> BetweenDistricts:
    """The findings of state scope that stand on a day."""
    ((open_count, contacted, overdue, districts),) = con.execute(
        """
        SELECT count(DISTINCT finding_id) FILTER (status <> 'contacted'),
               count(DISTINCT finding_id) FILTER (status = 'contacted'),
               count(DISTINCT finding_id) FILTER (status <> 'contacted' AND due_date < ?), count(DISTINCT district_code)
        FROM quality.violation WHERE scope = 'state' AND status IN ('open', 'reopened', 'contacted')
        """,
        [today],
    ).fetchall()
    return BetweenDistricts(open_count, contacted, overdue, districts)
