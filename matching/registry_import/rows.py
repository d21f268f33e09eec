"""Text rows of a registry -> typed rows with keys, and what is wrong with each; the clear SSN ends here."""

from collections.abc import Callable, Collection
from datetime import date

import polars as pl

from matching.registry_import.reasons import findings_of
from matching.standardize import STANDARDIZE_VERSION, placeholder_birth_dates, standardize
from schemas.dictionary import Dictionary

HashSsn = Callable[[pl.Series], pl.DataFrame]
STATUSES = ("active", "alias", "retired")
# Nobody in a school's records was born before.
EARLIEST_BIRTH = date(1900, 1, 1)
_CODED = {"gender": "Gender_Codes", "race_ethnicity": "Race_Ethnicity_Codes", "grade": "Student_Grade_Level_Codes"}
_NAMES = ("last_name", "first_name")
_WHO = (*_NAMES, "birth_date")
_IS_ID = r"^[0-9]{10}\z"


def type_rows(
    texts: pl.DataFrame, hash_ssn: HashSsn, dictionary: Dictionary, day: date, districts: Collection[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows with types, keys and ``is_usable`` (they say whose the number is); and the findings about them.

    Args:
        texts: as ``read_text_rows`` gives them.
        day: of the import; decides what lies in the future and the school year of rows without one.
        districts: codes of the directory; unknown ones are only a warning.

    Returns:
        typed: state_id is null where it is no number, status null where it is none of STATUSES. A column that cannot be
            understood is null.
        findings: FINDING_SCHEMA.
    """
    coded, code_findings = _with_codes(texts, dictionary)
    typed = standardize(
        coded.with_columns(
            state_id=pl.when(pl.col("state_id").str.contains(_IS_ID)).then("state_id"),
            sent_id=pl.col("state_id"),
            status=pl.col("status").str.to_lowercase(),
            alias_of=pl.col("alias_of"),
            birth_date=_date("birth_date"),
            sent_birth_date=pl.col("birth_date"),
            issued_on=_date("issued_on"),
            sent_issued_on=pl.col("issued_on"),
            first_year=_year("first_school_year"),
            last_year=_year("last_school_year"),
        )
    ).hstack(hash_ssn(texts["ssn"]))
    typed = typed.drop("ssn").with_columns(
        status=pl.when(pl.col("status").is_in(STATUSES)).then("status"),
        # An alias or a withdrawn number need not say whose it was.
        is_told=(pl.col("status") == "active") | pl.any_horizontal(pl.col(_WHO).is_not_null()),
    )
    rules = _refusals(day)
    refused = pl.any_horizontal(pl.col("state_id").is_null(), *rules.values())
    typed = typed.with_columns(is_usable=pl.col("is_told") & ~refused.fill_null(False))
    checks = {**_number_faults(), **rules, **_warnings(districts)}
    findings = [findings_of(typed.filter(condition), code) for code, condition in checks.items()]
    return _stored(typed, day), pl.concat([*findings, *code_findings])


def _number_faults() -> dict[str, pl.Expr]:
    sent, is_no_id = pl.col("sent_id"), pl.col("state_id").is_null()
    is_short = sent.str.contains(r"^[0-9]{1,9}\z")
    return {
        "ID_MISSING": sent.is_null(),
        "ID_LOST_ZEROS": is_no_id & is_short,
        "ID_FORMAT": is_no_id & ~is_short,
        "STATUS_UNKNOWN": pl.col("status").is_null(),
    }


def _refusals(day: date) -> dict[str, pl.Expr]:
    """Why a row cannot say whose the number is; null counts as no."""
    told, birth = pl.col("is_told"), pl.col("birth_date")
    stand_ins = pl.Series(placeholder_birth_dates()).str.to_date().implode()
    blank = pl.any_horizontal(pl.col(_NAMES).is_null())
    return {
        "NAME_MISSING": told & blank,
        "NAME_PLACEHOLDER": told & ~blank & pl.any_horizontal(pl.col("last_name_key", "first_name_key") == ""),
        "BIRTH_DATE_MISSING": told & pl.col("sent_birth_date").is_null(),
        "BIRTH_DATE_FORMAT": told & pl.col("sent_birth_date").is_not_null() & birth.is_null(),
        "BIRTH_DATE_IMPOSSIBLE": told & ((birth > day) | (birth < EARLIEST_BIRTH) | birth.is_in(stand_ins)),
        "DISTRICT_FORMAT": told & ~pl.col("district_code").str.contains(r"^[0-9]{6}\z").fill_null(False),
    }


def _warnings(districts: Collection[str]) -> dict[str, pl.Expr]:
    first, last = pl.col("first_year"), pl.col("last_year")
    one_unread = pl.any_horizontal(
        pl.col(f"{name}_school_year").is_not_null() & pl.col(f"{name}_year").is_null() for name in ("first", "last")
    )
    return {
        "DISTRICT_UNKNOWN": pl.col("is_usable") & ~pl.col("district_code").is_in(sorted(districts)),
        "SCHOOL_YEAR_FORMAT": one_unread | (first > last),
        "ISSUED_ON_FORMAT": pl.col("sent_issued_on").is_not_null() & pl.col("issued_on").is_null(),
        "SSN_MALFORMED": pl.col("ssn_status") == "malformed",
    }


def _with_codes(texts: pl.DataFrame, dictionary: Dictionary) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Codes in the spelling that typed records carry; one that is not in its set is blank, with a finding."""
    found = []
    for column, code_set in _CODED.items():
        codes = {code: code for code in dictionary.codes(code_set)} | dictionary.code_spellings(code_set)
        known = pl.col(column).str.to_uppercase().replace_strict(codes, default=None, return_dtype=pl.String)
        strange = texts.filter(pl.col(column).is_not_null() & known.is_null())
        found.append(findings_of(strange, "CODE_UNKNOWN", detail=pl.lit(column)))
        texts = texts.with_columns(known.alias(column))
    is_id = pl.col("state_id").str.contains(_IS_ID)
    return texts, [frame.with_columns(state_id=pl.when(is_id).then("state_id")) for frame in found]


def _date(column: str) -> pl.Expr:
    text = pl.col(column)
    return pl.coalesce(text.str.to_date(form, strict=False, exact=True) for form in ("%Y-%m-%d", "%m/%d/%Y"))


def _year(column: str) -> pl.Expr:
    return pl.when(pl.col(column).str.contains(r"^(?:19|20)[0-9]{2}\z")).then(pl.col(column)).cast(pl.Int32)


def _stored(typed: pl.DataFrame, day: date) -> pl.DataFrame:
    """What the registry keeps; a row without usable school years is of the year of issue, else of the present one."""
    issued = pl.col("issued_on").dt.year() + (pl.col("issued_on").dt.month() >= 7).cast(pl.Int32)
    present = pl.lit(day.year + (day.month >= 7), pl.Int32)
    is_ordered = (pl.col("first_year") <= pl.col("last_year")).fill_null(True)
    first, last = (pl.when(is_ordered).then(f"{name}_year") for name in ("first", "last"))
    return typed.with_columns(
        first_school_year=pl.coalesce(first, last, issued, present).cast(pl.Int32),
        last_school_year=pl.coalesce(last, first, issued, present).cast(pl.Int32),
        resident_district_code=pl.lit(None, pl.String),
        standardize_version=pl.lit(STANDARDIZE_VERSION, pl.Int32),
        layout=pl.lit("registry"),
    ).drop(
        "sent_id", "sent_birth_date", "sent_issued_on", "first_year", "last_year", "is_told", "ssn_status"
    )  # fmt: skip
