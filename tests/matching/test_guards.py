"""Guards on literal levels: both sides of each."""

from typing import Any

import polars as pl
import pytest

from matching.comparisons import BY_NAME
from matching.guards import VETO, agrees, could_be_twins, guard, pair_facts, vetoed_for_first_name

# A pair that agrees in everything a guard looks at, in two districts.
ALIKE = {
    "first_name": "SAME", "last_name": "SAME", "middle_name": "MISSING", "suffix": "MISSING", "birth_date": "SAME",
    "gender": "SAME", "ssn": "MISSING", "place": "OTHER_DISTRICT", "guardian": "MISSING",
}  # fmt: skip


def pair(**levels: str) -> pl.DataFrame:
    return pl.DataFrame(
        {f"gamma_{name}": [BY_NAME[name].number_of(level)] for name, level in {**ALIKE, **levels}.items()}
    )


def guard_of(other_local_id: bool = False, **levels: str) -> Any:
    return pair(**levels).select(guard(pl.lit(other_local_id))).item()


@pytest.mark.parametrize(
    "levels, objection",
    [
        ({}, None),
        # Twins.
        ({"first_name": "DIFFERENT"}, VETO),
        ({"first_name": "DIFFERENT", "ssn": "SAME"}, "TWINS_OR_SIBLINGS"),
        ({"first_name": "DIFFERENT", "ssn": "ONE_SLIP"}, VETO),
        ({"first_name": "DIFFERENT", "place": "SAME_LOCAL_ID"}, None),
        ({"first_name": "DIFFERENT", "place": "SAME_LOCAL_ID", "gender": "DIFFERENT"}, "TWINS_OR_SIBLINGS"),
        # Twins hardly ever share a middle name.
        ({"first_name": "DIFFERENT", "middle_name": "SAME"}, "TWINS_OR_SIBLINGS"),
        ({"first_name": "DIFFERENT", "middle_name": "INITIAL"}, VETO),
        ({"first_name": "DIFFERENT", "middle_name": "SAME", "birth_date": "ONE_DIGIT"}, VETO),
        ({"first_name": "DIFFERENT", "middle_name": "SAME", "last_name": "DIFFERENT"}, VETO),
        ({"first_name": "NICKNAME"}, None),
        ({"first_name": "NEAR"}, None),
        ({"first_name": "NEAR", "gender": "DIFFERENT"}, VETO),
        ({"first_name": "NEAR", "gender": "DIFFERENT", "middle_name": "SAME"}, "TWINS_OR_SIBLINGS"),
        ({"first_name": "NEAR", "gender": "DIFFERENT", "place": "SAME_LOCAL_ID"}, None),
        ({"first_name": "SIMILAR"}, "TWINS_OR_SIBLINGS"),
        ({"first_name": "SIMILAR", "middle_name": "SAME"}, None),
        ({"first_name": "SIMILAR", "middle_name": "INITIAL"}, "TWINS_OR_SIBLINGS"),
        ({"first_name": "SIMILAR", "ssn": "SAME"}, None),
        ({"first_name": "SIMILAR", "last_name": "DIFFERENT"}, None),
        # Birth dates.
        ({"birth_date": "DIFFERENT"}, VETO),
        ({"birth_date": "DIFFERENT", "ssn": "SAME"}, "BIRTH_DATES_DISAGREE"),
        ({"birth_date": "DIFFERENT", "place": "SAME_LOCAL_ID"}, "BIRTH_DATES_DISAGREE"),
        ({"birth_date": "ONE_DIGIT"}, None),
        ({"birth_date": "DAY_OR_MONTH"}, None),
        # Suffix and SSN.
        ({"suffix": "DIFFERENT"}, "SUFFIX_CONFLICT"),
        ({"suffix": "DIFFERENT", "place": "SAME_LOCAL_ID"}, None),
        ({"ssn": "DIFFERENT"}, "SSN_CONFLICT"),
        ({"ssn": "ONE_SLIP"}, None),
        ({"ssn": "DIFFERENT", "place": "SAME_LOCAL_ID"}, None),
        ({"ssn": "DIFFERENT", "place": "SAME_LOCAL_ID", "first_name": "NEAR"}, "SSN_CONFLICT"),
        # A last name may change altogether.
        ({"last_name": "DIFFERENT"}, None),
    ],
)
def test_guard(levels: dict[str, str], objection: str | None) -> None:
    assert guard_of(**levels) == objection


@pytest.mark.parametrize(
    "levels, objection",
    [
        ({}, "TWO_LOCAL_IDS"),
        ({"first_name": "NICKNAME"}, "TWO_LOCAL_IDS"),
        ({"first_name": "NEAR"}, VETO),
        ({"birth_date": "ONE_DIGIT"}, VETO),
        ({"last_name": "DIFFERENT"}, VETO),
    ],
)
def test_two_local_ids_of_one_district_and_year(levels: dict[str, str], objection: str) -> None:
    assert guard_of(other_local_id=True, place="OTHER_LOCAL_ID", **levels) == objection


@pytest.mark.parametrize(
    "levels, fits",
    [
        ({}, True),
        ({"last_name": "DIFFERENT"}, True),
        ({"first_name": "NEAR"}, True),
        ({"first_name": "NEAR", "gender": "DIFFERENT"}, False),
        ({"first_name": "DIFFERENT"}, False),
        ({"first_name": "DIFFERENT", "place": "SAME_LOCAL_ID"}, True),
        ({"first_name": "DIFFERENT", "place": "SAME_LOCAL_ID", "gender": "DIFFERENT"}, False),
        ({"birth_date": "ONE_DIGIT"}, True),
        ({"birth_date": "ONE_DIGIT", "last_name": "DIFFERENT"}, False),
        ({"birth_date": "DIFFERENT"}, False),
        ({"birth_date": "DIFFERENT", "place": "SAME_LOCAL_ID"}, False),
    ],
)
def test_data_agree_with_a_number_that_was_sent(levels: dict[str, str], fits: bool) -> None:
    assert pair(**levels).select(agrees()).item() is fits


@pytest.mark.parametrize(
    "levels, twins",
    [
        ({"first_name": "NEAR"}, True),
        ({"first_name": "SIMILAR"}, True),
        ({}, False),
        ({"first_name": "NEAR", "birth_date": "ONE_DIGIT"}, False),
        ({"first_name": "NEAR", "last_name": "DIFFERENT"}, False),
    ],
)
def test_what_twins_look_like(levels: dict[str, str], twins: bool) -> None:
    assert pair(**levels).select(could_be_twins()).item() is twins


@pytest.mark.parametrize(
    "levels, is_alone",
    [
        ({"first_name": "DIFFERENT"}, True),
        ({"first_name": "DIFFERENT", "gender": "DIFFERENT"}, False),
        ({"first_name": "NEAR", "gender": "DIFFERENT"}, True),
        ({"first_name": "DIFFERENT", "birth_date": "ONE_DIGIT"}, False),
        ({"first_name": "DIFFERENT", "last_name": "DIFFERENT"}, False),
        ({"first_name": "DIFFERENT", "ssn": "DIFFERENT"}, False),
        ({"first_name": "DIFFERENT", "suffix": "DIFFERENT"}, False),
        ({}, False),
    ],
)
def test_only_the_first_name_takes_them_for_twins(levels: dict[str, str], is_alone: bool) -> None:
    assert pair(**levels).select(vetoed_for_first_name()).item() is is_alone


@pytest.mark.parametrize(
    "levels, same, alike",
    [
        ({}, True, False),
        ({"first_name": "NICKNAME"}, True, False),
        ({"birth_date": "ONE_DIGIT"}, False, False),
        ({"first_name": "NEAR"}, False, True),
        ({"first_name": "NEAR", "middle_name": "SAME"}, False, False),
        ({"first_name": "NEAR", "ssn": "SAME"}, False, False),
        ({"first_name": "NEAR", "place": "SAME_LOCAL_ID"}, False, False),
    ],
)
def test_names_between_people(levels: dict[str, str], same: bool, alike: bool) -> None:
    facts = pair(**levels).select(**pair_facts())
    assert facts.select("has_same_name", "has_name_alike").row(0) == (same, alike)


@pytest.mark.parametrize(
    "levels, expected",
    [
        ({}, False),
        ({"middle_name": "SAME"}, True),
        ({"middle_name": "INITIAL"}, False),
        ({"guardian": "SAME"}, True),
        ({"guardian": "SAME_LAST_NAME"}, False),
        ({"ssn": "SAME"}, True),
        ({"ssn": "ONE_SLIP"}, True),
        ({"place": "SAME_LOCAL_ID"}, True),
        ({"place": "SAME_DISTRICT"}, False),
    ],
)
def test_what_strangers_of_one_name_do_not_share(levels: dict[str, str], expected: bool) -> None:
    assert pair(**levels).select(**pair_facts())["is_corroborated"].item() is expected
