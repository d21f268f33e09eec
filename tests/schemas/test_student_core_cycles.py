"""Student Core in its five cycles: one layout, other requirements and other rules."""

import pytest

from schemas.rules import load_rule_book
from schemas.validation import validate_records
from tests.schemas.batches import DICTIONARY, DISTRICT, found, submissions, text_records, write_directory

# What a record of grade 05 needs in a cycle besides the clean record of October.
NEEDED: dict[str, dict[str, str]] = {
    "Oct": {},
    "Dec": {},
    "Feb": {},
    "Apr": {"not_fay_school": "N", "not_fay_district": "N"},
    "Jun": {"homeless": "NH", "migrant": "N", "enrolled_all_year": "Y", "truant": "N"},
}
BOOKS = {cycle: load_rule_book(DICTIONARY, f"2026{cycle}1.0StuCore") for cycle in NEEDED}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return write_directory(tmp_path_factory.mktemp("directory"))


BUT_JUNE = ("Oct", "Dec", "Feb", "Apr")
# A change of the clean record, and the rules it breaks by cycle.
CHANGES = [
    ({}, {}),
    ({"lunch_status": None}, {"Oct": ["STC00001"], "Feb": ["STC00001"], "Jun": ["STC00001"]}),
    ({"gpa": "3.500", "gpa_scale": "4.00", "grade": "06"},
     {cycle: ["STC90400", "STC90400"] for cycle in BUT_JUNE}),
    ({"gpa": "3.500", "grade": "06"}, {**{cycle: ["STC90400"] for cycle in BUT_JUNE},
                                       "Jun": ["STC97722"]}),
    ({"iep_disability": "9"}, {"Dec": ["STC97410"], "Apr": ["STC97432"]}),
    ({"sped_exit": "17", "iep_disability": "9", "sped_placement": "1100", "map_a": "N"},
     {cycle: ["STC90400"] for cycle in BUT_JUNE}),
    ({"sped_exit": "17"}, {**{cycle: ["STC90400"] for cycle in BUT_JUNE},
                           "Jun": ["STC97460"]}),
    # No check of A+ counts in February.
    ({"a_plus": "Y"}, {cycle: ["STC97710"] for cycle in ("Oct", "Dec", "Apr", "Jun")}),
    ({"member_fte": None, "one_prior_ten": None},
     {cycle: ["STC00001", "STC00001"] for cycle in ("Oct", "Feb")}),
    ({"enrolled_on_count_date": "N", "member_fte": "0.00", "one_prior_ten": "N"},
     {"Apr": ["STC97290"], "Jun": ["STC97260"]}),
]  # fmt: skip


@pytest.mark.parametrize("cycle", list(NEEDED))
def test_a_value_is_judged_by_the_rules_of_its_cycle(cycle, directory):
    book = BOOKS[cycle]
    of_cycle = {"collection_version": book.collection.version, **NEEDED[cycle]}
    validated = validate_records(
        text_records("student_core", *({**of_cycle, **change} for change, _ in CHANGES)), submissions(one=DISTRICT),
        layout=book.layout, rule_book=book, directory=directory,
    )  # fmt: skip
    broken: dict[int | None, list[str]] = {}
    for line, _, rule in found(validated):
        broken.setdefault(line, []).append(rule)
    for line, (change, by_cycle) in enumerate(CHANGES, start=2):
        assert broken.get(line, []) == by_cycle.get(cycle, []), change
