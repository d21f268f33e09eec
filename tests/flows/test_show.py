"""What a clerk reads after ``mosis check``: each kind of finding once, with how to mend it."""

from typing import Any

import pytest

from flows.cli.show import Finding, group_findings


def finding(line: int | None, rule: str = "STC00446", severity: str = "E", **more: Any) -> dict[str, Any]:
    return {
        "line": line,
        "rule_id": rule,
        "severity": severity,
        "message": "Not a date",
        "fix": "Write a date.",
        **more,
    }


@pytest.mark.parametrize(
    "lines, heading, where",
    [
        ([2], "1 error: Not a date", "line 2 (STC00446)"),
        ([2, 3, 4, 5], "4 errors: Not a date", "lines 2, 3, 4, 5 (STC00446)"),
        ([2, 3, 4, 5, 6], "5 errors: Not a date", "lines 2, 3, 4, 5 and 1 more (STC00446)"),
        ([None], "1 error: Not a date", "the file as a whole (STC00446)"),
    ],
)
def test_a_kind_is_said_once_with_its_first_lines(lines: list[int | None], heading: str, where: str) -> None:
    assert group_findings([finding(line) for line in lines]) == [Finding(heading, ("Write a date.", where))]


def test_errors_come_first_then_what_is_most_frequent() -> None:
    rows = [
        finding(2, "W1", "W", message="Old"),
        finding(2, "W1", "W", message="Old"),
        finding(3, "E1", message="Rare"),
    ]
    rows += [finding(line, "E2", message="Often", fix=None) for line in (4, 5)]
    assert [each.heading for each in group_findings(rows)] == ["2 errors: Often", "1 error: Rare", "2 warnings: Old"]
