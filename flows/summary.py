"""What a run did, in counts: printed by ``mosis run``, shown as a Prefect artifact; no student value in it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from schemas.clock import rfc3339

# An outcome of a record as a count of state IDs says it.
ID_WORDS = {"error": "not given", "near_match": "to be decided"}


@dataclass
class RunSummary:
    """Counts of one run; ``resumed`` names an interrupted run that was completed first."""

    run_id: str
    started_at: datetime
    finished_at: datetime | None = None
    is_dry_run: bool = False
    resumed: list[str] = field(default_factory=list)
    files: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    ids: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    stage_seconds: dict[str, float] = field(default_factory=dict)
    reports: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)

    @property
    def file_count(self) -> int:
        return sum(self.files.values())

    def to_json(self) -> dict[str, Any]:
        # Field by field: asdict would make each Counter count its pairs.
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values |= {name: dict(value) for name, value in values.items() if isinstance(value, Counter)}
        values["started_at"] = rfc3339(self.started_at)
        values["finished_at"] = rfc3339(self.finished_at) if self.finished_at else None
        values["stage_seconds"] = {stage: round(seconds, 3) for stage, seconds in self.stage_seconds.items()}
        return values

    def headline(self) -> str:
        """One sentence: files, records, IDs."""
        if not self.file_count:
            return "No file could be taken." if self.defects else "Nothing was waiting in the inbox."
        records = "record" if self.records["accepted"] == 1 else "records"
        said = {ID_WORDS.get(name, name): count for name, count in self.ids.items()}
        return (
            f"{self.file_count:,} {'file' if self.file_count == 1 else 'files'} ({listed(self.files)}); "
            f"{self.records['accepted']:,} {records} accepted, "
            f"{self.records['refused']:,} refused; state IDs: {listed(said) or 'none'}."
        )


def listed(counts: Mapping[str, int]) -> str:
    """``3 accepted, 1 rejected``, in order of name."""
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(counts.items()))
