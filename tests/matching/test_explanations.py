"""Sentences that a school secretary understands, from levels alone."""

import json
from datetime import date
from typing import Any

import pytest

from matching.comparisons import BY_NAME
from matching.explanations import evidence_json, explain

JADEN = {"last_name": "Ruiz", "first_name": "Jaden", "birth_date": date(2012, 3, 5), "district_code": "048078"}
KNOWN = {f"candidate_{name}": value for name, value in JADEN.items()}


def pair(levels: dict[str, str], **changes: Any) -> dict[str, Any]:
    """A pair of records that fell into these levels; whatever is not said is missing."""
    gammas = {f"gamma_{each.name}": each.number_of(levels.get(each.name, "MISSING")) for each in BY_NAME.values()}
    return {**gammas, **JADEN, **KNOWN, **changes}


SAME_NAME = {"last_name": "SAME", "birth_date": "SAME"}


@pytest.mark.parametrize(
    ("levels", "changes", "reason", "sentence"),
    [
        (
            {**SAME_NAME, "first_name": "NEAR"},
            {"candidate_first_name": "Jayden"},
            "NOT_SURE",
            "Same last name and birth date; first names differ by a letter or two: Jaden / Jayden; both could be one child",
        ),
        (
            {**SAME_NAME, "first_name": "SIMILAR", "gender": "SAME"},
            {"candidate_first_name": "Jada"},
            "TWINS_OR_SIBLINGS",
            "Same last name, birth date and gender; first names are alike but not the same: Jaden / Jada; "
            "could be one child, or twins or siblings",
        ),
        (
            {"last_name": "SAME", "first_name": "SAME", "birth_date": "DAY_AND_MONTH_SWAPPED"},
            {"candidate_birth_date": date(2012, 5, 3)},
            "NOT_SURE",
            "Same last name and first name; day and month of birth are swapped: 03/05/2012 / 05/03/2012; "
            "both could be one child",
        ),
        # Told once, with both whole names, though two fields say it.
        (
            {"last_name": "SWAPPED", "first_name": "SWAPPED", "birth_date": "SAME"},
            {"candidate_last_name": "Jaden", "candidate_first_name": "Ruiz"},
            "SEVERAL_CANDIDATES",
            "Same birth date; first and last name are swapped: Jaden Ruiz / Ruiz Jaden; another child fits about as well",
        ),
        (
            {**SAME_NAME, "first_name": "SAME", "ssn": "DIFFERENT"},
            {},
            "SSN_CONFLICT",
            "Same last name, first name and birth date; the Social Security numbers differ; "
            "one of the Social Security numbers may be wrong, or these are two children",
        ),
    ],
)
def test_the_sentence(levels: dict[str, str], changes: dict[str, Any], reason: str, sentence: str) -> None:
    assert explain(pair(levels, **changes), reason) == sentence


@pytest.mark.parametrize(
    ("district", "shown"), [("048078", "within one district: 77 / 88; "), ("010004", "within one district; ")]
)
def test_a_local_id_is_shown_to_its_own_district_alone(district: str, shown: str) -> None:
    sent = {"local_student_id": "77", "candidate_local_student_id": "88", "candidate_district_code": district}
    assert shown in explain(pair({**SAME_NAME, "place": "OTHER_LOCAL_ID"}, **sent), "TWO_LOCAL_IDS")


def test_no_ssn_is_ever_told() -> None:
    told = explain(pair({**SAME_NAME, "ssn": "ONE_SLIP"}, ssn_hash="secret", candidate_ssn_hash="other"), "NOT_SURE")
    assert "secret" not in told and "differ by one slip" in told


def test_evidence_adds_up_to_the_weight() -> None:
    scored = pair({**SAME_NAME, "first_name": "NEAR"}, mw_last_name=15.0, mw_first_name=-1.0, match_weight=6.5)
    found = json.loads(evidence_json(scored) or "")
    assert found["last_name"] == ["SAME", 15.0] and found["first_name"] == ["NEAR", -1.0]
    assert sum(bits for _, bits in found.values()) == pytest.approx(6.5)
    assert evidence_json(JADEN) is None
