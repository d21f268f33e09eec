"""How often each rule was tried, failed and waived on what stands in a state home now."""

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class RuleUse:
    """Figures of one rule number in one collection, over the files that stand (trials and certified files)."""

    collection_version: str
    files: int
    applicable: int
    failed: int
    waived: int


def rule_use(con: duckdb.DuckDBPyConnection) -> dict[str, list[RuleUse]]:
    """By rule number; a rule that no standing file was tried with is not there. Counts only, no record."""
    rows = con.execute(
        """
        WITH standing AS (
            SELECT submission_id, collection_version FROM intake.submission WHERE status IN ('trial', 'certified')
        ),
        tried AS (
            SELECT run.rule_id, collection_version, count(*) AS files,
                   sum(applicable_count) AS applicable, sum(failed_count) AS failed
            FROM quality.rule_run AS run JOIN standing USING (submission_id)
            GROUP BY ALL
        ),
        waived AS (
            SELECT rule_id, standing.collection_version, count(*) AS waived
            FROM quality.violation JOIN standing USING (submission_id)
            WHERE status = 'waived'
            GROUP BY ALL
        )
        SELECT rule_id, collection_version, coalesce(files, 0), coalesce(applicable, 0), coalesce(failed, 0),
               coalesce(waived, 0)
        FROM tried FULL JOIN waived USING (rule_id, collection_version)
        ORDER BY rule_id, collection_version
        """
    ).fetchall()
    found: dict[str, list[RuleUse]] = {}
    for rule_id, version, files, applicable, failed, waived in rows:
        found.setdefault(rule_id, []).append(RuleUse(version, int(files), int(applicable), int(failed), int(waived)))
    return found
