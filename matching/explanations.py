"""Why a candidate is shown: one plain sentence from the levels that a pair of records fell into."""

from datetime import date
from typing import Any

from matching.comparisons import BY_NAME, Comparison

# Fields in the order in which a person compares two children; race and place are no help to a school office.
_TOLD = ("last_name", "first_name", "middle_name", "suffix", "birth_date", "gender", "guardian", "ssn", "place")
_SAME_WORDS = {
    "last_name": "last name", "first_name": "first name", "middle_name": "middle name", "birth_date": "birth date",
    "gender": "gender", "guardian": "guardian", "ssn": "Social Security number", "place": "local ID",
}  # fmt: skip
_AGREEING = {"SAME", "SAME_LOCAL_ID"}
_SHOWN_VALUES = {"last_name", "first_name", "middle_name", "suffix", "birth_date", "gender"}
_ENDINGS = {
    "TWINS_OR_SIBLINGS": "they could be one child or twins",
    "TWO_LOCAL_IDS": "the local IDs of one district and year differ; they could be one child or two",
    "SUPPLIED_ID_DISAGREES": "this is the child of the state ID that was sent",
    "SEVERAL_CANDIDATES": "more than one child fits",
}
_ENDING = "both could be one child"


def explain(pair: dict[str, Any], reason: str) -> str:
    """Why a candidate is shown, as a school secretary would say it.

    Args:
        pair: ``gamma_<field>`` for each comparison (null where nothing was compared), the request's values under their
            names, the candidate's under ``candidate_<name>``.
        reason: of the question, for this candidate.
    """
    same, differing = [], []
    for name in _TOLD:
        level = _level(BY_NAME[name], pair)
        if level is None or level == "MISSING":
            continue
        if level in _AGREEING:
            same.append(_SAME_WORDS.get(name, name))
        else:
            differing.append(_difference(name, pair))
    parts = [f"same {_enumerate(same)}"] if same else []
    parts += [part for part in differing if part]
    parts.append(_ENDINGS.get(reason, _ENDING))
    sentence = "; ".join(parts)
    return sentence[0].upper() + sentence[1:]


def _level(comparison: Comparison, pair: dict[str, Any]) -> str | None:
    number = pair.get(f"gamma_{comparison.name}")
    return None if number is None else comparison.level_of(number).name


def _difference(name: str, pair: dict[str, Any]) -> str:
    says = BY_NAME[name].level_of(pair[f"gamma_{name}"]).says
    if says is None:
        return ""
    if name not in _SHOWN_VALUES:
        return says
    one, other = (_written(pair.get(column)) for column in (name, f"candidate_{name}"))
    return f"{says}: {one} / {other}" if one and other else says


def _written(value: Any) -> str:
    return value.strftime("%m/%d/%Y") if isinstance(value, date) else str(value or "")


def _enumerate(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
