"""What a pair of records can agree on: one comparison per field, its levels from agreement to conflict.

The conditions are SQL for splink and the only place that says what "nearly the same name" means; guards and the
sentences for people read the level that a pair fell into. A level that describes one known error (a nickname, day and
month swapped) has a name of its own, so that the model can learn how much it says.
"""

from dataclasses import dataclass
from typing import Any

# Jaro-Winkler: 0.92 holds one slip in a name of six letters, 0.85 two; below that names are different names.
NEAR, SIMILAR = 0.92, 0.85


@dataclass(frozen=True, slots=True)
class Level:
    """A degree of agreement; ``says`` finishes the sentence "The two records ..." for a school secretary."""

    name: str
    condition: str
    says: str | None = None
    term_frequency: str | None = None
    term_frequency_weight: float = 1.0


@dataclass(frozen=True)
class Comparison:
    """A field and its levels, tried in this order; the first says that the field is missing, the last takes the rest."""

    name: str
    title: str
    levels: tuple[Level, ...]

    def number_of(self, level_name: str) -> int:
        """The value splink gives a level in ``gamma_<name>``: -1 missing, then downwards to 0 for the last."""
        position = [level.name for level in self.levels].index(level_name)
        return -1 if position == 0 else len(self.levels) - 1 - position

    def level_of(self, number: int) -> Level:
        return self.levels[0] if number == -1 else self.levels[len(self.levels) - 1 - number]


def _missing(*columns: str) -> Level:
    tests = [f'"{column}_{side}" IS NULL' for column in columns for side in "lr"]
    return Level("MISSING", " OR ".join(tests))


def _same(column: str, says: str | None = None, term_frequency: bool = False) -> Level:
    return Level("SAME", f'"{column}_l" = "{column}_r"', says, column if term_frequency else None)


def _near(column: str) -> str:
    return (
        f'(jaro_winkler_similarity("{column}_l", "{column}_r") >= {NEAR} '
        f'OR (length("{column}_l") >= 4 AND damerau_levenshtein("{column}_l", "{column}_r") <= 1))'
    )


def _similar(column: str) -> str:
    return (
        f'(jaro_winkler_similarity("{column}_l", "{column}_r") >= {SIMILAR} OR "{column}_sound_l" = "{column}_sound_r")'
    )


# name_order, name_reversed and second_name (the middle name) are columns of their own, so that a training session that
# blocks on one name still learns about the others: splink leaves out every field whose columns a session blocks on.
SWAPPED = '"name_order_l" = "name_reversed_r"'

FIRST_NAME = Comparison(
    "first_name",
    "first names",
    (
        _missing("first_name"),
        _same("first_name", term_frequency=True),
        Level(
            "NICKNAME",
            'list_has_any("first_name_groups_l", "first_name_groups_r")',
            "one first name is a short form of the other",
            "first_name",
            0.5,
        ),
        # MARY ANN without a middle name is MARY with the middle name ANN.
        Level(
            "JOINED",
            '"given_names_l" = "given_names_r" OR "first_name_l" = "given_names_r" OR "given_names_l" = "first_name_r"',
            "first and middle name are joined in one of them",
            "first_name",
            0.5,
        ),
        Level("SWAPPED", SWAPPED, "first and last name are swapped"),
        Level(
            "MIDDLE_NAME_USED",
            '"first_name_l" = "second_name_r" OR "second_name_l" = "first_name_r"',
            "one is known by the middle name",
        ),
        Level("NEAR", _near("first_name"), "first names differ by a letter or two", "first_name", 0.5),
        # Truncated fields and pet forms that no list holds; twins with names alike fall here too.
        Level(
            "SIMILAR",
            f'{_similar("first_name")} OR (least(length("first_name_l"), length("first_name_r")) >= 3 '
            'AND (starts_with("first_name_l", "first_name_r") OR starts_with("first_name_r", "first_name_l")))',
            "first names are alike but not the same",
        ),
        Level("DIFFERENT", "ELSE", "first names differ"),
    ),
)

LAST_NAME = Comparison(
    "last_name",
    "last names",
    (
        _missing("last_name"),
        _same("last_name", term_frequency=True),
        Level("SWAPPED", SWAPPED, "first and last name are swapped"),
        # GARCIA LOPEZ and LOPEZ GARCIA, GARCIA-LOPEZ and GARCIA, VAN DYKE and DYKE.
        Level(
            "SAME_WORDS",
            '"surname_words_l" = "surname_words_r"',
            "last names are the same words in another order or spacing",
        ),
        Level(
            "SHARED_WORD",
            'list_has_any("surname_words_l", "surname_words_r")',
            "one last name is a part of the other",
            "last_name",
            0.5,
        ),
        # GARCIA with the middle name LOPEZ.
        Level(
            "IN_MIDDLE_NAME",
            'list_contains("surname_words_l", "second_name_r") OR list_contains("surname_words_r", "second_name_l")',
            "a last name stands as middle name in the other",
        ),
        Level("NEAR", _near("last_name"), "last names differ by a letter or two", "last_name", 0.5),
        Level("SIMILAR", _similar("last_name"), "last names are alike but not the same"),
        Level("DIFFERENT", "ELSE", "last names differ"),
    ),
)

MIDDLE_NAME = Comparison(
    "middle_name",
    "middle names",
    (
        _missing("middle_name"),
        Level(
            "INITIAL",
            'least(length("middle_name_l"), length("middle_name_r")) = 1 '
            'AND left("middle_name_l", 1) = left("middle_name_r", 1)',
        ),
        _same("middle_name", term_frequency=True),
        # The other parent's surname in the middle field says nothing for or against one child.
        Level(
            "SURNAME",
            'coalesce(list_contains("surname_words_l", "middle_name_r"), false) '
            'OR coalesce(list_contains("surname_words_r", "middle_name_l"), false)',
        ),
        Level("NEAR", _near("middle_name"), "middle names differ by a letter or two"),
        Level("DIFFERENT", "ELSE", "middle names differ"),
    ),
)

SUFFIX = Comparison(
    "suffix",
    "suffixes",
    (_missing("suffix"), _same("suffix"), Level("DIFFERENT", "ELSE", "suffixes differ (Jr, II, III)")),
)

_MONTH_AND_DAY = "strftime(\"birth_date_{side}\", '%m%d')"
_MONTH_DAY_L, _MONTH_DAY_R = (_MONTH_AND_DAY.format(side=side) for side in "lr")
_SAME_YEAR = 'year("birth_date_l") = year("birth_date_r")'

BIRTH_DATE = Comparison(
    "birth_date",
    "birth dates",
    (
        _missing("birth_date"),
        _same("birth_date"),
        Level(
            "DAY_AND_MONTH_SWAPPED",
            f'{_SAME_YEAR} AND month("birth_date_l") = day("birth_date_r") AND day("birth_date_l") = month("birth_date_r")',
            "day and month of birth are swapped",
        ),
        # The first of January is what a system writes when only the year is known.
        Level(
            "FIRST_OF_JANUARY",
            f"{_SAME_YEAR} AND ({_MONTH_DAY_L} = '0101' OR {_MONTH_DAY_R} = '0101')",
            "one birth date is the first of January of the same year",
        ),
        Level(
            "ONE_DIGIT",
            f"{_SAME_YEAR} AND damerau_levenshtein({_MONTH_DAY_L}, {_MONTH_DAY_R}) = 1",
            "birth dates differ by one digit",
        ),
        Level(
            "OTHER_YEAR",
            f'{_MONTH_DAY_L} = {_MONTH_DAY_R} AND (abs(year("birth_date_l") - year("birth_date_r")) IN (1, 10))',
            "birth dates differ in the year only",
        ),
        Level(
            "DAY_OR_MONTH",
            f'{_SAME_YEAR} AND (month("birth_date_l") = month("birth_date_r") OR day("birth_date_l") = day("birth_date_r"))',
            "birth dates differ in the day or the month",
        ),
        Level("DIFFERENT", "ELSE", "birth dates differ"),
    ),
)

GENDER = Comparison(
    "gender", "genders", (_missing("gender"), _same("gender"), Level("DIFFERENT", "ELSE", "genders differ"))
)

RACE = Comparison(
    "race_ethnicity",
    "race",
    (
        _missing("race_ethnicity"),
        _same("race_ethnicity"),
        # Two or more races: the same child is often one of them elsewhere.
        Level("ONE_IS_MULTIPLE", "\"race_ethnicity_l\" = 'M' OR \"race_ethnicity_r\" = 'M'"),
        Level("DIFFERENT", "ELSE"),
    ),
)

SSN = Comparison(
    "ssn",
    "Social Security numbers",
    (
        _missing("ssn_hash"),
        Level("SAME", '"ssn_hash_l" = "ssn_hash_r"', "the Social Security numbers are the same"),
        Level(
            "ONE_SLIP",
            'list_has_any("ssn_near_l", "ssn_near_r")',
            "the Social Security numbers differ by one slip",
        ),
        Level("DIFFERENT", "ELSE", "the Social Security numbers differ"),
    ),
)

GUARDIAN = Comparison(
    "guardian",
    "guardians",
    (
        _missing("guardian_last_name", "guardian_first_name"),
        Level(
            "SAME",
            '"guardian_last_name_l" = "guardian_last_name_r" AND "guardian_first_name_l" = "guardian_first_name_r"',
            "the guardian is the same",
        ),
        Level("SAME_FIRST_NAME", '"guardian_first_name_l" = "guardian_first_name_r"'),
        # Parents share a last name with each other and with the child: this alone says little.
        Level("SAME_LAST_NAME", '"guardian_last_name_l" = "guardian_last_name_r"'),
        Level("DIFFERENT", "ELSE", "the guardians differ"),
    ),
)

PLACE = Comparison(
    "place",
    "districts and local IDs",
    (
        _missing("district_code"),
        Level(
            "SAME_LOCAL_ID",
            '"district_code_l" = "district_code_r" AND "local_student_id_l" = "local_student_id_r"',
            "district and local ID are the same",
        ),
        Level(
            "OTHER_LOCAL_ID",
            '"district_code_l" = "district_code_r" AND "local_student_id_l" <> "local_student_id_r"',
            "the local IDs differ within one district",
        ),
        Level("SAME_DISTRICT", '"district_code_l" = "district_code_r"'),
        Level("OTHER_DISTRICT", "ELSE"),
    ),
)

COMPARISONS = (FIRST_NAME, LAST_NAME, MIDDLE_NAME, SUFFIX, BIRTH_DATE, GENDER, RACE, SSN, GUARDIAN, PLACE)
BY_NAME = {comparison.name: comparison for comparison in COMPARISONS}

TERM_FREQUENCY_COLUMNS = ("last_name", "first_name", "middle_name")


def splink_comparison(comparison: Comparison) -> dict[str, Any]:
    """A comparison in the form of splink's settings, without probabilities."""
    return {
        "output_column_name": comparison.name,
        "comparison_levels": [_splink_level(level) for level in comparison.levels],
    }


def _splink_level(level: Level) -> dict[str, Any]:
    settings: dict[str, Any] = {"sql_condition": level.condition, "label_for_charts": level.name}
    if level.name == "MISSING":
        settings["is_null_level"] = True
    if level.term_frequency is not None:
        settings["tf_adjustment_column"] = level.term_frequency
        settings["tf_adjustment_weight"] = level.term_frequency_weight
    return settings
