"""Staff members' Social Security numbers -> dummy identifiers that join their records and lead back to no number.

The number is the key of Educator Core, Educator School, Course Assignment and Student Assignment, so it cannot simply be
dropped as a student's can. What is kept is made from its keyed hash (docs/adr/0022-dummy-identifiers-of-educators.md).
"""

import hashlib
import re
from collections.abc import Callable

import polars as pl

from schemas.dictionary import Field, RecordLayout

EDUCATOR_ID = "educator_id"
STATUS, STATUS_SENT = "educator_id_status", "ssn_status"
HashSsn = Callable[[pl.Series], pl.DataFrame]
# Digits and letters that are not mistaken for each other (Crockford's base 32). The letter in front is no digit, so
# that the whole can be no Social Security number.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FIRST_LETTER, LENGTH = "E", 10
_BITS = 5
# The published rule takes nine digits alone; a student's number may have dashes.
NINE_DIGITS = r"^[0-9]{9}$"
# Where a number could stand by mistake: in a note or a name, or, after a column slipped, in a field too short for it. Longer
# texts, such as local numbers, may be nine digits of their own. Rules report the stars.
FREE_TEXT = ("comment", "last_name", "first_name", "middle_name")
HIDDEN_NUMBER = "***-**-****"
_DIGITS = 9
_NUMBER_IN_TEXT = r"\b[0-9]{3}-?[0-9]{2}-?[0-9]{4}\b"


def dummy_identifiers(sent: pl.Series, hash_ssn: HashSsn) -> pl.DataFrame:
    """The identifier of each number and whether it could be used.

    Args:
        sent: numbers as sent, trimmed, null where blank.
        hash_ssn: numbers -> ssn_hash, ssn_status and more; one number always has one hash under one key.

    Returns:
        educator_id (``E`` and ten letters or digits, null unless the status is ok) and educator_id_status: ok, blank,
        placeholder (nine digits that name nobody) or malformed (not nine digits).
    """
    hashed = hash_ssn(sent).select("ssn_hash", STATUS_SENT, sent=sent)
    has_form = pl.col("sent").str.contains(NINE_DIGITS).fill_null(True)
    checked = hashed.select(
        pl.when(has_form).then("ssn_hash"),
        pl.when(has_form).then(STATUS_SENT).otherwise(pl.lit("malformed")).alias(STATUS),
    )
    hashes = checked["ssn_hash"].drop_nulls().unique()
    identifiers = pl.Series([identifier_of(code) for code in hashes], dtype=pl.String)
    found = pl.col("ssn_hash").replace_strict(hashes, identifiers, default=None, return_dtype=pl.String)
    return checked.select(found.alias(EDUCATOR_ID), STATUS)


def without_numbers(records: pl.DataFrame, layout: RecordLayout) -> pl.DataFrame:
    """Records of staff with stars in place of what looks like a Social Security number where none can belong."""
    texts = [
        name
        for name, kind in records.schema.items()
        if kind == pl.String
        and name in layout.by_standard_name
        and _is_searched(layout.by_standard_name[name])
        # Nothing has to be searched where every value is as short as the field asks for.
        and (records[name].str.len_bytes() >= _DIGITS).any()
    ]
    return records.with_columns(pl.col(texts).str.replace_all(_NUMBER_IN_TEXT, HIDDEN_NUMBER))


def holds_number(field: Field, text: str) -> bool:
    """Whether ``without_numbers`` would put stars into a value."""
    return _is_searched(field) and re.search(_NUMBER_IN_TEXT, text) is not None


def _is_searched(field: Field) -> bool:
    return field.standard_name in FREE_TEXT or field.type != "Text" or field.length < _DIGITS


def identifier_of(ssn_hash: str) -> str:
    """The dummy identifier that belongs to a keyed hash: 50 bits of its SHA-256."""
    number = int.from_bytes(hashlib.sha256(ssn_hash.encode()).digest())
    return FIRST_LETTER + "".join(ALPHABET[number >> _BITS * place & 31] for place in range(LENGTH))
