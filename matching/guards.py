"""Objections to a link that no weight outvotes: twins, two local IDs, and fields that cannot both be right.

A probability model takes fields for independent. In a family they are not: twins share everything but the first name, and
a model that adds up what they share will merge them. So a guard looks at the pair itself. A veto says: two children. A hold
says: a person must look, whatever the weight.
"""

import polars as pl

from matching.comparisons import (
    BIRTH_DATE,
    FIRST_NAME,
    GENDER,
    GUARDIAN,
    LAST_NAME,
    MIDDLE_NAME,
    PLACE,
    SSN,
    SUFFIX,
    Comparison,
)

VETO = "VETO"
HELD_AS_TWINS = "TWINS_OR_SIBLINGS"
HOLDS = ("TWO_LOCAL_IDS", HELD_AS_TWINS, "BIRTH_DATES_DISAGREE", "SUFFIX_CONFLICT", "SSN_CONFLICT")


def at_level(comparison: Comparison, *levels: str) -> pl.Expr:
    """Whether a pair fell into one of these levels of a comparison."""
    return pl.col(f"gamma_{comparison.name}").is_in([comparison.number_of(level) for level in levels])


FIRST_AGREES = at_level(FIRST_NAME, "SAME", "NICKNAME", "JOINED", "SWAPPED", "MIDDLE_NAME_USED")
FIRST_ALIKE = at_level(FIRST_NAME, "NEAR", "SIMILAR")
FIRST_DIFFERS = at_level(FIRST_NAME, "DIFFERENT")
LAST_AGREES = ~at_level(LAST_NAME, "DIFFERENT", "MISSING")
BIRTH_DATE_SAME = at_level(BIRTH_DATE, "SAME")
BIRTH_DATE_DIFFERS = at_level(BIRTH_DATE, "DIFFERENT")
SAME_LOCAL_ID = at_level(PLACE, "SAME_LOCAL_ID")
SSN_SAME = at_level(SSN, "SAME")
GENDER_DIFFERS = at_level(GENDER, "DIFFERENT")
MIDDLE_SAME = at_level(MIDDLE_NAME, "SAME")

# Twins: the same last name and birth date.
_COULD_BE_TWINS = LAST_AGREES & BIRTH_DATE_SAME


def agrees() -> pl.Expr:
    """Whether the data of a pair fit an ID that was sent, or a local ID: two of last name, first name and birth date,
    and the third no worse than a known change.

    A last name may change altogether. A first name may, too, but only where the local ID stays the same: otherwise it is
    the number of a twin. Two birth dates that are no known error of each other never agree.
    """
    first_may_have_changed = FIRST_DIFFERS & SAME_LOCAL_ID & ~GENDER_DIFFERS
    alike_but_other_gender = FIRST_ALIKE & GENDER_DIFFERS
    names_fit = (FIRST_AGREES | FIRST_ALIKE) & ~alike_but_other_gender
    same_day = BIRTH_DATE_SAME & (names_fit | (LAST_AGREES & first_may_have_changed))
    known_error = ~BIRTH_DATE_SAME & ~BIRTH_DATE_DIFFERS & names_fit & LAST_AGREES
    return same_day | known_error


def guard(other_local_id_here: pl.Expr) -> pl.Expr:
    """VETO, the reason for which a pair is held (one of HOLDS), or null.

    Args:
        other_local_id_here: whether the other side has another local ID in the same district and school year.
    """
    one_name = FIRST_AGREES & LAST_AGREES & BIRTH_DATE_SAME
    proven = SAME_LOCAL_ID | SSN_SAME
    # Twins hardly ever share a middle name: a whole one brings such a pair before a person, it does not decide it.
    other_middle_name = ~(_COULD_BE_TWINS & MIDDLE_SAME)
    return (
        pl.when(other_local_id_here & ~one_name)
        .then(pl.lit(VETO))
        .when(FIRST_DIFFERS & ~proven & other_middle_name)
        .then(pl.lit(VETO))
        .when(FIRST_ALIKE & GENDER_DIFFERS & _COULD_BE_TWINS & ~proven & other_middle_name)
        .then(pl.lit(VETO))
        .when(BIRTH_DATE_DIFFERS & ~proven)
        .then(pl.lit(VETO))
        .when(other_local_id_here)
        .then(pl.lit("TWO_LOCAL_IDS"))
        # A relative's SSN stands on many a record: it brings such a pair before a person, it does not decide it.
        .when(FIRST_DIFFERS & ~(SAME_LOCAL_ID & _COULD_BE_TWINS & ~GENDER_DIFFERS))
        .then(pl.lit(HELD_AS_TWINS))
        .when(FIRST_ALIKE & GENDER_DIFFERS & _COULD_BE_TWINS & ~proven)
        .then(pl.lit(HELD_AS_TWINS))
        .when(at_level(FIRST_NAME, "SIMILAR") & _COULD_BE_TWINS & ~proven & ~MIDDLE_SAME)
        .then(pl.lit(HELD_AS_TWINS))
        .when(BIRTH_DATE_DIFFERS)
        .then(pl.lit("BIRTH_DATES_DISAGREE"))
        .when(at_level(SUFFIX, "DIFFERENT") & ~SAME_LOCAL_ID)
        .then(pl.lit("SUFFIX_CONFLICT"))
        .when(at_level(SSN, "DIFFERENT") & ~(SAME_LOCAL_ID & one_name))
        .then(pl.lit("SSN_CONFLICT"))
    )


def could_be_twins() -> pl.Expr:
    """Pairs that twins would look like: last name and birth date agree, first names are only alike."""
    return _COULD_BE_TWINS & FIRST_ALIKE


def vetoed_for_first_name() -> pl.Expr:
    """Pairs that only the first name takes for twins: last name and birth date agree, and no number speaks against."""
    other_name = (FIRST_DIFFERS & ~GENDER_DIFFERS) | (FIRST_ALIKE & GENDER_DIFFERS)
    return _COULD_BE_TWINS & other_name & ~at_level(SSN, "DIFFERENT") & ~at_level(SUFFIX, "DIFFERENT")


def pair_facts() -> dict[str, pl.Expr]:
    """What a pair says for deciding between people, as columns: ``agrees``, ``has_same_name`` (with the birth date),
    ``has_name_alike`` (a first name that is only alike, as twins have, and nothing that proves the child) and
    ``is_corroborated`` (a field that strangers of one name and birth date do not share)."""
    return {
        "agrees": agrees(),
        "has_same_name": FIRST_AGREES & BIRTH_DATE_SAME,
        "has_name_alike": could_be_twins() & ~SAME_LOCAL_ID & ~SSN_SAME & ~MIDDLE_SAME,
        "is_corroborated": MIDDLE_SAME | at_level(GUARDIAN, "SAME") | at_level(SSN, "SAME", "ONE_SLIP") | SAME_LOCAL_ID,
    }
