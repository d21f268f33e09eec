"""What the dictionary implies for one value, in plain Python and from the dictionary alone: no SQL, no polars."""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation

from schemas.dictionary import Collection, Field
from schemas.directory import Directory
from tests.schemas.batches import DICTIONARY

PUBLISHED_CODE_RULES = {
    "kindergarten_readiness": "06500", "kg_physical": "06760", "kg_social_emotional": "06762", "kg_cognition": "06764",
    "kg_approaches_to_learning": "06766", "kg_language_literacy": "06768",
    # Ours, for a list that is known in part only.
    "assessment": "90110",
}  # fmt: skip


def expected_numbers(field: Field, text: str | None, collection: Collection) -> set[str]:
    """Numbers (without prefix) of the generated one-field rules that must fire, the directory's apart."""
    requirement = field.requirement(collection.cycle)
    if text is None:
        # A missing state ID is looked for after identify, when one may have come out.
        return {"00001"} if requirement == "Required" and field.standard_name != "submitted_state_id" else set()
    fired = set()
    if requirement == "Not Allowed":
        fired.add("90400")
    if len(text) > field.length:
        fired.add("00201")
    if field.code_set in DICTIONARY.code_sets and text not in DICTIONARY.codes(field.code_set):
        fired.add(PUBLISHED_CODE_RULES.get(field.standard_name, "90100"))
    fired |= {"Integer": _integer, "Number": _number, "Date": _date, "Text": _text}[field.type](field, text)
    return fired


def is_known_code(directory: Directory, district: str | None, school: str | None) -> bool | None:
    """Whether a school is open in school year 2026; nothing where its district says nothing or is unknown itself."""
    if district is None or school is None or district not in {"048078", "048080"}:
        return None
    return school in {"1000", "8000"} or (district, school) in {("048078", "1050"), ("048080", "4020")}


def _text(field: Field, text: str) -> set[str]:
    return set()


def _integer(field: Field, text: str) -> set[str]:
    digits = text[1:] if text.startswith("-") else text
    return set() if digits.isascii() and digits.isdigit() and len(digits) <= 18 else {"90200"}


def _number(field: Field, text: str) -> set[str]:
    if not re.fullmatch(r"-?([0-9]+[.]?[0-9]*|[.][0-9]+)", text):
        return {"90300"}
    try:
        value = Decimal(text)
    except InvalidOperation:
        return {"90300"}
    precision = field.precision or 0
    has_room = len(text.lstrip("-").split(".")[0]) <= field.length - precision
    is_exact = value == round(value, precision)
    return set() if has_room and is_exact else {"90300"}


def _date(field: Field, text: str) -> set[str]:
    if not re.fullmatch(r"[0-9]{2}/[0-9]{2}/[0-9]{4}", text, re.ASCII):
        return {"00446"}
    try:
        datetime.strptime(text, "%m/%d/%Y")  # noqa: DTZ007
    except ValueError:
        return {"00446"}
    return set()
