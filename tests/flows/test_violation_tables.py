"""What ``mosis violations`` prints."""

import polars as pl
import pytest

from flows.cli.violation_tables import print_revalidated
from flows.revalidation import Revalidated

COLUMNS = ("rule_id", "severity", "before", "after", "new", "gone")


def test_a_rule_of_another_severity_is_shown_though_it_finds_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    rules = pl.DataFrame(
        [("STC91330", "E", 3, 0, 0, 0), ("STC91330", "W", 0, 3, 0, 0), ("STC90100", "E", 2, 2, 0, 0)],
        schema=COLUMNS,
        orient="row",
    )
    print_revalidated(Revalidated("2026Oct1.0StuCore", False, 1, 60, ("S",), rules, 0, rules.clear()))
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["STC91330", "error", "3", "0", "0", "0"] in printed
    assert ["STC91330", "warning", "0", "3", "0", "0"] in printed
    assert not any(line[:1] == ["STC90100"] for line in printed)
