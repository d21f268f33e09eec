"""What somebody expects ``mosis check`` to find in a file, held against what it finds."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import UsageError

COLUMNS = ("file", "line", "field", "rule_id", "severity")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A violation by place and rule; ``line`` is null for one about the whole file, or, where it is expected, on any line."""

    rule_id: str
    field: str
    severity: str
    line: int | None

    @property
    def kind(self) -> tuple[str, str, str]:
        return self.rule_id, self.field, self.severity

    def to_json(self) -> dict[str, Any]:
        return {"line": self.line, "field": self.field or None, "rule_id": self.rule_id, "severity": self.severity}


@dataclass(frozen=True, slots=True)
class Comparison:
    """How findings and expectations agree."""

    file_name: str
    expected: int
    found: int
    missing: tuple[Finding, ...]
    unexpected: tuple[Finding, ...]

    @property
    def agrees(self) -> bool:
        return not self.missing and not self.unexpected

    def to_json(self) -> dict[str, Any]:
        return {
            "format_version": 1,
            "file_name": self.file_name,
            "agrees": self.agrees,
            "expected": self.expected,
            "found": self.found,
            "missing": [each.to_json() for each in self.missing],
            "unexpected": [each.to_json() for each in self.unexpected],
        }


def compare(file_name: str, expected: Iterable[Finding], found: Iterable[Finding]) -> Comparison:
    """Hold both against each other, each finding as often as it stands there.

    An expectation without a line is met by any finding of its rule, field and severity that no other expectation names.
    """
    wanted, open_findings = list(expected), Counter(found)
    total = open_findings.total()
    missing = []
    for each in sorted(wanted, key=lambda one: (one.line is None, one.line or 0, one.kind)):
        met = each if open_findings[each] else None
        if met is None and each.line is None:
            met = next((one for one in _in_order(open_findings) if one.kind == each.kind), None)
        if met is None:
            missing.append(each)
        else:
            open_findings[met] -= 1
    return Comparison(file_name, len(wanted), total, tuple(_sorted(missing)), tuple(_in_order(open_findings)))


def _in_order(findings: Counter[Finding]) -> list[Finding]:
    return _sorted(findings.elements())


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda each: (each.kind, each.line or 0))


def found_in(body: Mapping[str, Any]) -> list[Finding]:
    """The findings of a check, from its JSON object."""
    return [
        Finding(each["rule_id"], each["field"] or "", each["severity"], each["line"]) for each in body["violations"]
    ]


def read_expected(path: Path, file_name: str) -> list[Finding]:
    """What a CSV file with COLUMNS (others are left alone) expects of one file; where it tells of one file only, of any file.

    Raises:
        UsageError: it cannot be read, lacks a column, has a line that is no number, or does not name the file.
    """
    rows = _rows(path)
    named = {row["file"] for _, row in rows}
    if file_name not in named and len(named) > 1:
        raise UsageError(
            f"{path} says nothing of {file_name}. It names {', '.join(sorted(named)[:6])}"
            f"{' and others' if len(named) > 6 else ''}; rename the file, or the column file."
        )
    return [_finding(path, number, row) for number, row in rows if row["file"] == file_name or len(named) == 1]


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise UsageError(
                    f"{path}: column {', '.join(missing)} is missing. Expected: {', '.join(COLUMNS)}; others are left alone."
                )
            return [(reader.line_num, {name: row[name] or "" for name in COLUMNS}) for row in reader]
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}. Name a CSV file that can be read.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8. Save it as CSV UTF-8.") from None


def _finding(path: Path, number: int, row: Mapping[str, str]) -> Finding:
    line = row["line"].strip()
    if line and not line.isdecimal():
        raise UsageError(
            f"{path} line {number}: line {line!r} is not a number. Write the line of the file, or leave it blank."
        )
    if not row["rule_id"].strip():
        raise UsageError(f"{path} line {number}: rule_id is empty. Every expectation names a rule.")
    return Finding(row["rule_id"].strip(), row["field"].strip(), row["severity"].strip(), int(line) if line else None)


def by_rule(findings: Sequence[Finding]) -> list[tuple[tuple[str, str, str], list[int | None]]]:
    """Findings by rule, field and severity, with their lines."""
    found: dict[tuple[str, str, str], list[int | None]] = {}
    for each in findings:
        found.setdefault(each.kind, []).append(each.line)
    return list(found.items())
