"""The audit as one call: read the folder, write down what a reader could, report all that may not be known."""

from pathlib import Path

from outputs.publish.audit.checks import (
    differences_to_earlier,
    fixed_by_equations,
    fixed_by_size,
    printed_small_counts,
    revealing_percents,
    weak_thresholds,
    wrong_sums,
)
from outputs.publish.audit.findings import Finding
from outputs.publish.audit.folder import Unreadable, read_release, stray_files
from outputs.publish.audit.page import page_disagreements
from outputs.publish.audit.relations import build_public_system
from schemas.errors import UnsafeRelease

# 2007 policy: results in which fewer than thirty students might be disclosed are blocked.
POLICY_THRESHOLD = 30
NAMED = 5


def audit_release(folder: Path, least_threshold: int = POLICY_THRESHOLD) -> list[Finding]:
    """Everything that forbids publishing the folder; empty when nothing does.

    Reads the folder and the public releases that its ``earlier`` names, nothing else.

    Args:
        least_threshold: a table may promise more than this, not less.
    """
    try:
        release = read_release(folder)
    except Unreadable as unreadable:
        return [unreadable.finding]
    system, findings = build_public_system(release)
    findings += stray_files(folder, release)
    findings += weak_thresholds(release, least_threshold)
    findings += page_disagreements(folder, release)
    findings += printed_small_counts(system.cells)
    findings += wrong_sums(system)
    findings += fixed_by_equations(system)
    findings += fixed_by_size(system)
    findings += [finding for table in release.tables for finding in revealing_percents(table)]
    findings += differences_to_earlier(folder, release, system.cells)
    return sorted(set(findings))


def require_safe(folder: Path, least_threshold: int = POLICY_THRESHOLD) -> None:
    """Pass only a folder in which the audit finds nothing.

    Raises:
        UnsafeRelease: names the first findings and how many there are.
    """
    findings = audit_release(folder, least_threshold)
    if findings:
        named = "; ".join(str(finding) for finding in findings[:NAMED])
        raise UnsafeRelease(f"{folder.name} is not safe to publish, {len(findings)} findings: {named}")
