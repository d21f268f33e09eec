"""Every rule that compares files, on its own examples: stored files, judged as the pipeline judges them.

All examples stand in one state, each in districts and with children of its own, and are judged together.
"""

from pathlib import Path

import duckdb
import pytest

from outputs.across_files import Comparisons, Judged, judge
from schemas.across_files import FILE_SCOPES, AcrossRule
from schemas.dictionary import Dictionary, load_dictionary
from tests.outputs.across_files.example_state import DISTRICT, store_example
from tests.outputs.conftest import RECEIVED

RULES = [rule for rule in load_dictionary().across_rules if rule.scope in FILE_SCOPES]
PASSING, FAILING = "passing", "failing"
OTHER_DISTRICT, CHILDREN = "096091", '"10000000'


@pytest.fixture(scope="module")
def judged_examples(empty_state: Path, dictionary: Dictionary) -> tuple[Judged, dict[tuple[int, str], list[str]]]:
    """What all examples gave, and the judged files of each rule's examples by the rule's place."""
    con = duckdb.connect(":memory:")
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"ATTACH '{empty_state}' AS template (READ_ONLY)")
    con.execute("ATTACH ':memory:' AS state")
    con.execute("COPY FROM DATABASE template TO state (SCHEMA)")
    con.execute("DETACH template")
    con.execute("USE state")
    con.execute("BEGIN")
    files = {}
    for place, rule in enumerate(RULES):
        for number, kind in enumerate((PASSING, FAILING)):
            example = rule.passing_example if kind == PASSING else rule.failing_example
            own = apart(example, 2 * place + number)
            files[place, kind] = store_example(con, dictionary, own, prefix=f"{rule.rule_id}-{place}-{kind}")
    judged = judge(con, [name for names in files.values() for name in names], Comparisons.of(dictionary), at=RECEIVED)
    con.close()
    return judged, files


def apart(example: str, number: int) -> str:
    """An example with districts and children that no other example has."""
    moved = example.replace(DISTRICT, f"{200000 + number}").replace(OTHER_DISTRICT, f"{300000 + number}")
    parts = moved.replace(CHILDREN, f'"1{number:07d}').split('": [')
    placed = [part if " of " in part.rsplit('"', 1)[-1] else f"{part} of {200000 + number}" for part in parts[:-1]]
    return '": ['.join([*placed, parts[-1]])


@pytest.mark.parametrize("place", range(len(RULES)), ids=[rule.rule_id for rule in RULES])
def test_examples_of_every_rule(judged_examples: tuple[Judged, dict[tuple[int, str], list[str]]], place: int) -> None:
    rule: AcrossRule = RULES[place]
    judged, files = judged_examples
    tried = {
        (name, submission): (applicable, failed)
        for name, submission, applicable, failed in judged.rule_runs.iter_rows()
    }
    (passing,), (failing,) = files[place, PASSING], files[place, FAILING]
    assert tried[rule.rule_id, passing][0] > 0 and tried[rule.rule_id, passing][1] == 0, "it is looked at and passes"
    assert tried[rule.rule_id, failing][1] > 0
    found = judged.violations.filter(submission_id=failing, rule_id=rule.rule_id)
    assert found["message"].unique().to_list() == [rule.message] and found.height == tried[rule.rule_id, failing][1]
